//! Which texts are read: files, folders with all that is YAML in them, standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use churn_base::error::{Error, Result};

use super::node::Source;

/// More than this is not a file of rules.
const LARGEST: u64 = 32 << 20;
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// Reads files, folders (those below, too) and `-`, in the order of their names.
///
/// # Errors
/// Fails with 74 if one cannot be read, with 65 if a folder has no YAML, with 64 if standard input is named twice.
pub fn read(paths: &[String]) -> Result<Vec<Arc<Source>>> {
    if paths.iter().filter(|path| *path == "-").count() > 1 {
        return Err(Error::usage("standard input (`-`) can be read only once"));
    }
    let mut sources: Vec<Arc<Source>> = Vec::new();
    for path in paths {
        if path == "-" {
            let bytes = read_all(&mut std::io::stdin().lock());
            let bytes = bytes.map_err(|e| Error::io("read", Path::new("standard input"), e))?;
            sources.push(source("-", bytes));
            continue;
        }
        let mut files = Vec::new();
        collect(Path::new(path), &mut files, true)?;
        if files.is_empty() {
            let error = Error::bad_input(format!("{path} has no YAML file"));
            return Err(
                error.hint("name files or folders with PrometheusRule objects or rule files")
            );
        }
        for file in files {
            let name = file.display().to_string();
            if sources.iter().any(|known| known.name == name) {
                continue;
            }
            let failed = |error| Error::io("read", &file, error);
            let mut opened = std::fs::File::open(&file).map_err(failed)?;
            sources.push(source(&name, read_all(&mut opened).map_err(failed)?));
        }
    }
    Ok(sources)
}

fn read_all(from: &mut dyn std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(churn_base::files::too_large(LARGEST));
    }
    Ok(bytes)
}

fn source(name: &str, bytes: Vec<u8>) -> Arc<Source> {
    Arc::new(Source {
        name: name.to_owned(),
        text: text(bytes),
    })
}

/// Decodes UTF-8, and UTF-16 that begins with its mark, as Prometheus does. Where it is neither, a zero stands for the
/// first bytes that are wrong: no YAML has one, so that the file is told with the line, and others are read.
fn text(bytes: Vec<u8>) -> String {
    let wide = |of: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks(2);
        let units = pairs.map(|pair| of([pair[0], pair.get(1).copied().unwrap_or(0)]));
        char::decode_utf16(units)
            .map(|one| one.unwrap_or('\0'))
            .collect::<String>()
    };
    match bytes.get(..2) {
        Some([0xff, 0xfe]) => wide(u16::from_le_bytes),
        Some([0xfe, 0xff]) => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes).unwrap_or_else(|error| {
            String::from_utf8_lossy(error.as_bytes()).replace('\u{fffd}', "\0")
        }),
    }
}

/// Tells whether a file begins with the mark of UTF-16: it is read, and could not be written as it was.
#[must_use]
pub fn is_utf16(path: &Path) -> bool {
    let mut mark = [0; 2];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut mark));
    read.is_ok() && [[0xff, 0xfe], [0xfe, 0xff]].contains(&mark)
}

/// Tells whether a name and a path lead to one file.
#[must_use]
pub fn is_same(name: &str, path: &Path) -> bool {
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    Path::new(name) == path || whole(Path::new(name)).is_some_and(|one| whole(path) == Some(one))
}

/// A file that was named is read whatever its ending; of a folder, what ends like YAML.
fn collect(path: &Path, files: &mut Vec<PathBuf>, named: bool) -> Result<()> {
    let failed = |error| {
        let error = Error::io("read", path, error);
        match named {
            true => error.hint("name files or folders, or - for standard input"),
            false => error,
        }
    };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if named || extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            files.push(path.to_path_buf());
        }
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)
        .and_then(|entries| entries.collect::<std::io::Result<Vec<_>>>())
        .map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        // A link to a folder may lead around in a circle.
        let linked = entry.file_type().map_err(failed)?.is_symlink();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !(hidden || linked && entry.path().is_dir()) {
            collect(&entry.path(), files, false)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_yaml_and_named_files_give_anything() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir_all(root.join("b/.git")).expect("make");
        for name in ["b/z.yaml", "a.yml", "b/.git/x.yaml", "notes.md", "c.json"] {
            std::fs::write(root.join(name), "{}").expect("write");
        }
        let names = |paths: &[String]| -> Vec<String> {
            let sources = read(paths).expect("readable");
            let names = sources.iter().map(|source| Path::new(&source.name));
            names
                .map(|name| {
                    name.strip_prefix(root)
                        .expect("below")
                        .display()
                        .to_string()
                })
                .collect()
        };
        let root_name = root.display().to_string();
        assert_eq!(
            names(std::slice::from_ref(&root_name)),
            ["a.yml", "b/z.yaml", "c.json"]
        );
        assert_eq!(names(&[format!("{root_name}/notes.md")]), ["notes.md"]);
    }

    #[test]
    fn other_encodings_are_read_or_marked() {
        let utf16: Vec<u8> = [0xfeff_u16, 0x61, 0x3a, 0x20, 0xe4]
            .iter()
            .flat_map(|unit| unit.to_le_bytes())
            .collect();
        assert_eq!(text(utf16), "a: \u{e4}");
        assert_eq!(text(b"a: \xe4\n".to_vec()), "a: \0\n");
        assert_eq!(text(b"a: b".to_vec()), "a: b");
    }

    #[test]
    fn what_is_not_there_is_no_empty_success() {
        let error = read(&["/nonexistent/k8s".to_owned()]).expect_err("absent");
        assert_eq!(error.code(), churn_base::exit::ExitCode::Io);
        let folder = tempfile::tempdir().expect("a folder");
        let error = read(&[folder.path().display().to_string()]).expect_err("empty");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
    }
}
