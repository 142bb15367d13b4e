//! The clients that people have: Triton's and KServe's own, run against `serve`.

use std::process::Command;

use super::running::Running;
use crate::harness::{fixture, skipped};
use crate::models::scoring;

#[test]
fn the_clients_of_triton_and_kserve_are_understood() {
    let Some(python) = std::env::var_os("CLIENTS_PYTHON") else {
        return skipped("CLIENTS_PYTHON does not name a Python with tritonclient and kserve");
    };
    let churnctl = scoring();
    let running = Running::start(&churnctl, &[]);
    let output = Command::new(&python)
        .arg(fixture("clients.py"))
        .arg(running.address.to_string())
        .current_dir(churnctl.path("."))
        .output()
        .expect("run Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // Each client says what it got, so that a script that does nothing is not a success.
    let got = String::from_utf8_lossy(&output.stdout);
    assert_eq!(got.lines().count(), 9, "{got}\n{said}");
}
