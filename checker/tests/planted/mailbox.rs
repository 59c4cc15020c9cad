//! Mails: missing, too many, under another Message-ID, to somebody else.

use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    history::{LETTER_REMINDER, PLANTS_REMINDER},
    world::World,
};

#[sqlx::test(migrations = false)]
async fn a_mail_too_many(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (id, attempts) = world.mail_of(LETTER_REMINDER).await;
    assert_eq!(attempts, 2, "two may have been sent");
    world.mail(id, "ada@example.org");
    assert_eq!(world.broken().await, [("mail-doubled", format!("delivery {id}"))]);
}

#[sqlx::test(migrations = false)]
async fn a_delivered_mail_that_never_came(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    world.shown.lock().unwrap().mails.retain(|(message, _)| !message.starts_with(&id.to_string()));
    assert_eq!(world.broken().await, [("mail-lost", format!("delivery {id}"))]);
}

#[sqlx::test(migrations = false)]
async fn a_repetition_under_another_message_id(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let stranger = Uuid::from_u128(0xffff);
    world.mail(stranger, "ada@example.org");
    assert_eq!(world.broken().await, [("mail-unfounded", format!("mail {stranger}@almanac.local"))]);
}

#[sqlx::test(migrations = false)]
async fn a_mail_to_somebody_else(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (id, _) = world.mail_of(PLANTS_REMINDER).await;
    for (message, to) in &mut world.shown.lock().unwrap().mails {
        if message.starts_with(&id.to_string()) {
            *to = "bob@example.org".into();
        }
    }
    assert_eq!(world.broken().await, [("mail-unfounded", format!("mail {id}@almanac.local"))]);
}
