//! `churnctl alerts test --live` and `--via-prometheus`: proof on running servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::Console;
use super::test_report::finish;
use super::test_request::{LiveRequest, TestRequest};
use crate::alerts::Library;
use crate::alerts::live::{
    Alertmanager, Interrupted, Outcome, Patience, Prometheus, Step, Synthetic, WholeLoop,
    close_the_loop, look, send,
};
use crate::alerts::promql;
use crate::alerts::routing::Configuration;
use crate::alerts::rule::Rule;
use crate::error::{Error, Result, nearest};
use crate::exit::ExitCode;
use crate::http::catch::Catcher;
use crate::http::client::{Access, BaseUrl, Client, Pace, Policy, RealPace};
use crate::http::stop::Stop;
use crate::reports::alerts::TestReport;
use crate::secret::Secret;
use crate::signals::{Signal, take_over};

/// Proves the rules on running servers.
///
/// # Errors
/// Fails with 69 if a server stays away, with 3 if a retrain would be started. What fails is *no*
/// error, it is exit code 2.
pub(super) fn run(
    library: &Library,
    live: &LiveRequest,
    request: &TestRequest,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    if library.alerts().next().is_none() {
        let error = Error::bad_input("there is no alerting rule, so nothing can arrive");
        return Err(error.hint("name files with alerts beside those with recording rules"));
    }
    let rules = chosen(library, &live.only)?;
    let stop = Stop::new();
    let was_interrupt = Arc::new(AtomicBool::new(false));
    let _taken = {
        let (stop, was_interrupt) = (stop.clone(), Arc::clone(&was_interrupt));
        // The first signal ends the waiting, and everything is taken back; the second one ends us.
        take_over(move |signal| match signal {
            Signal::Interrupt | Signal::Terminate => {
                if !stop.is_triggered() {
                    was_interrupt.store(signal == Signal::Interrupt, Ordering::Relaxed);
                }
                stop.trigger_by_signal()
            }
            Signal::Hangup => true,
        })
    };
    let mut steps = Vec::new();
    let patience = Patience::new(stop.clone());
    let outcome = prove(library, &rules, live, &patience, &mut steps, console);
    // A call that the signal cut short is not the server's fault.
    let outcome = match outcome {
        Ok(Err(error)) if error.code() == ExitCode::Interrupted && stop.is_triggered() => {
            Err(Interrupted)
        }
        outcome => outcome,
    };
    let left_behind = |step: &&Step| step.name == "clean-up" && step.outcome == Outcome::Fail;
    let is_left_behind = steps.iter().any(|step| left_behind(&step));
    // Tables wrap; a command that is to be copied must be whole somewhere.
    for step in steps.iter().filter(left_behind) {
        let text = format!("{}; {}", step.message, step.hint);
        console.messages().warn(&text);
    }
    let mut report = TestReport::new(
        library.sources.len(),
        request.thresholds,
        false,
        None,
        Vec::new(),
        steps,
        Vec::new(),
    );
    match outcome {
        Ok(Ok(())) => finish(&report, request, console),
        Ok(Err(error)) => {
            // What was seen until then is worth having; the error says why there is no verdict.
            let is_away = error.code() == ExitCode::Unavailable && !report.steps.is_empty();
            if is_away || is_left_behind {
                report.status = "UNAVAILABLE";
                finish(&report, request, console)?;
            }
            Err(error)
        }
        Err(Interrupted) => {
            report.status = "INTERRUPTED";
            finish(&report, request, console)?;
            Ok(match was_interrupt.load(Ordering::Relaxed) {
                true => ExitCode::Interrupted,
                false => ExitCode::Terminated,
            })
        }
    }
}

fn prove(
    library: &Library,
    rules: &[&Rule],
    live: &LiveRequest,
    patience: &Patience,
    steps: &mut Vec<Step>,
    console: &Console<'_>,
) -> Result<Result<()>, Interrupted> {
    macro_rules! tried {
        ($call:expr) => {
            match $call {
                Ok(value) => value,
                Err(error) => return Ok(Err(error)),
            }
        };
    }
    let prometheus = tried!(client("Prometheus", &live.prometheus, live, patience));
    let prometheus = Prometheus::new(prometheus);
    let alertmanager = tried!(client(
        "the Alertmanager",
        &live.alertmanager,
        live,
        patience
    ));
    let alertmanager = Alertmanager::new(alertmanager);
    let catcher = tried!(live.catch.as_deref().map(Catcher::listen).transpose());
    if let Some(catcher) = &catcher {
        let address = catcher.address();
        console
            .messages()
            .info(&format!("catching webhooks on http://{address}"));
    }
    let id = format!(
        "{:08x}",
        (RealPace::default().chance() * f64::from(u32::MAX)) as u32
    );
    let say = |text: &str| console.messages().info(text);
    let mut show = |payload: &serde_json::Value| {
        let text = serde_json::to_string_pretty(payload).unwrap_or_default();
        for line in text.lines() {
            console.messages().debug(line);
        }
    };
    // The whole loop looks at its own rule only: it is about the way, not about the rules.
    let looped = match &live.gateway {
        None => None,
        Some(gateway) => Some((
            tried!(gateway.client(console)).with_cancel(patience.cancel()),
            tried!(loop_rule(rules, live.rule.as_deref())),
        )),
    };
    if let Some((gateway, rule)) = &looped {
        let (running, external_labels) = tried!(ready(&prometheus, &alertmanager, steps));
        let whole = WholeLoop {
            rule,
            prometheus: &prometheus,
            alertmanager: &alertmanager,
            running: &running,
            gateway,
            external_labels: &external_labels,
            catcher: catcher.as_ref(),
            allow_retrain: live.allow_retrain,
            id: &id,
            patience,
        };
        return close_the_loop(&whole, steps, &say, &mut show);
    }
    let seconds = live.deadline.as_secs_f64();
    let url = prometheus.url();
    say(&format!(
        "asking {url} first; a server that does not answer is waited for up to {seconds} s"
    ));
    let running = tried!(look(
        rules,
        &prometheus,
        &alertmanager,
        patience,
        steps,
        &say
    )?);
    let external_labels = tried!(prometheus.external_labels());
    let wanted = Configuration::merged(&library.configurations);
    let synthetic = Synthetic {
        alertmanager: &alertmanager,
        running: &running,
        wanted: wanted.as_ref(),
        external_labels: &external_labels,
        catcher: catcher.as_ref(),
        allow_retrain: live.allow_retrain,
        id: &id,
        patience,
    };
    send(&synthetic, rules, steps, &say, &mut show)
}

type Ready = (Configuration, Vec<(String, String)>);

fn ready(
    prometheus: &Prometheus,
    alertmanager: &Alertmanager,
    steps: &mut Vec<Step>,
) -> Result<Ready> {
    let version = prometheus.version()?;
    steps.push(prometheus.is_ready(&version));
    let (version, running) = alertmanager.status()?;
    steps.push(alertmanager.is_ready(&version));
    Ok((running, prometheus.external_labels()?))
}

fn client(
    server: &'static str,
    url: &BaseUrl,
    live: &LiveRequest,
    patience: &Patience,
) -> Result<Client> {
    let bearer = live.token_file.as_deref().map(Secret::read).transpose()?;
    let access = Access {
        bearer,
        ca_file: live.ca_file.clone(),
        ..Access::default()
    };
    let policy = Policy {
        deadline: live.deadline,
        ..Policy::default()
    };
    let client = Client::new(server, url.clone(), &access, policy)?;
    Ok(client.with_cancel(patience.cancel()))
}

fn chosen<'a>(library: &'a Library, only: &[String]) -> Result<Vec<&'a Rule>> {
    for name in only {
        if !library.alerts().any(|rule| rule.name == *name) {
            let error = Error::usage(format!("--only: no alert \"{name}\""));
            let known = library.alerts().map(|rule| rule.name.as_str());
            return Err(match nearest(name, known) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("churnctl alerts list shows them"),
            });
        }
    }
    let wanted = |rule: &&Rule| only.is_empty() || only.contains(&rule.name);
    Ok(library.alerts().filter(wanted).collect())
}

/// The rule that a false drift score sets off.
fn loop_rule<'a>(rules: &[&'a Rule], name: Option<&str>) -> Result<&'a Rule> {
    let looks = |rule: &&&Rule| {
        let metrics = promql::parse(&rule.expr.value).map(|expr| promql::metrics(&expr));
        let absent = rule.expr.value.contains("absent(");
        !absent && metrics.is_ok_and(|names| names.iter().any(|name| name == "model_drift_score"))
    };
    let found = match name {
        Some(name) => rules.iter().find(|rule| rule.name == name),
        None => rules.iter().find(looks),
    };
    found.copied().ok_or_else(|| match name {
        Some(name) => Error::usage(format!("--rule: no alert \"{name}\"")),
        None => Error::bad_input("no alert looks at model_drift_score")
            .hint("name the rule that a push can set off with --rule"),
    })
}
