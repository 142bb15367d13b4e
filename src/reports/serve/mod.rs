//! The page of the prediction API: the model, its schema, a form to try it.

pub mod html;
