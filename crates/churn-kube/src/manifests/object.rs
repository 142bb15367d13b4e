//! One object, and the one function that writes YAML.

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use serde::Serialize;
use serde_json::Value;

/// One file of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Path below the output folder.
    pub path: String,
    /// `Deployment/churn-api`, for those who want one object; the path for files that are not objectss.
    pub id: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An object or a configuration: YAML, or JSON if asked for.
    Tree(Value),
    /// Text as it is.
    Text(String),
}

/// The form that trees are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// YAML with a comment on where it comes from.
    Yaml,
    /// JSON.
    Json,
}

impl File {
    /// Makes a file of a Kubernetes object: `FOLDER/kind-name.yaml`.
    ///
    /// # Errors
    /// Fails with 70 if the object cannot be serialised.
    pub fn object(folder: &str, object: &impl Serialize) -> Result<Self> {
        let tree = tree(object)?;
        let kind = text_at(&tree, "/kind");
        let name = text_at(&tree, "/metadata/name");
        Ok(Self {
            path: format!("{folder}{}-{name}.yaml", kind.to_lowercase()),
            id: format!("{kind}/{name}"),
            content: Content::Tree(tree),
        })
    }

    /// Makes a file of a tree that is not an object.
    ///
    /// # Errors
    /// Fails with 70 if it cannot be serialised.
    pub fn tree(path: impl Into<String>, value: &impl Serialize) -> Result<Self> {
        let path = path.into();
        Ok(Self {
            id: path.clone(),
            path,
            content: Content::Tree(tree(value)?),
        })
    }

    /// Makes a file of a text.
    #[must_use]
    pub fn text(path: impl Into<String>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self {
            id: path.clone(),
            path,
            content: Content::Text(text.into()),
        }
    }

    /// Returns the path under this form: `.json` in place of `.yaml` under JSON.
    #[must_use]
    pub fn path_as(&self, form: Form) -> String {
        match (form, &self.content, self.path.strip_suffix(".yaml")) {
            (Form::Json, Content::Tree(_), Some(stem)) => format!("{stem}.json"),
            _ => self.path.clone(),
        }
    }

    /// Writes the file's text.
    ///
    /// # Errors
    /// Fails with 70 if it cannot be written, which is a bug.
    pub fn render(&self, form: Form, header: &str) -> Result<String> {
        match (&self.content, form) {
            (Content::Text(text), _) => Ok(text.clone()),
            (Content::Tree(tree), Form::Yaml) => Ok(format!("{header}{}", yaml(tree)?)),
            (Content::Tree(tree), Form::Json) => json(tree),
        }
    }
}

fn text_at<'a>(tree: &'a Value, pointer: &str) -> &'a str {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Turns anything into a tree with sorted keys: the same bytes on every run.
///
/// # Errors
/// Fails with 70 if it cannot be serialised.
pub(super) fn tree(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| bug("serialise an object", error))
}

/// Writes YAML. The only place that does, should the crate have to be replaced.
///
/// # Errors
/// Fails with 70 if the writer refuses, which is a bug.
pub(super) fn yaml(tree: &Value) -> Result<String> {
    let mut options = serde_saphyr::SerializerOptions::default();
    // A line is a line: image names and expressions are searched for.
    options.folded_wrap_chars = 1 << 20;
    let text = serde_saphyr::to_string_with_options(tree, options)
        .map_err(|error| bug("write YAML", error))?;
    Ok(text.trim_end().to_owned() + "\n")
}

fn json(tree: &Value) -> Result<String> {
    let text = serde_json::to_string_pretty(tree).map_err(|error| bug("write JSON", error))?;
    Ok(text + "\n")
}

fn bug(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ExitCode::Bug, format!("cannot {what}")).because(error)
}
