//! Dapr reminders, with no other clock beside them.

use std::time::Duration;

use almanac_tests::{ActorHosts, command, eventually};
use chrono::{DateTime, TimeDelta, Utc};
use virtual_actors::{
    Clock, Message, Outcome, System,
    testing::{
        Fault,
        counter::{Count, Increment, Read, RemindMe},
    },
};

/// A killed scheduler's lease runs out only after some twenty seconds.
const LIMIT: Duration = Duration::from_secs(90);

/// Asks an actor for a reminder in so many seconds, and waits until Dapr keeps it.
async fn remind_in(system: &ActorHosts, actor: &str, seconds: i64) -> DateTime<Utc> {
    let at = System.now() + TimeDelta::seconds(seconds);
    let call = command(&RemindMe { at });
    system.hosts[0].until_answered(true, actor, RemindMe::METHOD, &call).await;
    let kept = async || system.hosts[0].has_reminder(actor, "wake").await.then_some(());
    eventually("the reminder to be registered", LIMIT, kept).await;
    at
}

async fn reminded(system: &ActorHosts, actor: &str) -> i64 {
    match system.hosts[1].until_answered(true, actor, Read::METHOD, &command(&Read)).await {
        Outcome::Done { reply } => serde_json::from_value::<Count>(reply).expect("a count").reminded,
        other => panic!("{other:?}"),
    }
}

/// Waits for the reminder, and for its repetition that must not be.
async fn reminded_once(system: &ActorHosts, actor: &str, at: DateTime<Utc>) {
    eventually("the reminder", LIMIT, async || (reminded(system, actor).await > 0).then_some(())).await;
    assert!(System.now() >= at, "it is early");
    almanac_tests::unchanged_for(Duration::from_secs(2), async || reminded(system, actor).await).await;
    assert_eq!(reminded(system, actor).await, 1);
}

pub(crate) async fn a_reminder_whose_turn_fails_is_sent_again(system: &mut ActorHosts) {
    let actor = "failing-reminder";
    let at = remind_in(system, actor, 2).await;
    for host in &system.hosts {
        host.store.fail_next(Fault::BeforeCommit);
    }
    // A failed callback is answered after a second.
    reminded_once(system, actor, at + TimeDelta::seconds(1)).await;
    // The host that was not asked has its fault still.
    for host in &system.hosts {
        host.call("unharmed", Increment::METHOD, &command(&Increment { by: 1 })).await;
    }
}

pub(crate) async fn a_reminder_outlives_the_scheduler(system: &mut ActorHosts) {
    let actor = "outliving-reminder";
    let at = remind_in(system, actor, 3).await;
    system.control_plane.schedulers()[0].kill().await.expect("it ran");
    reminded_once(system, actor, at).await;
    system.control_plane.until_ready().await.expect("it is ready again");
}
