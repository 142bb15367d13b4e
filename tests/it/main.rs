//! The one integration test binary: the program as its users see it, and rules about its source.

mod alerts;
mod alerts_live;
mod api_server;
mod architecture;
mod atomicity;
mod bad_input;
mod car_loan;
mod drift;
mod drift_delivery;
mod fault_server;
mod generated_files;
mod harness;
mod models;
mod profile;
mod push_metrics;
mod python_system;
mod readers;
mod render_live;
mod render_manifests;
mod retrain;
mod schemas;
mod score;
mod serve;
mod servers;
mod shell;
mod train;
