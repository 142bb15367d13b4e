//! What every program says of its process, under the names that every program uses. Linux only:
//! elsewhere the values are left out.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage};

use super::metric::Metric;
use super::names::{
    PROCESS_CPU_SECONDS, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY_BYTES,
    PROCESS_START_TIME_SECONDS, PROCESS_VIRTUAL_MEMORY_BYTES,
};

/// Clock ticks a second in `/proc`: the kernel shows 100 to programs, whatever its own.
const TICKS: f64 = 100.0;

/// Returns the values of now.
pub(super) fn measured() -> Vec<(&'static Metric, f64)> {
    let mut values = Vec::new();
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        let seconds =
            |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        let used = seconds(usage.user_time()) + seconds(usage.system_time());
        values.push((&PROCESS_CPU_SECONDS, used));
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for (metric, name) in [
        (&PROCESS_RESIDENT_MEMORY_BYTES, "VmRSS:"),
        (&PROCESS_VIRTUAL_MEMORY_BYTES, "VmSize:"),
    ] {
        if let Some(kib) = field(&status, name) {
            values.push((metric, kib * 1024.0));
        }
    }
    if let Some(start) = start_time() {
        values.push((&PROCESS_START_TIME_SECONDS, start));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the one that lists them.
        let open = open.count().saturating_sub(1);
        values.push((&PROCESS_OPEN_FDS, open as f64));
    }
    if let Ok((most, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        values.push((&PROCESS_MAX_FDS, most as f64));
    }
    values
}

fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Unix time at which the process started: the machine's time less how long it has been up, plus
/// the ticks from its start to ours.
fn start_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything.
    let after_name = stat.rsplit_once(')')?.1;
    let ticks: f64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    let boot = fs::read_to_string("/proc/stat").ok()?;
    let boot = boot.lines().find_map(|line| line.strip_prefix("btime "))?;
    let boot = Duration::from_secs(boot.trim().parse().ok()?);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some((boot.as_secs_f64() + ticks / TICKS).min(now.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_started_lately_and_has_memory_and_files() {
        let live = crate::Live::new();
        let text = live.text().expect("encodes");
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.expect(name).trim().parse().expect("a number")
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let age = now.as_secs_f64() - value("process_start_time_seconds ");
        assert!((0.0..86_400.0).contains(&age), "{age}");
        assert!(value("process_resident_memory_bytes ") > 1e6);
        assert!(value("process_open_fds ") >= 3.0);
        assert!(value("process_cpu_seconds_total ") >= 0.0);
    }
}
