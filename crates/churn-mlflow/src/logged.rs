//! A model of another framework as MLflow has logged it: its native file, the columns of its signature, and the rows of
//! its input example. What only a pickle has is not fetched.

use std::path::{Component, Path};

use churn_base::error::{Error, Place, Result};
use serde::Deserialize;
use serde_json::Value;

use super::api::Server;
use super::fetch::Folder;
use super::location::Location;

/// The file that says what a model is.
const DESCRIPTION: &str = "MLmodel";
const RAW: &str = "log its booster, whose file is not a pickle: mlflow.lightgbm.log_model(model.booster_, ...), \
                   mlflow.xgboost.log_model(model.get_booster(), ...)";
const COPY: &str = "log an ONNX copy of it: mlflow.onnx.log_model(skl2onnx.to_onnx(model, rows[:1]), ...), and import \
                    that version";

const ROWS: &str = "--parity ROWS.csv names rows that the model has scored";

/// A model that is logged.
pub struct Logged<'s> {
    server: &'s Server,
    folder: Folder,
    location: String,
    native: String,
    /// The inputs of its signature, as JSON.
    pub inputs: Option<String>,
    example: Option<String>,
}

#[derive(Deserialize)]
struct Description {
    #[serde(default)]
    flavors: Flavors,
    signature: Option<Signature>,
    saved_input_example_info: Option<Example>,
}

#[derive(Deserialize, Default)]
struct Flavors {
    lightgbm: Option<Flavor>,
    xgboost: Option<Flavor>,
    catboost: Option<Flavor>,
    onnx: Option<Flavor>,
    sklearn: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Flavor {
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct Signature {
    inputs: String,
}

#[derive(Deserialize)]
struct Example {
    artifact_path: String,
}

impl<'s> Logged<'s> {
    /// Finds the model that is meant, and reads what MLflow says of it.
    ///
    /// # Errors
    /// Bad input (65) if there is none, or none that has a native file; as the tracking server has it otherwise.
    pub fn find(server: &'s Server, location: &Location) -> Result<Self> {
        let mut logged = Self {
            server,
            folder: Folder::find(server, location)?,
            location: location.to_string(),
            native: String::new(),
            inputs: None,
            example: None,
        };
        let at = |error: Error| error.at(logged.place(DESCRIPTION));
        let hint = "models:/NAME/VERSION names a model that MLflow has logged";
        let bytes = logged.file(DESCRIPTION, hint)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let description: Description = serde_saphyr::from_str(text).map_err(|error| {
            let message = "this is not the description of a model of MLflow";
            at(Error::bad_input(message).because(error))
        })?;
        let native = description.native().map_err(at)?.to_owned();
        let example = description.saved_input_example_info;
        let example = example.map(|example| inside(&example.artifact_path).map(str::to_owned));
        let example = example.transpose().map_err(at)?;
        (logged.native, logged.example) = (native, example);
        logged.inputs = description.signature.map(|signature| signature.inputs);
        Ok(logged)
    }

    fn place(&self, file: &str) -> Place {
        Place {
            file: format!("{} ({file})", self.location),
            ..Place::default()
        }
    }

    fn file(&self, path: &str, hint: &str) -> Result<Vec<u8>> {
        self.folder.file(self.server, path)?.ok_or_else(|| {
            let message = format!("{} has no file {path}", self.folder.name);
            Error::bad_input(message).hint(hint.to_owned())
        })
    }

    /// Downloads the native file; also returns what it is to be called.
    ///
    /// # Errors
    /// Bad input (65) if it is not there; as the tracking server has it otherwise.
    pub fn native(&self) -> Result<(Vec<u8>, String)> {
        let bytes = self.file(&self.native, "was the upload interrupted?")?;
        Ok((bytes, self.place(&self.native).file))
    }

    /// Downloads the rows of the input example, as CSV; also returns what they are to be called.
    ///
    /// # Errors
    /// Bad input (65) if there is none, or it is not a table; as the tracking server has it otherwise.
    pub fn example(&self) -> Result<(String, String)> {
        let Some(path) = &self.example else {
            let message = format!("{} was logged without an input example", self.folder.name);
            return Err(Error::bad_input(message).hint(ROWS));
        };
        let rows = table(&self.file(path, ROWS)?).ok_or_else(|| {
            let message = "the input example is not a table of numbers and texts";
            Error::bad_input(message).at(self.place(path)).hint(ROWS)
        })?;
        Ok((rows, self.place(path).file))
    }
}

impl Description {
    /// The path of the file that the model's own framework has written.
    fn native(&self) -> Result<&str> {
        let Flavors {
            lightgbm,
            xgboost,
            catboost,
            onnx,
            sklearn,
        } = &self.flavors;
        let Some(flavor) = [lightgbm, xgboost, onnx, catboost]
            .into_iter()
            .flatten()
            .next()
        else {
            let (what, hint) = match sklearn {
                Some(_) => (
                    "this model of scikit-learn is saved as Python objects: reading them would run whatever is in them",
                    COPY,
                ),
                None => (
                    "this model has none of the flavors lightgbm, xgboost and onnx",
                    COPY,
                ),
            };
            return Err(Error::bad_input(what).hint(hint));
        };
        let is_python = [".pkl", ".pickle", ".skops", ".joblib"];
        if flavor.data.is_empty() || is_python.iter().any(|end| flavor.data.ends_with(end)) {
            let message = format!(
                "this model is saved as Python objects ({}): reading them would run whatever is in them",
                flavor.data
            );
            return Err(Error::bad_input(message).hint(RAW));
        }
        inside(&flavor.data)
    }
}

/// Refuses a path that leads out of the folder.
fn inside(path: &str) -> Result<&str> {
    let mut parts = Path::new(path).components();
    match parts.all(|part| matches!(part, Component::Normal(_))) && !path.is_empty() {
        true => Ok(path),
        false => Err(Error::bad_input(format!(
            "\"{path}\" leads out of the model's folder"
        ))),
    }
}

/// The rows of an example as CSV: a table that is split into columns and data, or rows without names.
fn table(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Split {
            columns: Vec<Value>,
            data: Vec<Vec<Value>>,
        },
        Named {
            inputs: Vec<Vec<Value>>,
        },
        Rows(Vec<Vec<Value>>),
    }
    let form: Form = serde_json::from_str(&without_nan(std::str::from_utf8(json).ok()?)).ok()?;
    let (columns, rows) = match form {
        Form::Split { columns, data } => (columns, data),
        Form::Named { inputs: rows } | Form::Rows(rows) => {
            let width = rows.first().map_or(0, Vec::len);
            let name = |at: usize| Value::from(format!("column_{at}"));
            ((0..width).map(name).collect(), rows)
        }
    };
    let mut csv = String::new();
    for row in std::iter::once(&columns).chain(&rows) {
        let fields: Option<Vec<String>> = row.iter().map(field).collect();
        let fields = fields.filter(|fields| fields.len() == columns.len())?;
        csv += &fields.join(",");
        csv.push('\n');
    }
    (!rows.is_empty()).then_some(csv)
}

fn field(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        Value::Array(_) | Value::Object(_) => return None,
    })
}

/// Python writes numbers into JSON that JSON does not have.
fn without_nan(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    let (mut in_text, mut escaped) = (false, false);
    while let Some(next) = rest.chars().next() {
        let bare = ["NaN", "Infinity", "-Infinity"];
        if let Some(word) = bare
            .iter()
            .find(|word| !in_text && rest.starts_with(**word))
        {
            made += "null";
            rest = &rest[word.len()..];
            continue;
        }
        match next {
            '"' if !escaped => in_text = !in_text,
            _ => {}
        }
        escaped = in_text && next == '\\' && !escaped;
        made.push(next);
        rest = &rest[next.len_utf8()..];
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_example_is_a_table() {
        for (json, csv) in [
            // mlflow 3.17.2, input_example of a DataFrame and of an array.
            (
                r#"{"columns": ["visits", "plan"], "data": [[NaN, "b,\"NaN"], [-1.5, null]]}"#,
                Some("\"visits\",\"plan\"\n,\"b,\"\"NaN\"\n-1.5,\n"),
            ),
            (
                r#"{"inputs": [[1, -Infinity], [2, true]]}"#,
                Some("\"column_0\",\"column_1\"\n1,\n2,true\n"),
            ),
            (r#"{"columns": ["a"], "data": [[1, 2]]}"#, None),
            (r#"{"inputs": {"a": [1]}}"#, None),
            (r#"{"columns": ["a"], "data": [[{}]]}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(table(json.as_bytes()).as_deref(), csv, "{json}");
        }
    }

    #[test]
    fn a_model_as_python_objects_is_refused_with_the_way_out() {
        for (yaml, says) in [
            (
                "flavors:\n  sklearn:\n    pickled_model: model.pkl\n",
                "scikit-learn",
            ),
            (
                "flavors:\n  lightgbm:\n    data: model.skops\n",
                "Python objects (model.skops)",
            ),
            (
                "flavors:\n  xgboost:\n    data: ../model.xgb\n",
                "leads out of",
            ),
            (
                "flavors:\n  keras:\n    data: model\n",
                "none of the flavors",
            ),
            ("run_id: x\n", "none of the flavors"),
        ] {
            let description: Description = serde_saphyr::from_str(yaml).expect(yaml);
            let error = description.native().expect_err(yaml);
            assert!(error.to_string().contains(says), "{yaml}: {error}");
        }
        let yaml = "flavors:\n  python_function:\n    data: x\n  lightgbm:\n    data: model.lgb\n";
        let description: Description = serde_saphyr::from_str(yaml).expect(yaml);
        assert_eq!(description.native().expect("native"), "model.lgb");
    }
}
