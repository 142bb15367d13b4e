//! A command that signs where the key is not a file: a key service's own client, for one. What it is
//! given and what it gives back is said in docs/trust.md.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::text::{shorten, visible};
use crate::trust::PublicKey;

/// Most bytes that are read of what the command prints; a signature has a hundred.
const MOST_OUTPUT: u64 = 64 << 10;
/// How often the command is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The words of a command that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyCommand {
    words: Vec<String>,
    deadline: Duration,
}

impl KeyCommand {
    /// Takes a line apart as a shell would, which then is not asked: nothing in it is expanded.
    ///
    /// # Errors
    /// Fails with 78 if a quote is not closed, or there is no word.
    pub(super) fn new(line: &str, deadline: Duration) -> Result<Self> {
        match shlex::split(line).filter(|words| !words.is_empty()) {
            Some(words) => Ok(Self { words, deadline }),
            None => Err(Error::bad_settings(
                "sign.key_command: there is no command, or a quote is not closed",
            )),
        }
    }

    /// Has the command sign a message.
    ///
    /// # Errors
    /// Fails with 78 if there is no such command, or what it returns is not a signature by this key;
    /// with 69 if it takes too long; with 1 if it fails.
    pub(super) fn sign(&self, message: &[u8], key: &PublicKey) -> Result<Vec<u8>> {
        let name = visible(&self.words[0]).into_owned();
        let output = self.run(message, &name)?;
        let found = signatures_in(&output);
        let found = found.into_iter().find(|bytes| key.verifies(message, bytes));
        found.ok_or_else(|| {
            let message = format!("what {name} returned is not a signature by sign.public_key");
            Error::bad_settings(message).hint(
                "it must sign standard input as it is, and print the signature: as bytes, in base64, or as Vault does; for ECDSA in DER",
            )
        })
    }

    fn run(&self, message: &[u8], name: &str) -> Result<Vec<u8>> {
        let begin = Instant::now();
        let mut child = Command::new(&self.words[0])
            .args(&self.words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that what a script has started ends with it.
            .process_group(0)
            .spawn()
            .map_err(|error| {
                Error::bad_settings(format!("sign.key_command: cannot run {name}")).because(error)
            })?;
        let heard = Heard::of(&mut child, message);
        let left = || self.deadline.saturating_sub(begin.elapsed());
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if left().is_zero() => break None,
                Ok(None) => std::thread::sleep(LOOK),
                Err(error) => {
                    end(&mut child);
                    let message = format!("cannot wait for {name}");
                    return Err(Error::new(ExitCode::Failed, message).because(error));
                }
            }
        };
        // Whoever else holds the pipe may hold it for as long as the command could have taken.
        let output = status.and_then(|status| {
            let output = heard.stdout.recv_timeout(left()).ok()?;
            Some((status, output))
        });
        end(&mut child);
        match output {
            Some((status, output)) if status.success() => Ok(output),
            Some((status, _)) => Err(failed(name, status, &heard)),
            None => {
                let seconds = self.deadline.as_secs_f64();
                let message = format!("{name} did not sign within {seconds} s");
                Err(Error::new(ExitCode::Unavailable, message)
                    .hint("the setting sign.deadline is how long it may take"))
            }
        }
    }
}

/// What a command prints, when it has.
struct Heard {
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
}

impl Heard {
    fn of(child: &mut Child, message: &[u8]) -> Self {
        let stdin = child.stdin.take();
        let message = message.to_owned();
        // A command that does not read must not stop us; one that has read enough is not at fault.
        std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&message)));
        Self {
            stdout: listen(child.stdout.take()),
            stderr: listen(child.stderr.take()),
        }
    }
}

fn listen(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.by_ref().take(MOST_OUTPUT).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
            // Read on, so that whoever says much is not stopped by a full pipe.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    receiver
}

fn end(child: &mut Child) {
    if let Ok(group) = i32::try_from(child.id()) {
        // Nobody may be left in it.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
    let _ = child.wait();
}

fn failed(name: &str, status: ExitStatus, heard: &Heard) -> Error {
    let said = heard.stderr.recv_timeout(Duration::from_secs(1));
    let said = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    let error = Error::new(ExitCode::Failed, format!("{name} did not sign: {status}"));
    match last {
        Some(line) => error.because(visible(&shorten(line, 200)).into_owned()),
        None => error,
    }
}

/// What a command's output may mean: the bytes themselves, base64 as AWS and Google Cloud print it, or
/// `vault:v1:` and base64. Which one it is, the key tells.
fn signatures_in(output: &[u8]) -> Vec<Vec<u8>> {
    let mut found = vec![output.to_vec()];
    if let Ok(text) = std::str::from_utf8(output) {
        let text: String = text.split_whitespace().collect();
        let last = text.rsplit(':').next().unwrap_or_default();
        found.extend(STANDARD.decode(last));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str, deadline: Duration) -> Result<Vec<u8>> {
        KeyCommand::new(line, deadline)?.run(b"message", "it")
    }

    #[test]
    fn no_shell_reads_the_words_unless_it_is_one_of_them() {
        let long = Duration::from_secs(60);
        assert_eq!(
            run("echo -n '$HOME' \"a  b\" ;", long).expect("said"),
            b"$HOME a  b ;"
        );
        assert_eq!(run("cat", long).expect("said"), b"message");
        assert_eq!(run("sh -c 'echo -n $((1+1))'", long).expect("said"), b"2");
        for line in ["", "  ", "sign 'it"] {
            assert_eq!(
                run(line, long).expect_err(line).code(),
                ExitCode::BadSettings
            );
        }
        let error = run("/no/such/command", long).expect_err("nothing to run");
        assert_eq!(error.code(), ExitCode::BadSettings);
    }

    #[test]
    fn a_command_that_fails_or_hangs_is_told_from_one_that_signs() {
        let error = run(
            "sh -c 'echo first >&2; echo denied >&2; exit 7'",
            Duration::from_secs(60),
        );
        let error = error.expect_err("failed");
        assert_eq!(error.code(), ExitCode::Failed);
        assert!(error.to_string().contains("exit status: 7"), "{error}");
        assert_eq!(error.causes(), ["denied"]);
        // The command itself, what it leaves behind with the pipe in hand, and one that never reads.
        for line in [
            "sleep 600",
            "sh -c 'sleep 600 & exit 0'",
            "sh -c 'exec sleep 600 <&-'",
        ] {
            let begin = Instant::now();
            let error = run(line, Duration::from_millis(300)).expect_err(line);
            assert_eq!(error.code(), ExitCode::Unavailable, "{line}");
            assert!(begin.elapsed() < Duration::from_secs(30), "{line}");
        }
        // A torrent is cut and does not fill the memory.
        let output = run("head -c 10000000 /dev/zero", Duration::from_secs(60)).expect("zeros");
        assert_eq!(output.len() as u64, MOST_OUTPUT);
    }

    #[test]
    fn signatures_are_bytes_base64_or_as_vault_prints_them() {
        let bytes = [0x30, 0x45, 0xff];
        for output in [&bytes[..], b"MEX/\n", b"vault:v1:MEX/\n", b"ME\nX/\n"] {
            assert!(
                signatures_in(output).contains(&bytes.to_vec()),
                "{output:?}"
            );
        }
    }
}
