//! What is hidden, what is not, and that hiding twice is hiding once.

use proptest::prelude::*;

use super::{MASK, address, redacted};

/// The shapes in which issue 19 found secrets in errors, and their siblings.
const LEAKS: &[&str] = &[
    "postgres://me:canary@h/db?table=t",
    "postgres://h/db?table=t&password=canary",
    "POSTGRES://me:canary@h/db",
    "  postgres://me:canary@h/db",
    "s3://a/b.csv,postgres://me:canary@h/db?table=t",
    "postgres://me:x@h/db,h2?password=canary",
    "postgres://me:ca?canary@h/db?table=t",
    "postgres://me:ca/canary@h/db?table=t",
    "postgres://me:ca#canary@h/db?table=t",
    "postgres://me:ca@x?canary@h/db?table=t",
    "postgres://me:1234?canary@h/db",
    "postgres://me:canary",
    "postgres://h/db?table=t&pasword=canary",
    "sc://h/;tokn=canary;user_id=me?table=t",
    "sc://h/;token=canary?table=t",
    "sc://h/;x-api=canary?table=t",
    "az://box/a.csv?sv=2024-01-01&sr=b&sig=canary",
    "https://x.blob.core.windows.net/c?SIG=canary",
    "https://canary@gw:9091/x",
    "https://ann:canary@mlflow.test",
    "s3://AKIA:canary@shop/x",
    "s3://AKIA:canary/x",
    "gs://user:canary@shop/x",
    "abfss://box:canary@acc.dfs.core.windows.net/x",
    "https://b.s3.amazonaws.com/k?X-Amz-Credential=canary&X-Amz-Date=1",
    "https://b.s3.amazonaws.com/k?x-amz-signature=canary",
    "https://h/x?access_token=canary#top",
    "https://h/x#access_token=canary",
    "https://h/x?canary",
    "https://h/x?%70assword=canary",
    "https://h/x%3Fpassword%3Dcanary",
    "https://h/x?url=https%3A%2F%2Fann%3Acanary%40gw",
    "https%3A%2F%2Fann%3Acanary%40gw%2Fx",
    "https://ann%3Acanary%40gw/x",
    "postgres://h/db?table=t;password=canary",
    "postgres://h/db?table=t?pasword=canary",
    "postgres://h/db?table=t%26pasword=canary",
    "jdbc:postgresql://h/db?user=me&password=canary",
    "jdbc:sqlserver://h:1433;databaseName=x;user=me;password=canary",
    "jdbc:oracle:thin:scott/tiger:canary@//h:1521/x",
    "host=h user=me password=canary",
    "host=h user=me pasword=canary",
    "HOST='h' Password='canary' dbname=x",
    "password = \"canary\"",
    "\"k8s.x\": \"host=h password=canary dbname=x\"",
    "x = \"AccountName=x;AccountKey=canary;EndpointSuffix=y\"",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=canary==;EndpointSuffix=y",
    "PGPASSWORD=canary",
    "AWS_SECRET_ACCESS_KEY=canary",
    "me:canary@h:5432/db",
    "postgres:/me:canary@h/db",
    "postgres//me:canary@h/db",
    "https://hooks.slack.com/services/T0/B0/canary",
    "https://api.telegram.org/bot1:canary/x",
];

/// What has nothing to hide.
const HARMLESS: &[&str] = &[
    "",
    "months/*.csv",
    "/srv/data/2026-11/a=b/part.parquet",
    "C:\\data\\x.csv",
    "./a:b.csv",
    "the PSI of \"tenure\" is 0.31 (0.25 fails)",
    "ask ops@company.com, or see https://prometheus.io/docs/x/#y",
    "mailto:ops@company.com",
    "git@github.com:shop/churn.git",
    "registry.test/churnctl:1.2@sha256:03738d278e082ee9",
    "https://registry.test/v2/churnctl@sha256:03738d278e082ee9",
    "http://gw:9091/metrics/job@base64/YS9i/stage/x",
    "models:/churn@champion",
    "--model=models:/churn@champion",
    "http://localhost:9090",
    "http://[::1]:9090/graph",
    "is http://gw:9091 the Pushgateway itself?",
    "write HOST:PORT, such as 127.0.0.1:8000 or [::]:8000",
    "http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ before the host",
    "postgres://USER@HOST:PORT/DATABASE?table=NAME, or ?query=SELECT ...",
    "sc://HOST:PORT/;use_ssl=true;user_id=NAME?token_file=FILE&table=NAME",
    "postgres://h1:5432,h2:5433/db?table=shop.customers&sslmode=verify-full",
    "postgres://h/db?query=select a, b from t where mail like '%25@x' and n = 3",
    "mysql://h/db?table=t&password_file=/run/secrets/pw",
    "put the password into a file: &password_file=FILE",
    "s3://shop/a@b/dt=2026-01-01/*.csv",
    "abfss://box@acc.dfs.core.windows.net/x/",
    "https://medium.com/@user/post",
    "GET http://127.0.0.1:9090/api/v1/query_range?query=up%7Bjob%3D%22a%22%7D&start=1&end=2&step=30s",
    "http://gw:9091/api/v1/query?match[]=up",
    "sum by (job) (rate(http_requests_total{code=~\"5..\", path!=\"/x\"}[5m])) > 0.1",
    "job:x:rate5m@1609746000",
    "job:x:rate5m@end() == 1",
    "x offset 5m and on(a) y{a=\"b:c\"} @ start()",
    "kube_secret_info{namespace=\"a\", secret=\"churn-alerting\"}",
    "kubectl create secret generic a -n b --from-literal=token=$(openssl rand -hex 32)",
    "basic authentication, or a bearer token; a bearer token file",
    "check the user and password, or the token",
    "WWW-Authenticate: Bearer realm=\"x\"",
    "http://{{ $labels.instance }}/x",
    "http://$(HOST):$(PORT)/x",
    "tcp://10.0.0.1:80",
    "2026-11-29T11:09:28Z level=info rows=12",
    "https://runbooks.example.com/churnctl/HighErrorRate",
    "https://grafana.test/d/churn?orgId=1&refresh=30s&from=now-6h&to=now",
    "metrics:  http_requests_total{path=\"/a?b=c\"} 3",
    "Ünïcödé 解約率 @ 50 %: = ?",
];

#[test]
fn a_label_in_a_path_of_the_pushgateway_is_looked_into() {
    // printf 'http://u:canary@h/' | basenc --base64url
    let shown = redacted("POST http://gw:9091/metrics/job@base64/aHR0cDovL3U6Y2FuYXJ5QGgv/stage/x");
    assert_eq!(shown, "POST http://gw:9091/metrics/job@base64/***/stage/x");
}

#[test]
fn no_shape_of_an_address_shows_its_secret() {
    for leak in LEAKS {
        for text in [
            (*leak).to_owned(),
            format!("cannot read {leak}"),
            format!("cannot read {leak}: no such file"),
            format!("\"{leak}\" is not a URL"),
            format!("invalid value '{leak}' for '--gateway <URL>': no"),
            format!("see ({leak}), please."),
            format!("[\"a\",\"{leak}\",\"b\"]"),
        ] {
            let shown = redacted(&text);
            assert!(!shown.contains("canary"), "{text}\n{shown}");
            assert_eq!(redacted(&shown), shown, "{text}");
        }
        for shown in [address(leak), address(&leak.to_uppercase())] {
            assert!(!shown.to_lowercase().contains("canary"), "{leak}\n{shown}");
            assert_eq!(address(&shown), shown, "{leak}");
        }
    }
}

#[test]
fn what_a_server_echoes_is_hidden() {
    // printf 'ann:canary' | base64
    for text in [
        "it says: Authorization: Bearer canary-1",
        "authorization:canary",
        "{\"headers\": {\"Authorization\": \"Basic YW5uOmNhbmFyeQ==\"}}",
        "bad token: Bearer canary.1.x",
        "you sent Basic YW5uOmNhbmFyeQ==, which is wrong",
        "{\"user\":\"ann\",\"password\":\"canary\"}",
        "{\\\"password\\\": \\\"canary\\\"}",
        "{'token': 'canary'}",
        "X-Api-Key: canary",
        "Cookie: session=canary",
    ] {
        let shown = redacted(text);
        assert!(
            !shown.contains("canary") && !shown.contains("YW5u"),
            "{text}\n{shown}"
        );
        assert_eq!(redacted(&shown), shown);
    }
}

#[test]
fn what_is_harmless_stays_as_it_is() {
    for text in HARMLESS {
        assert_eq!(redacted(text), *text);
        if !text.contains(' ') {
            assert_eq!(address(text), *text);
        }
    }
}

#[test]
fn what_is_left_still_tells_what_was_meant() {
    for (text, shown) in [
        (
            "postgres://me:pw@h:5432/db?table=t&pasword=x: there is no parameter \"pasword\"",
            "postgres://***@h:5432/db?table=t&pasword=***: there is no parameter \"pasword\"",
        ),
        (
            "the Pushgateway refused PUT https://a:b@gw/metrics/job/x: 401",
            "the Pushgateway refused PUT https://***@gw/metrics/job/x: 401",
        ),
        ("POSTGRES://a:b@h/d", "POSTGRES://***@h/d"),
        (
            "s3://b/k?sig=x&prefix=p,s3://c/d",
            "s3://b/k?sig=***&prefix=p,s3://c/d",
        ),
        ("http://gw:x/", "http://gw:***/"),
        ("a:b@h and c:d@i", "***@h and ***@i"),
        ("host=h password=x port=1", "host=h password=*** port=1"),
        (
            "https://hooks.slack.com/services/T/B/x",
            "https://hooks.slack.com/***",
        ),
    ] {
        assert_eq!(redacted(text), shown);
    }
    assert_eq!(
        address("postgres://me:my pass word@h/db?table=t&pasword=a b"),
        "postgres://***@h/db?table=t&pasword=***"
    );
}

#[test]
fn long_texts_take_no_long_time() {
    let start = std::time::Instant::now();
    for part in [
        "@",
        "a:b@",
        "://",
        "a://",
        ":",
        "=",
        "a=",
        "%25",
        "%2540",
        "bearer ",
        "authorization:",
        "\"a\":\"",
        "?a&",
        ",x://",
    ] {
        let text = part.repeat(20_000 / part.len());
        let shown = redacted(&text);
        assert!(shown.len() <= 8 * text.len() + 8);
    }
    // A bound against quadratic work; a debug build does it in well under a second.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

/// Passwords as people make them, with everything that has a meaning in an address.
fn password() -> impl Strategy<Value = String> {
    "[a-z0-9/?#@:&;=,%+. '\\[\\]-]{0,6}CANARY[a-z0-9/?#:&;=,+.-]{0,3}"
}

proptest! {
    #[test]
    fn hiding_twice_is_hiding_once(text in ".{0,60}|([a-z]{1,3}(://|@|:|=|\\?|&|;|#|,| |\"|%40|%3A|\\*\\*\\*)){0,12}") {
        let once = redacted(&text).into_owned();
        prop_assert_eq!(&*redacted(&once), &*once);
        let once = address(&text).into_owned();
        prop_assert_eq!(&*address(&once), &*once);
    }

    #[test]
    fn no_password_is_seen_before_an_at_sign(password in password(), scheme in "postgres|mysql|HTTPS|s3|sc") {
        let whole = format!("{scheme}://user:{password}@host.test/db?table=t");
        let shown = address(&whole).into_owned();
        prop_assert!(!shown.contains("CANARY"), "{} {}", whole, shown);
    }

    #[test]
    fn no_parameter_that_nobody_knows_is_seen(name in "[a-zA-Z_-]{1,12}", value in "CANARY[a-z0-9]{0,4}") {
        prop_assume!(super::allowed::of_parameter(&name) == super::allowed::Value::Hidden);
        for text in [format!("s3://b/k?{name}={value}"), format!("x: sc://h/;{name}={value};user_id=a?table=t")] {
            let shown = redacted(&text).into_owned();
            prop_assert!(!shown.contains("CANARY"), "{}", shown);
        }
    }

    #[test]
    fn words_without_signs_are_never_touched(text in "[a-zA-Z0-9äß ,.;!?()/_-]{0,80}") {
        prop_assume!(!super::words::names_login(&text));
        prop_assert_eq!(&*redacted(&text), &*text);
    }

    #[test]
    fn paths_and_hosts_are_never_touched(path in "(/[a-zA-Z0-9_.-]{1,8}){1,5}(/dt=[0-9-]{1,10})?", host in "[a-z]{1,8}(\\.[a-z]{2,5}){0,2}(:[0-9]{1,5})?") {
        prop_assert_eq!(&*redacted(&path), &*path);
        let url = format!("https://{host}{path}");
        prop_assert_eq!(&*redacted(&url), &*url);
    }
}

#[test]
fn the_mask_itself_is_harmless() {
    assert_eq!(redacted(MASK), MASK);
    assert_eq!(redacted("http://***@h/?a=***"), "http://***@h/?a=***");
}
