//! Any bytes as a profile: refused, or read so that it can be viewed, merged with itself, and
//! written; what was written reads back the same.
#![no_main]

use churnctl::profile::Profile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(profile) = Profile::from_json(input, "fuzz") else {
        return;
    };
    let again = Profile::from_json(&profile.to_json(), "again").expect("what is written is read");
    assert_eq!(again, profile);
    let _ = Profile::merge(vec![profile, again]);
});
