//! Whether two names lead to one file: by links, by other spellings, by standard streams, and also
//! where there is no file yet. What follows from it is the caller's affair.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Component, Path, PathBuf};

/// Links that are followed one after another, as Linux does (`path_resolution(7)`).
const MOST_LINKS: usize = 40;
/// Device number of `/dev/null` on Linux: 1, 3.
const NULL_DEVICE: u64 = 0x103;

/// What a name leads to at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name with all links, `.` and `..` gone.
    path: PathBuf,
    /// Number of the stream of this process that it names, if any.
    stream: Option<u32>,
    /// Device and inode, if something is there, and what it is.
    node: Option<(u64, u64, Kind)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keeps what is written.
    Regular,
    /// Everything written there is gone, however often.
    Null,
    /// A pipe, a terminal, a folder.
    Other,
}

impl Identity {
    /// Looks at what is read under a name; `-` is standard input.
    #[must_use]
    pub fn of_input(path: &Path) -> Self {
        match path == Path::new("-") {
            true => Self::of(Path::new("/dev/stdin")),
            false => Self::of(path),
        }
    }

    /// Looks at what is written under a name; `-` is standard output.
    #[must_use]
    pub fn of_output(path: &Path) -> Self {
        match path == Path::new("-") {
            true => Self::of(Path::new("/dev/stdout")),
            false => Self::of(path),
        }
    }

    fn of(path: &Path) -> Self {
        let resolved = resolved(path);
        let node = fs::metadata(path).ok().map(|found| {
            let kind = found.file_type();
            let kind = if kind.is_file() {
                Kind::Regular
            } else if kind.is_char_device() && found.rdev() == NULL_DEVICE {
                Kind::Null
            } else {
                Kind::Other
            };
            (found.dev(), found.ino(), kind)
        });
        Self {
            stream: stream(&resolved),
            path: resolved,
            node,
        }
    }

    /// Returns the name with all links, `.` and `..` gone.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether writing one would change what is read from the other. A terminal or a pipe
    /// under both names is fine: what was read from it is gone from it anyway.
    #[must_use]
    pub fn overwrites(&self, input: &Self) -> bool {
        match (self.node, input.node) {
            (Some(one), Some(other)) => one == other && one.2 == Kind::Regular,
            (None, None) => self.path == input.path,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// Tells whether the second of two outputs would replace the first, or mix with it.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        if self.node.is_some_and(|(_, _, kind)| kind == Kind::Null) {
            return false;
        }
        if self.stream.is_some() && other.stream.is_some() {
            // Two streams may well end at one terminal.
            return self.stream == other.stream || self.overwrites(other);
        }
        match (self.node, other.node) {
            (Some(one), Some(other)) => one == other,
            (None, None) => self.path == other.path,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

/// Returns the path with all links, `.` and `..` gone, as far as it leads to something; what is
/// behind that is taken as it is spelled.
#[must_use]
pub fn resolved(path: &Path) -> PathBuf {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for _ in 0..MOST_LINKS {
        path = with_resolved_parent(&path);
        // Links among the descriptors lead to names like `pipe:[1]`, which are not paths.
        if stream(&path).is_some() {
            return path;
        }
        match fs::read_link(&path) {
            // Also where the link leads to nothing yet.
            Ok(target) => path = path.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => return path,
        }
    }
    path
}

fn with_resolved_parent(path: &Path) -> PathBuf {
    let plain = || {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                other => plain.push(other),
            }
        }
        plain
    };
    let mut parents = path.ancestors().skip(1);
    let there = parents.find_map(|one| Some((one, fs::canonicalize(one).ok()?)));
    let Some((spelled, whole)) = there else {
        return plain();
    };
    let Ok(rest) = path.strip_prefix(spelled) else {
        return plain();
    };
    let mut found = whole;
    for part in rest.components() {
        match part {
            Component::ParentDir => drop(found.pop()),
            Component::Normal(name) => found.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    found
}

/// Returns the descriptor that a path names: `/proc/PID/fd/N` of this process, where `/dev/stdout`
/// and `/dev/fd/N` lead.
fn stream(path: &Path) -> Option<u32> {
    let own = format!("/proc/{}", std::process::id());
    let rest = path.strip_prefix(own).ok()?.to_str()?;
    // The same below each thread: /proc/PID/task/TID/fd/N.
    let (folder, number) = rest.rsplit_once('/')?;
    let is_fd = folder == "fd" || folder.starts_with("task/") && folder.ends_with("/fd");
    is_fd.then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("sub")).expect("make");
            fs::write(folder.path().join("x.csv"), "a\n1\n").expect("write");
            fs::write(folder.path().join("y.csv"), "a\n1\n").expect("write");
            Self(folder)
        }

        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn overwrites(&self, output: &str, input: &str) -> bool {
            Identity::of_output(&self.at(output)).overwrites(&Identity::of_input(&self.at(input)))
        }

        fn collides(&self, one: &str, other: &str) -> bool {
            Identity::of_output(&self.at(one)).collides(&Identity::of_output(&self.at(other)))
        }
    }

    #[test]
    fn a_file_is_known_by_every_spelling_and_link() {
        let folder = Folder::new();
        symlink(folder.at("x.csv"), folder.at("absolute")).expect("link");
        symlink("../x.csv", folder.at("sub/relative")).expect("link");
        symlink("absolute", folder.at("chain")).expect("link");
        symlink(folder.at("sub"), folder.at("folder")).expect("link");
        fs::hard_link(folder.at("x.csv"), folder.at("hard")).expect("link");
        for name in [
            "x.csv",
            "./x.csv",
            "sub/../x.csv",
            "sub/.././x.csv",
            "absolute",
            "chain",
            "sub/relative",
            "folder/relative",
            "folder/../x.csv",
            "hard",
        ] {
            assert!(folder.overwrites(name, "x.csv"), "{name}");
            assert!(folder.overwrites("x.csv", name), "{name}");
            assert!(folder.collides("x.csv", name), "{name}");
            assert!(!folder.overwrites(name, "y.csv"), "{name}");
            assert!(!folder.collides("y.csv", name), "{name}");
        }
    }

    #[test]
    fn what_is_not_there_yet_is_known_by_its_place() {
        let folder = Folder::new();
        symlink("new.json", folder.at("dangling")).expect("link");
        symlink(folder.at("sub"), folder.at("folder")).expect("link");
        for (one, other) in [
            ("new.json", "./new.json"),
            ("new.json", "dangling"),
            ("sub/new.json", "folder/new.json"),
            ("a/b/new.json", "a/./b/c/../new.json"),
        ] {
            assert!(folder.collides(one, other), "{one} {other}");
            assert!(folder.collides(other, one), "{one} {other}");
        }
        assert!(!folder.collides("new.json", "newer.json"));
        assert!(!folder.collides("new.json", "sub/new.json"));
        assert!(!folder.collides("new.json", "x.csv"));
    }

    #[test]
    fn a_link_that_leads_in_a_circle_ends() {
        let folder = Folder::new();
        symlink("b", folder.at("a")).expect("link");
        symlink("a", folder.at("b")).expect("link");
        assert!(!folder.collides("a", "x.csv"));
    }

    #[test]
    fn one_stream_has_several_names_and_null_is_written_twice() {
        let collides = |one: &str, other: &str| {
            Identity::of_output(Path::new(one)).collides(&Identity::of_output(Path::new(other)))
        };
        for name in [
            "-",
            "/dev/stdout",
            "/dev/fd/1",
            "/proc/self/fd/1",
            "/dev/../dev/./stdout",
        ] {
            assert!(collides("-", name), "{name}");
            assert!(collides(name, "/dev/stdout"), "{name}");
        }
        assert!(!collides("/dev/null", "/dev/null"));
        assert!(!collides("/dev/null", "-"));
        assert!(!collides("/dev/full", "/dev/null"));
    }

    #[test]
    fn reading_and_writing_a_device_is_fine() {
        for (output, input) in [("/dev/null", "/dev/null"), ("/dev/zero", "/dev/zero")] {
            let output = Identity::of_output(Path::new(output));
            assert!(!output.overwrites(&Identity::of_input(Path::new(input))));
        }
    }
}
