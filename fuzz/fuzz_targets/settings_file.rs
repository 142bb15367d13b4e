//! Any text as a settings file: refused with exit code 78, or resolved.
#![no_main]

use std::collections::BTreeMap;

use churnctl::exit::ExitCode;
use churnctl::settings::{Flags, Layers, Settings, SettingsFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let resolved = SettingsFile::parse("churnctl.toml", text)
        .and_then(|file| Layers::new(Flags::default(), &BTreeMap::new(), Some(file)))
        .and_then(|layers| Settings::resolve(&layers));
    if let Err(error) = resolved {
        assert_eq!(error.code(), ExitCode::BadSettings, "{error}");
    }
});
