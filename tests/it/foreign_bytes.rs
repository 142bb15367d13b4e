//! Every parser of foreign bytes against mutations of its corpus, `fuzz/corpus`: none may panic. Which
//! mutations is fixed by a seed; `fuzz/run.sh SECONDS` tries others for as long as one likes.

use std::path::{Path, PathBuf};

use churnctl::foreign::{TARGETS, mutated};
use churnctl::stats::bootstrap::SplitMix64;

/// For each target; model files of other frameworks come in four forms.
const MUTATIONS: usize = 1_500;
const MUTATIONS_OF_IMPORTED: usize = 5_000;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).expect("a file"))
        .collect()
}

#[test]
fn no_foreign_bytes_are_a_panic() {
    for target in TARGETS {
        let seeds = corpus(target.name);
        assert!(!seeds.is_empty(), "{} has no corpus", target.name);
        let mut random = SplitMix64::new(16);
        for seed in &seeds {
            (target.read)(seed);
        }
        let mutations = match target.name {
            "imported" | "onnx" => MUTATIONS_OF_IMPORTED,
            _ => MUTATIONS,
        };
        for number in 0..mutations {
            let (seed, other) = (
                &seeds[number % seeds.len()],
                &seeds[(number / 7) % seeds.len()],
            );
            let bytes = mutated(seed, other, &mut random);
            let read = std::panic::catch_unwind(|| (target.read)(&bytes));
            if read.is_err() {
                let kept =
                    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.crash", target.name));
                std::fs::write(&kept, &bytes).expect("write");
                panic!("{} panics at {kept:?}, mutation {number}", target.name);
            }
        }
    }
}

/// What was found once stays found.
#[test]
fn every_corpus_has_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for entry in std::fs::read_dir(folder).expect("the corpus").flatten() {
        let name = entry.file_name();
        let known = |target: &&churnctl::foreign::Target| *target.name == *name;
        assert!(TARGETS.iter().any(|target| known(&target)), "{name:?}");
    }
}
