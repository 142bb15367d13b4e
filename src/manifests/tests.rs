//! The cases of the rules as files for `promtool test rules`.

use super::object::File;
use crate::alerts::catalogue::{Options, rules, test_file};
use crate::error::Result;

pub(super) fn files(options: &Options) -> Result<Vec<File>> {
    rules(options)?
        .iter()
        .map(|rule| {
            let path = format!("tests/{}_test.yml", rule.name);
            File::tree(path, &test_file(rule, options))
        })
        .collect()
}
