//! What a fault on the way to Spark means: exit code, words, and what to do.

use std::io;

use churn_base::deadlines::Overdue;
use churn_base::error::Error;
use churn_base::exit::ExitCode;

use super::connecting::late;
use super::spark_protocol::{self as protocol, ErrorInfo, Malformed};
use super::spark_wire::{self as wire, Fault, PORT, Status};
use super::sql::SqlAddress;
use super::tls;

/// Returns the exit code of a refusal, and what else the server says of it.
pub(super) fn code(status: &Status) -> (ExitCode, ErrorInfo) {
    let info = protocol::error_info(&status.details).unwrap_or_default();
    let code = match status.code {
        wire::UNAUTHENTICATED | wire::PERMISSION_DENIED => ExitCode::NotAllowed,
        wire::CANCELLED
        | wire::DEADLINE_EXCEEDED
        | wire::RESOURCE_EXHAUSTED
        | wire::ABORTED
        | wire::UNIMPLEMENTED
        | wire::UNAVAILABLE => ExitCode::Unavailable,
        _ => code_of_error(&info, &status.message),
    };
    (code, info)
}

/// Spark says of nearly everything that it is an internal error; what it is, is in the details.
fn code_of_error(info: &ErrorInfo, message: &str) -> ExitCode {
    let state = info.state.as_deref().unwrap_or_default();
    let condition = info.condition.as_deref().unwrap_or_default();
    let denied = ["AccessControlException", "AccessDenied", "AccessException"];
    if state == "42501"
        || state.starts_with("28")
        || denied.iter().any(|name| info.classes.contains(name))
    {
        return ExitCode::NotAllowed;
    }
    // The session was closed, the operation ended by somebody else, the context is shutting down.
    let ended = ["INVALID_HANDLE.SESSION", "INVALID_HANDLE.OPERATION"];
    let gone = ended.iter().any(|handle| condition.starts_with(handle)) || state == "HY008";
    let gone = gone
        || ["53", "57", "08"]
            .iter()
            .any(|class| state.starts_with(class));
    if gone
        || message.contains("SparkContext")
        || info.reason.ends_with(".SparkException") && state.is_empty()
    {
        return ExitCode::Unavailable;
    }
    ExitCode::BadInput
}

/// Makes the error of a fault: what happened, where, and what to do.
pub(super) fn failed(address: &SqlAddress, fault: Fault) -> Error {
    let no_tls = |error: &io::Error| error.to_string().contains("InvalidContentType");
    let hint_of_port = match address.port {
        None | Some(PORT) => "is its Connect server running, and reachable from here?".to_owned(),
        Some(port) => format!(
            "is its Connect server running, and is {port} its port? {PORT} is the usual one"
        ),
    };
    let error = match fault {
        Fault::Lost(error) if let Some(overdue) = overdue(&error) => late(overdue),
        Fault::Lost(error) if error.kind() == io::ErrorKind::InvalidInput => {
            Error::usage("the address has what no request can have").because(error)
        }
        Fault::Lost(error) if no_tls(&error) => {
            Error::new(ExitCode::Unavailable, "Spark speaks no TLS there")
                .hint("leave use_ssl=true out, or name the port with TLS")
                .because(error)
        }
        Fault::Lost(error) if tls::is_mistrust(&error) => return tls::mistrusted(address, error),
        Fault::Lost(error) => Error::new(
            ExitCode::Unavailable,
            "Spark stayed away or broke the connection",
        )
        .hint(hint_of_port)
        .because(error),
        Fault::Malformed(error @ Malformed(_)) => Error::new(
            ExitCode::Unavailable,
            "what answers is not a Spark Connect server, or one of another kind",
        )
        .hint(hint_of_port)
        .because(error),
        Fault::Refused(status) => {
            let (code, info) = code(&status);
            let said = address.hidden_in(&status.message);
            let error = Error::new(
                code,
                format!("Spark says: {}", words(&said, status.code, &info)),
            );
            match hint(code, &info, &status) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
    };
    error.at(address.place())
}

fn overdue(error: &io::Error) -> Option<Overdue> {
    error.get_ref()?.downcast_ref().copied()
}

/// Returns the first sentences of a message: what follows is the place in a statement that the
/// user has not written, the plan, or a trace.
fn words(said: &str, code: u32, info: &ErrorInfo) -> String {
    let message = said.trim();
    let line = message.lines().next().unwrap_or_default();
    let mut said = line.split("; line ").next().unwrap_or(line).to_owned();
    if let Some((long, _)) = said.char_indices().nth(300) {
        said.truncate(long);
        said.push('\u{2026}');
    }
    match &info.state {
        Some(state) if !said.contains(state.as_str()) => format!("{said} ({state})"),
        _ if said.is_empty() => format!("nothing but the code {code}"),
        _ => said,
    }
}

fn hint(code: ExitCode, info: &ErrorInfo, status: &Status) -> Option<&'static str> {
    let names = |condition: &str| {
        info.condition.as_deref() == Some(condition) || status.message.contains(condition)
    };
    match code {
        ExitCode::NotAllowed if status.code == wire::UNAUTHENTICATED => {
            Some("put a token into a file: &token_file=FILE")
        }
        ExitCode::NotAllowed => Some("ask for the right to SELECT"),
        _ if names("TABLE_OR_VIEW_NOT_FOUND") => Some(
            "name its schema: table=SCHEMA.TABLE; files are table=parquet./folder/file.parquet",
        ),
        _ if names("PATH_NOT_FOUND") => Some("the path is one that the server sees"),
        _ if names("AMBIGUOUS_REFERENCE") => {
            Some("names differ in case alone; name the columns in a query, each with AS")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_follow_what_spark_means() {
        let code = |code, state: Option<&str>, reason: &str, classes: &str| {
            let info = ErrorInfo {
                reason: reason.into(),
                classes: classes.into(),
                condition: None,
                state: state.map(str::to_owned),
            };
            match code {
                13 => code_of_error(&info, ""),
                _ => {
                    super::code(&Status {
                        code,
                        message: String::new(),
                        details: Vec::new(),
                    })
                    .0
                }
            }
        };
        let analysis = "org.apache.spark.sql.AnalysisException";
        let plain = "org.apache.spark.SparkException";
        assert_eq!(code(16, None, "", ""), ExitCode::NotAllowed);
        assert_eq!(code(7, None, "", ""), ExitCode::NotAllowed);
        assert_eq!(code(14, None, "", ""), ExitCode::Unavailable);
        assert_eq!(code(13, Some("42P01"), analysis, ""), ExitCode::BadInput);
        assert_eq!(code(13, None, analysis, ""), ExitCode::BadInput);
        assert_eq!(code(13, Some("42501"), analysis, ""), ExitCode::NotAllowed);
        assert_eq!(code(13, Some("22012"), plain, ""), ExitCode::BadInput);
        assert_eq!(code(13, None, plain, ""), ExitCode::Unavailable);
        let denied = "org.apache.hadoop.security.AccessControlException";
        assert_eq!(code(13, None, denied, denied), ExitCode::NotAllowed);
    }
}
