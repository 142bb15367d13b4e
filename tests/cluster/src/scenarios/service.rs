//! The API under load while everything around it moves: no request is lost but those of a crash.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::install::{self, World};
use crate::lab::{Lab, Outcome};

/// Replicas on two nodes, so that one can be drained.
const SETTINGS: &str = r#"
k8s.access_mode = "ReadWriteMany"
k8s.parts = ["api", "jobs", "pushgateway", "seed-model"]
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

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    install::deployed(lab, "service", SETTINGS)?;
    let address =
        lab.ours("get service churn-api -o jsonpath={.spec.clusterIP}:{.spec.ports[0].port}")?;
    let secret = install::token(lab, "churn-api-token")?;
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
    lab.ours("rollout restart deployment churn-api")?;
    install::rolled_out(lab, "churn-api")
}

/// A run of the weekly training on other data; every replica takes its model without a restart.
fn promotion(lab: &Lab) -> Result<(), String> {
    let (before, restarts) = (install::versions(lab)?, install::restarts(lab)?);
    install::month(lab, World::Dear, 3, 3_000)?;
    lab.ours("create job promote --from=cronjob/churn-retrain-weekly")?;
    lab.ours("wait --for=condition=Complete --timeout=120s job/promote")?;
    lab.until("every replica serves the new model", 60, |lab| {
        let now = install::versions(lab)?;
        Ok((now.len() == 1 && now != before).then_some(()))
    })?;
    if install::restarts(lab)? != restarts {
        return Err("a replica was restarted".to_owned());
    }
    Ok(())
}

fn scale(lab: &Lab) -> Result<(), String> {
    for replicas in [6, 2] {
        lab.ours(&format!("scale deployment churn-api --replicas={replicas}"))?;
        install::rolled_out(lab, "churn-api")?;
    }
    lab.until("the four are gone", 90, |lab| {
        Ok((install::replicas(lab)?.len() == 2).then_some(()))
    })
}

/// Drains the node of one replica; the other one stays, as the PodDisruptionBudget asks.
fn drain(lab: &Lab) -> Result<(), String> {
    let replicas = install::replicas(lab)?;
    let node = replicas
        .first()
        .and_then(|pod| pod["spec"]["nodeName"].as_str())
        .ok_or("no replica runs")?;
    let all = format!("drain {node} --ignore-daemonsets --delete-emptydir-data --timeout=120s");
    let (fewest, drained) = std::thread::scope(|scope| {
        let drain = scope.spawn(|| lab.ours(&all));
        let mut fewest = i64::MAX;
        while !drain.is_finished() {
            let api = lab.get("deployment churn-api")?;
            fewest = fewest.min(api["status"]["readyReplicas"].as_i64().unwrap_or(0));
        }
        let drained = drain.join().map_err(|_| "drain panicked".to_owned())?;
        Ok::<_, String>((fewest, drained))
    })?;
    lab.ours(&format!("uncordon {node}"))?;
    drained?;
    if fewest < 1 {
        return Err("no replica was ready meanwhile".to_owned());
    }
    install::rolled_out(lab, "churn-api")
}

/// Kills the program of one replica where it stands.
fn crash(lab: &Lab) -> Result<(), String> {
    let before = install::restarts(lab)?;
    lab.kill_programs("serve", 1)?;
    lab.until("the replica was restarted", 60, |lab| {
        Ok((install::restarts(lab)? > before).then_some(()))
    })?;
    install::rolled_out(lab, "churn-api")
}
