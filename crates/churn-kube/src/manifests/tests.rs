//! The cases of the rules as files for `promtool test rules`.

use churn_alerts::catalogue::{Options, rules, test_file};
use churn_base::error::Result;

use super::object::File;

pub(super) fn files(options: &Options) -> Result<Vec<File>> {
    rules(options)?
        .iter()
        .map(|rule| {
            let path = format!("tests/{}_test.yml", rule.name);
            File::tree(path, &test_file(rule, options))
        })
        .collect()
}
