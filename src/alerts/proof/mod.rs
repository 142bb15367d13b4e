//! Proof offline: promtool runs the unit cases on the rules, and on rules that were altered on purpose.

mod coverage;
mod edit;
mod mutants;
mod mutate;
mod prepare;
mod promtool;
mod prove;
mod skeleton;

pub use coverage::Coverage;
pub use mutate::{Mutation, MutationKind, mutations};
pub use promtool::Promtool;
pub use prove::{CaseFailure, Options, Proof, RuleProof, Survivor, prove};
pub use skeleton::skeletons;
