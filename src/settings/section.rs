//! A setting is declared once: [`section!`] makes of it the field that commands read, its key for the file, the
//! environment and `config show`, and the reading from the winning layer.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use super::key::{Key, Kind};
use super::layers::Layers;
use super::values::{
    Delimiter, FailOn, ModelName, Percent, Probability, SizeThreshold, Span, Target, TrackingUri,
    Wait,
};
use crate::data::{Period, Zone};
use crate::drift::Against;
use crate::error::Result;

/// A type of a setting's value.
pub(super) trait Setting: Sized {
    /// What it is called in the file.
    const KIND: Kind;

    /// Reads the value that wins.
    ///
    /// # Errors
    /// 64 for a bad value of a flag, 78 for one from elsewhere.
    fn read(layers: &Layers, key: &'static Key) -> Result<Self>;
}

/// One value, made of one text.
pub(super) trait Scalar: FromStr<Err: fmt::Display> {
    const KIND: Kind;
}

impl<T: Scalar> Setting for T {
    const KIND: Kind = <T as Scalar>::KIND;

    fn read(layers: &Layers, key: &'static Key) -> Result<Self> {
        layers.required_of(key).map(|(value, _)| value)
    }
}

/// Absent where nobody set it and there is no default.
impl<T: Scalar> Setting for Option<T> {
    const KIND: Kind = <T as Scalar>::KIND;

    fn read(layers: &Layers, key: &'static Key) -> Result<Self> {
        layers.optional_of(key).map(|(value, _)| value)
    }
}

impl Setting for Vec<String> {
    const KIND: Kind = Kind::List;

    fn read(layers: &Layers, key: &'static Key) -> Result<Self> {
        layers.list_of(key)
    }
}

impl Setting for Vec<PathBuf> {
    const KIND: Kind = Kind::List;

    fn read(layers: &Layers, key: &'static Key) -> Result<Self> {
        let texts = layers.list_of(key)?;
        Ok(texts.into_iter().map(PathBuf::from).collect())
    }
}

macro_rules! scalars {
    ($kind:ident: $($type:ty),+) => {
        $(impl Scalar for $type {
            const KIND: Kind = Kind::$kind;
        })+
    };
}

scalars!(Text: String, PathBuf, Span, Wait, Delimiter, ModelName, TrackingUri, Target, FailOn, Period, Zone, Against);
scalars!(Number: f64, Probability, SizeThreshold, Percent);
scalars!(Count: u32, u64, NonZeroUsize);

/// Declares the settings of a section, one entry each:
///
/// ```text
/// name: Type = "default", "--flag"
///     => "help";
/// name: Type = "default"
///     => "help" ["one" | "two"];
/// ```
///
/// The type says whether there may be no value; `=` and the flag may be left out. Where there are words to
/// choose from, no other value is taken.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $section:ident, $prefix:literal;
        $($field:ident: $type:ty $(= $default:literal)? $(, $flag:literal)?
            => $help:literal $([$($choice:literal)|+])?;)+
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $section {
            $(#[doc = $help] pub $field: $type,)+
        }

        impl $section {
            /// The settings of the section.
            pub(super) const KEYS: &'static [$crate::settings::Key] = &[
                $($crate::settings::section::section!(
                    @key $prefix, $field: $type, ($($default)?), ($($flag)?), $help, ($($($choice),+)?)
                ),)+
            ];

            /// Reads the settings of the section from their winning layers.
            pub(super) fn resolve(layers: &$crate::settings::Layers) -> $crate::error::Result<Self> {
                Ok(Self {
                    $($field: $crate::settings::section::Setting::read(
                        layers,
                        const { &$crate::settings::section::section!(
                            @key $prefix, $field: $type, ($($default)?), ($($flag)?), $help, ($($($choice),+)?)
                        ) },
                    )?,)+
                })
            }
        }
    };
    (@key $prefix:literal, $field:ident: $type:ty, ($($default:literal)?), ($($flag:literal)?), $help:literal, ($($choice:literal),*)) => {
        $crate::settings::Key {
            name: concat!($prefix, stringify!($field)),
            kind: <$type as $crate::settings::section::Setting>::KIND,
            default: $crate::settings::section::section!(@first $($default)?),
            flag: $crate::settings::section::section!(@first $($flag)?),
            help: $help,
            choices: &[$($choice),*],
        }
    };
    (@first) => { None };
    (@first $value:literal) => { Some($value) };
}
pub(super) use section;
