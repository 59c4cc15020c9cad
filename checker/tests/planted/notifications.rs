//! Notifications and their deliveries: missing, doubled, made up, hidden, stuck.

use sqlx::PgPool;

use crate::{
    history::{LETTER, LETTER_REMINDER, PLANTS, PLANTS_REMINDER, firing},
    world::World,
};

#[sqlx::test(migrations = false)]
async fn a_firing_nobody_was_told_of(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.forget_notification(PLANTS_REMINDER).await;
    assert_eq!(world.broken().await, [("notification-lost", firing(PLANTS_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_notification_too_many(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    world.sql("ALTER TABLE notification DROP CONSTRAINT notification_reminder_id_generation_key").await;
    world.tell(PLANTS, PLANTS_REMINDER, 1, 1).await;
    assert_eq!(world.broken().await, [("notification-doubled", firing(PLANTS_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_notification_of_what_did_not_fire(pool: PgPool) {
    let mut world = World::consistent(&pool).await;
    world.tell(LETTER, LETTER_REMINDER, 1, 1).await;
    assert_eq!(world.broken().await, [("notification-unfounded", firing(LETTER_REMINDER, 1))]);
}

#[sqlx::test(migrations = false)]
async fn a_notification_hidden_without_reason(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(format!("UPDATE notification SET superseded = true WHERE reminder_id = '{LETTER_REMINDER}'"))
        .await;
    assert_eq!(world.broken().await, [("superseded-without-reason", firing(LETTER_REMINDER, 2))]);
}

#[sqlx::test(migrations = false)]
async fn a_notification_hidden_since_its_task_was_done(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world
        .sql(format!("UPDATE notification SET superseded = true WHERE reminder_id = '{PLANTS_REMINDER}'"))
        .await;
    assert_eq!(world.broken().await, []);
}

#[sqlx::test(migrations = false)]
async fn a_notification_without_a_mail(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    world.sql(format!("DELETE FROM delivery WHERE id = '{id}'")).await;
    world.sql(format!("DELETE FROM audit.entry WHERE data ->> 'delivery_id' = '{id}'")).await;
    world.shown.lock().unwrap().mails.retain(|(message, _)| !message.starts_with(&id.to_string()));
    let subject = format!("{} by email", firing(PLANTS_REMINDER, 1));
    assert_eq!(world.broken().await, [("delivery-missing", subject)]);
}

#[sqlx::test(migrations = false)]
async fn a_notification_with_two_mails_of_its_own(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    world.sql("ALTER TABLE delivery DROP CONSTRAINT delivery_notification_id_channel_key").await;
    let other = "00000000-0000-0000-0000-00000000ffff";
    world
        .sql(format!(
            "INSERT INTO delivery (id, notification_id, channel, status, settled_at)
             SELECT '{other}', notification_id, channel, 'superseded', now() FROM delivery WHERE id = '{id}';
             INSERT INTO audit.entry
             SELECT gen_random_uuid(), topic, 'notification.superseded', task_id, user_id, version, at,
                    jsonb_set(data, '{{delivery_id}}', '\"{other}\"')
             FROM audit.entry WHERE data ->> 'delivery_id' = '{id}'"
        ))
        .await;
    let subject = format!("{} by email", firing(PLANTS_REMINDER, 1));
    assert_eq!(world.broken().await, [("delivery-doubled", subject)]);
}

/// Leaves a mail in another state, and its event out.
async fn mail_is(world: &World, status: &str) -> String {
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    let settled = if status == "failed" { "now()" } else { "NULL" };
    world
        .sql(format!("UPDATE delivery SET status = '{status}', settled_at = {settled} WHERE id = '{id}'"))
        .await;
    let kind = format!("notification.{status}");
    world.sql(format!("UPDATE audit.entry SET type = '{kind}' WHERE data ->> 'delivery_id' = '{id}'")).await;
    format!("delivery {id}")
}

#[sqlx::test(migrations = false)]
async fn a_stuck_delivery(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let delivery = mail_is(&world, "sending").await;
    world.sql("DELETE FROM audit.entry WHERE type = 'notification.sending'").await;
    assert_eq!(world.broken().await, [("delivery-stuck", delivery)]);
    let report = world.report().await;
    assert!(report.still_owed.unwrap().contains("deliveries under way"));
}

#[sqlx::test(migrations = false)]
async fn a_delivery_that_was_given_up(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let delivery = mail_is(&world, "failed").await;
    assert_eq!(world.broken().await, [("delivery-failed", delivery)]);
}
