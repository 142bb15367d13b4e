//! The one integration test binary: the program as its users see it, and rules about its source.

mod architecture;
mod atomicity;
mod bad_input;
mod car_loan;
mod drift;
mod fault_server;
mod generated_files;
mod harness;
mod models;
mod profile;
mod python_system;
mod readers;
mod schemas;
mod score;
mod servers;
mod shell;
mod sources;
mod train;
