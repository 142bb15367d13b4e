//! The commit that a folder of sources is at, read from git's own files.

use std::path::{Path, PathBuf};

use churn_base::files::read_text_at_most;

/// Most bytes of a file of git's that are looked at: of a million branches.
const MOST_BYTES: u64 = 64 << 20;

/// Returns the commit of the repository that `folder` is in; none if it is in none.
///
/// Does *not* tell whether files were changed since.
#[must_use]
pub fn head(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let own = folder
        .ancestors()
        .find_map(|folder| git(&folder.join(".git")))?;
    let head = first_line(&own.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else {
        return hash(&head);
    };
    // A worktree has a HEAD of its own and shares its branches.
    let shared = first_line(&own.join("commondir")).map(|path| own.join(path));
    [Some(own), shared].into_iter().flatten().find_map(|git| {
        let loose = first_line(&git.join(name)).and_then(|line| hash(&line));
        loose.or_else(|| packed(&git, name))
    })
}

fn git(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let line = first_line(path)?;
    let to = line.strip_prefix("gitdir: ")?;
    Some(path.parent()?.join(to))
}

fn packed(git: &Path, name: &str) -> Option<String> {
    let text = read_text_at_most(&git.join("packed-refs"), MOST_BYTES).ok()?;
    text.lines().find_map(|line| {
        let (commit, found) = line.split_once(' ')?;
        hash(commit).filter(|_| found == name)
    })
}

fn first_line(path: &Path) -> Option<String> {
    let text = read_text_at_most(path, MOST_BYTES).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

fn hash(text: &str) -> Option<String> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_branch_a_detached_head_a_packed_one_and_a_worktree() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| {
            fs::create_dir_all(at(name).parent().expect("a parent")).expect("make");
            fs::write(at(name), text).expect("write");
        };
        let commit = |digit: &str| digit.repeat(40);
        let below = at("src/deep");
        fs::create_dir_all(&below).expect("make");
        assert_eq!(head(&below), None);
        write(".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(head(&below), None);
        write(
            ".git/packed-refs",
            &format!("# pack-refs\n{} refs/heads/main\n", commit("a")),
        );
        assert_eq!(head(&below), Some(commit("a")));
        write(".git/refs/heads/main", &commit("b"));
        assert_eq!(head(&below), Some(commit("b")));
        write("tree/.git", "gitdir: ../.git/worktrees/tree\n");
        write(".git/worktrees/tree/HEAD", "ref: refs/heads/main\n");
        write(".git/worktrees/tree/commondir", "../..\n");
        assert_eq!(head(&at("tree")), Some(commit("b")));
        write(".git/HEAD", &commit("c"));
        assert_eq!(head(&below), Some(commit("c")));
        assert_eq!(head(&at("tree")), Some(commit("b")));
    }
}
