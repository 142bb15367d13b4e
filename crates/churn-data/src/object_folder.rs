//! A folder of an object store that takes files, each once.

#[cfg(feature = "object-store")]
use std::sync::Arc;

use churn_base::error::{Error, Result};
#[cfg(feature = "object-store")]
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, path::Path as Key};

#[cfg(not(feature = "object-store"))]
use super::error::DataError;
#[cfg(feature = "object-store")]
use super::object_address::Address;
#[cfg(feature = "object-store")]
use super::objects::{failed, wait};
#[cfg(feature = "object-store")]
use super::objects_open::open;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Stored,
    /// It was there already, with the same bytes.
    WasThere,
    /// Something else was there already. It was left as it is.
    Differs,
}

/// A folder, such as `s3://BUCKET/PREFIX/`.
#[derive(Debug, Clone)]
pub struct ObjectFolder {
    shown: String,
    #[cfg(feature = "object-store")]
    address: Address,
    #[cfg(feature = "object-store")]
    store: Arc<dyn ObjectStore>,
}

impl ObjectFolder {
    /// Opens a folder. Nothing is asked of the store yet.
    ///
    /// # Errors
    /// 64 if this is not an address of a folder, 77 or 78 if the environment does not say how to open it.
    pub fn open(address: &str) -> Result<Self> {
        if !super::is_object(address) || !address.ends_with('/') {
            return Err(
                Error::usage(format!("{address} is not a folder of an object store"))
                    .hint("write s3://BUCKET/FOLDER/, with a slash at the end"),
            );
        }
        Self::opened(address)
    }

    #[cfg(not(feature = "object-store"))]
    fn opened(address: &str) -> Result<Self> {
        let (what, feature) = ("object stores", "object-store");
        Err(
            DataError::NoFeature { what, feature }.at(churn_base::error::Place {
                file: address.to_owned(),
                ..churn_base::error::Place::default()
            }),
        )
    }

    #[cfg(feature = "object-store")]
    fn opened(shown: &str) -> Result<Self> {
        let address = Address::parse(shown)?;
        let store = open(&address)?;
        Ok(Self {
            shown: shown.to_owned(),
            address,
            store,
        })
    }

    /// Returns its address.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Stores a file under a name that nothing has yet.
    ///
    /// # Errors
    /// What the store says; then it may be stored or not, and the same may be asked again.
    #[cfg(not(feature = "object-store"))]
    pub fn put_new(&self, _name: &str, _bytes: Vec<u8>) -> Result<Put> {
        Err(Error::usage("there are no object stores here"))
    }

    /// Stores a file under a name that nothing has yet.
    ///
    /// # Errors
    /// What the store says; then it may be stored or not, and the same may be asked again.
    #[cfg(feature = "object-store")]
    pub fn put_new(&self, name: &str, bytes: Vec<u8>) -> Result<Put> {
        let name = format!("{}{name}", self.address.key);
        let shown = self.address.of(&name);
        let store = Arc::clone(&self.store);
        wait(async move {
            let failed = |error: object_store::Error| failed(&shown, &error);
            let key = Key::parse(&name).map_err(|error| failed(error.into()))?;
            let bytes = bytes::Bytes::from(bytes);
            let payload = PutPayload::from(bytes.clone());
            match store.put_opts(&key, payload, PutMode::Create.into()).await {
                Ok(_) => Ok(Put::Stored),
                Err(object_store::Error::AlreadyExists { .. }) => {
                    let there = store.get(&key).await.map_err(failed)?;
                    if there.meta.size != bytes.len() as u64 {
                        return Ok(Put::Differs);
                    }
                    let there = there.bytes().await.map_err(failed)?;
                    Ok(if there == bytes {
                        Put::WasThere
                    } else {
                        Put::Differs
                    })
                }
                Err(error) => Err(failed(error)),
            }
        })?
    }
}
