//! The last steps before a container's program: this process becomes it. Namespaces, a root of its own, limits,
//! user, and then `exec`, so that its id, its exit code and its signals are the program's own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::unistd::{Gid, Uid, chdir, chroot, setgid, setgroups, sethostname, setuid};
use serde::{Deserialize, Serialize};

/// How a container's program is started.
#[derive(Serialize, Deserialize)]
pub(crate) struct Launch {
    /// Network namespace of the pod, a file.
    pub(crate) network: PathBuf,
    /// Folder on which the container's root is mounted.
    pub(crate) root: PathBuf,
    pub(crate) binds: Vec<Bind>,
    pub(crate) read_only_root: bool,
    pub(crate) hostname: String,
    /// Files to write the process id to.
    pub(crate) cgroups: Vec<PathBuf>,
    /// None keeps the one who started us.
    pub(crate) user: Option<u32>,
    pub(crate) group: Option<u32>,
    pub(crate) more_groups: Vec<u32>,
    pub(crate) folder: String,
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// A file or folder of the machine as the container sees it.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Bind {
    pub(crate) source: PathBuf,
    pub(crate) target: String,
    pub(crate) read_only: bool,
}

/// What every image has, of the machine's own: programs and libraries, devices, certificates.
/// `/etc` and `/dev` are the container's own, since volumes are mounted below them.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/proc",
    "/sys",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/etc/ssl",
    "/etc/ld.so.cache",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
];

/// Becomes the program; returns only where that failed.
pub(crate) fn launch(specification: &Path) -> io::Error {
    match prepared(specification) {
        Ok(mut command) => command.exec(),
        Err(error) => error,
    }
}

fn prepared(specification: &Path) -> io::Result<Command> {
    let launch: Launch = serde_json::from_slice(&fs::read(specification)?)?;
    for entrance in &launch.cgroups {
        fs::write(entrance, std::process::id().to_string())?;
    }
    setns(File::open(&launch.network)?, CloneFlags::CLONE_NEWNET)?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC)?;
    sethostname(&launch.hostname)?;
    build_root(&launch)?;
    chroot(&launch.root)?;
    chdir("/")?;
    fs::create_dir_all(&launch.folder).or_else(|error| {
        match Path::new(&launch.folder).is_dir() {
            true => Ok(()),
            false => Err(error),
        }
    })?;
    chdir(Path::new(&launch.folder))?;
    become_user(&launch)?;
    let mut command = Command::new(&launch.program);
    command.args(&launch.args).env_clear();
    command.envs(launch.environment.iter().map(|(key, value)| (key, value)));
    Ok(command)
}

fn build_root(launch: &Launch) -> io::Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    fs::create_dir_all(&launch.root)?;
    mount(
        Some("tmpfs"),
        &launch.root,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=755"),
    )?;
    for path in SYSTEM.iter().filter(|path| Path::new(path).exists()) {
        let bind = Bind {
            source: path.into(),
            target: (*path).to_owned(),
            read_only: false,
        };
        bind_into(&launch.root, &bind)?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        std::os::unix::fs::symlink(target, launch.root.join("dev").join(name))?;
    }
    let tmp = launch.root.join("tmp");
    fs::create_dir_all(&tmp)?;
    fs::set_permissions(&tmp, std::os::unix::fs::PermissionsExt::from_mode(0o1777))?;
    for bind in &launch.binds {
        bind_into(&launch.root, bind)?;
    }
    if launch.read_only_root {
        fs::create_dir_all(launch.root.join(launch.folder.trim_start_matches('/')))?;
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(none, &launch.root, none, flags, none)?;
    }
    Ok(())
}

fn bind_into(root: &Path, bind: &Bind) -> io::Result<()> {
    let none = None::<&str>;
    let target = root.join(bind.target.trim_start_matches('/'));
    if !target.exists() {
        if bind.source.is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            fs::create_dir_all(target.parent().unwrap_or(root))?;
            File::create(&target)?;
        }
    }
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(&bind.source), &target, none, flags, none)?;
    if bind.read_only {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
        mount(none, &target, none, flags, none)?;
    }
    Ok(())
}

fn become_user(launch: &Launch) -> io::Result<()> {
    let Some(user) = launch.user else {
        return Ok(());
    };
    // In a user namespace only the ids that it maps exist: there everybody is the one who started us.
    let mapped = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if mapped
        .split_whitespace()
        .nth(2)
        .and_then(|count| count.parse::<u64>().ok())
        == Some(1)
    {
        return Ok(());
    }
    let groups: Vec<Gid> = launch
        .more_groups
        .iter()
        .copied()
        .map(Gid::from_raw)
        .collect();
    setgroups(&groups)?;
    setgid(Gid::from_raw(launch.group.unwrap_or(user)))?;
    setuid(Uid::from_raw(user))?;
    Ok(nix::sys::prctl::set_no_new_privs()?)
}

/// Whether a program of this name is what an image's own command means.
pub(crate) fn same_program(command: &str, program: &Path) -> bool {
    Path::new(command).file_name() == program.file_name().map(OsStr::new)
}
