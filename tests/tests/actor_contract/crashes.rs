//! A host's process dies in the middle of a commit.

use std::os::unix::process::ExitStatusExt;

use almanac_tests::{ActorHosts, command};
use virtual_actors::{
    Message, Outcome,
    testing::{
        Fault,
        counter::{Count, Increment},
    },
};

pub(crate) async fn a_process_killed_before_its_commit_leaves_nothing(system: &mut ActorHosts) {
    let (actor, call) = ("killed-before", command(&Increment { by: 4 }));
    let died = system.doomed_host(Fault::BeforeCommit).await.last_call(actor, Increment::METHOD, &call).await;
    assert!(died.signal().is_some(), "{died}");
    let rows: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM counter WHERE id = $1)
              + (SELECT count(*) FROM actor_command WHERE actor_id = $1)
              + (SELECT count(*) FROM actor_outbox WHERE body ->> 'subject' = $1)",
    )
    .bind(actor)
    .fetch_one(&system.pool)
    .await
    .expect("it can be counted");
    assert_eq!(rows, 0);
    retried(system, actor, &call).await;
}

pub(crate) async fn a_process_killed_after_its_commit_leaves_its_event(system: &mut ActorHosts) {
    let (actor, call) = ("killed-after", command(&Increment { by: 4 }));
    let died = system.doomed_host(Fault::AfterCommit).await.last_call(actor, Increment::METHOD, &call).await;
    assert!(died.signal().is_some(), "{died}");
    assert_eq!(system.stored(actor).await, (1, 4));
    system.delivered(actor).await;
    assert_eq!(system.subscriber.distinct(actor), 1, "another process's relay took the event");
    retried(system, actor, &call).await;
}

/// The same command again, to another host: carried out once in all.
async fn retried(system: &ActorHosts, actor: &str, call: &virtual_actors::Call) {
    let outcome = system.hosts[1].call(actor, Increment::METHOD, call).await;
    let Outcome::Done { reply } = outcome else { panic!("{outcome:?}") };
    assert_eq!(serde_json::from_value::<Count>(reply).expect("a count").total, 4);
    assert_eq!(system.stored(actor).await, (1, 4));
    system.delivered(actor).await;
    assert_eq!(system.subscriber.distinct(actor), 1);
}
