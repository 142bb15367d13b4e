//! The files of each command, in one place: what is read and written under which option. Requests
//! are taken apart to the last field that may name a file, so that a new one isn't forgotten.

use std::path::{Path, PathBuf};

use super::alerts::{
    HistoryRequest, LintRequest, ListRequest, Outputs, RuleOrigin, ShowRequest, TestRequest,
};
use super::doctor::DoctorRequest;
use super::drift_history_view::{
    HistoryAnnotateRequest, HistoryCompactRequest, HistoryShowRequest,
};
use super::drift_mutate::MutateRequest;
use super::drift_request::{DriftOutputs, DriftRequest};
use super::drift_verify::DriftVerifyRequest;
use super::drift_why::WhyRequest;
use super::files_used::{FilesUsed, UsesFiles};
use super::gateway::GatewayRequest;
use super::mlflow::SyncRequest;
use super::model::{ExportRequest, ImportRequest, WrapRequest};
use super::profile::{MergeRequest, ProfileRequest};
use super::promote::PromoteRequest;
use super::push_groups::{DeleteRequest, PruneRequest};
use super::push_metrics::{PushRequest, Target, file_name};
use super::push_run::RunRequest;
use super::render_manifests::RenderRequest;
use super::retrain::listen::ListenRequest;
use super::retrain::now::NowRequest;
use super::retrain::status::StatusRequest;
use super::score_request::ScoreRequest;
use super::serve::ServeRequest;
use super::sign::{NewKeyRequest, SignRequest};
use super::train::TrainRequest;
use super::verify::VerifyRequest;
use crate::metrics::gateway::GroupingKey;
use crate::model::publish::ModelStore;

impl UsesFiles for TrainRequest {
    fn files_used(&self) -> FilesUsed {
        if self.rollback {
            return kept(FilesUsed::default(), self);
        }
        let files = FilesUsed::default()
            .read_tables("data", &self.data)
            .maybe_write("--html", self.html.as_ref())
            .write("--artifacts", &self.metrics_file());
        kept(files, self)
    }
}

/// Adds what is in the folder for models and the registry.
fn kept(files: FilesUsed, request: &TrainRequest) -> FilesUsed {
    let model_store = ModelStore::new(&request.artifacts, "", "");
    let files = match &request.signing {
        Some(signing) => {
            let (option, path) = signing.files();
            files.read(option, path)
        }
        None => files,
    };
    files
        .keep("--artifacts", &model_store.production())
        .keep("--artifacts", &model_store.registry())
        .write_into("--artifacts", &request.artifacts.join("models"))
}

impl UsesFiles for PromoteRequest {
    fn files_used(&self) -> FilesUsed {
        let files = FilesUsed::default()
            .read_tables("data", &self.train.data)
            .read_state("CANDIDATE", &self.candidate)
            .maybe_write("--decision-file", self.decision_file.as_ref());
        match self.is_dry {
            true => files,
            false => kept(files, &self.train),
        }
    }
}

impl UsesFiles for ImportRequest {
    fn files_used(&self) -> FilesUsed {
        let schema: Vec<String> = self.schema.iter().cloned().collect();
        let parity: Vec<String> = Some(self.parity.clone())
            .filter(|rows| !rows.is_empty())
            .into_iter()
            .collect();
        FilesUsed::default()
            .read("FILE", &self.file)
            .read_tables("--schema", &schema)
            .read_tables("--parity", &parity)
            .read_tables("--expect", std::slice::from_ref(&self.expect))
            .write("--output", &self.output)
    }
}

impl UsesFiles for ExportRequest {
    fn files_used(&self) -> FilesUsed {
        let model = self.model.as_deref().map(Path::new);
        let files = match model.filter(|model| model.exists()) {
            // The production model may be named by its file; it is kept below, and not written over.
            Some(model) => FilesUsed::default().read_state("MODEL", model),
            None => FilesUsed::default(),
        };
        let model_store = ModelStore::new(&self.artifacts, "", "");
        files
            .read_tables("--parity", std::slice::from_ref(&self.parity))
            .keep("--artifacts", &model_store.production())
            .keep("--artifacts", &model_store.registry())
            .write("--output", &self.output)
    }
}

impl UsesFiles for WrapRequest {
    fn files_used(&self) -> FilesUsed {
        FilesUsed::default()
            .read_tables("--scores", &self.profile.data)
            .write("--output", &self.profile.output)
    }
}

impl UsesFiles for SignRequest {
    fn files_used(&self) -> FilesUsed {
        let (option, path) = self.signing.files();
        let files = FilesUsed::default().read(option, path);
        let files = self
            .files
            .iter()
            .fold(files, |files, path| files.read("FILE", path));
        // What is there keeps the signatures of others.
        let outputs = self.outputs.iter();
        outputs.fold(files, |files, path| files.write("--output", path))
    }
}

impl UsesFiles for ScoreRequest {
    fn files_used(&self) -> FilesUsed {
        FilesUsed::default()
            .read_tables("data", &self.data)
            .read("--model", &self.model)
            .write("--output", &self.output)
    }
}

impl UsesFiles for ServeRequest {
    fn files_used(&self) -> FilesUsed {
        let mut files = FilesUsed::default()
            .read("--model", &self.options.model)
            .maybe_read("--token-file", self.token_file.as_ref());
        for path in &self.options.require_signature {
            files = files.read("--require-signature", path);
        }
        if let Some(tls) = &self.tls {
            files = files
                .read("--tls-cert", &tls.certificate)
                .read("--tls-key", &tls.key);
        }
        match &self.options.log {
            Some(log) => files.write_into("--log-dir", &log.folder),
            None => files,
        }
    }
}

impl UsesFiles for DriftRequest {
    fn files_used(&self) -> FilesUsed {
        // Without `..`: the labels were once forgotten, and a report was written over them.
        let Self {
            explain_sql,
            baseline,
            current,
            history,
            labels,
            outputs,
            push,
            reading: _,
            windows: _,
            limits: _,
            join_memory: _,
            segments: _,
            thresholds: _,
            fail_on: _,
            class_threshold: _,
            costs: _,
            model: _,
            from_model: _,
            view: _,
            tracking: _,
            consequences: _,
            multivariate: _,
            watch: _,
        } = self;
        let mut files = FilesUsed::default()
            .read_tables("--baseline", baseline)
            .read_tables("--current", current);
        if let Some(labels) = labels {
            files = files.read_tables("--labels", &labels.addresses);
        }
        if *explain_sql {
            return files;
        }
        let files = match history {
            Some(history) => files.write_into("--history", &history.folder),
            None => files,
        };
        let DriftOutputs {
            report,
            html,
            markdown,
            junit,
            verdict_file,
            annotations,
            metrics_file,
            termination_log,
        } = outputs;
        let files = files
            .maybe_write("--report", report.as_ref())
            .maybe_write("--html", html.as_ref())
            .maybe_write("--markdown", markdown.as_ref())
            .maybe_write("--junit", junit.as_ref())
            .maybe_write("--verdict-file", verdict_file.as_ref())
            .maybe_write("--annotations", annotations.as_ref())
            .maybe_write("--metrics-file", metrics_file.as_ref())
            .maybe_write("drift.termination_log", termination_log.as_ref());
        match push {
            Some(push) => pushed(files, &push.target, &push.key),
            None => files,
        }
    }
}

impl UsesFiles for HistoryShowRequest {
    fn files_used(&self) -> FilesUsed {
        FilesUsed::default()
            .read_folder("DIR", &self.folder)
            .maybe_write("--html", self.html.as_ref())
    }
}

impl UsesFiles for ProfileRequest {
    fn files_used(&self) -> FilesUsed {
        let files = FilesUsed::default().read_tables("data", &self.data);
        match self.explain_sql {
            true => files,
            false => files.write("--output", &self.output),
        }
    }
}

impl UsesFiles for MergeRequest {
    fn files_used(&self) -> FilesUsed {
        FilesUsed::default()
            .read_tables("profiles", &self.profiles)
            .write("--output", &self.output)
    }
}

impl UsesFiles for RenderRequest {
    fn files_used(&self) -> FilesUsed {
        // It reads the settings alone, and those are not YAML or JSON as all that it writes.
        FilesUsed::default()
    }
}

impl UsesFiles for PushRequest {
    fn files_used(&self) -> FilesUsed {
        let files = FilesUsed::default().read("FILE", &self.file);
        match self.dry_run {
            true => files,
            false => pushed(files, &self.target, &self.key),
        }
    }
}

impl UsesFiles for RunRequest {
    fn files_used(&self) -> FilesUsed {
        pushed(FilesUsed::default(), &self.target, &self.key)
    }
}

/// Adds the file that node-exporter is given, and what is read to reach a gateway.
fn pushed(files: FilesUsed, target: &Target, key: &GroupingKey) -> FilesUsed {
    match target {
        Target::Folder(folder) => files.write("--textfile", &folder.join(file_name(key))),
        Target::Gateway(gateway) => gateway
            .files()
            .fold(files, |files, (option, path)| files.read(option, path)),
    }
}

impl UsesFiles for TestRequest {
    fn files_used(&self) -> FilesUsed {
        let mut files = FilesUsed::default().read_rules("PATH", &self.paths);
        if let Some(live) = &self.live {
            files = reached(files, live.token_file.as_ref(), live.ca_file.as_ref());
        }
        // Cases belong beside the rules, and no file that is there is written over.
        match &self.generate {
            Some(_) => files,
            None => exported(files, &self.outputs),
        }
    }
}

impl UsesFiles for LintRequest {
    fn files_used(&self) -> FilesUsed {
        let mut files = FilesUsed::default().read_rules("PATH", &self.paths);
        if let Some(server) = &self.server {
            files = reached(files, server.token_file.as_ref(), server.ca_file.as_ref());
        }
        exported(files, &self.outputs)
    }
}

impl UsesFiles for HistoryRequest {
    fn files_used(&self) -> FilesUsed {
        let mut files = reached(
            FilesUsed::default(),
            self.token_file.as_ref(),
            self.ca_file.as_ref(),
        );
        for (option, origin) in [
            ("PATH", Some(&self.rules)),
            ("--against", self.against.as_ref()),
        ] {
            if let Some(RuleOrigin::Files(paths)) = origin {
                files = files.read_rules(option, paths);
            }
        }
        files.maybe_write("--html", self.html.as_ref())
    }
}

fn exported(files: FilesUsed, outputs: &Outputs) -> FilesUsed {
    let Outputs {
        junit,
        markdown,
        sarif,
    } = outputs;
    files
        .maybe_write("--junit", junit.as_ref())
        .maybe_write("--markdown", markdown.as_ref())
        .maybe_write("--sarif", sarif.as_ref())
}

fn reached(files: FilesUsed, token: Option<&PathBuf>, authority: Option<&PathBuf>) -> FilesUsed {
    files
        .maybe_read("--token-file", token)
        .maybe_read("--ca-file", authority)
}

/// Commands that write no file that somebody names.
macro_rules! write_nothing {
    ($($request:ty),* $(,)?) => {
        $(impl UsesFiles for $request {
            fn files_used(&self) -> FilesUsed {
                FilesUsed::default()
            }
        })*
    };
}

write_nothing!(
    DeleteRequest,
    DoctorRequest,
    DriftVerifyRequest,
    HistoryAnnotateRequest,
    HistoryCompactRequest,
    GatewayRequest,
    ListRequest,
    ListenRequest,
    MutateRequest,
    NewKeyRequest,
    NowRequest,
    PruneRequest,
    ShowRequest,
    StatusRequest,
    SyncRequest,
    VerifyRequest,
    WhyRequest,
);
