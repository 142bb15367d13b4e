//! Limits of a container and what it used, by cgroups of either version, where this machine lets us make them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where cgroups live on this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// One tree for each controller.
    One,
    /// One tree for all.
    Two,
}

/// The groups of one container; removed when it is dropped and its processes are gone.
pub(crate) struct Cgroup {
    version: Version,
    /// Of version 1 the folders below `memory`, `cpu` and `cpuacct`, of version 2 one.
    folders: Vec<PathBuf>,
}

/// What a container may use; absent is unlimited.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits {
    /// In CPUs.
    pub(crate) cpu: Option<f64>,
    /// In bytes.
    pub(crate) memory: Option<u64>,
}

/// What a container used.
#[derive(Default)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    pub(crate) periods: u64,
    pub(crate) throttled_periods: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) working_set_bytes: u64,
    pub(crate) oom_kills: u64,
}

const PERIOD_US: f64 = 100_000.0;
const ROOT: &str = "/sys/fs/cgroup";

impl Cgroup {
    /// Makes a group; none where the machine forbids it.
    pub(crate) fn create(name: &str, limits: Limits) -> Option<Self> {
        let version = if Path::new(ROOT).join("cgroup.controllers").is_file() {
            Version::Two
        } else {
            Version::One
        };
        let trees: &[&str] = match version {
            Version::One => &["memory", "cpu", "cpuacct"],
            Version::Two => &["."],
        };
        let mut group = Self {
            version,
            folders: Vec::new(),
        };
        for tree in trees {
            let parent = Path::new(ROOT).join(tree).join("churn-cluster");
            fs::create_dir_all(&parent).ok()?;
            if version == Version::Two {
                // Controllers reach children only where each ancestor passes them on.
                for folder in [Path::new(ROOT), &parent] {
                    let _ = fs::write(folder.join("cgroup.subtree_control"), "+cpu +memory");
                }
            }
            let folder = parent.join(name);
            fs::create_dir_all(&folder).ok()?;
            group.folders.push(folder);
        }
        group.limit(limits)?;
        Some(group)
    }

    fn limit(&self, limits: Limits) -> Option<()> {
        if let Some(bytes) = limits.memory {
            let file = self.file("memory.limit_in_bytes", "memory.max");
            fs::write(file, bytes.to_string()).ok()?;
        }
        if let Some(cpus) = limits.cpu {
            let quota = (cpus * PERIOD_US).max(1_000.0).round();
            match self.version {
                Version::One => {
                    fs::write(self.folders[1].join("cpu.cfs_quota_us"), quota.to_string())
                }
                Version::Two => fs::write(
                    self.folders[0].join("cpu.max"),
                    format!("{quota} {PERIOD_US}"),
                ),
            }
            .ok()?;
        }
        Some(())
    }

    /// Files to which a process writes its id to come under the limits.
    pub(crate) fn entrances(&self) -> Vec<PathBuf> {
        self.folders
            .iter()
            .map(|folder| folder.join("cgroup.procs"))
            .collect()
    }

    /// Processes that are in the group now.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.folders[0].join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// What was used so far.
    pub(crate) fn usage(&self) -> Usage {
        let stat = self.numbers(match self.version {
            Version::One => self.folders[0].join("memory.stat"),
            Version::Two => self.folders[0].join("memory.stat"),
        });
        let of = |pairs: &[(String, u64)], key: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == key)
                .map_or(0, |(_, value)| *value)
        };
        let memory_bytes = number(&self.file("memory.usage_in_bytes", "memory.current"));
        let (inactive, kills, cpu) = match self.version {
            Version::One => (
                of(&stat, "total_inactive_file"),
                of(
                    &self.numbers(self.folders[0].join("memory.oom_control")),
                    "oom_kill",
                ),
                self.numbers(self.folders[1].join("cpu.stat")),
            ),
            Version::Two => (
                of(&stat, "inactive_file"),
                of(
                    &self.numbers(self.folders[0].join("memory.events")),
                    "oom_kill",
                ),
                self.numbers(self.folders[0].join("cpu.stat")),
            ),
        };
        let cpu_seconds = match self.version {
            Version::One => number(&self.folders[2].join("cpuacct.usage")) as f64 / 1e9,
            Version::Two => of(&cpu, "usage_usec") as f64 / 1e6,
        };
        Usage {
            cpu_seconds,
            periods: of(&cpu, "nr_periods"),
            throttled_periods: of(&cpu, "nr_throttled"),
            memory_bytes,
            // As cAdvisor counts it: what the kernel could not give back at once.
            working_set_bytes: memory_bytes.saturating_sub(inactive),
            oom_kills: kills,
        }
    }

    fn file(&self, one: &str, two: &str) -> PathBuf {
        self.folders[0].join(if self.version == Version::One {
            one
        } else {
            two
        })
    }

    fn numbers(&self, file: PathBuf) -> Vec<(String, u64)> {
        let text = fs::read_to_string(file).unwrap_or_default();
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs
            .filter_map(|(key, value)| Some((key.to_owned(), value.parse().ok()?)))
            .collect()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn number(file: &Path) -> u64 {
    fs::read_to_string(file)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(0)
}
