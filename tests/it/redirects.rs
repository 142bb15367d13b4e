//! A server that sends a client elsewhere does not get what the client knows sent there: no client follows a redirect.

use crate::fault_server::{Fault, FaultServer};
use crate::harness::Churnctl;

#[test]
fn no_client_carries_a_secret_along_a_redirect() {
    let kubeconfig = |url: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{name: c, cluster: {{server: \"{url}\"}}}}]\nusers: [{{name: u, user: {{token: s3cret}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: u, namespace: n}}}}]\n"
        )
    };
    let elsewhere = FaultServer::start(&[Fault::Answer("200 OK", "", "{}")]);
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
    ] {
        let location = format!("location: {}/taken\r\n", elsewhere.url()).leak();
        let server = FaultServer::start(&[Fault::Answer(status, location, "")]);
        let url = server.url();
        let known = url.replace("http://", "http://user:s3cret@");
        let churnctl = Churnctl::new()
            .file("data.csv", "a,b\n1,x\n2,y\n3,x\n")
            .file("m.prom", "a 1\n")
            .file(
                "rules.yml",
                "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n",
            )
            .file("kubeconfig", kubeconfig(&url))
            .file("token", "s3cret\n");
        let path = churnctl.path("kubeconfig").display().to_string();
        let churnctl = churnctl
            .env("KUBECONFIG", &path)
            .env("CHURNCTL_CLUSTER_DEADLINE", "2s")
            .env("AWS_ENDPOINT_URL", &url)
            .env("AWS_ACCESS_KEY_ID", "k")
            .env("AWS_SECRET_ACCESS_KEY", "s3cret")
            .env("AWS_REGION", "r");
        let mut asking = vec![
            vec!["push-metrics", "m.prom", "--gateway", &known, "--job", "j"],
            vec!["push-metrics", "list", "--gateway", &known],
            vec!["alerts", "lint", "rules.yml", "--prometheus", &known],
            vec![
                "alerts",
                "history",
                "rules.yml",
                "--prometheus",
                &url,
                "--token-file",
                "token",
            ],
            vec![
                "alerts",
                "test",
                "rules.yml",
                "--live",
                "--prometheus",
                &known,
                "--alertmanager",
                &known,
            ],
            vec![
                "score",
                "data.csv",
                "--model",
                "models:/m@champion",
                "-o",
                "-",
                "--tracking-uri",
                &known,
            ],
            vec!["retrain", "status"],
        ];
        if cfg!(feature = "object-store") {
            asking.push(vec![
                "drift",
                "data.csv",
                "s3://shop/t.csv",
                "--report",
                "none",
            ]);
            asking.push(vec![
                "drift",
                "data.csv",
                "s3://shop/folder/",
                "--report",
                "none",
            ]);
        }
        for args in asking {
            let before = server.seen().len();
            let run = churnctl.run(&args);
            assert!(
                server.seen().len() > before,
                "{args:?} never asked: {run:#?}"
            );
            assert!(!matches!(run.code, Some(0 | 64 | 70)), "{args:?}: {run:#?}");
            assert!(!run.stderr.contains("s3cret"), "{args:?}: {run:#?}");
            assert_eq!(elsewhere.seen(), [], "{status}, {args:?}");
        }
    }
}
