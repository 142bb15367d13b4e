//! The ports that pods must reach, by the addresses in the settings. What a policy looks like is the
//! affair of `manifests`.

use crate::redact::address;
use crate::settings::Settings;

/// Ports outside of the namespace, by who needs them; rising, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Egress {
    /// CronJobs and Jobs.
    pub(super) jobs: Vec<u16>,
    /// The prediction API.
    pub(super) api: Vec<u16>,
    /// The drift check that goes on and on.
    pub(super) exporter: Vec<u16>,
}

impl Egress {
    /// Looks through the settings.
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings {
            drift,
            train,
            score,
            serve,
            prediction_log,
            push,
            mlflow,
            deployment,
            ..
        } = settings;
        let tracking = mlflow.server();
        let of_predictions = prediction_log.upload.as_ref();
        let watched: Vec<&str> = (drift.baseline.iter().chain(&drift.current))
            .chain(&drift.labels.labels)
            .chain(&drift.push_gateway)
            .chain(of_predictions)
            .map(String::as_str)
            .chain(tracking)
            .collect();
        let shards = deployment.text("k8s.shard_data");
        let of_jobs = watched.iter().copied();
        let more = (train.data.iter().chain(&score.data))
            .chain(&push.gateway)
            .chain(&shards);
        let of_jobs = of_jobs.chain(more.map(String::as_str));
        let mut of_api: Vec<&str> = Vec::new();
        of_api.extend(serve.otlp_endpoint.as_deref());
        of_api.extend(prediction_log.upload.as_deref());
        // A model of the registry is fetched from there.
        if serve.model.to_string_lossy().starts_with("models:/") {
            of_api.extend(tracking);
        }
        Self {
            jobs: ports(of_jobs),
            api: ports(of_api),
            exporter: ports(watched),
        }
    }
}

fn ports<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Vec<u16> {
    let mut ports: Vec<u16> = addresses.into_iter().flat_map(ports_of).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Returns the ports of an address: the one it names, or that of its scheme; none of a path, or of
/// what is in the pod itself.
fn ports_of(text: &str) -> Vec<u16> {
    // Without its password, in which anything may stand.
    let shown = address(text);
    let Some((scheme, rest)) = shown.trim().split_once("://") else {
        return Vec::new();
    };
    let usual = match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "sc" | "spark" => 15_002,
        "http" => 80,
        "https" => 443,
        // Buckets and containers are not hosts: their stores speak HTTPS.
        "s3" | "gs" | "az" | "abfs" | "abfss" => return vec![443],
        _ => return Vec::new(),
    };
    let end = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let place = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(usual)),
        _ => (place, usual),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    match is_here {
        true => Vec::new(),
        false => vec![port],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_port_that_it_names_or_that_of_its_scheme() {
        // The usual ports: IANA's registry of service names; Spark Connect's by its documentation.
        for (address, expected) in [
            ("postgres://reader@db/shop?table=t", vec![5432]),
            (
                "POSTGRESQL://reader:p%40ss@db:6432/shop?table=t",
                vec![6432],
            ),
            ("postgres://reader:a,b:1/c@db/shop?table=t", vec![5432]),
            (" mysql://db/shop?table=t", vec![3306]),
            ("mariadb://[fd00::1]:3307/shop?table=t", vec![3307]),
            ("sc://connect/;use_ssl=true?table=t", vec![15_002]),
            ("http://mlflow:5000", vec![5000]),
            ("http://mlflow", vec![80]),
            ("https://mlflow.shop.test/x:9", vec![443]),
            ("s3://shop/a:1/b.csv", vec![443]),
            ("gs://shop/", vec![443]),
            ("abfss://box@acc.dfs.core.windows.net/x", vec![443]),
            ("data/features/a.csv", vec![]),
            ("models:/churn@champion", vec![]),
            ("http://localhost:9091", vec![]),
            ("http://[::1]:9091", vec![]),
            ("http://127.0.0.2:9091", vec![]),
        ] {
            assert_eq!(ports_of(address), expected, "{address}");
        }
    }
}
