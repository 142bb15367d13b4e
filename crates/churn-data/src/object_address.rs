//! Addresses of object stores, taken apart.

use churn_base::error::{Error, Place, Result};

use super::file_names::GLOB;

/// An address, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) scheme: String,
    /// The bucket; for Azure a container, perhaps with its account.
    pub(super) bucket: String,
    /// As it stands: nothing in it is decoded.
    pub(super) key: String,
}

impl Address {
    pub(super) fn parse(address: &str) -> Result<Self> {
        let bad = |what: &str| {
            Error::usage(format!("{address}: {what}"))
                .hint("s3://BUCKET/KEY, a pattern in the key, or s3://BUCKET/FOLDER/")
        };
        let (scheme, rest) = address
            .split_once("://")
            .ok_or_else(|| bad("this is not an address"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains(GLOB) {
            return Err(bad("there is no bucket"));
        }
        // Neither has a password, and a key that is in an address is in every log.
        if bucket.contains(':') {
            return Err(Error::usage(format!(
                "{scheme}://***/{key}: keys are not part of an address"
            ))
            .hint("put them into the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Returns the address of a key in the same bucket.
    pub(super) fn of(&self, key: &str) -> String {
        format!("{}://{}/{key}", self.scheme, self.bucket)
    }

    pub(super) fn place(&self) -> Place {
        at(&self.of(&self.key))
    }
}

pub(super) fn at(shown: &str) -> Place {
    Place {
        file: shown.to_owned(),
        ..Place::default()
    }
}
