//! Proxies between us and servers: cluster commands, object stores and plain HTTP go through the one that
//! the environment or the kubeconfig names, and past it where NO_PROXY says so.

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, Run};
use crate::proxy::Proxy;
use crate::retrain::stub;

/// `ann:p@ss`, as `printf 'ann:p@ss' | base64` has it.
const LOGIN: &str = "Basic YW5uOnBAc3M=";

fn status(kubeconfig: &str, set: &[(&str, &str)]) -> Run {
    let mut churnctl = Churnctl::new().file("kubeconfig", kubeconfig);
    let path = churnctl.path("kubeconfig").display().to_string();
    churnctl = churnctl.env("KUBECONFIG", &path);
    for (name, value) in set {
        churnctl = churnctl.env(name, value);
    }
    churnctl.run(&["retrain", "status", "--deadline", "5s", "--format", "json"])
}

#[test]
fn cluster_commands_go_through_the_proxy_of_the_environment() {
    let (server, _) = stub();
    let proxy = Proxy::start();
    let host = server.url().trim_start_matches("http://").to_owned();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        let before = proxy.asked().len();
        status(&server.kubeconfig(), &[(variable, &proxy.url())]).expect(ExitCode::Ok);
        let asked = &proxy.asked()[before..];
        assert!(!asked.is_empty(), "{variable} was not heeded");
        let tunnel = format!("CONNECT {host} HTTP/1.1");
        assert!(asked.iter().all(|line| *line == tunnel), "{asked:?}");
    }
}

#[test]
fn the_proxy_of_the_kubeconfig_comes_before_that_of_the_environment() {
    let (server, _) = stub();
    let (own, other) = (Proxy::wanting(Some(LOGIN)), Proxy::start());
    let url = format!("http://ann:p%40ss@{}", own.address);
    let kubeconfig = server
        .kubeconfig()
        .replace("server:", &format!("proxy-url: \"{url}\", server:"));
    // NO_PROXY is of the environment's proxies: whoever writes proxy-url means it.
    let set = [("HTTPS_PROXY", &*other.url()), ("NO_PROXY", "127.0.0.1")];
    status(&kubeconfig, &set).expect(ExitCode::Ok);
    assert!(!own.asked().is_empty());
    assert_eq!(other.asked(), [""; 0]);
}

#[test]
fn no_proxy_names_clusters_and_not_proxies() {
    let (server, _) = stub();
    let proxy = Proxy::start();
    for exceptions in ["127.0.0.0/8", "localhost,127.0.0.1", "*"] {
        let set = [("HTTPS_PROXY", &*proxy.url()), ("NO_PROXY", exceptions)];
        status(&server.kubeconfig(), &set).expect(ExitCode::Ok);
        assert_eq!(proxy.asked(), [""; 0], "{exceptions}");
    }
    // The proxy's own host among the exceptions says nothing of the cluster's.
    let kubeconfig = server.kubeconfig().replace("127.0.0.1", "localhost");
    let set = [("HTTPS_PROXY", &*proxy.url()), ("NO_PROXY", "127.0.0.1")];
    status(&kubeconfig, &set).expect(ExitCode::Ok);
    assert!(!proxy.asked().is_empty());
}

#[test]
fn a_proxy_that_is_none_is_a_fault_of_the_settings() {
    let (server, _) = stub();
    for (variable, value, words) in [
        ("HTTPS_PROXY", "ftp://127.0.0.1:1", "neither http://"),
        (
            "HTTPS_PROXY",
            "http://ann:p%zz@127.0.0.1:1",
            "malformed escape",
        ),
        ("ALL_PROXY", "socks4://127.0.0.1:1", "neither http://"),
    ] {
        let run = status(&server.kubeconfig(), &[(variable, value)]);
        let run = run.expect(ExitCode::BadSettings).says(variable).says(words);
        assert!(!run.stderr.contains("p%zz"), "{run:?}");
    }
    let kubeconfig = server.kubeconfig().replace(
        "server:",
        "proxy-url: \"socks5://ann:pass@127.0.0.1:1\", server:",
    );
    let run = status(&kubeconfig, &[]);
    run.expect(ExitCode::BadSettings).says("over SOCKS");
}

#[cfg(feature = "object-store")]
mod objects {
    use super::*;
    use crate::object_server::{Act, ObjectServer};
    use crate::sources::Typed;

    #[test]
    fn object_stores_are_asked_through_the_proxy() {
        let Some(server) = ObjectServer::shared() else {
            return;
        };
        server.put("shop/proxied/t.csv", Typed::customers(2_000, 1, 0.0).csv());
        let gate = server.gate(|_| Act::Pass);
        let run = |set: &[(&str, &str)]| {
            let mut churnctl = gate.before(Churnctl::new());
            for (name, value) in set {
                churnctl = churnctl.env(name, value);
            }
            churnctl.run(&["profile", "s3://shop/proxied/t.csv", "-o", "p.json"])
        };
        // What is not encrypted is asked of the proxy itself, by the whole URL.
        let open = Proxy::start();
        run(&[("HTTP_PROXY", &open.url())]).expect(ExitCode::Ok);
        let asked = open.asked();
        assert!(!asked.is_empty(), "HTTP_PROXY was not heeded");
        assert!(
            asked.iter().all(|line| line.contains(" http://127.0.0.1:")),
            "{asked:?}"
        );
        let closed = Proxy::wanting(Some(LOGIN));
        let login = format!("http://ann:p%40ss@{}", closed.address);
        run(&[("http_proxy", &login)]).expect(ExitCode::Ok);
        run(&[("AWS_PROXY_URL", &login)]).expect(ExitCode::Ok);
        let direct = [("HTTP_PROXY", &*open.url()), ("NO_PROXY", "127.0.0.1")];
        run(&direct).expect(ExitCode::Ok);
        assert_eq!(open.asked().len(), asked.len(), "NO_PROXY was not heeded");
        run(&[("HTTP_PROXY", "gopher://127.0.0.1:1")])
            .expect(ExitCode::BadSettings)
            .says("HTTP_PROXY");
    }
}
