//! What a command reads and writes, told before it begins: an output that would overwrite an input,
//! or another output, is refused while nothing is lost. Which files a command uses is not known here.

use std::path::{Path, PathBuf};

use crate::data::{expand_files, is_database, is_object, would_take};
use crate::error::{Error, Result};
use crate::same_file::Identity;

/// A command that says which files it uses. Nothing is run that doesn't.
pub(crate) trait UsesFiles {
    /// Returns the files that it reads and writes.
    fn files_used(&self) -> FilesUsed;
}

/// The files of a command, each with the option that names it.
#[derive(Debug, Default)]
pub(crate) struct FilesUsed {
    inputs: Vec<Input>,
    outputs: Vec<Output>,
}

#[derive(Debug)]
struct Input {
    option: String,
    address: PathBuf,
    kind: InputKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InputKind {
    File,
    /// An address of tables: a file, a pattern, a folder, a database.
    Tables,
    /// Rule files, or a folder of them.
    Rules,
    /// A folder, all of whose files belong together.
    Folder,
    /// A file that the command may replace on purpose.
    State,
}

#[derive(Debug)]
struct Output {
    option: &'static str,
    path: PathBuf,
    kind: OutputKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputKind {
    File,
    /// Files whose names are not known yet.
    Folder,
    /// A file that the command keeps up to date, and reads for that.
    State,
}

impl FilesUsed {
    /// Adds a file that is read.
    pub(super) fn read(mut self, option: &str, path: &Path) -> Self {
        self.input(option, path, InputKind::File);
        self
    }

    /// Adds a file that is read, if there is one.
    pub(super) fn maybe_read(self, option: &str, path: Option<&PathBuf>) -> Self {
        match path {
            Some(path) => self.read(option, path),
            None => self,
        }
    }

    /// Adds the settings file.
    pub(crate) fn settings(self, path: Option<&Path>) -> Self {
        match path {
            Some(path) => self.read("--config", path),
            None => self,
        }
    }

    /// Adds tables that are read.
    pub(super) fn read_tables(mut self, option: &str, addresses: &[String]) -> Self {
        for address in addresses {
            self.input(option, Path::new(address), InputKind::Tables);
        }
        self
    }

    /// Adds files of rules, and folders of them.
    pub(super) fn read_rules(mut self, option: &str, paths: &[String]) -> Self {
        for path in paths {
            self.input(option, Path::new(path), InputKind::Rules);
        }
        self
    }

    /// Adds a folder that is read as a whole: nothing else may be written there.
    pub(super) fn read_folder(mut self, option: &str, folder: &Path) -> Self {
        self.input(option, folder, InputKind::Folder);
        self
    }

    /// Adds a file that is read and may be replaced by what the command keeps up to date.
    pub(super) fn read_state(mut self, option: &str, path: &Path) -> Self {
        self.input(option, path, InputKind::State);
        self
    }

    /// Adds a file that is written.
    pub(super) fn write(mut self, option: &'static str, path: &Path) -> Self {
        self.output(option, path, OutputKind::File);
        self
    }

    /// Adds a file that is written, if it is.
    pub(super) fn maybe_write(self, option: &'static str, path: Option<&PathBuf>) -> Self {
        match path {
            Some(path) => self.write(option, path),
            None => self,
        }
    }

    /// Adds a folder of its own, in which files come and go.
    pub(super) fn write_into(mut self, option: &'static str, folder: &Path) -> Self {
        self.output(option, folder, OutputKind::Folder);
        self
    }

    /// Adds a file that the command keeps up to date.
    pub(super) fn keep(mut self, option: &'static str, path: &Path) -> Self {
        self.output(option, path, OutputKind::State);
        self
    }

    fn input(&mut self, option: &str, address: &Path, kind: InputKind) {
        self.inputs.push(Input {
            option: option.to_owned(),
            address: address.to_path_buf(),
            kind,
        });
    }

    fn output(&mut self, option: &'static str, path: &Path, kind: OutputKind) {
        self.outputs.push(Output {
            option,
            path: path.to_path_buf(),
            kind,
        });
    }

    /// Compares every output with every input and every other output.
    ///
    /// # Errors
    /// Fails with 64 where one would overwrite another. Does *not* fail for inputs that are missing.
    pub(crate) fn check(&self) -> Result<()> {
        if self.outputs.is_empty() {
            return Ok(());
        }
        let outputs: Vec<(&Output, Identity)> = self
            .outputs
            .iter()
            .map(|output| (output, Identity::of_output(&output.path)))
            .collect();
        for (at, (one, identity)) in outputs.iter().enumerate() {
            for (other, second) in &outputs[at + 1..] {
                let are_files = [one, other].map(|output| output.kind != OutputKind::Folder);
                let are_state = [one, other].map(|output| output.kind == OutputKind::State);
                if are_files == [true; 2] && are_state != [true; 2] && identity.collides(second) {
                    return Err(two_outputs(one, other));
                }
                // What is kept up to date has its place in the folder.
                for (folder, around, file, inside) in [
                    (one, identity, other, second),
                    (other, second, one, identity),
                ] {
                    if (folder.kind, file.kind) == (OutputKind::Folder, OutputKind::File)
                        && inside.path().starts_with(around.path())
                    {
                        return Err(output_in_folder(file, folder));
                    }
                }
            }
        }
        for input in &self.inputs {
            for (path, found) in input.files() {
                for (output, identity) in &outputs {
                    if output.spoils(identity, input, &found) {
                        return Err(output_over_input(output, input, &path));
                    }
                }
            }
            for (output, identity) in &outputs {
                if output.kind == OutputKind::File && input.would_take(output, identity.path()) {
                    return Err(output_among_inputs(output, input));
                }
            }
        }
        Ok(())
    }
}

impl Input {
    /// Returns the files that it stands for now.
    fn files(&self) -> Vec<(PathBuf, Identity)> {
        let paths = match self.kind {
            InputKind::Tables => {
                let address = self.address.display().to_string();
                if is_object(&address) || is_database(&address) {
                    return Vec::new();
                }
                // What is wrong with the address is told by who reads it.
                expand_files(&[address]).unwrap_or_default()
            }
            // What is in it is not known here.
            InputKind::Folder => Vec::new(),
            InputKind::File | InputKind::Rules | InputKind::State => vec![self.address.clone()],
        };
        let look = |path: PathBuf| {
            let identity = Identity::of_input(&path);
            (path, identity)
        };
        paths.into_iter().map(look).collect()
    }

    /// Tells whether the next run would read the output, too.
    fn would_take(&self, output: &Output, path: &Path) -> bool {
        match self.kind {
            InputKind::Tables => would_take(&self.address.to_string_lossy(), path),
            InputKind::Rules => {
                let folder = Identity::of_input(&self.address);
                let ending = path.extension().and_then(|ending| ending.to_str());
                self.address.is_dir()
                    && path.starts_with(folder.path())
                    && match ending {
                        Some("yaml" | "yml") => true,
                        // SARIF is JSON, which is passed over among rules.
                        Some("json") => output.option != "--sarif",
                        Some(_) | None => false,
                    }
            }
            InputKind::Folder => path.starts_with(Identity::of_input(&self.address).path()),
            InputKind::File | InputKind::State => false,
        }
    }
}

impl Output {
    fn spoils(&self, identity: &Identity, input: &Input, found: &Identity) -> bool {
        match self.kind {
            OutputKind::File => identity.overwrites(found),
            OutputKind::State => input.kind != InputKind::State && identity.overwrites(found),
            OutputKind::Folder => {
                input.kind != InputKind::State && found.path().starts_with(identity.path())
            }
        }
    }
}

fn two_outputs(one: &Output, other: &Output) -> Error {
    let (first, second) = (one.path.display(), other.path.display());
    let message = match one.path == other.path {
        true => format!("{} and {} are both {first}", one.option, other.option),
        false => format!(
            "{} {first} and {} {second} are one file",
            one.option, other.option
        ),
    };
    Error::usage(message).hint("give each output a name of its own; nothing was read or written")
}

fn output_in_folder(file: &Output, folder: &Output) -> Error {
    let (written, filled) = (file.path.display(), folder.path.display());
    let message = format!(
        "{} {written} is in the folder {filled}, which {} fills and clears",
        file.option, folder.option
    );
    Error::usage(message).hint("write it to another folder; nothing was read or written")
}

fn output_over_input(output: &Output, input: &Input, path: &Path) -> Error {
    let (written, read) = (output.path.display(), path.display());
    let message = match output.kind {
        OutputKind::Folder => format!(
            "the input {read} ({}) is in the folder {written}, which {} fills and clears",
            input.option, output.option
        ),
        OutputKind::File | OutputKind::State => format!(
            "{} {written} would overwrite the input {read} ({})",
            output.option, input.option
        ),
    };
    Error::usage(message).hint("name another output; nothing was read or written")
}

fn output_among_inputs(output: &Output, input: &Input) -> Error {
    let (written, read) = (output.path.display(), input.address.display());
    let message = match input.kind {
        InputKind::Folder => format!(
            "{} {written} would be among the files of {read} ({})",
            output.option, input.option
        ),
        InputKind::File | InputKind::Tables | InputKind::Rules | InputKind::State => format!(
            "{} {written} would be among the inputs {read} ({}) of the next run",
            output.option, input.option
        ),
    };
    Error::usage(message).hint("write it to another folder; nothing was read or written")
}
