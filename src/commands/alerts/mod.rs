//! `churnctl alerts`: list, show, lint, test, history.

mod fix;
mod generate;
mod history;
mod lint;
mod list;
mod live;
mod outputs;
mod show;
mod test;
mod test_report;
mod test_request;

pub use fix::Fix;
pub use history::{HistoryRequest, RuleOrigin, run as history};
pub use lint::{LintRequest, LintServer, run as lint};
pub use list::{ListRequest, run as list};
pub use outputs::{Export, Outputs};
pub use show::{ShowRequest, run as show};
pub use test::run as test;
pub use test_request::{LiveRequest, TestRequest};
