//! What the tests of this service start from: a reader, open tasks with a reminder each, firings of them.

use contracts::{
    events::ReminderDue,
    notification::{Channel, Notify},
};
use notification_actor::{NotificationActor, delivery_id};
use serde_json::{Value, json};
use sqlx::{PgPool, types::Json};
use uuid::{Uuid, uuid};
use virtual_actors::{Executes, Kind, PgStore, Store};

pub(crate) const USER: Uuid = uuid!("0199c0de-0000-7000-8000-000000000001");

/// A migrated database with one user.
pub(crate) async fn prepare(pool: &PgPool) {
    schema::migrate(pool).await.unwrap();
    sqlx::query(
        "INSERT INTO app_user (id, email, password_hash, time_zone)
         VALUES ($1, 'ada@example.org', '', 'Europe/Berlin')",
    )
    .bind(USER)
    .execute(pool)
    .await
    .unwrap();
}

/// The `n`-th task's reminder comes due; nothing is stored.
pub(crate) fn firing(n: u128) -> ReminderDue {
    let name = |kind: u128| Uuid::from_u128(0x0199_c0de_0000_7000_8000_0000_0000_0000 | (kind << 32) | n);
    ReminderDue {
        reminder_id: name(2),
        generation: 1,
        task_id: name(1),
        user_id: USER,
        title: format!("Task {n}"),
        due_at: "2026-11-20T08:00:00Z".parse().unwrap(),
        fired_at: "2026-11-20T08:00:00.250Z".parse().unwrap(),
        late_ms: 250,
    }
}

/// Its task, open.
pub(crate) async fn store_task(pool: &PgPool, firing: &ReminderDue) {
    let state = json!({
        "owner": USER, "lifecycle": { "status": "open" }, "deleted_at": null,
        "created_at": "2026-11-19T12:00:00Z",
        "reminders": [{ "id": firing.reminder_id, "generation": firing.generation }],
    });
    sqlx::query("INSERT INTO task (id, version, state) VALUES ($1, 1, $2)")
        .bind(firing.task_id.to_string())
        .bind(Json(state))
        .execute(pool)
        .await
        .unwrap();
}

pub(crate) async fn complete_task(pool: &PgPool, firing: &ReminderDue) {
    sqlx::query("UPDATE task SET state = jsonb_set(state, '{lifecycle,status}', '\"done\"') WHERE id = $1")
        .bind(firing.task_id.to_string())
        .execute(pool)
        .await
        .unwrap();
}

/// The `n`-th task's reminder came due and its mail is queued; the delivery's id.
pub(crate) async fn queue_mail(pool: &PgPool, n: u128) -> Uuid {
    let firing = firing(n);
    store_task(pool, &firing).await;
    let id = delivery_id(firing.reminder_id, firing.generation, Channel::Email);
    let statement = NotificationActor::statement(&Notify { reminder: firing });
    let kind = Kind::of::<NotificationActor>();
    PgStore::new(pool.clone()).execute(&kind, &USER.to_string(), statement).await.unwrap();
    id
}

/// A mail delivery's status and attempts.
pub(crate) async fn delivery(pool: &PgPool, id: Uuid) -> (String, i32) {
    let sql = "SELECT status, attempts FROM delivery WHERE id = $1";
    sqlx::query_as(sql).bind(id).fetch_one(pool).await.unwrap()
}

/// Lets a claim's lease, or the pause before a retry, run out.
pub(crate) async fn let_time_pass(pool: &PgPool) {
    sqlx::query("UPDATE delivery SET claimable_at = now() - interval '1 second'")
        .execute(pool)
        .await
        .unwrap();
}

/// The types and data of the audit events about mail, oldest first.
pub(crate) async fn mail_events(pool: &PgPool) -> Vec<(String, Value)> {
    let sql = "SELECT body ->> 'type', body -> 'data' FROM actor_outbox
               WHERE body #>> '{data,channel}' = 'email' ORDER BY seq";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

/// A backup was restored: an epoch began after this position of the outbox.
pub(crate) async fn restored(pool: &PgPool, epoch: i64, after_position: i64) {
    sqlx::query("INSERT INTO actor_epoch (epoch, after_seq) VALUES ($1, $2)")
        .bind(epoch)
        .bind(after_position)
        .execute(pool)
        .await
        .unwrap();
}
