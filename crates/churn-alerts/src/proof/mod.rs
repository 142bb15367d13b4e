//! Proof offline: promtool runs the unit cases on the rules, and on rules that were altered on purpose.

mod coverage;
mod edit;
mod generate;
mod guess;
mod mutants;
mod mutate;
mod prepare;
mod promtool;
mod prove;
mod sample;
mod span;
mod trial;
mod written;

pub use coverage::Coverage;
pub use generate::{Generated, Left, Wanted, generate};
pub use mutants::Survivor;
pub use mutate::{Mutation, MutationKind, mutations};
pub use promtool::Promtool;
pub use prove::{CaseFailure, Options, Proof, RuleProof, prove};
