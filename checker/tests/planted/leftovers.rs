//! What is left to be done, who still holds something, and what people do not see.

use checker::log::Entry;
use sqlx::PgPool;

use crate::{
    history::{DAILY, DAILY_SERIES, PLANTS, instance, task},
    world::World,
};

#[sqlx::test(migrations = false)]
async fn an_outbox_row_left(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(
            "INSERT INTO actor_outbox (event_id, partition, version, destination, topic, body)
              VALUES (gen_random_uuid(), 1, 1, 'topic', 'task-events', '{}')",
        )
        .await;
    assert_eq!(world.broken().await, [("outbox-not-empty", "outbox entry 1".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn a_lease_of_a_dead_relay(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql("INSERT INTO actor_relay VALUES ('00000000-0000-7000-8000-000000000001', now() + interval '1 minute');
              UPDATE actor_outbox_share SET relay = '00000000-0000-7000-8000-000000000001' WHERE partition = 3;
              UPDATE actor_outbox_share SET relay = gen_random_uuid(), leased_until = 'infinity' WHERE partition = 4")
        .await;
    assert_eq!(world.broken().await, [("lease-of-dead-relay", "share 4 of the outbox".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn a_dead_letter(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(
            "INSERT INTO dead_letter (app, event_id, topic, event, redriven_at)
             VALUES ('audit-service', '00000000-0000-0000-0000-000000000007', 'task-events', '{}', NULL),
                    ('audit-service', '00000000-0000-0000-0000-000000000008', 'task-events', '{}', now())",
        )
        .await;
    let subject = "event 00000000-0000-0000-0000-000000000007".to_owned();
    assert_eq!(
        world.broken().await,
        [("dead-letter", subject)],
        "one that was published again is no longer one"
    );
}

#[sqlx::test(migrations = false)]
async fn work_of_the_ledger_left(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(format!("UPDATE recurrence_ledger SET status = 'planned' WHERE series_id = '{DAILY_SERIES}'"))
        .await;
    assert_eq!(world.broken().await, [("ledger-work-open", instance(DAILY, DAILY_SERIES))]);
}

#[sqlx::test(migrations = false)]
async fn a_stopped_host_that_answers(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    let metrics = world.lines.iter().find_map(|line| match &line.entry {
        Entry::Replica { metrics, .. } => Some(metrics.clone()),
        _ => None,
    });
    // The last word counts.
    world.log(Entry::Replica { part: "todo-actors-1".into(), metrics: metrics.unwrap(), live: false });
    assert_eq!(world.broken().await, [("activation-on-stopped-host", "todo-actors-1".to_owned())]);
}

#[sqlx::test(migrations = false)]
async fn a_host_that_is_silent(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    // Port 1 is nobody's.
    let metrics = "http://127.0.0.1:1/metrics".to_owned();
    world.log(Entry::Replica { part: "todo-actors-2".into(), metrics: metrics.clone(), live: true });
    assert_eq!(world.broken().await, [("host-silent", "todo-actors-2".to_owned())]);
    world.log(Entry::Replica { part: "todo-actors-2".into(), metrics, live: false });
    assert_eq!(world.broken().await, []);
}

#[sqlx::test(migrations = false)]
async fn a_task_people_do_not_see(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.shown.lock().unwrap().hidden.push(PLANTS);
    assert_eq!(world.broken().await, [("api-differs", task(PLANTS))]);
}

#[sqlx::test(migrations = false)]
async fn a_notification_people_do_not_see(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let hidden = sqlx::query_scalar("SELECT id FROM notification LIMIT 1").fetch_one(&pool).await.unwrap();
    world.shown.lock().unwrap().hidden.push(hidden);
    assert_eq!(world.broken().await, [("api-differs", format!("notification {hidden}"))]);
}

#[sqlx::test(migrations = false)]
async fn an_event_that_the_history_leaves_out(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let sql = "SELECT event_id FROM audit.entry WHERE task_id = $1 AND version = 2";
    let hidden = sqlx::query_scalar(sql).bind(PLANTS).fetch_one(&pool).await.unwrap();
    world.shown.lock().unwrap().hidden.push(hidden);
    assert_eq!(world.broken().await, [("api-differs", format!("event {hidden} of {}", task(PLANTS)))]);
}
