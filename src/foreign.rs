//! Every parser of bytes that others wrote, behind one signature: for fuzzing, and for the test that
//! mutates a corpus. Not a part of the library that anybody should use.
//!
//! A target may refuse its bytes in any way but by a panic, an abort or a hang. Where what was read can
//! be written again, it is, and read once more.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::alerts::lint::{LintOptions, lint};
use crate::alerts::node::Source;
use crate::alerts::{Library, promql};
use crate::cluster::ledger::Ledger;
use crate::cluster::webhook::Payload;
use crate::data::{DataSet, ReadOptions};
use crate::error::Error;
use crate::exit::ExitCode;
use crate::files::ScratchFolder;
use crate::import::{self, assemble::assemble};
use crate::metrics::text;
use crate::model::frame::{Column, Frame, MISSING_CODE};
use crate::model::score::Scorer;
use crate::model::wrapped::{self, Wrapped};
use crate::model::{registry, store};
use crate::profile::{Profile, Roles, profile};
use crate::progress::Silent;
use crate::settings::{Flags, Layers, Settings, SettingsFile};
use crate::stats::bootstrap::SplitMix64;

/// A parser under its name, which is that of its folder in the corpus.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Reads bytes.
    pub read: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target("csv", |bytes| table("t.csv", bytes)),
    target("ndjson", |bytes| table("t.ndjson", bytes)),
    target("gzip", |bytes| table("t.csv.gz", bytes)),
    target("zstd", |bytes| table("t.csv.zst", bytes)),
    #[cfg(feature = "parquet")]
    target("parquet", |bytes| table("t.parquet", bytes)),
    target("profile", read_profile),
    target("model", read_model),
    target("wrapped", read_wrapped),
    target("imported", read_imported),
    target("onnx", read_imported),
    target("registry", read_registry),
    target("promql", read_promql),
    target("rules", |bytes| read_rules("r.yaml", bytes)),
    target("alertmanager", |bytes| read_rules("am.yaml", bytes)),
    target("exposition", |bytes| drop(text::parse(bytes))),
    target("webhook", |bytes| drop(Payload::read(bytes))),
    target("ledger", |bytes| {
        drop(serde_json::from_slice::<Ledger>(bytes));
    }),
    target("predictions", crate::serve::read_any_body),
    target("mlflow", crate::tracking::read_any_answer),
    target("spool", crate::tracking::read_any_entry),
    target("settings", read_settings),
    #[cfg(feature = "mysql")]
    target("mysql", crate::data::read_any_mysql),
    #[cfg(feature = "spark")]
    target("spark", crate::data::read_any_spark),
];

const fn target(name: &'static str, read: fn(&[u8])) -> Target {
    Target { name, read }
}

thread_local! {
    static FOLDER: OnceCell<ScratchFolder> = const { OnceCell::new() };
}

/// Calls `read` with a file of these bytes.
fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    FOLDER.with(|folder| {
        let made = || ScratchFolder::new().expect("there is room for temporary files");
        let path: PathBuf = folder.get_or_init(made).path().join(name);
        std::fs::write(&path, bytes).expect("there is room for temporary files");
        read(&path);
    });
}

fn table(name: &str, bytes: &[u8]) {
    with_file(name, bytes, |path| {
        let options = ReadOptions {
            threads: 1,
            ..ReadOptions::default()
        };
        let address = [path.display().to_string()];
        let read = DataSet::open(&address, options)
            .and_then(|data| profile(data, Roles::default(), None, String::new(), &Silent));
        if let Ok((profile, _)) = read {
            let written = profile.to_json();
            let again = Profile::from_json(&written, "again").expect("what is written can be read");
            assert_eq!(again.to_json(), written);
        }
    });
}

fn read_profile(bytes: &[u8]) {
    if let Ok(profile) = Profile::from_json(bytes, "p.json") {
        let again = Profile::from_json(&profile.to_json(), "again");
        again.expect("what is written can be read");
        let _ = Profile::merge(vec![profile.clone(), profile]);
    }
}

fn read_model(bytes: &[u8]) {
    let sealed = store::resealed(bytes);
    for bytes in [Some(bytes), sealed.as_deref()].into_iter().flatten() {
        if let Ok(artifact) = store::from_json(bytes, "m.json") {
            Scorer::new(&artifact.body).expect("what is loaded can score");
        }
    }
}

fn read_wrapped(bytes: &[u8]) {
    let sealed = wrapped::resealed(bytes);
    for bytes in [Some(bytes), sealed.as_deref()].into_iter().flatten() {
        drop(Wrapped::from_json(bytes, "w.json"));
    }
}

/// A model file of another framework with a table of three columns, as those of the corpus want.
fn read_imported(bytes: &[u8]) {
    let columns = ["a", "b", "c"].map(String::from);
    let frame = Frame {
        rows: 3,
        names: columns.to_vec(),
        columns: vec![
            Column::Numbers(vec![-1.5, f64::NAN, 2.0]),
            Column::Numbers(vec![0.0, 0.25, 1e9]),
            Column::Categories {
                codes: vec![0, 1, MISSING_CODE],
                levels: vec!["w".to_owned(), "x".to_owned()],
            },
        ],
    };
    let scores = || {
        let foreign = import::read(bytes, "m")?;
        foreign.wanted(&columns, &[], "t.csv")?;
        let assembled = assemble(&foreign, &frame)?;
        let scorer = Scorer::of(
            &assembled.features,
            &assembled.model,
            &assembled.calibration,
        )?;
        scorer.scores_of(&frame, &[0, 1, 2], 1)?;
        let _ = scorer.explain(&scorer.cells_of(&frame, 0)?);
        Ok(())
    };
    if let Err(error) = scores() {
        let error: Error = error;
        assert_eq!(error.code(), ExitCode::BadInput, "{error}");
    }
}

fn read_registry(bytes: &[u8]) {
    with_file("models.jsonl", bytes, |path| drop(registry::read(path)));
}

fn read_promql(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(expr) = promql::parse(text)
    {
        let _ = (promql::selectors(&expr), promql::needs(text));
    }
}

fn read_rules(name: &str, bytes: &[u8]) {
    let Ok(text) = String::from_utf8(bytes.to_vec()) else {
        return;
    };
    let source = Arc::new(Source {
        name: name.to_owned(),
        text,
    });
    if let Ok(library) = Library::of_sources(vec![source]) {
        let _ = lint(&library, &LintOptions::default());
    }
}

fn read_settings(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(file) = SettingsFile::parse("churnctl.toml", text) {
        let layers = Layers::new(Flags::default(), &Default::default(), Some(file));
        let _ = layers.and_then(|layers| Settings::resolve(&layers));
    }
}

/// Words that parsers look at more closely than at any others.
const WORDS: [&[u8]; 24] = [
    b"\0",
    b"\xff",
    b"\"",
    b"'",
    b"\\",
    b"\n",
    b"\r\n",
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"-",
    b"1e999",
    b"18446744073709551616",
    b"null",
    b"NaN",
    b"\xef\xbb\xbf",
    b"{{",
    b"&a *a",
    b"\xff\xff\xff\x7f",
];

/// Changes bytes in one to eight places, as fuzzers do: flips, words, copies, cuts.
#[must_use]
pub fn mutated(seed: &[u8], other: &[u8], random: &mut SplitMix64) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let mut below =
        |most: usize| usize::try_from(random.next_u64() % most.max(1) as u64).unwrap_or(0);
    for _ in 0..=below(8) {
        let at = below(bytes.len() + 1);
        match below(8) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << below(8),
            2 if at < bytes.len() => bytes[at] = below(256) as u8,
            3 => {
                let word = WORDS[below(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            4 => {
                let end = (at + below(16)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let end = (at + below(64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let times = 1 + below(4);
                bytes.splice(at..at, part.repeat(times));
            }
            6 => {
                let from = below(other.len() + 1);
                let part = &other[from..(from + below(64)).min(other.len())];
                bytes.splice(at..at, part.iter().copied());
            }
            7 => bytes.truncate(at.max(1)),
            _ => {}
        }
    }
    bytes.truncate(1 << 16);
    bytes
}
