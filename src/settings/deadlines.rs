//! How long remotes may keep us waiting, see `database.*`, `object_store.*` and `http.*`.

use std::time::Duration;

use super::layers::Layers;
use super::values::Span;
use crate::deadlines::{AllDeadlines, Deadlines, Remote};
use crate::error::Result;

pub(super) fn resolve(layers: &Layers) -> Result<AllDeadlines> {
    let of = |remote: Remote| -> Result<Deadlines> {
        let section = remote.section();
        let span = |wait: &str| -> Result<Duration> {
            let (span, _) = layers.required::<Span>(&format!("{section}.{wait}_timeout"))?;
            Ok(span.get())
        };
        Ok(Deadlines {
            remote,
            connect: span("connect")?,
            first_byte: span("first_byte")?,
            idle: span("idle")?,
            total: span("total")?,
        })
    };
    Ok(AllDeadlines {
        database: of(Remote::Database)?,
        object_store: of(Remote::ObjectStore)?,
        http: of(Remote::Http)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that is made without settings waits as long as one that is made with none set.
    #[test]
    fn the_defaults_are_those_of_a_process_without_settings() {
        let resolved = resolve(&Layers::default()).expect("defaults");
        assert_eq!(resolved, AllDeadlines::default());
    }
}
