//! The cases of the rules as files for `promtool test rules`.

use super::object::File;
use super::plan::Plan;
use crate::alerts::catalogue::{rules, test_file};
use crate::error::Result;

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    rules(&plan.rules)?
        .iter()
        .map(|rule| {
            let path = format!("tests/{}_test.yml", rule.name);
            File::tree(path, &test_file(rule, &plan.rules))
        })
        .collect()
}
