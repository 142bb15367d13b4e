//! `churnctl kfp status`: the final status of a pipeline as an exit code.

use serde::Deserialize;

use super::Console;
use crate::error::{Error, Result};
use crate::exit::ExitCode;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// What Kubeflow Pipelines tells an exit handler (`PipelineTaskFinalStatus`), as far as we use it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FinalStatus {
    state: String,
    #[serde(default)]
    pipeline_job_resource_name: String,
    #[serde(default)]
    pipeline_task_name: String,
    #[serde(default)]
    error: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    message: String,
}

/// Prints how the pipeline ended, and ends alike.
///
/// # Errors
/// Fails with 64 if this is not a status, with 1 if the pipeline did not succeed.
pub fn status(text: &str, console: &mut Console<'_>) -> Result<ExitCode> {
    let status: FinalStatus = serde_json::from_str(text).map_err(|error| {
        Error::usage("this is not a final status of a pipeline")
            .because(error)
            .hint("such as {\"state\": \"SUCCEEDED\"}")
    })?;
    let body = serde_json::json!({
        "state": status.state,
        "pipeline_job": status.pipeline_job_resource_name,
        "task": status.pipeline_task_name,
    });
    let document = console.document("kfp status", SCHEMA_VERSION, &body);
    if !console.print_document(&document)? {
        console.print_line(crate::cells::Tone::Plain, &status.state)?;
    }
    if status.state == "SUCCEEDED" {
        return Ok(ExitCode::Ok);
    }
    let task = match status.pipeline_task_name.as_str() {
        "" => String::new(),
        name => format!(" in {name}"),
    };
    let why = status.error.map(|error| error.message).unwrap_or_default();
    let why = if why.is_empty() {
        why
    } else {
        format!(": {why}")
    };
    let message = format!("the pipeline ended with {}{task}{why}", status.state);
    Err(Error::new(ExitCode::Failed, message))
}
