//! Mails about accounts on real PostgreSQL; only the mail server is a fake.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::{claim::claim, outcome::record};
use crate::{
    delivery::{
        mail::Mail,
        outcome::Outcome,
        queue::Recorded,
        tests::{DOMAIN, Sink, failing},
    },
    fixture::{USER, prepare, queue_mail},
};

async fn queue(pool: &PgPool, kind: &str, user: Option<Uuid>, email: &str) -> Uuid {
    let sql = "INSERT INTO account_mail (id, kind, user_id, email, created_at, expires_at)
               VALUES (gen_random_uuid(), $1, $2, $3, now(), now() + interval '1 hour') RETURNING id";
    sqlx::query_scalar(sql).bind(kind).bind(user).bind(email).fetch_one(pool).await.unwrap()
}

async fn state(pool: &PgPool, id: Uuid) -> (String, i32) {
    let sql = "SELECT status, attempts FROM account_mail WHERE id = $1";
    sqlx::query_as(sql).bind(id).fetch_one(pool).await.unwrap()
}

async fn let_time_pass(pool: &PgPool) {
    sqlx::query("UPDATE account_mail SET claimable_at = now() - interval '1 second'")
        .execute(pool)
        .await
        .unwrap();
}

/// The mail whose link this is, as the backend finds it.
async fn linked(pool: &PgPool, mail: &Mail) -> Option<Uuid> {
    let token = mail.text.split("#token=").nth(1)?.split_whitespace().next()?;
    sqlx::query_scalar("SELECT mail_id FROM account_mail_token WHERE hash = $1")
        .bind(&Sha256::digest(URL_SAFE_NO_PAD.decode(token).unwrap())[..])
        .fetch_optional(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrations = false)]
async fn a_mail_is_sent_once_and_only_the_hash_of_its_token_is_kept(pool: PgPool) {
    prepare(&pool).await;
    let id = queue(&pool, "reset-password", None, "ada@example.org").await;
    let sink = Sink::accepting();
    let worker = sink.worker(&pool);

    assert!(worker.deliver_next().await.unwrap());
    assert!(!worker.deliver_next().await.unwrap());

    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("ada@example.org", "Choose a new password")
    );
    assert_eq!(mails[0].message_id, format!("<account-{id}@{DOMAIN}>"));
    assert_eq!(linked(&pool, &mails[0]).await, Some(id));
    assert_eq!(state(&pool, id).await, ("delivered".to_owned(), 1));
}

#[sqlx::test(migrations = false)]
async fn what_nobody_waits_for_is_not_sent(pool: PgPool) {
    prepare(&pool).await;
    let verified = queue(&pool, "verify-email", Some(USER), "ada@example.org").await;
    let moved = queue(&pool, "verify-email", Some(USER), "old@example.org").await;
    let taken = queue(&pool, "change-email", Some(USER), "ada@example.org").await;
    let nobody = queue(&pool, "reset-password", None, "nobody@example.org").await;
    let expired = queue(&pool, "reset-password", None, "ada@example.org").await;
    for sql in [
        "UPDATE app_user SET email_verified_at = now()",
        "UPDATE account_mail SET expires_at = now() WHERE kind = 'reset-password' AND email LIKE 'ada%'",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let sink = Sink::accepting();
    let worker = sink.worker(&pool);
    while worker.deliver_next().await.unwrap() {}

    assert_eq!(sink.mails(), []);
    for id in [verified, moved, taken, nobody, expired] {
        assert_eq!(state(&pool, id).await, ("superseded".to_owned(), 0));
    }
    let tokens: i64 =
        sqlx::query_scalar("SELECT count(*) FROM account_mail_token").fetch_one(&pool).await.unwrap();
    assert_eq!(tokens, 0);
}

#[sqlx::test(migrations = false)]
async fn after_a_crash_or_a_failure_it_comes_again_and_either_link_works(pool: PgPool) {
    prepare(&pool).await;
    let id = queue(&pool, "verify-email", Some(USER), "ada@example.org").await;
    let sink = Sink::answering(Err(failing()));
    sink.worker(&pool).deliver_next().await.unwrap();
    assert_eq!(state(&pool, id).await, ("pending".to_owned(), 1));
    let_time_pass(&pool).await;
    claim(&pool).await.unwrap().unwrap(); // and dies
    let second = Sink::accepting();
    assert!(!second.worker(&pool).deliver_next().await.unwrap(), "the lease holds");
    let_time_pass(&pool).await;
    second.worker(&pool).deliver_next().await.unwrap();

    assert_eq!(state(&pool, id).await, ("delivered".to_owned(), 3));
    let (first, last) = (&sink.mails()[0], &second.mails()[0]);
    assert_eq!(first.message_id, last.message_id);
    assert_ne!(first.text, last.text);
    assert_eq!((linked(&pool, first).await, linked(&pool, last).await), (Some(id), Some(id)));
}

#[sqlx::test(migrations = false)]
async fn a_frozen_workers_failure_does_not_count_but_its_delivery_does_once(pool: PgPool) {
    prepare(&pool).await;
    let id = queue(&pool, "password-changed", Some(USER), "ada@example.org").await;
    let frozen = claim(&pool).await.unwrap().unwrap();
    let_time_pass(&pool).await;
    let successor = claim(&pool).await.unwrap().unwrap();

    let failed = Outcome::Failed { error: "late".to_owned() };
    assert_eq!(record(&pool, &frozen, &failed).await.unwrap(), Recorded::Lost);
    assert!(matches!(record(&pool, &frozen, &Outcome::Delivered).await.unwrap(), Recorded::Settled { .. }));
    assert_eq!(record(&pool, &successor, &Outcome::Delivered).await.unwrap(), Recorded::Lost);
    assert_eq!(state(&pool, id).await, ("delivered".to_owned(), 2));
}

#[sqlx::test(migrations = false)]
async fn neither_queue_waits_for_the_others_backlog(pool: PgPool) {
    prepare(&pool).await;
    for n in 1..=3 {
        queue_mail(&pool, n).await;
        queue(&pool, "password-changed", Some(USER), "ada@example.org").await;
    }
    let sink = Sink::accepting();
    sink.worker(&pool).deliver_next().await.unwrap();
    let subjects: Vec<_> = sink.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Your password was changed", "Reminder: Task 1"]);
}
