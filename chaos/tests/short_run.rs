//! A short run on Redis: every kind of fault that this machine can do, once, and nothing lost or doubled.

use std::{path::Path, process::Command};

/// The schedule has every kind with it (`a_short_run_has_every_kind`).
const SEED: &str = "7";

#[test]
fn nothing_is_lost_or_doubled_whatever_breaks() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("short-run");
    let arguments = "--minutes 1.75 --pubsub redis --people 6 --faults-per-minute 12.6";
    let status = Command::new(env!("CARGO_BIN_EXE_almanac-chaos"))
        .args(["--seed", SEED])
        .args(arguments.split(' '))
        .arg("--output")
        .arg(&output)
        .status()
        .unwrap();
    assert!(status.success(), "seed {SEED}; the clients' log and the report are in {}", output.display());
}
