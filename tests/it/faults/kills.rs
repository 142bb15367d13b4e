//! Kills that fall anywhere into the runs of every kind of command that writes: each file is old or new, and the next
//! run clears what is left.

use super::sweep::{STORIES, Told};
use crate::atomicity::kills;
use crate::harness::{Random, say};

#[test]
fn every_command_that_is_killed_leaves_files_old_or_new_and_the_next_run_clears_up() {
    let mut random = Random::new(1_800);
    let (mut killed, mut faults) = (0, Vec::new());
    // Most of a run is waiting for the disk: half of what the test of one command takes.
    let each = kills().div_ceil(2 * STORIES.len() as u64);
    for story in &STORIES {
        let mut told = Told::new(story, "/dev/null".as_ref());
        for number in 0..each {
            match told.be_killed(&mut random) {
                Ok(in_time) => killed += u64::from(in_time),
                Err(what) => faults.push(format!("{} {number}: {what}", story.name)),
            }
        }
    }
    let all = each * STORIES.len() as u64;
    say(&format!(
        "{killed} of {all} runs were killed before their end"
    ));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(killed * 3 > all, "only {killed} were killed in time");
}
