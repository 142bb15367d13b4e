//! The one integration test binary: the program as its users see it, and rules about its source.

mod architecture;
mod atomicity;
mod bad_input;
mod car_loan;
mod drift;
mod dvc;
mod fault_server;
mod generated_files;
mod github_action;
mod harness;
mod mlflow;
mod mlflow_real;
mod mlflow_serve;
mod mlflow_stub;
mod models;
mod profile;
mod push_metrics;
mod python_system;
mod readers;
mod sagemaker;
mod schemas;
mod score;
mod servers;
mod serving;
mod shell;
mod train;
