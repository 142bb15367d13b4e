//! The single deeds that harms and their mends are made of.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::lab::Lab;
use crate::scenarios::install::{self, NAMESPACE};

/// A Deployment of a shell, as the namespace admits it.
pub(super) fn shell(
    lab: &Lab,
    name: &str,
    image: &str,
    script: &str,
    memory: &str,
    cpu: &str,
) -> Result<(), String> {
    let pod = pod(image, script, memory, cpu);
    lab.apply(
        &format!("{name}.yaml"),
        &format!("{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: {NAMESPACE}}}, spec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{pod}}}}}}}}}\n"),
    )
}

pub(super) fn pod(image: &str, script: &str, memory: &str, cpu: &str) -> String {
    format!(
        "securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}, containers: [{{name: main, image: registry.churn.test/{image}, args: [-c, \"{script}\"], resources: {{limits: {{memory: {memory}, cpu: {cpu}}}}}, securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}}}]"
    )
}

pub(super) fn gone(lab: &Lab, name: &str) -> Result<(), String> {
    lab.ours(&format!(
        "delete deployment {name} --timeout=60s --grace-period=1"
    ))
    .map(drop)
}

pub(super) fn oom_job(lab: &mut Lab) -> Result<(), String> {
    let pod = pod("shell", "exec tail /dev/zero", "40Mi", "500m");
    lab.apply(
        "oom-job.yaml",
        &format!("{{apiVersion: batch/v1, kind: Job, metadata: {{name: oom, namespace: {NAMESPACE}}}, spec: {{backoffLimit: 0, template: {{spec: {{restartPolicy: Never, {pod}}}}}}}}}\n"),
    )
}

pub(super) fn suspend(lab: &Lab, is: bool) -> Result<(), String> {
    lab.ours(&format!(
        "patch cronjob churn-batch-score -p {{\"spec\":{{\"suspend\":{is}}}}}"
    ))
    .map(drop)
}

pub(super) fn scale(lab: &Lab, namespace: &str, name: &str, replicas: u8) -> Result<(), String> {
    lab.kubectl(&[
        "-n",
        namespace,
        "scale",
        "deployment",
        name,
        &format!("--replicas={replicas}"),
    ])
    .map(drop)
}

pub(super) fn start(lab: &Lab, cron_job: &str, name: &str) -> Result<(), String> {
    lab.ours(&format!("create job {name} --from=cronjob/{cron_job}"))
        .map(drop)
}

/// A file system of its own for a claim of node-exporter's, which leaves those in memory out.
pub(super) fn disk(lab: &Lab) -> Result<(), String> {
    lab.apply(
        "disk.yaml",
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: disk, namespace: monitoring}\nspec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 32Mi}}}\n",
    )?;
    lab.kubectl(&[
        "-n",
        "monitoring",
        "wait",
        "--for=jsonpath={.status.phase}=Bound",
        "pvc/disk",
        "--timeout=30s",
    ])?;
    let image = lab.folder.join("disk");
    let script = format!(
        "truncate -s 20M {0} && mkfs.ext4 -q -m 0 {0} && mount -o loop {0} {1} && chmod 777 {1}",
        image.display(),
        lab.folder.join("claims/monitoring-disk").display()
    );
    let ran = lab.command("sh".as_ref(), &["-c", &script])?;
    if ran.code == 0 {
        Ok(())
    } else {
        Err(format!("{script}: {}", ran.err))
    }
}

/// Leaves a sixteenth of the volume of the jobs and of the disk, or makes room again.
pub(super) fn fill(lab: &Lab, full: bool) -> Result<(), String> {
    for folder in [
        install::volume(lab),
        lab.folder.join("claims/monitoring-disk"),
    ] {
        let file = folder.join("ballast");
        if !full {
            std::fs::remove_file(&file).map_err(|error| error.to_string())?;
            continue;
        }
        let mut out = std::fs::File::create(&file).map_err(|error| error.to_string())?;
        let part = vec![1_u8; 1 << 18];
        loop {
            let stat = nix::sys::statvfs::statvfs(&folder).map_err(|error| error.to_string())?;
            if stat.blocks_available() * 16 < stat.blocks() || out.write_all(&part).is_err() {
                break;
            }
        }
    }
    Ok(())
}

/// Lets nobody write to the prediction logs, or everybody.
pub(super) fn log_folders(lab: &Lab, open: bool) -> Result<(), String> {
    let (mode, owner) = if open {
        ("777", "65532:65532")
    } else {
        ("555", "0:0")
    };
    let script = format!(
        "for one in node*/pods/*/volumes/predictions; do chown {owner} $one && chmod {mode} $one; done"
    );
    let ran = lab.command("sh".as_ref(), &["-c", &script])?;
    if ran.code == 0 { Ok(()) } else { Err(ran.err) }
}

pub(super) fn push(lab: &Lab, metrics: &str, job: &str) -> Result<(), String> {
    post(
        lab,
        "churn-pushgateway",
        9091,
        &format!("/metrics/job/{job}/namespace/{NAMESPACE}"),
        "",
        metrics,
    )
    .map(drop)
}

pub(super) fn address(lab: &Lab, service: &str) -> Result<String, String> {
    lab.ours(&format!(
        "get service {service} -o jsonpath={{.spec.clusterIP}}"
    ))
}

pub(super) fn post(
    lab: &Lab,
    service: &str,
    port: u16,
    path: &str,
    token: &str,
    body: &str,
) -> Result<String, String> {
    let url = format!("http://{}:{port}{path}", address(lab, service)?);
    send(&url, token, body)
}

pub(super) fn send(url: &str, token: &str, body: &str) -> Result<String, String> {
    let asked = ureq::post(url)
        .header("Authorization", &format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(body);
    asked
        .and_then(|mut answer| answer.body_mut().read_to_string())
        .map_err(|error| format!("{url}: {error}"))
}

/// Asks a replica for predictions, the youngest last; how many were refused.
pub(super) fn predict(lab: &Lab, replica: usize, count: usize) -> Result<usize, String> {
    const CUSTOMER: &str = r#"{"user_id":"1","features":{"tenure":0,"monthly_charges":70.5,"contract":"by the day","support_calls":5}}"#;
    let token = install::token(lab, "churn-api-token")?;
    let pods =
        lab.list("pods -l app.kubernetes.io/name=churn-api --sort-by=.metadata.creationTimestamp")?;
    let pod = pods.get(replica).ok_or("no such replica")?;
    let url = format!(
        "http://{}:8000/predict",
        pod["status"]["podIP"].as_str().unwrap_or_default()
    );
    Ok((0..count)
        .filter(|_| send(&url, &token, CUSTOMER).is_err())
        .count())
}

/// The model that is served goes on; a replica that starts now has none.
pub(super) fn without_model(lab: &mut Lab) -> Result<(), String> {
    let file = install::volume(lab).join("artifacts/models/production_latest.json");
    let kept = lab.folder.join("production_latest.json");
    std::fs::copy(&file, &kept).map_err(|error| error.to_string())?;
    std::fs::write(&file, "{\"version\":").map_err(|error| error.to_string())?;
    scale(lab, NAMESPACE, "churn-api", 2)?;
    lab.until("a second replica answers, and refuses", 60, |lab| {
        Ok((predict(lab, 1, 5).ok() == Some(5)).then_some(()))
    })?;
    // Over more than one scrape.
    for _ in 0..8 {
        predict(lab, 1, 60)?;
        std::thread::sleep(Duration::from_secs(6));
    }
    Ok(())
}

pub(super) fn with_model(lab: &mut Lab) -> Result<(), String> {
    let file = install::volume(lab).join("artifacts/models/production_latest.json");
    let next = file.with_extension("next");
    std::fs::copy(lab.folder.join("production_latest.json"), &next)
        .and_then(|_| std::fs::rename(&next, &file))
        .map_err(|error| error.to_string())?;
    scale(lab, NAMESPACE, "churn-api", 1)
}

/// Many at once on a hundredth of a processor.
pub(super) fn slow(lab: &mut Lab) -> Result<(), String> {
    lab.ours("set resources deployment churn-api --limits=cpu=20m --requests=cpu=10m")?;
    install::rolled_out(lab, "churn-api")?;
    let lab: &Lab = lab;
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| predict(lab, 0, 10));
            }
        });
    }
    Ok(())
}

/// Lets Prometheus scrape the kubelets, or not.
pub(super) fn scrape_nodes(lab: &Lab, is: bool) -> Result<(), String> {
    if is {
        return install::stack(lab);
    }
    lab.kubectl(&[
        "-n",
        "monitoring",
        "patch",
        "prometheus",
        "k8s",
        "--type=json",
        "-p",
        r#"[{"op":"remove","path":"/spec/additionalScrapeConfigs"}]"#,
    ])
    .map(drop)
}

/// Customers with the day of their row and the score that they had; on bad days they are others, the scores say nothing, and
/// the last day lies weeks back.
pub(super) fn days(lab: &Lab, bad: bool) -> Result<(), String> {
    let mut seed = if bad { 7_u64 } else { 3 };
    let mut draw = move || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let today = jiff::Timestamp::now().as_second() / 86_400;
    let mut table = |bad: bool| {
        let mut out =
            "user_id,tenure,monthly_charges,contract,support_calls,churn,score,day\n".to_owned();
        for row in 0..3_000 {
            let tenure = (draw() * 72.0).floor();
            let charges = 20.0 + draw() * 80.0 + if bad { 60.0 } else { 0.0 };
            let contract = if draw() < 0.5 { "monthly" } else { "two years" };
            let calls = (draw() * 6.0).floor();
            let risk = 1.0 / (1.0 + (tenure * 0.08 - 1.5 - calls * 0.3).exp());
            let score = if bad { 0.45 + 0.1 * draw() } else { risk };
            let churn = draw() < if bad { 0.5 } else { risk };
            let day = today - 5 + row / 500 - if bad { 30 } else { 0 };
            let day = jiff::Timestamp::from_second(day * 86_400)
                .map_or_else(|_| String::new(), |day| day.to_string());
            let _ = writeln!(
                out,
                "u{row:06},{tenure},{charges:.2},{contract},{calls},{},{score:.4},{}",
                u8::from(churn),
                &day[..10.min(day.len())]
            );
        }
        out
    };
    let (learn, current) = (table(false), table(bad));
    install::put(lab, "data/features/user_features_daily.csv", &current)?;
    if bad {
        return Ok(());
    }
    install::put(lab, "data/features/training_dataset.csv", &learn)
}
