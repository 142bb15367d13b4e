//! Runs the binary in a folder of its own, with nothing in its environment but what a test puts there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use churnctl::exit::ExitCode;

/// A run in the making, and the folder it happens in.
pub(crate) struct Churnctl {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
    /// What the binary is run by, and its arguments; nothing if by itself.
    tracer: Vec<String>,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; none if a signal ended the process.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Churnctl {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            env: Vec::new(),
            tracer: Vec::new(),
        }
    }

    /// Puts a file into the folder.
    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("make the folder");
        std::fs::write(path, text).expect("write the file");
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets a tracer run the binary from now on; none ends that.
    pub(crate) fn trace(&mut self, tracer: Vec<String>) {
        self.tracer = tracer;
    }

    /// Puts a table into the folder.
    pub(crate) fn table(self, name: &str, table: &Table) -> Self {
        self.file(name, table.csv())
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the command, for tests that need more than [`Churnctl::run`].
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let binary = assert_cmd::cargo::cargo_bin!("churnctl");
        let mut command = match self.tracer.split_first() {
            None => Command::new(binary),
            Some((tracer, options)) => {
                let mut command = Command::new(tracer);
                command.args(options).arg(binary);
                command
            }
        };
        command
            .args(args)
            .env_clear()
            .envs(self.env.iter().cloned())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(&self.command(args).output().expect("run the binary"))
    }

    /// Runs the binary to its end with this on its standard input.
    pub(crate) fn run_with_stdin(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = self.spawn(args, Stdio::piped());
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().expect("run the binary");
        // A run that fails early doesn't read to the end.
        let _ = writer.join().expect("no panic");
        Run::of(&output)
    }

    /// Reads a file of the folder.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect(name)
    }

    /// Reads a JSON file of the folder.
    #[track_caller]
    pub(crate) fn read_json(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).expect(name)
    }

    /// Returns the temporary files of `churnctl` in a part of the folder.
    pub(crate) fn temporary_files(&self, name: &str) -> Vec<String> {
        std::fs::read_dir(self.path(name))
            .expect("list the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| name.starts_with(".churnctl-"))
            .collect()
    }

    /// Starts the binary.
    pub(crate) fn spawn(&self, args: &[&str], stdin: Stdio) -> Child {
        let mut command = self.command(args);
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("start the binary")
    }
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_owned()).expect("UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Asserts the exit code, by name.
    #[track_caller]
    pub(crate) fn expect(self, code: ExitCode) -> Self {
        assert_eq!(
            self.code,
            Some(i32::from(code.code())),
            "wanted {code:?}: {self:#?}"
        );
        self
    }

    /// Asserts that stderr contains a text.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "wanted {text:?} in {self:#?}");
        self
    }

    /// Parses stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("JSON on stdout")
    }
}

/// Tells whether tests that repeat things are to do so as often as was promised (CHURNCTL_TEST_FULL),
/// and not only as often as is quick.
pub(crate) fn full() -> bool {
    std::env::var_os("CHURNCTL_TEST_FULL").is_some()
}

/// Says something in the output of the test, such as why it was skipped.
#[expect(clippy::print_stderr, reason = "a test has nowhere else to say it")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}

/// Says why a test is skipped: a tool is not installed here. Where CHURNCTL_REQUIRE has `all` in its list,
/// every tool that `tests/run.sh` installs must be there, so the test fails instead of passing without
/// having looked.
#[track_caller]
pub(crate) fn skipped(why: &str) {
    skipped_of("all", why);
}

/// The same for tools that `tests/run.sh` does not install, because they take too long to build: `all` does
/// not ask for them, only their own word does.
#[track_caller]
pub(crate) fn skipped_of(word: &str, why: &str) {
    impossible_here(why);
    let required = std::env::var("CHURNCTL_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|one| one.trim() == word);
    assert!(!is_required, "CHURNCTL_REQUIRE={required}, but {why}");
}

/// Says why a test is skipped that this system cannot run, whatever is installed. The test runner
/// hides what a passing test prints, so `tests/run.sh` lists the file that SKIPPED_TESTS names.
pub(crate) fn impossible_here(why: &str) {
    say(&format!("skipped: {why}"));
    let Some(list) = std::env::var_os("SKIPPED_TESTS") else {
        return;
    };
    let test = std::thread::current();
    let line = format!("{}: {why}\n", test.name().unwrap_or("a test"));
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(list);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("note what is skipped");
}

/// Returns the path of a file in `tests/data/`.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name);
    path.display().to_string()
}

/// Compresses.
pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes.as_ref()).expect("to memory");
    encoder.finish().expect("to memory")
}

/// Columns of texts of one length.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    columns: Vec<(String, Vec<String>)>,
}

impl Table {
    /// Adds a column.
    pub(crate) fn with<T: ToString>(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values = values.into_iter().map(|value| value.to_string()).collect();
        self.columns.push((name.to_owned(), values));
        self
    }

    /// Removes a column.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.columns.retain(|(column, _)| column != name);
        self
    }

    /// Returns the table as CSV; values must need no quotes.
    pub(crate) fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| &**name).collect();
        let mut text = names.join(",") + "\n";
        for row in 0..self.columns[0].1.len() {
            for (at, (_, values)) in self.columns.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&values[row]);
            }
            text.push('\n');
        }
        text
    }
}

/// Numbers from a seed, the same everywhere: splitmix64 (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Returns a number of `[0, 1)`.
    pub(crate) fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a whole number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.share() * end as f64) as u64
    }

    /// Returns true with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Returns a standard normal number: twelve uniform ones less their mean.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    /// Returns `count` standard normal numbers.
    pub(crate) fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }
}
