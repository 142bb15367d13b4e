//! The API under load while everything around it moves: no request is lost but those of a crash.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::install::{self, NAMESPACE, World, customers, put};
use crate::lab::{Lab, Outcome};

const SETTINGS: &str = r#"
model = "churn"
[data]
label = "churn"
[k8s]
storage = "256Mi"
# Replicas on two nodes, so that one can be drained.
access_mode = "ReadWriteMany"
max_replicas = 2
"#;

const CUSTOMER: &str = r#"{"user_id":"1","features":{"tenure":3,"monthly_charges":70.5,"contract":"monthly","support_calls":2}}"#;

/// Clients that ask without a pause until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    lost: Arc<Mutex<Vec<String>>>,
    clients: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    /// Half of the clients keep their connection, half make a new one for each request.
    fn start(url: &str, token: &str, clients: usize) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            answered: Arc::default(),
            lost: Arc::default(),
            clients: Vec::new(),
        };
        for client in 0..clients {
            let (stop, answered, lost) = (
                Arc::clone(&load.stop),
                Arc::clone(&load.answered),
                Arc::clone(&load.lost),
            );
            let (url, authorization) = (url.to_owned(), format!("Bearer {token}"));
            load.clients.push(std::thread::spawn(move || {
                let idle = if client % 2 == 0 { 4 } else { 0 };
                let config = ureq::Agent::config_builder()
                    .max_idle_connections(idle)
                    .timeout_global(Some(Duration::from_secs(10)));
                let agent = ureq::Agent::new_with_config(config.build());
                while !stop.load(Ordering::SeqCst) {
                    let asked = agent
                        .post(&url)
                        .header("Authorization", &authorization)
                        .header("Content-Type", "application/json")
                        .send(CUSTOMER);
                    let asked = asked.and_then(|mut answer| answer.body_mut().read_to_string());
                    match asked {
                        Ok(_) => {
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => lost
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(error.to_string()),
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            }));
        }
        load
    }

    /// Answers and losses since the last call.
    fn taken(&self) -> (u64, Vec<String>) {
        let lost = std::mem::take(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner));
        (self.answered.swap(0, Ordering::SeqCst), lost)
    }

    fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            let _ = client.join();
        }
    }
}

/// The deployment that other scenarios stand on, with a model that serves.
pub(crate) fn deployed(lab: &Lab, name: &str, settings: &str) -> Result<String, String> {
    install::monitoring(lab)?;
    let manifests = install::render(lab, name, settings, &[])?;
    install::prepare(lab, &manifests)?;
    put(
        lab,
        "data/features/training_dataset.csv",
        &customers(World::Old, 3_000, 1, true),
    )?;
    put(
        lab,
        "data/features/user_features_daily.csv",
        &customers(World::Old, 1_000, 2, false),
    )?;
    lab.kubectl(&[
        "apply",
        "--server-side",
        "--force-conflicts",
        "-k",
        &manifests,
    ])?;
    rolled_out(lab)?;
    Ok(manifests)
}

fn rolled_out(lab: &Lab) -> Result<(), String> {
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "rollout",
        "status",
        "deployment",
        "churn-api",
        "--timeout=180s",
    ])
    .map(drop)
}

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    deployed(lab, "service", SETTINGS)?;
    let address = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "service",
        "churn-api",
        "-o",
        "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}",
    ])?;
    let secret = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "secret",
        "churn-api-token",
        "-o",
        "go-template={{.data.token | base64decode}}",
    ])?;
    let load = Load::start(&format!("http://{address}/predict"), &secret, 8);
    std::thread::sleep(Duration::from_secs(3));
    let (answered, lost) = load.taken();
    if answered == 0 {
        return Err(format!("no request is answered: {lost:?}"));
    }
    let mut told = Vec::new();
    let steps: [(&str, fn(&Lab) -> Result<(), String>); 5] = [
        ("rolling update", update),
        ("promotion", promotion),
        ("scale 2, 6, 2", scale),
        ("drain", drain),
        ("crash", crash),
    ];
    for (name, step) in steps {
        let began = Instant::now();
        step(lab)?;
        std::thread::sleep(Duration::from_secs(3));
        let (answered, lost) = load.taken();
        // One answer of each client may have been on its way from the replica that crashed.
        let allowed = if name == "crash" { 8 } else { 0 };
        if lost.len() > allowed {
            return Err(format!(
                "{name}: {} of {} requests lost: {}",
                lost.len(),
                answered,
                lost[0]
            ));
        }
        told.push(format!(
            "{name} {answered} answered, {} lost, {:.0} s",
            lost.len(),
            began.elapsed().as_secs_f64()
        ));
    }
    load.end();
    Ok(told.join("; "))
}

fn update(lab: &Lab) -> Result<(), String> {
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "rollout",
        "restart",
        "deployment",
        "churn-api",
    ])?;
    rolled_out(lab)
}

fn promotion(lab: &Lab) -> Result<(), String> {
    put(
        lab,
        "data/features/training_dataset.csv",
        &customers(World::Dear, 3_000, 3, true),
    )?;
    let job = format!("promote-{}", jiff::Timestamp::now().as_second());
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "create",
        "job",
        &job,
        "--from=cronjob/churn-retrain-weekly",
    ])?;
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "wait",
        "--for=condition=Complete",
        "--timeout=120s",
        &format!("job/{job}"),
    ])?;
    std::thread::sleep(Duration::from_secs(5));
    Ok(())
}

fn scale(lab: &Lab) -> Result<(), String> {
    for replicas in ["6", "2"] {
        lab.kubectl(&[
            "-n",
            NAMESPACE,
            "scale",
            "deployment",
            "churn-api",
            &format!("--replicas={replicas}"),
        ])?;
        rolled_out(lab)?;
    }
    lab.until("the four are gone", 90, |lab| {
        Ok((pods(lab)?.len() == 2).then_some(()))
    })
}

fn pods(lab: &Lab) -> Result<Vec<String>, String> {
    let names = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "pods",
        "-l",
        "app.kubernetes.io/name=churn-api",
        "-o",
        "name",
    ])?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// Drains the node of one replica.
fn drain(lab: &Lab) -> Result<(), String> {
    let node = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "pods",
        "-l",
        "app.kubernetes.io/name=churn-api",
        "-o",
        "jsonpath={.items[0].spec.nodeName}",
    ])?;
    let drained = lab.kubectl(&[
        "drain",
        &node,
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--timeout=120s",
    ]);
    lab.kubectl(&["uncordon", &node])?;
    drained?;
    rolled_out(lab)
}

/// Kills the program of one replica where it stands.
fn crash(lab: &Lab) -> Result<(), String> {
    let before = restarts(lab)?;
    let processes = lab.command("pgrep".as_ref(), &["-f", "^/churnctl serve"])?;
    let one = processes
        .out
        .lines()
        .next()
        .ok_or("no replica runs")?
        .to_owned();
    lab.command("kill".as_ref(), &["-9", &one])?;
    lab.until("the replica was restarted", 60, |lab| {
        Ok((restarts(lab)? > before).then_some(()))
    })?;
    rolled_out(lab)
}

fn restarts(lab: &Lab) -> Result<i64, String> {
    let pods = lab.get(&[
        "-n",
        NAMESPACE,
        "pods",
        "-l",
        "app.kubernetes.io/name=churn-api",
    ])?;
    let all = pods["items"].as_array().into_iter().flatten();
    Ok(all
        .filter_map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64())
        .sum())
}
