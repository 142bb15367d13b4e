//! `alerts history` on a real Prometheus with data of the past. What is right is said by promtool:
//! `promtool test rules` runs the rules of Prometheus itself over the same samples, and its `ALERTS`
//! must be there at exactly the minutes that we say, and at no other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Run};
use crate::schemas::{expect_strict, expect_valid, schema};
use crate::servers::{Server, escaped, eventually, free_address, installed};

/// Minutes of data.
const MINUTES: i64 = 240;

/// One series: its name with labels, and a value a minute, `_` for none.
struct Series {
    name: &'static str,
    values: Vec<Option<f64>>,
}

/// Values that change often and are the same in every run: a small linear congruential generator.
fn values(seed: u64, alphabet: &[Option<f64>], stay: u64) -> Vec<Option<f64>> {
    let mut state = seed;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    };
    let mut value = alphabet[0];
    let values = (0..MINUTES).map(|_| {
        if next() % stay == 0 {
            value = alphabet[next() as usize % alphabet.len()];
        }
        value
    });
    values.collect()
}

/// Fills what is missing for long: how far an instant query looks back for a sample is five minutes
/// with the last one in Prometheus 2, and without it in 3.
fn with_short_gaps(mut values: Vec<Option<f64>>) -> Vec<Option<f64>> {
    for at in 3..values.len() {
        if values[at - 3..=at].iter().all(Option::is_none) {
            values[at] = Some(9.0);
        }
    }
    values
}

fn series() -> Vec<Series> {
    let numbers = [Some(0.0), Some(1.0), Some(5.0), Some(9.0)];
    let gaps = [Some(9.0), Some(1.0), None, Some(9.0)];
    vec![
        Series {
            name: "load{pod=\"a\"}",
            values: values(1, &numbers, 3),
        },
        Series {
            name: "load{pod=\"b\"}",
            values: with_short_gaps(values(2, &gaps, 4)),
        },
        Series {
            name: "load{pod=\"c\"}",
            values: values(3, &numbers, 9),
        },
        Series {
            name: "requests{job=\"api\"}",
            values: values(4, &[Some(3.0), Some(1.0)], 15),
        },
    ]
}

const BY_MINUTE: &str = "- name: minutes
  rules:
  - {alert: AtOnce, expr: load > 4, labels: {severity: warning}}
  - {alert: Waits, expr: load > 4, for: 3m, labels: {severity: critical}}
  - {alert: Kept, expr: load > 4, for: 2m, keep_firing_for: 4m}
  - {alert: KeptAtOnce, expr: load == 5, keep_firing_for: 2m}
  - {alert: Joined, expr: max by (job) (load) > 8 or sum(load) > 12, for: 1m, labels: {pod: 'of {{ $labels.pod }}'}}
  - {alert: ByValue, expr: load > 0, for: 2m, labels: {level: '{{ $value }}'}}
  - {alert: Gone, expr: absent(requests > 2), for: 2m}
  - {alert: Never, expr: load > 100}
";

const BY_THREE: &str = "- name: slow
  interval: 3m
  rules:
  - {alert: Slow, expr: load > 4, for: 4m}
  - {alert: Odd, expr: 'load{pod=\"a\"} > 0', for: 5m, keep_firing_for: 5m}
";

/// The begin of the data: a whole multiple of every interval, some hours ago, so that no block of it
/// reaches into the head.
fn base() -> i64 {
    let now = jiff::Timestamp::now().as_second();
    let hours = 43_200;
    (now - 2 * hours) / hours * hours
}

/// Starts Prometheus with the series as data of the past: blocks made by promtool.
fn prometheus(base: i64, series: &[Series], rules: &str) -> Option<Server> {
    installed("promtool")?;
    let mut text = String::new();
    let mut seen = "";
    for one in series {
        let family = one.name.split('{').next().expect("a name");
        if family != seen {
            let _ = writeln!(text, "# TYPE {family} gauge");
            seen = family;
        }
        for (at, value) in one.values.iter().enumerate() {
            if let Some(value) = value {
                let _ = writeln!(text, "{} {value} {}", one.name, base + at as i64 * 60);
            }
        }
    }
    text.push_str("# EOF\n");
    let config = "global: {evaluation_interval: 1m}\nrule_files: [rules.yml]\n";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data.om");
    std::fs::write(&file, text).expect("write");
    let blocks = folder.path().join("blocks");
    let made = Command::new("promtool")
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&file, &blocks])
        .output()
        .expect("promtool");
    assert!(made.status.success(), "{made:?}");
    let files = [("rules.yml", rules)];
    let server = Server::prometheus_on_blocks(config, &files, &blocks)?;
    eventually("the blocks", || {
        let path = format!("/api/v1/query?query=load&time={}", base + 60);
        let found = server.json(&path);
        let found = found["data"]["result"].as_array()?.len();
        (found > 0).then_some(())
    });
    Some(server)
}

fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .expect("a time")
        .to_string()
}

fn seconds(json: &Value) -> i64 {
    let text = json.as_str().expect("a time");
    text.parse::<jiff::Timestamp>().expect(text).as_second()
}

/// Looks back over all the data.
fn look(churnctl: &Churnctl, server: &Server, base: i64, more: &[&str]) -> Run {
    let (url, end) = (server.url(), rfc3339(base + (MINUTES - 1) * 60));
    let mut args = vec!["alerts", "history", "--prometheus", &url, "--end", &end];
    args.extend(["--range", "239m", "--format", "json"]);
    args.extend(more);
    churnctl.run(&args)
}

fn alert<'j>(json: &'j Value, name: &str) -> &'j Value {
    let alerts = json["alerts"].as_array().expect("alerts");
    let found = alerts.iter().find(|one| one["alert"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {json:#}"))
}

/// Labels of an alert as PromQL writes a series.
fn firing(labels: &Value) -> String {
    let labels = labels.as_object().expect("labels").iter();
    let mut texts: Vec<String> = labels
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    texts.push("alertstate=\"firing\"".to_owned());
    texts.sort();
    format!("ALERTS{{{}}}", texts.join(","))
}

/// What alerts of a group fire at each of its evaluations, by what we say; by minute.
fn by_minute(json: &Value, base: i64, group: &str, every: i64) -> Firing {
    let evaluations = (0..MINUTES).filter(|at| at % every == 0);
    let mut minutes: Firing = evaluations.map(|at| (at, vec![])).collect();
    let alerts = json["alerts"].as_array().expect("alerts").iter();
    for one in alerts.filter(|one| one["group"] == group) {
        for episode in one["episodes"].as_array().expect("episodes") {
            let start = (seconds(&episode["start"]) - base) / 60;
            let end = match &episode["end"] {
                Value::Null => MINUTES,
                end => (seconds(end) - base) / 60,
            };
            for (_, firing_then) in minutes.range_mut(start..end) {
                firing_then.push(firing(&episode["labels"]));
            }
        }
    }
    minutes
}

type Firing = BTreeMap<i64, Vec<String>>;

/// Writes a test for promtool that expects just these alerts at each evaluation. It evaluates all
/// groups alike, so that each interval has a file of its own.
fn promtool_test(series: &[Series], firing: &Firing, every: i64) -> String {
    let mut text = format!(
        "rule_files: [rules.yml]\nevaluation_interval: {every}m\ntests:\n- interval: 1m\n  input_series:\n"
    );
    for one in series {
        let values = one.values.iter();
        let values = values.map(|value| value.map_or("_".to_owned(), |value| value.to_string()));
        let values: Vec<String> = values.collect();
        let _ = writeln!(
            text,
            "  - series: '{}'\n    values: '{}'",
            one.name,
            values.join(" ")
        );
    }
    text.push_str("  promql_expr_test:\n");
    for (at, alerts) in firing {
        let none = if alerts.is_empty() { " []" } else { "" };
        let _ = writeln!(
            text,
            "  - expr: 'ALERTS{{alertstate=\"firing\"}}'\n    eval_time: {at}m\n    exp_samples:{none}"
        );
        for one in alerts {
            let _ = writeln!(text, "    - {{labels: '{one}', value: 1}}");
        }
    }
    text
}

fn promtool(program: &Path, folder: &Path) -> (bool, String) {
    let output = Command::new(program)
        .args(["test", "rules", "test.yml"])
        .current_dir(folder)
        .output()
        .expect("promtool");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), said)
}

#[test]
fn every_evaluation_of_every_alert_is_as_prometheus_own_rules_have_it() {
    let (base, series) = (base(), series());
    let both = format!("groups:\n{BY_MINUTE}{BY_THREE}");
    let Some(server) = prometheus(base, &series, &both) else {
        return;
    };
    let churnctl = Churnctl::new().file("rules.yml", &both);
    let run = look(&churnctl, &server, base, &["rules.yml"]).expect(ExitCode::Ok);
    let json = run.json();
    let names = [
        "AtOnce",
        "Waits",
        "Kept",
        "KeptAtOnce",
        "Joined",
        "ByValue",
        "Gone",
        "Slow",
        "Odd",
    ];
    for name in names {
        let count = alert(&json, name)["episode_count"].as_i64();
        assert!(
            count > Some(1),
            "{name}: {count:?} episodes are too little to tell"
        );
    }
    let newest = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go-tools/promtool");
    let programs = [
        Some(Path::new("promtool").to_owned()),
        newest.is_file().then_some(newest),
    ];
    for (group, rules, every) in [("minutes", BY_MINUTE, 1), ("slow", BY_THREE, 3)] {
        let firing = by_minute(&json, base, group, every);
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("write");
        };
        write("rules.yml", &format!("groups:\n{rules}"));
        for program in programs.iter().flatten() {
            write("test.yml", &promtool_test(&series, &firing, every));
            let (is_fine, said) = promtool(program, folder.path());
            assert!(is_fine, "{} {group}: {said}", program.display());
            // The comparison can fail: one alert less at one evaluation is seen.
            let mut wrong = firing.clone();
            let busy = wrong.values_mut().find(|alerts| alerts.len() > 1);
            busy.expect("a busy minute").pop();
            write("test.yml", &promtool_test(&series, &wrong, every));
            assert!(!promtool(program, folder.path()).0, "{}", program.display());
        }
    }
    // The rules that the server has loaded are these, and come to the same.
    let loaded = look(&churnctl, &server, base, &[])
        .expect(ExitCode::Ok)
        .json();
    for (group, every) in [("minutes", 1), ("slow", 3)] {
        let (ours, theirs) = (
            by_minute(&json, base, group, every),
            by_minute(&loaded, base, group, every),
        );
        assert_eq!(ours, theirs);
    }
    let same = look(&churnctl, &server, base, &["rules.yml", "--against"]).json();
    let compared = same["comparison"]["alerts"].as_array().expect("alerts");
    assert_eq!(compared.len(), 10);
    let is_same = |one: &Value| {
        let none = |key: &str| one[key].as_array().is_some_and(Vec::is_empty);
        one["change"] == "same" && none("appear") && none("vanish")
    };
    assert!(compared.iter().all(is_same), "{same:#}");
}

/// What runs live leaves `ALERTS` in the server's own storage; our look back at the same time has
/// the same episodes, within the second that a group's evaluations are shifted by.
#[test]
fn a_rule_that_ran_has_the_episodes_of_its_own_alerts_series() {
    let rules = "groups:\n- name: live\n  interval: 1s\n  rules:\n  \
                 - {alert: Flips, expr: 'vector(time() % 20) < 10', for: 3s, labels: {severity: none}}\n";
    let config =
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\n";
    let Some(server) = Server::prometheus(config, &[("rules.yml", rules)]) else {
        return;
    };
    // One whole episode: it begins to fire at 3 of 20 seconds and ends at 10.
    let firing = "ALERTS{alertname=\"Flips\",alertstate=\"firing\"}";
    eventually("a first episode", || {
        let query = format!("count_over_time({firing}[5m]) >= 6 unless {firing}");
        (!server.query(&query).is_empty()).then_some(())
    });
    let now = server.query("vector(time())")[0]["value"][0]
        .as_f64()
        .expect("a time") as i64;
    let path = format!(
        "/api/v1/query_range?query={}&start={}&end={now}&step=1",
        escaped(&format!("timestamp({firing})")),
        now - 40
    );
    let samples = server.json(&path);
    let values = samples["data"]["result"][0]["values"]
        .as_array()
        .expect("samples");
    let stamps = values
        .iter()
        .map(|one| one[1].as_str().expect("text").parse::<f64>());
    let stamps: Vec<f64> = stamps.map(|stamp| stamp.expect("a number")).collect();
    let last = stamps.iter().copied().fold(0.0, f64::max);
    let url = server.url();
    let end = now.to_string();
    let args = [
        "alerts",
        "history",
        "--prometheus",
        &url,
        "--range",
        "40s",
        "--end",
        &end,
    ];
    let mut args = args.to_vec();
    args.extend(["--format", "json"]);
    let json = Churnctl::new().run(&args).expect(ExitCode::Ok).json();
    let flips = alert(&json, "Flips");
    let ends = flips["episodes"].as_array().expect("episodes").iter();
    let ends: Vec<i64> = ends
        .filter(|one| !one["end"].is_null())
        .map(|one| seconds(&one["end"]))
        .collect();
    let near = |end: &i64| (*end as f64 - last).abs() <= 2.0;
    assert!(ends.iter().any(near), "{last} is not near any of {ends:?}");
    // 3 s of every 20 wait and 7 fire: 14 of 40 s, give or take the edges of the range.
    let fired = flips["firing_seconds"].as_f64().expect("seconds");
    assert!((13.0..=15.0).contains(&fired), "{flips:#}");
}

const FILE: &str = "groups:
- name: g
  rules:
  - {alert: Noisy, expr: 'load{pod=\"a\"} > 4', labels: {severity: warning}}
  - {alert: Quiet, expr: load > 100}
  - {alert: Waiting, expr: 'load{pod=\"a\"} > 4', for: 2h}
  - {alert: NoData, expr: 'rate(nothing_total[5m]) > 1'}
  - {alert: NoRecord, expr: 'job:load:sum > 1 and on () load'}
  - {alert: Mine, expr: 'job:mine:sum > 1'}
  - {alert: Broken, expr: 'load * on () load'}
  - {alert: Unread, expr: 'load > > 1'}
  - {alert: Watchdog, expr: vector(1), labels: {severity: none}}
  - {record: 'job:mine:sum', expr: sum(load)}
  - alert: <b onclick=x>
    expr: load{pod=~'a|<i>'} > 4
    labels: {note: '{{ $labels.pod }}<script>alert(1)</script>'}
";

#[test]
fn noise_silence_no_data_and_failure_are_told_apart() {
    let (base, series) = (base(), series());
    let Some(server) = prometheus(base, &series, "groups: []\n") else {
        return;
    };
    let churnctl = Churnctl::new().file("rules.yml", FILE);
    let run = look(
        &churnctl,
        &server,
        base,
        &["rules.yml", "--html", "out.html"],
    );
    let json = run.expect(ExitCode::CheckFailed).json();
    let schema = schema("alerts_history");
    expect_valid(&schema, &json);
    expect_strict(&schema, &json);
    let reason = |name: &str| {
        let reasons = alert(&json, name)["reasons"].as_array().expect("reasons");
        let texts = reasons
            .iter()
            .map(|one| one.as_str().expect("text").to_owned());
        texts.collect::<Vec<_>>().join("; ")
    };
    for (name, status, says) in [
        (
            "Noisy",
            "noisy",
            "incidents a day, half of them over within",
        ),
        ("Quiet", "silent", ""),
        (
            "Waiting",
            "silent",
            "it would have fired with a `for` up to",
        ),
        ("NoData", "no_data", "no data of nothing_total"),
        (
            "NoRecord",
            "no_data",
            "which has the name of a recording rule",
        ),
        (
            "Mine",
            "no_data",
            "which rules.yml:13 records: the server does not have that rule",
        ),
        ("Broken", "error", "many-to-many"),
        ("Unread", "error", "parse error"),
        ("Watchdog", "fired", ""),
    ] {
        assert_eq!(alert(&json, name)["status"], status, "{name}: {json:#}");
        assert!(reason(name).contains(says), "{name}: {}", reason(name));
    }
    // What wants a look comes first.
    let statuses = json["alerts"].as_array().expect("alerts").iter();
    let statuses: Vec<&str> = statuses
        .map(|one| one["status"].as_str().expect("text"))
        .collect();
    let order = ["error", "noisy", "no_data", "silent", "fired"];
    assert!(statuses.is_sorted_by_key(|one| order.iter().position(|known| known == one)));
    let page = String::from_utf8(churnctl.read("out.html")).expect("UTF-8");
    assert!(page.contains("<svg viewBox") && page.contains("&lt;script&gt;alert(1)"));
    for evil in ["<script", "<b onclick", "<i>"] {
        assert!(!page.contains(evil), "{evil} in the page");
    }
    // A step beyond the interval is said.
    let coarse = look(
        &churnctl,
        &server,
        base,
        &["rules.yml", "--only", "Noisy", "--step", "5m"],
    );
    let coarse = coarse.expect(ExitCode::Ok).json();
    let reasons = alert(&coarse, "Noisy")["reasons"].to_string();
    assert!(
        reasons.contains("evaluated every 5m, its group is every 1m"),
        "{reasons}"
    );
    // A table for logs has no colour.
    let url = server.url();
    let end = rfc3339(base + 7_200);
    let args = [
        "alerts",
        "history",
        "--prometheus",
        &url,
        "rules.yml",
        "--range",
        "2h",
        "--end",
        &end,
    ];
    let plain = churnctl.run(&args).expect(ExitCode::CheckFailed);
    assert!(
        plain.stdout.contains("NOISY") && !plain.stdout.contains('\u{1b}'),
        "{plain:?}"
    );
}

#[test]
fn a_changed_file_is_compared_with_the_one_that_is_deployed() {
    let (base, series) = (base(), series());
    let deployed = "groups:\n- name: g\n  rules:\n  - {alert: High, expr: load > 4, labels: {severity: warning}}\n  \
                    - {alert: Old, expr: load > 8}\n";
    let changed = "groups:\n- name: g\n  rules:\n  - {alert: High, expr: load > 8, labels: {severity: critical}}\n  \
                   - {alert: New, expr: load == 1}\n";
    let Some(server) = prometheus(base, &series, deployed) else {
        return;
    };
    let churnctl = Churnctl::new()
        .file("deployed.yml", deployed)
        .file("changed.yml", changed);
    let ways: [&[&str]; 3] = [
        &["changed.yml", "--against"],
        &["changed.yml", "--against", "deployed.yml"],
        &["--against", "changed.yml"],
    ];
    for way in ways {
        let json = look(&churnctl, &server, base, way)
            .expect(ExitCode::Ok)
            .json();
        expect_valid(&schema("alerts_history"), &json);
        let compared = json["comparison"]["alerts"].as_array().expect("alerts");
        let of = |name: &str| {
            compared
                .iter()
                .find(|one| one["alert"] == name)
                .expect(name)
        };
        assert_eq!(of("High")["change"], "changed", "{way:?}");
        assert_eq!(of("New")["change"], "added");
        assert_eq!(of("Old")["change"], "removed");
        let figure = |name: &str, side: &str| of(name)[side]["firing_seconds"].as_f64();
        // A higher threshold fires for less time, and every episode of it lies within one before.
        assert!(
            figure("High", "after") < figure("High", "before"),
            "{json:#}"
        );
        assert_eq!(of("High")["appear"].as_array().map(Vec::len), Some(0));
        let vanish = of("High")["vanish"].as_array().expect("a list").len();
        // Counted by the samples themselves: runs above 4 of a pod that never are above 8.
        let runs: usize = series[..3].iter().map(|one| lone_runs(&one.values)).sum();
        assert_eq!(vanish, runs, "{way:?}");
    }
    let nothing = churnctl.run(&[
        "alerts",
        "history",
        "--prometheus",
        &server.url(),
        "--against",
    ]);
    nothing
        .expect(ExitCode::Usage)
        .says("compared with themselves");
}

/// Counts runs of values above 4 in which none is above 8. A value that is missing is the one before
/// for less than five minutes: an instant query looks back so far.
fn lone_runs(values: &[Option<f64>]) -> usize {
    let mut filled = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let back = (0..5).find_map(|back| at.checked_sub(back).and_then(|at| values[at]));
        filled.push(value.or(back).unwrap_or(0.0));
    }
    let runs = filled.split(|value| *value <= 4.0);
    runs.filter(|run| !run.is_empty() && run.iter().all(|value| *value <= 8.0))
        .count()
}

#[test]
fn a_server_that_is_away_or_another_one_is_never_silence() {
    let churnctl = Churnctl::new().file("rules.yml", FILE);
    let away = format!("http://{}", free_address());
    let args = [
        "alerts",
        "history",
        "--prometheus",
        &away,
        "rules.yml",
        "--deadline",
        "1s",
    ];
    churnctl
        .run(&args)
        .expect(ExitCode::Unavailable)
        .says("could not be connected to");
    let none = churnctl.run(&["alerts", "history", "rules.yml"]);
    none.expect(ExitCode::Usage).says("--prometheus URL");
    let Some(server) = Server::prometheus("global: {scrape_interval: 1s}\n", &[]) else {
        return;
    };
    let url = server.url();
    let run = |more: &[&str]| {
        let mut args = vec!["alerts", "history", "--prometheus", &url];
        args.extend(more);
        churnctl.run(&args)
    };
    run(&[])
        .expect(ExitCode::BadInput)
        .says("no alerting rule in the server");
    run(&["rules.yml", "--end", "2999-01-01"])
        .expect(ExitCode::Usage)
        .says("has not come");
    run(&["rules.yml", "--only", "Noisi"])
        .expect(ExitCode::Usage)
        .says("did you mean Noisy?");
    let elsewhere = format!("{url}/elsewhere");
    let args = ["alerts", "history", "--prometheus", &elsewhere, "rules.yml"];
    churnctl.run(&args).expect(ExitCode::BadInput).says("404");
}
