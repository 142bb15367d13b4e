//! With which key files are signed, see `sign.*`.

use std::path::PathBuf;

use super::layers::Layers;
use super::values::Span;
use crate::error::Result;

/// With which key files are signed. Whether they fit together is checked by whom they are for.
#[derive(Debug, Clone)]
pub struct SignSettings {
    /// File with the private key.
    pub key: Option<PathBuf>,
    /// Command that signs, where the key is not a file.
    pub key_command: Option<String>,
    /// File with the public key of that command.
    pub public_key: Option<PathBuf>,
    /// How long that command may take.
    pub deadline: Span,
}

impl SignSettings {
    pub(super) fn resolve(layers: &Layers) -> Result<Self> {
        Ok(Self {
            key: layers.optional("sign.key")?.0,
            key_command: layers.optional("sign.key_command")?.0,
            public_key: layers.optional("sign.public_key")?.0,
            deadline: layers.required("sign.deadline")?.0,
        })
    }
}
