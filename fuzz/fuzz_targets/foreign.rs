//! Any parser of foreign bytes: FUZZ_TARGET names it, see `churnctl::foreign`.
#![no_main]

use std::sync::LazyLock;

use churnctl::foreign::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    let found = TARGETS.iter().find(|target| target.name == name);
    found.expect("the target is one of fuzz/corpus")
});

fuzz_target!(|bytes: &[u8]| (TARGET.read)(bytes));
