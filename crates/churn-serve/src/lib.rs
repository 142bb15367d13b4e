//! The prediction API: routes, inputs, the model's slot, the prediction log, and what is counted; and the
//! few routes of a repeated check. Sockets are `http/`'s affair, pages `reports/`'.

mod api;
mod batch;
pub mod exporter;
mod faults;
mod input;
mod json;
mod limits;
mod log;
mod log_file;
mod log_upload;
mod media;
mod meters;
mod model;
mod observe;
mod openapi;
mod openapi_paths;
mod openapi_schemas;
mod options;
mod predict;
mod record;
mod reload;
mod route_table;
mod routers;
mod routes;
mod sagemaker;
#[cfg(feature = "otel")]
mod spans;
mod trace;
mod unseen;
mod v1;
mod v2;
mod v2_binary;
mod v2_request;
mod v2_schema;
mod v2_types;

pub use api::Api;
pub use model::{Loaded, Slot};
pub use options::{
    AccessLog, Durability, LogFormat, LogOptions, ModelSource, Options, PageFacts, PageMaker,
    UnknownCategory,
};
pub use routers::{Access, Routers};

/// Reads bytes as any body of a request for predictions, as far as that goes without a model.
#[cfg(feature = "fuzzing")]
pub fn read_any_body(bytes: &[u8]) {
    let (text, binary) = bytes.split_at(bytes.len() - bytes.len() / 4);
    for (text, binary) in [(bytes, &[][..]), (text, binary)] {
        let Ok(mut request) = json::Json::parse(text) else {
            continue;
        };
        let mut faults = faults::Faults::default();
        v2_binary::attach(&mut request, binary, &mut faults);
        let _ = v2_request::Inference::read(&request, &mut faults);
        let _ = request.to_value();
    }
}
