//! The loop of churnctl on a real control plane of Kubernetes, as `tests/cluster.sh` runs it: etcd, API server,
//! controller manager and scheduler of the real releases, nodes that run pods as processes, the Operator with
//! Prometheus and Alertmanager, and scenarios that ask of them what a team would.

mod lab;
mod network;
mod node;
mod plane;
mod scenarios;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};

/// Runs scenarios on a cluster of processes. Meant for a network, a mount and a PID namespace of its own.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start a cluster, run scenarios in it, end it.
    Run(lab::Options),
    /// List the scenarios.
    List,
    /// Run the pods of one node (started by `run`).
    Node {
        #[arg(long)]
        lab: PathBuf,
        number: u8,
        /// Part of an image's name, and the program that stands for it.
        images: Vec<String>,
    },
    /// Become the program of a container (started by `node`).
    Launch { specification: PathBuf },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Launch { specification } => Err(format!(
            "cannot start: {}",
            node::launcher::launch(&specification)
        )),
        Task::List => {
            for (name, about, _) in scenarios::ALL {
                lab::tell(&format!("{name:<12} {about}"));
            }
            Ok(())
        }
        Task::Run(options) => lab::run(&options),
        Task::Node {
            lab,
            number,
            images,
        } => run_node(lab, number, &images),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            node::say(&error);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn run_node(lab: PathBuf, number: u8, images: &[String]) -> Result<(), String> {
    let client = lab::client(&lab).await?;
    let images = images.iter().filter_map(|pair| pair.split_once('='));
    let node = Arc::new(node::Node {
        name: format!("node{number}"),
        address: plane::node_address(usize::from(number)),
        client,
        folder: lab.join(format!("node{number}")),
        claims: lab.join("claims"),
        hosts: lab.join("hosts"),
        images: images
            .map(|(part, program)| (part.to_owned(), PathBuf::from(program)))
            .collect(),
        number,
        pods: std::sync::Mutex::default(),
    });
    let keys = lab.join("keys");
    tokio::select! {
        end = Arc::clone(&node).run() => end,
        end = node::kubelet::serve(Arc::clone(&node), &keys) => end,
    }
}
