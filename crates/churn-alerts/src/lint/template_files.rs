//! `template-files`: a pattern of `templates` that finds no file, or finds one that cannot be parsed.
//! What the templates mean is not looked at.

use std::path::Path;

use super::check::{Context, Findings, Severity};
use crate::node::Node;
use crate::schema::template_fault;

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for configuration in &context.library.configurations {
        let source = &configuration.source;
        if configuration.namespace.is_some() || source.name == "-" {
            continue;
        }
        let folder = Path::new(&source.name).parent().unwrap_or(Path::new(""));
        let patterns = configuration.document.get("templates");
        for item in patterns.map_or(&[][..], Node::items) {
            let (pattern, line) = (item.scalar().unwrap_or_default(), item.spot.line);
            let paths = match glob::glob(&folder.join(&pattern).to_string_lossy()) {
                Ok(paths) => paths,
                Err(error) => {
                    let message = format!("`{pattern}` is not a pattern of files: {error}");
                    let hint = "close the bracket, or take it out";
                    findings.of_line(Severity::Fail, source, line, message, hint);
                    continue;
                }
            };
            let mut files = paths.flatten().filter(|path| path.is_file()).peekable();
            // What is absolute is usually on another machine.
            if files.peek().is_none() && Path::new(&pattern).is_relative() {
                let message = format!("`{pattern}` finds no file beside this one");
                let hint = "Alertmanager starts all the same, and fails to send what uses them; put the files there";
                findings.of_line(Severity::Warn, source, line, message, hint);
            }
            for path in files {
                let read = std::fs::read(&path).map_err(|error| error.to_string());
                let fault = match read {
                    Ok(bytes) => template_fault(&String::from_utf8_lossy(&bytes)),
                    Err(error) => Some(error),
                };
                if let Some(said) = fault {
                    let message = format!("the template file {}: {said}", path.display());
                    let hint =
                        "Alertmanager refuses its configuration with it; see text/template of Go";
                    findings.of_line(Severity::Fail, source, line, message, hint);
                }
            }
        }
    }
}
