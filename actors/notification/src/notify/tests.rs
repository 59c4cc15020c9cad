//! The `Notification` actor's statement on real PostgreSQL.

use contracts::{
    events::{AUDIT_LOGS, DeliveryOutcome, ReminderDue},
    notification::{Channel, Notify},
};
use domain::{Changed, NewTask, Task};
use serde_json::{Value, json};
use sqlx::{PgPool, types::Json};
use uuid::{Uuid, uuid};
use virtual_actors::{Executed, Executes, Kind, PgStore, Store};

use crate::{NotificationActor, delivery_id, notification_id};

const USER: Uuid = uuid!("0199c0de-0000-7000-8000-000000000001");
const TASK: Uuid = uuid!("0199c0de-0000-7000-8000-00000000000a");
fn firing(generation: i32) -> ReminderDue {
    ReminderDue {
        reminder_id: reminder_id(),
        generation,
        task_id: TASK,
        user_id: USER,
        title: "Water the plants".to_owned(),
        due_at: "2026-12-01T08:00:00Z".parse().unwrap(),
        fired_at: "2026-12-01T08:00:00.250Z".parse().unwrap(),
        late_ms: 250,
    }
}

/// The state of a task with one reminder, as its actor stores it.
fn open_task() -> Value {
    let new: NewTask = serde_json::from_value(json!({
        "id": TASK, "owner": USER, "title": "Water the plants", "zone": { "zone": "Europe/Berlin" },
        "reminders": [{ "at": "2026-12-01T08:00:00Z" }],
    }))
    .unwrap();
    let Changed { task, .. } = Task::create(new, "2026-11-30T12:00:00Z".parse().unwrap()).unwrap();
    serde_json::to_value(task).unwrap()
}

fn reminder_id() -> Uuid {
    serde_json::from_value(open_task()["reminders"][0]["id"].clone()).unwrap()
}

async fn store_task(pool: &PgPool, state: Value) {
    sqlx::query("INSERT INTO task (id, version, state) VALUES ($1, 1, $2)")
        .bind(TASK.to_string())
        .bind(Json(state))
        .execute(pool)
        .await
        .unwrap();
}

async fn notify(pool: &PgPool, reminder: ReminderDue) -> Executed<contracts::notification::Notified> {
    let message = Notify { reminder };
    let statement = NotificationActor::statement(&message);
    let kind = Kind::of::<NotificationActor>();
    let row = PgStore::new(pool.clone()).execute(&kind, &USER.to_string(), statement).await.unwrap();
    NotificationActor::executed(message, row).unwrap()
}

async fn deliveries(pool: &PgPool) -> Vec<(String, String, i32)> {
    let sql = "SELECT channel, status, attempts FROM delivery ORDER BY channel DESC, id";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

async fn superseded(pool: &PgPool) -> Vec<bool> {
    sqlx::query_scalar("SELECT superseded FROM notification").fetch_all(pool).await.unwrap()
}

async fn audit_events(pool: &PgPool) -> Vec<Value> {
    let sql = "SELECT body FROM actor_outbox WHERE topic = $1 ORDER BY seq";
    let bodies = sqlx::query_scalar::<_, Json<Value>>(sql).bind(AUDIT_LOGS).fetch_all(pool).await.unwrap();
    bodies.into_iter().map(|body| body.0).collect()
}

fn row(channel: &str, status: &str, attempts: i32) -> (String, String, i32) {
    (channel.to_owned(), status.to_owned(), attempts)
}

#[sqlx::test(migrations = false)]
async fn a_firing_is_shown_at_once_and_its_mail_queued(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    store_task(&pool, open_task()).await;

    let done = notify(&pool, firing(1)).await;

    assert_eq!(done.reply.notification_id, notification_id(reminder_id(), 1));
    assert!(done.emitted);
    assert_eq!(superseded(&pool).await, [false]);
    assert_eq!(deliveries(&pool).await, [row("in_app", "delivered", 1), row("email", "pending", 0)]);

    let events = audit_events(&pool).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "notification.delivered");
    assert_eq!(events[0]["specversion"], "1.0");
    let outcome: DeliveryOutcome = serde_json::from_value(events[0]["data"].clone()).unwrap();
    let expected = DeliveryOutcome {
        delivery_id: delivery_id(reminder_id(), 1, Channel::InApp),
        notification_id: notification_id(reminder_id(), 1),
        reminder_id: reminder_id(),
        generation: 1,
        task_id: TASK,
        user_id: USER,
        channel: Channel::InApp.to_string(),
        attempts: 1,
    };
    assert_eq!(outcome, expected);
}

#[sqlx::test(migrations = false)]
async fn telling_the_same_firing_again_changes_nothing(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    store_task(&pool, open_task()).await;
    notify(&pool, firing(1)).await;

    let again = notify(&pool, firing(1)).await;

    assert_eq!(again.reply.notification_id, notification_id(reminder_id(), 1));
    assert!(!again.emitted);
    assert_eq!(deliveries(&pool).await.len(), 2);
    assert_eq!(audit_events(&pool).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn two_owners_at_once_make_one_notification(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    store_task(&pool, open_task()).await;

    let told = [(); 6].map(|()| {
        let pool = pool.clone();
        tokio::spawn(async move { notify(&pool, firing(1)).await.emitted })
    });
    let mut emitted = 0;
    for owner in told {
        emitted += usize::from(owner.await.unwrap());
    }

    assert_eq!(emitted, 1);
    assert_eq!(superseded(&pool).await.len(), 1);
    assert_eq!(deliveries(&pool).await.len(), 2);
    assert_eq!(audit_events(&pool).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn the_next_generation_is_another_notification(pool: PgPool) {
    schema::migrate(&pool).await.unwrap();
    store_task(&pool, open_task()).await;
    notify(&pool, firing(1)).await;
    sqlx::query("UPDATE task SET state = jsonb_set(state, '{reminders,0,generation}', '2')")
        .execute(&pool)
        .await
        .unwrap();

    notify(&pool, firing(2)).await;

    assert_eq!(superseded(&pool).await, [false, false]);
    assert_eq!(deliveries(&pool).await.len(), 4);
}

/// What is no longer worth telling is recorded as superseded, and never queued.
async fn is_superseded(pool: &PgPool, state: Option<Value>) {
    schema::migrate(pool).await.unwrap();
    if let Some(state) = state {
        store_task(pool, state).await;
    }

    notify(pool, firing(1)).await;

    assert_eq!(superseded(pool).await, [true]);
    assert_eq!(deliveries(pool).await, [row("in_app", "superseded", 0), row("email", "superseded", 0)]);
    let events = audit_events(pool).await;
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["notification.superseded", "notification.superseded"]);
    assert_ne!(events[0]["id"], events[1]["id"]);
}

#[sqlx::test(migrations = false)]
async fn superseded_when_the_task_is_done(pool: PgPool) {
    let mut task = open_task();
    task["lifecycle"] = json!({ "status": "done", "completed_at": "2026-12-01T07:59:59Z" });
    is_superseded(&pool, Some(task)).await;
}

#[sqlx::test(migrations = false)]
async fn superseded_when_the_task_is_in_the_trash(pool: PgPool) {
    let mut task = open_task();
    task["deleted_at"] = json!("2026-12-01T07:59:59Z");
    is_superseded(&pool, Some(task)).await;
}

#[sqlx::test(migrations = false)]
async fn superseded_when_the_reminder_moved(pool: PgPool) {
    let mut task = open_task();
    task["reminders"][0]["generation"] = json!(2);
    is_superseded(&pool, Some(task)).await;
}

#[sqlx::test(migrations = false)]
async fn superseded_when_the_reminder_was_removed(pool: PgPool) {
    let mut task = open_task();
    task["reminders"] = json!([]);
    is_superseded(&pool, Some(task)).await;
}

#[sqlx::test(migrations = false)]
async fn superseded_when_the_task_belongs_to_somebody_else(pool: PgPool) {
    let mut task = open_task();
    task["owner"] = json!("0199c0de-0000-7000-8000-0000000000ff");
    is_superseded(&pool, Some(task)).await;
}

#[sqlx::test(migrations = false)]
async fn superseded_when_the_task_is_gone(pool: PgPool) {
    is_superseded(&pool, None).await;
}
