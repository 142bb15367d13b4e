# The image: one static binary, certificates, nothing else. No shell, no package, no root.
#
#   docker build --build-arg COMMIT="$(git rev-parse HEAD)" --build-arg VERSION=0.1.0 -t churnctl .
#
# `examples/build-static.sh` builds the same binary without Docker and proves it in an empty folder.
# Put the digest that the registry shows into `k8s.image_digest` and render the manifests again.

# What a tag means changes, what a digest means doesn't. Name the one that your registry shows for the tag:
#   --build-arg RUST_IMAGE=rust:1.95-slim-bookworm@sha256:...
# Nothing of this image but the C library that is linked in, and the certificates, gets into the result.
ARG RUST_IMAGE=rust:1.95-slim-bookworm
# checkov:skip=CKV_DOCKER_7: the tag stands in RUST_IMAGE
FROM ${RUST_IMAGE} AS build
ARG COMMIT=""
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY crates ./crates
COPY src ./src
# Pages that the program shows itself.
COPY docs/lint ./docs/lint
# Templates of `churnctl init`.
COPY examples/dvc ./examples/dvc
COPY examples/github ./examples/github
# Targets that Cargo.toml finds by itself are not needed here.
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
    && CHURNCTL_COMMIT="$COMMIT" RUSTFLAGS="-C target-feature=+crt-static" \
       cargo build --locked --profile dist --all-features --target "$target" --bin churnctl \
    && mkdir -p /image/etc/ssl/certs /image/tmp \
    && cp "target/$target/dist/churnctl" /image/churnctl \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && chmod 1777 /image/tmp

FROM scratch
ARG COMMIT=""
ARG VERSION=""
LABEL org.opencontainers.image.title="churnctl" \
      org.opencontainers.image.description="Closes the loop of a churn model in production: drift checks, metrics, alerts, retraining." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /image /
# By number, so that Kubernetes can see that it is not root; there is no /etc/passwd to name it.
USER 65532:65532
WORKDIR /srv/churn
# For Docker alone: Kubernetes has probes of its own, and doesn't read this. It is made for `serve` at its usual
# port; run jobs with --no-healthcheck, other servers with --health-cmd.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/churnctl", "doctor", "--probe", "http://127.0.0.1:8000/live"]
ENTRYPOINT ["/churnctl"]
CMD ["--help"]
