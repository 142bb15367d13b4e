//! Tests of `sql.rs`.

use super::*;

fn source(address: &str) -> String {
    SqlAddress::parse(address).expect("an address").source
}

#[test]
fn an_address_is_taken_apart_and_never_shows_its_password() {
    let address = "postgres://me:p%40ss@db.example:5433/shop?table=sales.customers";
    let parsed = SqlAddress::parse(address).expect("an address");
    assert_eq!(parsed.password.as_ref().map(Secret::expose), Some("p@ss"));
    assert_eq!(
        (parsed.host.as_str(), parsed.port),
        ("db.example", Some(5433))
    );
    assert_eq!(parsed.source, "\"sales\".\"customers\"");
    assert!(parsed.tls, "TLS is on for other machines");
    assert!(!format!("{parsed:?}").contains("p%40ss"));
    for bad in [
        "postgres://h/db",
        "postgres:///db?table=t",
        "postgres://h:x/db?table=t",
        "postgres://me:secret@h/db?table=t&query=select 1",
        "postgres://me:secret@h/db?tabel=t",
        "postgres://me:secret@h/db?table=t&where=a like '%ab%'",
    ] {
        let error = SqlAddress::parse(bad).expect_err(bad);
        assert_eq!(error.code().code(), 64, "{bad}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_malformed_escape_is_refused_and_a_wellformed_one_asks_what_was_meant() {
    // `%+4` was read as byte 4, so that `like '%+49%'` matched every row of a column that
    // psql finds in half of them.
    let address = "postgres://h/db?table=t&where=phone like '%25+49%25'";
    assert_eq!(
        source(address),
        "(select * from \"t\" where (phone like '%+49%'\n)) as source"
    );
    for (bad, what) in [
        (
            "postgres://h/db?table=t&where=phone like '%+49%'",
            "in the where, \"%+4\" at character 13",
        ),
        (
            "mysql://h/d%b?table=t",
            "in the database, \"%b\" at character 2",
        ),
        (
            "postgres://u%-1@h/db?table=t",
            "in the user, \"%-1\" at character 2",
        ),
        ("sc://h%2/?table=t", "in the host"),
        ("postgres://h/db?table=a%zz", "in the table"),
        (
            "postgres://h/db?query=select '%ff'",
            "not part of a UTF-8 text",
        ),
    ] {
        let error = SqlAddress::parse(bad).expect_err(bad);
        assert_eq!(error.code().code(), 64, "{bad}");
        assert!(error.to_string().contains(what), "{error}");
    }
    for bad in [
        "postgres://me:se%cret@h/db?table=t",
        "sc://h/;token=se%cret?table=t",
    ] {
        let error = SqlAddress::parse(bad).expect_err(bad);
        assert!(error.to_string().contains("malformed escape"), "{error}");
        assert!(!format!("{error:?}").contains("cret"), "{error:?}");
    }
}

#[test]
fn sparks_own_addresses_are_understood() {
    let address = "sc://db:15003/;use_ssl=true;token=a%3Bb;user_id=me?table=cat.shop.t&where=a>1";
    let parsed = SqlAddress::parse(address).expect("an address");
    assert_eq!((parsed.host.as_str(), parsed.port), ("db", Some(15003)));
    let options: Vec<(&str, &str)> = parsed
        .options
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(
        options,
        [("use_ssl", "true"), ("token", "a;b"), ("user_id", "me")]
    );
    assert_eq!(
        parsed.source,
        "(select * from `cat`.`shop`.`t` where (a>1\n)) as source"
    );
    assert!(!format!("{parsed:?}").contains("a%3Bb"), "{parsed:?}");
    assert_eq!(source("spark://db?table=a`b;--"), "`a``b;--`");
    assert_eq!(
        source("sc://db?table=parquet./data/a.b.parquet"),
        "`parquet`.`/data/a.b.parquet`"
    );
    for bad in ["sc://db:1/;use_ssl=true", "sc://db/;tokn=1?table=t"] {
        let error = SqlAddress::parse(bad).expect_err(bad);
        assert_eq!(error.code().code(), 64, "{bad}");
    }
}

#[test]
fn texts_for_spark_mean_the_same_whatever_its_settings() {
    let spark = Dialect::Spark;
    assert_eq!(spark.text("Z\u{fc}rich, \"x\""), "'Z\u{fc}rich, \"x\"'");
    assert_eq!(spark.text("i's"), "cast(X'692773' as string)");
    assert_eq!(spark.text("\\"), "cast(X'5c' as string)");
    assert_eq!(
        spark.text("${env:HOME}"),
        "cast(X'247b656e763a484f4d457d' as string)"
    );
    assert_eq!(spark.name("a`b"), "`a``b`");
    assert_eq!(spark.number(-0.1), "-1e-1D");
}

#[test]
fn mysql_has_its_own_quotes() {
    assert_eq!(
        source("mysql://h/db?table=shop.t`; drop table x; -- "),
        "`shop`.`t``; drop table x; -- `"
    );
    assert_eq!(source("mariadb://h/db?table=t"), "`t`");
    assert_eq!(Dialect::MySql.text("it's"), "'it''s'");
    // Under NO_BACKSLASH_ESCAPES and without it.
    assert_eq!(Dialect::MySql.text("'\\"), "_utf8mb4 X'275c'");
    assert_eq!(Dialect::MySql.number(-0.25), "-2.5e-1");
    let here = SqlAddress::parse("mysql://h/db?table=t&ssl-mode=VERIFY_IDENTITY&ssl-ca=x.pem");
    let here = here.expect("an address");
    assert!(here.tls && here.ca_file.as_deref() == Some("x.pem"));
}

#[test]
fn a_backslash_ends_no_text_of_postgres_whatever_the_session_says() {
    let postgres = Dialect::Postgres;
    assert_eq!(postgres.text("it's"), "'it''s'");
    // PostgreSQL 15, 4.1.2.2: in E'' a backslash is written twice, and '' is a quote.
    assert_eq!(postgres.text("\\'; drop"), "E'\\\\''; drop'");
}

#[test]
fn names_and_conditions_cannot_leave_their_place() {
    assert_eq!(
        source("postgres://h/db?table=t\"; drop table x; --"),
        "\"t\"\"; drop table x; --\""
    );
    assert_eq!(
        source("postgres://h/db?table=t&where=a > 1 --"),
        "(select * from \"t\" where (a > 1 --\n)) as source"
    );
    assert_eq!(
        source("postgres://h/db?query=/* all */ select 1 as a;"),
        "(/* all */ select 1 as a\n) as source"
    );
    for query in ["delete from t", "-- x\ndrop table t", "", "truncate t"] {
        let address = format!("postgres://h/db?query={query}");
        let error = SqlAddress::parse(&address).expect_err(query);
        assert_eq!(error.code().code(), 65, "{query}");
    }
}
