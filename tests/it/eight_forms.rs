#![cfg(all(
    feature = "mysql",
    feature = "object-store",
    feature = "parquet",
    feature = "postgres",
    feature = "spark"
))]
//! One table as CSV, gzip, NDJSON, Parquet, S3 object, and in PostgreSQL, MariaDB and Spark, all
//! with the real servers: eight profiles that say the same.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::databases::Database;
use crate::harness::{Churnctl, gzip};
use crate::mysql::MariaDb;
use crate::object_server::{Act, ObjectServer};
use crate::postgres::Cluster;
use crate::sources::{Typed, assert_same};
use crate::spark;

/// What must be equal in the profiles whoever counted: rows, and of each column what is missing, what
/// is there, and its smallest and largest value.
fn counts(profile: &Value) -> Value {
    let columns = profile["columns"].as_array().expect("columns");
    let columns: Vec<Value> = columns
        .iter()
        .map(|column| {
            let missing = column["missing"].as_object().into_iter().flatten();
            // An empty field of a file is a null of a database.
            let missing: u64 = missing
                .map(|(_, count)| count.as_u64().expect("a count"))
                .sum();
            json!({ "name": column["name"], "missing": missing })
        })
        .collect();
    json!({ "rows": profile["rows"], "columns": columns })
}

#[test]
fn eight_forms_of_a_table_have_the_same_profile() {
    let current = Typed::customers(23_000, 5, 0.8);
    let csv = current.csv();
    let mut churnctl = Churnctl::new()
        .file("baseline.csv", Typed::customers(24_000, 1, 0.0).csv())
        .file("current.csv", &csv)
        .file("current.csv.gz", gzip(&csv))
        .file("current.ndjson", current.ndjson())
        .file("current.parquet", current.parquet(5_000));
    let mut forms: Vec<(&str, String)> = [
        "current.csv",
        "current.csv.gz",
        "current.ndjson",
        "current.parquet",
    ]
    .map(|file| (file, file.to_owned()))
    .into();
    // A server that is not installed has said so.
    let objects = ObjectServer::shared();
    let gate = objects.as_ref().map(|server| {
        server.put("shop/eight/current.csv", &csv);
        server.gate(|_| Act::Pass)
    });
    if let Some(gate) = &gate {
        churnctl = gate.before(churnctl);
        forms.push(("S3", "s3://shop/eight/current.csv".to_owned()));
    }
    let path = churnctl.path("current.csv");
    let cluster = Cluster::start();
    let maria = MariaDb::start();
    let databases: [Option<&dyn Database>; 2] = [
        cluster.as_ref().map(|database| database as _),
        maria.as_ref().map(|database| database as _),
    ];
    for database in databases.into_iter().flatten() {
        database.load("current", &path);
        forms.push((database.name(), database.address("table=current")));
    }
    let spark = spark::Server::any();
    if let Some(spark) = &spark {
        let file = churnctl.path("current.parquet");
        forms.push(("Spark", spark.address(&spark::parquet(&file))));
    }
    let roles = ["--score", "churn_risk", "--label", "churn_label"];
    let mut first: Option<(Value, Value)> = None;
    for (form, address) in &forms {
        let profile = [&["profile", address, "-o", "profile.json"], &roles[..]].concat();
        churnctl.run(&profile).expect(ExitCode::Ok);
        let profile =
            counts(&serde_json::from_slice(&churnctl.read("profile.json")).expect("JSON"));
        let drift = ["drift", "--baseline", "baseline.csv", "--current", address];
        let drift = [&drift[..], &["--format", "json"], &roles].concat();
        let report = churnctl.run(&drift).expect(ExitCode::CheckFailed).json();
        match &first {
            None => first = Some((profile, report)),
            Some((counted, expected)) => {
                assert_eq!(profile, *counted, "{form}");
                assert_same(form, expected, &report);
            }
        }
    }
}
