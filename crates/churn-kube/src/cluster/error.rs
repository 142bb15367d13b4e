//! What can go wrong between us and an API server: which call, where, why, and which permission is missing.

use std::fmt;

use churn_base::error::Error;
use churn_base::exit::ExitCode;
use churn_base::text::shell_word;

/// Where calls go: for messages and for the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Context of the kubeconfig; `in-cluster` inside of a pod.
    pub context: String,
    /// Address of the API server.
    pub server: String,
    /// The namespace.
    pub namespace: String,
}

/// One call, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The verb of RBAC: get, list, watch, create, update.
    pub verb: &'static str,
    /// Resource as `kubectl auth can-i` takes it: `jobs.batch`, `pods/log`.
    pub resource: String,
    /// Name of the object, where there is one.
    pub name: Option<String>,
    /// Namespace; none for what has none.
    pub namespace: Option<String>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => Ok(()),
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// 401: who we are is not known.
    Unauthorized(String),
    /// 403: we may not.
    Forbidden(String),
    /// 404, with the server's words.
    NotFound(String),
    /// 409 on create: the name is taken.
    AlreadyExists,
    /// 409 on update: somebody was faster.
    Conflict,
    /// Any other 4xx: the server doesn't want it.
    Refused(u16, String),
    /// No good answer, however often we asked.
    StayedAway {
        /// How often we asked.
        tries: u32,
        /// What the last try ended with.
        last: String,
    },
    /// Trying again cannot help: a certificate that doesn't fit, credentials that cannot be had.
    NoConnection(String),
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterError {
    /// The call.
    pub call: Box<Call>,
    /// The context it went to.
    pub context: String,
    /// Why it failed.
    pub problem: Problem,
}

impl ClusterError {
    /// Tells whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self.problem {
            Problem::StayedAway { .. } | Problem::Conflict => true,
            Problem::Unauthorized(_)
            | Problem::Forbidden(_)
            | Problem::NotFound(_)
            | Problem::AlreadyExists
            | Problem::Refused(..)
            | Problem::NoConnection(_) => false,
        }
    }

    fn hint(&self) -> Option<String> {
        let Call {
            verb,
            resource,
            namespace,
            ..
        } = &*self.call;
        let scope = match namespace {
            Some(namespace) => format!(" -n {}", shell_word(namespace)),
            None => String::new(),
        };
        match &self.problem {
            Problem::Forbidden(_) => Some(format!(
                "the permission to {verb} {resource} is missing; look: kubectl auth can-i {verb} {resource}{scope}"
            )),
            Problem::Unauthorized(_) => Some(format!(
                "the server doesn't know who we are; look: kubectl --context {} auth whoami",
                shell_word(&self.context)
            )),
            Problem::StayedAway { .. } => Some(
                "is the API server up, and is this the context you mean? --context NAME, --deadline 5m"
                    .to_owned(),
            ),
            Problem::NoConnection(_) => {
                let context = shell_word(&self.context);
                Some(format!("look: kubectl --context {context} version"))
            }
            Problem::NotFound(_)
            | Problem::AlreadyExists
            | Problem::Conflict
            | Problem::Refused(..) => None,
        }
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} (context {}): ", self.call, self.context)?;
        match &self.problem {
            Problem::Unauthorized(_) => f.write_str("not logged in"),
            Problem::Forbidden(_) => f.write_str("forbidden"),
            Problem::NotFound(_) => f.write_str("not found"),
            Problem::AlreadyExists => f.write_str("the name is taken"),
            Problem::Conflict => f.write_str("somebody changed it meanwhile"),
            Problem::Refused(status, _) => write!(f, "refused with status {status}"),
            Problem::StayedAway { tries, .. } => {
                let times = if *tries == 1 { "try" } else { "tries" };
                write!(f, "no good answer after {tries} {times}")
            }
            Problem::NoConnection(_) => f.write_str("no connection"),
        }
    }
}

/// The words of the other side, as the cause.
#[derive(Debug)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

impl From<ClusterError> for Error {
    fn from(error: ClusterError) -> Self {
        let code = match error.problem {
            Problem::Unauthorized(_) | Problem::Forbidden(_) => ExitCode::NotAllowed,
            Problem::NotFound(_) | Problem::AlreadyExists | Problem::Conflict => ExitCode::Failed,
            Problem::Refused(..) => ExitCode::BadInput,
            Problem::StayedAway { .. } | Problem::NoConnection(_) => ExitCode::Unavailable,
        };
        let mut made = Self::new(code, error.to_string());
        if let Some(hint) = error.hint() {
            made = made.hint(hint);
        }
        match error.problem {
            Problem::Unauthorized(said)
            | Problem::Forbidden(said)
            | Problem::NotFound(said)
            | Problem::Refused(_, said)
            | Problem::NoConnection(said)
            | Problem::StayedAway { last: said, .. } => match said.is_empty() {
                true => made,
                false => made.because(Said(said)),
            },
            Problem::AlreadyExists | Problem::Conflict => made,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_names_verb_resource_namespace_and_context() {
        let error = ClusterError {
            call: Box::new(Call {
                verb: "create",
                resource: "jobs.batch".to_owned(),
                name: Some("retrain-1".to_owned()),
                namespace: Some("churn-mlops".to_owned()),
            }),
            context: "prod".to_owned(),
            problem: Problem::Forbidden("jobs.batch is forbidden: User \"a\" ...".to_owned()),
        };
        let error = Error::from(error);
        assert_eq!(error.code(), ExitCode::NotAllowed);
        assert_eq!(
            error.to_string(),
            "cannot create jobs.batch retrain-1 in namespace churn-mlops (context prod): forbidden"
        );
        let hint = error.hint_text().expect("a hint");
        assert!(hint.contains("kubectl auth can-i create jobs.batch -n churn-mlops"));
        assert!(error.causes()[0].contains("User"));
    }
}
