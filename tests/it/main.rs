//! The one integration test binary: the program as its users see it, and rules about its source.

mod architecture;
mod generated_files;
mod harness;
mod schemas;
mod shell;
