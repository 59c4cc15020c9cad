use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{readiness::Degraded, state_dir::StateDir};

fn journal(directory: &tempfile::TempDir) -> Journal {
    let directory = StateDir::resolve(Some(directory.path())).unwrap();
    directory.create().unwrap();
    Journal::open(&directory, false).unwrap()
}

fn at_once() -> Readiness {
    Readiness::new(|| async { Ok(()) })
}

async fn until_it_goes_on(process: ProcessId) {
    let goes_on = async {
        while process.is_frozen() {
            sleep(POLL).await;
        }
    };
    timeout(Duration::from_secs(5), goes_on).await.unwrap();
}

#[tokio::test]
async fn a_killed_part_runs_again_as_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::new("sleeper", "sleep").arg("60");
    let part = Part::launch(program, at_once(), &journal(&directory)).unwrap();
    part.ready(Duration::from_secs(5)).await.unwrap();
    let first = part.process().unwrap();
    part.kill().await.unwrap();
    part.ready(Duration::from_secs(5)).await.unwrap();
    let second = part.process().unwrap();
    assert_ne!(first, second);
    assert_eq!(part.restarts(), 1);
    part.stop().await;
    assert!(!second.is_alive());
}

#[tokio::test]
async fn a_part_that_is_held_down_starts_only_when_resumed() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::new("sleeper", "sleep").arg("60");
    let part = Part::launch(program, at_once(), &journal(&directory)).unwrap();
    // At once, while it may still be starting.
    part.hold_down().await.unwrap();
    assert_eq!((part.process(), part.phase()), (None, PartPhase::Stopped));
    assert!(part.ready(Duration::from_millis(500)).await.is_err());
    part.resume();
    part.ready(Duration::from_secs(5)).await.unwrap();
    drop(part.held_down().await.unwrap());
    part.ready(Duration::from_secs(5)).await.unwrap();
    part.hold_down().await.unwrap();
    part.stop().await;
}

#[tokio::test]
async fn a_part_that_does_without_something_is_degraded_until_it_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let complete = Arc::new(AtomicBool::new(false));
    let asked = complete.clone();
    let readiness = Readiness::new(move || {
        let complete = asked.load(Ordering::SeqCst);
        async move { if complete { Ok(()) } else { Err(Degraded("no broker".into()).into()) } }
    });
    let program = Program::new("sleeper", "sleep").arg("60");
    let part = Part::launch(program, readiness, &journal(&directory)).unwrap();
    let error = part.ready(Duration::from_millis(500)).await.unwrap_err().to_string();
    assert!(error.contains("no broker"), "{error}");
    assert_eq!(part.phase(), PartPhase::Degraded);
    complete.store(true, Ordering::SeqCst);
    part.ready(Duration::from_secs(5)).await.unwrap();
    assert_eq!((part.phase(), part.restarts()), (PartPhase::Ready, 0));
    part.stop().await;
}

#[tokio::test]
async fn a_part_that_keeps_ending_is_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let never = Readiness::new(|| async { bail!("not yet") });
    let part = Part::launch(Program::new("failing", "false"), never, &journal(&directory)).unwrap();
    let error = part.ready(Duration::from_secs(20)).await.unwrap_err().to_string();
    assert!(error.contains("ended 5 times"), "{error}");
}

#[tokio::test]
async fn a_frozen_part_thaws_and_can_be_killed_and_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::new("sleeper", "sleep").arg("60");
    let part = Part::launch(program, at_once(), &journal(&directory)).unwrap();
    part.ready(Duration::from_secs(5)).await.unwrap();
    let first = part.process().unwrap();
    let frozen = part.frozen().await.unwrap();
    assert!(first.is_frozen());
    drop(frozen);
    until_it_goes_on(first).await;
    part.freeze().await.unwrap();
    part.kill().await.unwrap();
    part.ready(Duration::from_secs(5)).await.unwrap();
    let second = part.process().unwrap();
    assert!(!first.is_alive() && !second.is_frozen());
    part.freeze().await.unwrap();
    // Within its limit: frozen for good, it would have to be killed.
    timeout(Duration::from_secs(5), part.stop()).await.unwrap();
    assert!(!second.is_alive());
}

#[tokio::test]
async fn a_part_that_ignores_the_request_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::new("deaf", "sh").args(["-c", "trap '' TERM; while :; do sleep 1; done"]);
    program.stop_limit = Duration::from_millis(300);
    let part = Part::launch(program, at_once(), &journal(&directory)).unwrap();
    part.ready(Duration::from_secs(5)).await.unwrap();
    let process = part.process().unwrap();
    part.stop().await;
    assert!(!process.is_alive());
}
