//! CONTRIBUTING.md tells where five jobs go through the code: the functions are there, and none is twice in a list.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

#[test]
fn the_functions_of_the_five_jobs_are_where_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).expect("read");
    let (_, jobs) = text
        .split_once("## Five jobs, followed")
        .expect("a heading");
    let (jobs, _) = jobs.split_once("\n## ").expect("a heading behind it");
    let step = Regex::new(r"(?m)^(\d+)\. `(\w+)` in `([^`]+)`: ").expect("a pattern");
    let (mut lists, mut seen) = (0, BTreeSet::new());
    for found in step.captures_iter(jobs) {
        let [number, function, file] = found.extract().1;
        if number == "1" {
            lists += 1;
            seen.clear();
        }
        let code = std::fs::read_to_string(root.join(file)).expect(file);
        let declared = Regex::new(&format!(r"\bfn {function}\b")).expect("a pattern");
        assert!(
            declared.is_match(&code),
            "{file} has no function {function}"
        );
        assert!(
            seen.insert((function, file)),
            "{function} of {file} is twice in a list"
        );
    }
    let lines = jobs
        .lines()
        .filter(|line| line.starts_with(char::is_numeric));
    assert_eq!(
        lines.count(),
        step.captures_iter(jobs).count(),
        "a step of another form"
    );
    assert_eq!(lists, 5);
}
