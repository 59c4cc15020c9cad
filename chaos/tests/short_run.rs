//! A short run on Redis: every kind of fault that this machine can do, once, and nothing lost or doubled.

use std::{path::Path, time::Duration};

use tokio::{process::Command, time::timeout};

/// The schedule has every kind with it (`a_short_run_has_every_kind`).
const SEED: &str = "7";
/// With what is to be built, on a busy machine.
const LIMIT: Duration = Duration::from_secs(15 * 60);

#[tokio::test]
async fn nothing_is_lost_or_doubled_whatever_breaks() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("short-run");
    let arguments = "--minutes 1.75 --pubsub redis --people 6 --faults-per-minute 12.6";
    let mut run = Command::new(env!("CARGO_BIN_EXE_almanac-chaos"));
    run.args(["--seed", SEED]).args(arguments.split(' ')).arg("--output").arg(&output);
    // Killed when the time is over: what it has started ends with it.
    let ended = timeout(LIMIT, run.kill_on_drop(true).status()).await;
    let place = output.display();
    let status =
        ended.unwrap_or_else(|_| panic!("no end within {LIMIT:?}; what the clients did is in {place}"));
    assert!(status.unwrap().success(), "seed {SEED}; the clients' log and the report are in {place}");
}
