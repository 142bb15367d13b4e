//! Drift between two tables: two profiles in, one report out.
//!
//! [`profile`] counts a data set once into a mergeable summary; [`labels`] joins labels that came later with its
//! rows; [`drift`] judges one summary by another; [`history`] keeps summaries of days for later checks; [`stats`] holds
//! the numbers, pure functions with their formulas and sources. No clock, no environment, no printing.
//!
//! # Example
//!
//! ```
//! use churn_data::{DataSet, ReadOptions};
//! use churn_drift::drift::{CheckOptions, Plan, Provenance, Status, check};
//! use churn_drift::profile::{Roles, count, profile};
//! use churn_base::progress::Silent;
//!
//! # let table = |name: &str| format!("{}/../../examples/data/{name}", env!("CARGO_MANIFEST_DIR"));
//! let open = |file: &str| DataSet::open(&[table(file)], ReadOptions::default());
//! let now = "2026-01-01T00:00:00Z".to_owned();
//! let (baseline, _) = profile(open("telco_baseline.csv")?, Roles::default(), None, now.clone(), &Silent)?;
//!
//! let options = CheckOptions::default();
//! let current = open("telco_shifted.csv")?;
//! let plan = Plan::new(&baseline, current.columns(), &options)?;
//! let current = count(current, &plan.count_plan(), &Silent)?;
//! let provenance = Provenance { baseline: "training".into(), current: "today".into(), created_at: now };
//! let report = check(&baseline, &current, &plan, &options, provenance)?;
//!
//! assert_eq!(report.status, Status::Fail);
//! # Ok::<(), churn_base::error::Error>(())
//! ```

pub mod drift;
pub mod history;
pub mod labels;
pub mod profile;
pub mod stats;
