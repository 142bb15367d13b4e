#![cfg(feature = "object-store")]
//! Tables in a real S3 server: the same numbers as from files, whatever goes wrong on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, gzip};
use crate::object_server::{Act, Asked, KEYS, OTHER_KEYS, ObjectServer};
use crate::sources::{self, Typed, assert_same, zstd};

fn drift(churnctl: &Churnctl, current: &str) -> Value {
    sources::drift(churnctl, "baseline.csv", current)
}

fn both() -> Churnctl {
    Churnctl::new()
        .file("baseline.csv", Typed::customers(24_000, 1, 0.0).csv())
        .file("current.csv", Typed::customers(23_000, 5, 0.8).csv())
}

fn is_get(asked: &Asked) -> bool {
    asked.method == "GET" && asked.header("range").is_some()
}

#[test]
fn an_object_gives_the_numbers_of_its_file() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let gate = server.gate(|_| Act::Pass);
    let churnctl = gate.before(both());
    let current = Typed::customers(23_000, 5, 0.8);
    let csv = current.csv();
    let (half, _) = csv.match_indices('\n').nth(11_000).expect("many lines");
    let header = csv.split_inclusive('\n').next().expect("a header");
    server.put("shop/same/current.csv", &csv);
    server.put("shop/same/current.csv.gz", gzip(&csv));
    server.put("shop/same/current.csv.zst", zstd(&csv));
    server.put("shop/same/current.ndjson", current.ndjson());
    server.put("shop/months/01.csv", &csv[..=half]);
    server.put(
        "shop/months/02.csv.gz",
        gzip(format!("{header}{}", &csv[half + 1..])),
    );
    server.put("shop/months/deep/03.csv", "no table of this folder\n");
    server.put("shop/months/read me.txt", "no table");
    let mut addresses = vec![
        "s3://shop/same/current.csv",
        "s3://shop/same/current.csv.gz",
        "s3://shop/same/current.csv.zst",
        "s3://shop/same/current.ndjson",
        "s3://shop/months/",
        "s3://shop/month*/0[12].*",
    ];
    if cfg!(feature = "parquet") {
        #[cfg(feature = "parquet")]
        for (key, group) in [("current.parquet", 7_000), ("no name", 23_000)] {
            server.put(&format!("shop/same/{key}"), current.parquet(group));
        }
        addresses.extend(["s3://shop/same/current.parquet", "s3://shop/same/no name"]);
    }
    let expected = drift(&churnctl, "current.csv");
    for address in addresses {
        let report = drift(&churnctl, address);
        assert_same(address, &expected, &report);
        assert_eq!(report["current"].as_str(), Some(address));
    }
    // No request is without its condition, and none is repeated.
    let asked = gate.asked();
    let gets: Vec<&Asked> = asked.iter().filter(|asked| is_get(asked)).collect();
    assert!(gets.len() > 15, "{gets:#?}");
    assert!(
        gets.iter().all(|asked| asked.header("if-match").is_some()),
        "{gets:#?}"
    );
}

#[test]
#[cfg(feature = "parquet")]
fn of_a_parquet_object_only_the_columns_that_are_wanted_are_fetched() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let gate = server.gate(|_| Act::Pass);
    let churnctl = gate.before(Churnctl::new());
    let bytes = Typed::customers(60_000, 5, 0.8).parquet(20_000);
    let (size, tail) = (bytes.len() as u64, 64 << 10);
    server.put("shop/wide.parquet", bytes);
    let fetched = |args: &[&str]| {
        let before = gate.asked().len();
        let args = [&["profile", "s3://shop/wide.parquet", "-o", "p.json"], args].concat();
        churnctl.run(&args).expect(ExitCode::Ok);
        gate.asked()[before..]
            .iter()
            .map(Asked::range_bytes)
            .sum::<u64>()
    };
    let all = fetched(&[]);
    assert!(
        all >= size - size / 4 && all < size + 2 * tail,
        "{all} of {size}"
    );
    let others = "user_id,spend,charges,plan,churn_risk,churn_label";
    let few = fetched(&["--exclude", others]);
    assert!(few < size / 10 + 2 * tail, "{few} of {size}");
}

#[test]
fn shards_of_an_object_are_cut_by_bytes_and_faults_keep_their_lines() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let gate = server.gate(|_| Act::Pass);
    let churnctl = gate
        .before(Churnctl::new())
        .env("SOURCE_DATE_EPOCH", "1767225600");
    let table = Typed::customers(9_000, 3, 0.0);
    server.put("shop/parts/t.csv", table.csv());
    server.put("shop/parts/t.ndjson", table.ndjson());
    for address in ["s3://shop/parts/t.csv", "s3://shop/parts/t.ndjson"] {
        churnctl
            .run(&["profile", address, "-o", "whole.json"])
            .expect(ExitCode::Ok);
        let parts = ["0/3", "1/3", "2/3"].map(|shard| {
            let output = format!("part{}.json", &shard[..1]);
            churnctl
                .run(&["profile", address, "--shard", shard, "-o", &output])
                .expect(ExitCode::Ok);
            let rows = churnctl.read_json(&output)["rows"].as_u64().expect("rows");
            assert!((2_000..4_000).contains(&rows), "{address} {shard}: {rows}");
            output
        });
        let [a, b, c] = &parts;
        churnctl
            .run(&["profile", "merge", a, b, c, "-o", "merged.json"])
            .expect(ExitCode::Ok);
        assert!(
            churnctl.read("merged.json") == churnctl.read("whole.json"),
            "{address}"
        );
    }
    let bad = table.csv() + "one,field,too,few\n";
    let quoted = table.csv() + "u,1,1,1,\"a\nb\",true,0.5,1\n";
    server.put("shop/parts/bad.csv", &bad);
    server.put("shop/parts/quoted.csv", &quoted);
    let churnctl = churnctl.file("bad.csv", &bad).file("quoted.csv", &quoted);
    for shard in ["0/1", "2/3"] {
        let run = |address: &str| {
            let args = ["profile", address, "--shard", shard, "-o", "p.json"];
            churnctl.run(&args)
        };
        let own = run("bad.csv").expect(ExitCode::BadInput).stderr;
        let theirs = run("s3://shop/parts/bad.csv")
            .expect(ExitCode::BadInput)
            .stderr;
        assert!(own.contains("bad.csv:9002"), "{own}");
        assert_eq!(theirs.replace("s3://shop/parts/", ""), own);
        let code = if shard == "2/3" {
            ExitCode::BadInput
        } else {
            ExitCode::Ok
        };
        run("s3://shop/parts/quoted.csv").expect(code);
    }
}

#[test]
fn a_model_learns_from_an_object_what_it_learns_from_the_file() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let gate = server.gate(|_| Act::Pass);
    let churnctl = gate.before(both());
    server.put("shop/learn/current.csv", churnctl.read("current.csv"));
    let train = |data: &str| {
        let args = [
            "train",
            data,
            "--label",
            "churn_label",
            "--model",
            "logistic",
        ];
        churnctl.run(&args).expect(ExitCode::Ok);
        let artifact = churnctl.read_json("artifacts/models/production_latest.json");
        artifact["body"]["provenance"]["data_sha256"].clone()
    };
    let checksum = train("current.csv");
    assert!(
        checksum.as_str().is_some_and(|text| text.len() == 64),
        "{checksum}"
    );
    assert_eq!(train("s3://shop/learn/current.csv"), checksum);
    for (data, scores) in [
        ("current.csv", "file.csv"),
        ("s3://shop/learn/*.csv", "object.csv"),
    ] {
        churnctl
            .run(&["score", data, "-o", scores])
            .expect(ExitCode::Ok);
    }
    assert!(churnctl.read("file.csv") == churnctl.read("object.csv"));
}

#[test]
fn a_store_that_stumbles_is_waited_for_and_no_byte_is_lost() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let files = both();
    server.put("shop/faults/current.csv", files.read("current.csv"));
    server.put(
        "shop/faults/current.csv.gz",
        gzip(files.read("current.csv")),
    );
    let expected = drift(&files, "current.csv");
    let gates = [
        server.gate(|asked| {
            if asked.count < 2 {
                Act::Answer("503 Slow Down")
            } else {
                Act::Pass
            }
        }),
        // Each of the first four ranges ends before its end.
        server.gate(|asked| match asked.count {
            count if is_get(asked) && count < 5 => Act::Cut(100_000),
            _ => Act::Pass,
        }),
        server.gate(|asked| if is_get(asked) { Act::Slow } else { Act::Pass }),
        server.gate(|asked| {
            if asked.count % 3 == 0 {
                Act::Lose
            } else {
                Act::Pass
            }
        }),
    ];
    for (at, gate) in gates.iter().enumerate() {
        for key in ["current.csv", "current.csv.gz"] {
            let churnctl = gate
                .before(Churnctl::new())
                .file("baseline.csv", files.read("baseline.csv"));
            let report = drift(&churnctl, &format!("s3://shop/faults/{key}"));
            assert_same(&format!("{at} {key}"), &expected, &report);
        }
    }
    let cut = gates[1].asked();
    let resumed = cut.iter().filter(|asked| {
        is_get(asked)
            && !asked
                .header("range")
                .is_some_and(|range| range.starts_with("bytes=0-"))
    });
    assert!(resumed.count() >= 2, "{cut:#?}");
}

#[test]
fn what_cannot_be_read_has_its_code_and_shows_no_keys() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let gate = server.gate(|_| Act::Pass);
    server.put("shop/errors/customers.csv", "a,b\n1,2\n");
    server.put("shop/errors/empty.csv", "");
    let churnctl = gate.before(Churnctl::new());
    let profile = |churnctl: &Churnctl, address: &str, code| {
        let run = churnctl
            .run(&["profile", address, "-o", "p.json"])
            .expect(code);
        let all = format!("{}{}", run.stdout, run.stderr);
        for secret in [KEYS[1], OTHER_KEYS[1], KEYS[0], OTHER_KEYS[0]] {
            assert!(!all.contains(secret), "{all}");
        }
        run
    };
    for (address, words) in [
        (
            "s3://shop/errors/customer.csv",
            "did you mean s3://shop/errors/customers.csv?",
        ),
        ("s3://shop/errors", "did you mean s3://shop/errors/?"),
        (
            "s3://shop/errors/q*",
            "no object matches s3://shop/errors/q*",
        ),
        ("s3://shop/nowhere/", "s3://shop/nowhere/ has no table"),
        ("s3://nosuch/t.csv", "there is no such bucket"),
        ("s3://nosuch/", "there is no such bucket"),
        ("s3://shop/errors/empty.csv", "the file is empty"),
    ] {
        profile(&churnctl, address, ExitCode::BadInput).says(words);
    }
    profile(&churnctl, "s3://", ExitCode::Usage).says("there is no bucket");
    let with_keys = format!("s3://{}:{}@shop/errors/customers.csv", KEYS[0], KEYS[1]);
    profile(&churnctl, &with_keys, ExitCode::Usage).says("keys are not part of an address");
    // One who may read another bucket only; one whose secret is wrong; one who has none.
    let other = gate.before_as(Churnctl::new(), OTHER_KEYS);
    let wrong = gate.before_as(Churnctl::new(), [KEYS[0], OTHER_KEYS[1]]);
    for churnctl in [other, wrong] {
        let address = "s3://shop/errors/customers.csv";
        profile(&churnctl, address, ExitCode::NotAllowed).says(address);
        profile(&churnctl, "s3://shop/errors/", ExitCode::NotAllowed).says("does not allow");
    }
    let none = Churnctl::new().env("AWS_EC2_METADATA_DISABLED", "true");
    profile(
        &none,
        "s3://shop/errors/customers.csv",
        ExitCode::NotAllowed,
    )
    .says("there are no credentials");
    // Down for good.
    let refusing = crate::fault_server::FaultServer::refusing();
    let down = gate
        .before(Churnctl::new())
        .env("AWS_ENDPOINT_URL_S3", &refusing);
    profile(
        &down,
        "s3://shop/errors/customers.csv",
        ExitCode::Unavailable,
    )
    .says("stayed away");
    let failing = server.gate(|_| Act::Answer("503 Slow Down"));
    let run = profile(
        &failing.before(Churnctl::new()),
        "s3://shop/x.csv",
        ExitCode::Unavailable,
    );
    run.says("failed again and again (503)");
    assert_eq!(failing.asked().len(), 7);
}

#[test]
fn an_object_that_changes_is_an_error_and_no_mixture() {
    let Some(server) = ObjectServer::shared() else {
        return;
    };
    let (before, after) = (
        Typed::customers(23_000, 5, 0.8),
        Typed::customers(23_000, 6, 0.0),
    );
    for key in ["changing.csv", "changing.parquet"] {
        let bytes = |table: &Typed| match key {
            #[cfg(feature = "parquet")]
            "changing.parquet" => table.parquet(5_000),
            _ => table.csv().into_bytes(),
        };
        let path = format!("shop/{key}");
        server.put(&path, bytes(&before));
        let (inside, next) = (Arc::clone(&server), bytes(&after));
        let has_changed = AtomicBool::new(false);
        let gate = server.gate(move |asked| {
            let is_later = is_get(asked) && asked.count >= 2;
            if is_later && !has_changed.swap(true, Ordering::SeqCst) {
                inside.put(&path, &next);
            }
            Act::Pass
        });
        let churnctl = gate.before(Churnctl::new());
        churnctl
            .run(&["profile", &format!("s3://shop/{key}"), "-o", "p.json"])
            .expect(ExitCode::Io)
            .says("the object changed while it was read");
        assert!(!churnctl.path("p.json").exists());
    }
}
