//! Profiles of two shards, merged: the same counts as a profile of all rows, without the rows.
//!
//! `cargo run --example profile_and_merge`, or with the files of the shards as arguments.
#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use churnctl::data::{DataSet, ReadOptions};
use churnctl::error::Result;
use churnctl::profile::{Profile, Roles, profile};
use churnctl::progress::Silent;

fn main() -> Result<()> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        files = ["stable", "shifted"]
            .map(|month| format!("examples/data/telco_{month}.csv"))
            .into();
    }

    // Each shard may be counted elsewhere and at another time; what travels is the profile.
    let shards = files
        .iter()
        .map(|file| profile_of(std::slice::from_ref(file)))
        .collect::<Result<Vec<Profile>>>()?;
    for shard in &shards {
        println!(
            "{}: {} rows, {} bytes as JSON",
            shard.source,
            shard.rows,
            shard.to_json().len()
        );
    }

    let merged = Profile::merge(shards)?;
    // Read from JSON, as a later check does: the places of first texts are not kept there.
    let whole = Profile::from_json(&profile_of(&files)?.to_json(), "whole.json")?;
    println!("merged: {} rows", merged.rows);
    println!(
        "the same columns as a profile of all rows at once: {}",
        merged.columns == whole.columns
    );
    Ok(())
}

fn profile_of(files: &[String]) -> Result<Profile> {
    let roles = Roles {
        label: Some("churn".into()),
        ..Roles::default()
    };
    let data = DataSet::open(files, ReadOptions::default())?;
    // The library asks no clock: the time is the caller's to say.
    let (profile, _blank_lines) =
        profile(data, roles, None, "2026-01-01T00:00:00Z".into(), &Silent)?;
    Ok(profile)
}
