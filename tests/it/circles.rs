//! Files of one crate that import each other in a circle: read from their `use` lines and paths, through
//! re-exports, tests left out. There are none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::architecture::code;

type Module = Vec<String>;

/// The modules of one crate.
struct Modules {
    texts: BTreeMap<Module, String>,
    /// What each re-exports, by name; without a path where it comes from another crate.
    exported: BTreeMap<Module, BTreeMap<String, Option<Module>>>,
}

impl Modules {
    fn of(folder: &Path) -> Self {
        let mut texts = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(inside) = folders.pop() {
            for entry in std::fs::read_dir(inside).expect("list").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = code(&std::fs::read_to_string(&path).expect("read"));
                    texts.insert(module(folder, &path), text);
                }
            }
        }
        let mut modules = Self {
            texts,
            exported: BTreeMap::new(),
        };
        for module in modules.texts.keys() {
            let mut names = BTreeMap::new();
            for (_, path) in used(&modules.texts[module]).into_iter().filter(|(e, _)| *e) {
                let (path, name) = path.split_once(" as ").unwrap_or((&path, &path));
                let name = name.rsplit("::").next().unwrap_or_default().to_owned();
                names.insert(name, modules.absolute(module, path));
            }
            modules.exported.insert(module.clone(), names);
        }
        modules
    }

    /// A path as its module reads it, from the root of the crate; none for other crates.
    fn absolute(&self, module: &Module, path: &str) -> Option<Module> {
        let mut parts: Vec<String> = path
            .split("::")
            .map(|part| part.trim().to_owned())
            .collect();
        let mut from = module.clone();
        match parts[0].as_str() {
            "crate" => from.clear(),
            "self" => {}
            "super" => {
                while parts.first().is_some_and(|part| part == "super") {
                    from.pop()?;
                    parts.remove(0);
                }
                from.extend(parts);
                return Some(from);
            }
            child => {
                let mut inside = from.clone();
                inside.push(child.to_owned());
                self.texts.get(&inside)?;
                from.extend(parts);
                return Some(from);
            }
        }
        from.extend(parts.into_iter().skip(1));
        Some(from)
    }

    /// The file that holds what a path names, through up to eight re-exports.
    fn file(&self, path: &Module, depth: u8) -> Option<Module> {
        let module = (0..=path.len())
            .rev()
            .map(|length| path[..length].to_vec())
            .find(|module| self.texts.contains_key(module))?;
        let exported = path
            .get(module.len())
            .and_then(|name| self.exported.get(&module)?.get(name));
        match exported {
            Some(None) => None,
            Some(Some(whole)) if whole != path && depth < 8 => {
                let rest = path.iter().skip(module.len() + 1).cloned();
                let whole = whole.iter().cloned().chain(rest).collect();
                self.file(&whole, depth + 1)
            }
            _ => Some(module),
        }
    }

    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let text = &self.texts[module];
        let uses = Regex::new(r"\buse [^;]+;").expect("an expression");
        let paths = Regex::new(r"\b\w+(?:::\w+)+").expect("an expression");
        let body = uses.replace_all(text, "");
        let named = used(text)
            .into_iter()
            .filter(|(exported, _)| !exported)
            .map(|(_, path)| path)
            .chain(paths.find_iter(&body).map(|path| path.as_str().to_owned()));
        let mut imports: BTreeSet<Module> = named
            .filter_map(|path| self.file(&self.absolute(module, &path)?, 0))
            .collect();
        imports.remove(module);
        imports
    }

    /// Modules that reach each other.
    fn circles(&self) -> Vec<Vec<Module>> {
        let imports: BTreeMap<&Module, BTreeSet<Module>> = self
            .texts
            .keys()
            .map(|from| (from, self.imports(from)))
            .collect();
        let reached: BTreeMap<&Module, BTreeSet<&Module>> = imports
            .keys()
            .map(|from| {
                let (mut seen, mut next) = (BTreeSet::new(), vec![*from]);
                while let Some(module) = next.pop() {
                    next.extend(imports[module].iter().filter(|to| seen.insert(*to)));
                }
                (*from, seen)
            })
            .collect();
        let mut circles = Vec::new();
        let mut placed = BTreeSet::new();
        for (from, seen) in &reached {
            if !seen.contains(*from) || placed.contains(*from) {
                continue;
            }
            let circle: Vec<Module> = seen
                .iter()
                .filter(|to| reached[*to].contains(*from))
                .map(|module| (*module).clone())
                .collect();
            placed.extend(circle.iter().cloned());
            circles.push(circle);
        }
        circles
    }
}

fn module(root: &Path, file: &Path) -> Module {
    let inside = file.strip_prefix(root).expect("below the root");
    let mut parts: Module = inside
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if parts
        .last()
        .is_some_and(|last| ["mod", "lib"].contains(&last.as_str()))
    {
        parts.pop();
    }
    parts
}

/// Paths of `use` lines, braces opened; whether each is a re-export.
fn used(text: &str) -> Vec<(bool, String)> {
    let line = Regex::new(r"(pub(?:\([^)]*\))? )?\buse ([^;]+);").expect("an expression");
    let mut paths = Vec::new();
    for found in line.captures_iter(text) {
        let exported = found.get(1).is_some();
        for path in opened("", &found[2]) {
            paths.push((exported, path));
        }
    }
    paths
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn opened(before: &str, tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![format!("{before}{}", tree.trim())];
    };
    let head = format!("{before}{}", head.trim());
    let (mut depth, mut part) = (0, String::new());
    let mut paths = Vec::new();
    for character in rest.chars() {
        match character {
            '}' if depth == 0 => break,
            ',' if depth == 0 => paths.extend(opened(&head, &std::mem::take(&mut part))),
            _ => {
                depth += i32::from(character == '{') - i32::from(character == '}');
                part.push(character);
            }
        }
    }
    if !part.trim().is_empty() {
        paths.extend(opened(&head, &part));
    }
    paths
}

fn crates() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut crates = vec![("churnctl".to_owned(), root.join("src"))];
    for entry in std::fs::read_dir(root.join("crates"))
        .expect("list")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        crates.push((name, entry.path().join("src")));
    }
    crates.sort();
    crates
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut found = BTreeSet::new();
    for (name, folder) in crates() {
        for circle in Modules::of(&folder).circles() {
            let name_of = |module: &Module| match module.is_empty() {
                true => "lib".to_owned(),
                false => module.join("::"),
            };
            let files: Vec<String> = circle.iter().map(name_of).collect();
            found.insert(format!("{name}: {}", files.join(" ")));
        }
    }
    assert!(found.is_empty(), "files that import each other: {found:#?}");
}

#[test]
fn a_circle_is_seen_through_braces_and_re_exports() {
    let modules = |texts: &[(&str, &str)]| {
        let texts: BTreeMap<Module, String> = texts
            .iter()
            .map(|(name, text)| {
                (
                    name.split_whitespace().map(str::to_owned).collect(),
                    (*text).to_owned(),
                )
            })
            .collect();
        let folder = tempfile::tempdir().expect("a folder");
        for (module, text) in &texts {
            let path = folder.path().join(module.join("/")).with_extension("rs");
            let path = if module.is_empty() {
                folder.path().join("lib.rs")
            } else {
                path
            };
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("make");
            std::fs::write(path, text).expect("write");
        }
        Modules::of(folder.path()).circles()
    };
    let through = modules(&[
        ("", "mod a;\nmod b;\npub use b::Thing;"),
        ("a", "use crate::{Thing, other::{X, Y}};\npub fn f() {}"),
        ("b", "pub struct Thing;\nfn g() { crate::a::f() }"),
    ]);
    assert_eq!(through, [[["a"], ["b"]]]);
    let none = modules(&[
        ("", "mod a;\nmod b;\npub use b::Thing;"),
        (
            "a",
            "use super::Thing;\n#[cfg(test)]\nmod tests { use crate::b::f; }",
        ),
        (
            "b",
            "pub struct Thing;\n#[cfg(test)]\nmod tests { use crate::a::f; }",
        ),
    ]);
    assert!(none.is_empty(), "{none:?}");
}
