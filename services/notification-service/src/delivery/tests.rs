//! Deliveries on real PostgreSQL; only the mail server is a fake.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use contracts::events::DeliveryOutcome;
use platform::Stop;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use virtual_actors::RelayHandle;

use super::{
    Settings,
    mail::Mail,
    outcome::Outcome,
    queue::Recorded,
    reminders::{Claimed, claim, compose, record},
    sender::{SendError, Sender},
    worker::Worker,
};
use crate::fixture::{
    USER, complete_task, delivery, firing, let_time_pass, mail_events, prepare, queue_mail,
};

pub(super) const DOMAIN: &str = "almanac.test";

/// A mail server: what it got, and how it answers.
#[derive(Clone)]
pub(super) struct Sink {
    mails: Arc<Mutex<Vec<Mail>>>,
    answer: Result<(), SendError>,
    /// A permit for each mail it may answer.
    open: Arc<Semaphore>,
}

impl Sink {
    pub(super) fn answering(answer: Result<(), SendError>) -> Self {
        Self { mails: Arc::default(), answer, open: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }

    pub(super) fn accepting() -> Self {
        Self::answering(Ok(()))
    }

    pub(super) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    pub(super) fn worker(&self, pool: &PgPool) -> Worker<Sink> {
        let settings =
            Settings { message_id_domain: DOMAIN.to_owned(), public_url: "https://almanac.test".to_owned() };
        Worker::new(pool.clone(), self.clone(), settings, RelayHandle::default())
    }
}

impl Sender for Sink {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        self.mails.lock().unwrap().push(mail);
        self.open.acquire().await.unwrap().forget();
        self.answer.clone()
    }
}

pub(super) fn failing() -> SendError {
    SendError::Failed("connection refused".to_owned())
}

/// Waits until something is so.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect(what);
}

#[sqlx::test(migrations = false)]
async fn a_queued_mail_is_sent_once_and_its_outcome_recorded(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    let sink = Sink::accepting();
    let worker = sink.worker(&pool);

    assert!(worker.deliver_next().await.unwrap());
    assert!(!worker.deliver_next().await.unwrap());

    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].to.as_str(), mails[0].subject.as_str()), ("ada@example.org", "Reminder: Task 1"));
    assert_eq!(mails[0].message_id, format!("<{id}@{DOMAIN}>"));
    assert_eq!(delivery(&pool, id).await, ("delivered".to_owned(), 1));
    let events = mail_events(&pool).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "notification.delivered");
    let outcome: DeliveryOutcome = serde_json::from_value(events[0].1.clone()).unwrap();
    assert_eq!((outcome.delivery_id, outcome.user_id, outcome.attempts), (id, USER, 1));
    assert_eq!(outcome.task_id, firing(1).task_id);
}

#[sqlx::test(migrations = false)]
async fn the_attempt_is_counted_before_the_mail_is_sent(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;

    claim(&pool).await.unwrap().unwrap();

    assert_eq!(delivery(&pool, id).await, ("sending".to_owned(), 1));
}

#[sqlx::test(migrations = false)]
async fn a_task_done_in_the_meantime_supersedes_the_mail(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    complete_task(&pool, &firing(1)).await;
    let sink = Sink::accepting();

    sink.worker(&pool).deliver_next().await.unwrap();

    assert_eq!(sink.mails(), []);
    assert_eq!(delivery(&pool, id).await, ("superseded".to_owned(), 0));
    assert_eq!(mail_events(&pool).await[0].0, "notification.superseded");
}

#[sqlx::test(migrations = false)]
async fn a_reader_who_left_gets_no_mail(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    sqlx::query("DELETE FROM app_user").execute(&pool).await.unwrap();
    let sink = Sink::accepting();

    sink.worker(&pool).deliver_next().await.unwrap();

    assert_eq!(sink.mails(), []);
    assert_eq!(delivery(&pool, id).await.0, "superseded");
}

#[sqlx::test(migrations = false)]
async fn a_crash_before_sending_leaves_the_mail_to_the_next_worker(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    let sink = Sink::accepting();
    let worker = sink.worker(&pool);
    claim(&pool).await.unwrap().unwrap(); // and dies

    assert!(!worker.deliver_next().await.unwrap(), "the lease holds");
    let_time_pass(&pool).await;
    assert!(worker.deliver_next().await.unwrap());

    assert_eq!(sink.mails().len(), 1);
    assert_eq!(delivery(&pool, id).await, ("delivered".to_owned(), 2));
}

#[sqlx::test(migrations = false)]
async fn a_crash_before_recording_repeats_the_mail_under_its_message_id(pool: PgPool) {
    prepare(&pool).await;
    queue_mail(&pool, 1).await;
    let sink = Sink::accepting();
    let claimed = claim(&pool).await.unwrap().unwrap();
    sink.send(compose(&claimed, DOMAIN)).await.unwrap(); // and dies

    let_time_pass(&pool).await;
    let worker = sink.worker(&pool);
    assert!(worker.deliver_next().await.unwrap());
    assert!(!worker.deliver_next().await.unwrap());

    let ids: Vec<_> = sink.mails().into_iter().map(|mail| mail.message_id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(mail_events(&pool).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn workers_share_the_queue_without_doubling(pool: PgPool) {
    prepare(&pool).await;
    for n in 1..=30 {
        queue_mail(&pool, n).await;
    }
    let sink = Sink::accepting();

    let workers = [(); 3].map(|()| {
        let worker = sink.worker(&pool);
        tokio::spawn(async move { while worker.deliver_next().await.unwrap() {} })
    });
    for worker in workers {
        worker.await.unwrap();
    }

    let mails = sink.mails();
    let distinct: HashSet<_> = mails.iter().map(|mail| &mail.message_id).collect();
    assert_eq!((mails.len(), distinct.len()), (30, 30));
    assert_eq!(mail_events(&pool).await.len(), 30);
}

#[sqlx::test(migrations = false)]
async fn a_failed_send_is_tried_again_after_a_pause(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    let down = Sink::answering(Err(failing()));
    down.worker(&pool).deliver_next().await.unwrap();

    assert_eq!(delivery(&pool, id).await, ("pending".to_owned(), 1));
    let (pause, error): (f64, String) = sqlx::query_as(
        "SELECT extract(epoch FROM claimable_at - now())::float8, last_error FROM delivery WHERE id = $1",
    )
    .bind(id)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!((1.0..=5.0).contains(&pause), "{pause}");
    assert_eq!(error, "connection refused");
    assert_eq!(mail_events(&pool).await, []);

    let up = Sink::accepting();
    assert!(!up.worker(&pool).deliver_next().await.unwrap(), "not before the pause is over");
    let_time_pass(&pool).await;
    up.worker(&pool).deliver_next().await.unwrap();
    assert_eq!(delivery(&pool, id).await, ("delivered".to_owned(), 2));
    assert_eq!(up.mails()[0].message_id, down.mails()[0].message_id);
}

#[sqlx::test(migrations = false)]
async fn a_refused_mail_fails_at_once(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    let sink = Sink::answering(Err(SendError::Refused("550 no such user".to_owned())));

    sink.worker(&pool).deliver_next().await.unwrap();

    assert_eq!(delivery(&pool, id).await, ("failed".to_owned(), 1));
    assert_eq!(mail_events(&pool).await[0].0, "notification.failed");
}

#[sqlx::test(migrations = false)]
async fn it_is_given_up_in_the_end(pool: PgPool) {
    prepare(&pool).await;
    let id = queue_mail(&pool, 1).await;
    sqlx::query("UPDATE delivery SET attempts = 99 WHERE id = $1").bind(id).execute(&pool).await.unwrap();

    Sink::answering(Err(failing())).worker(&pool).deliver_next().await.unwrap();

    assert_eq!(delivery(&pool, id).await, ("failed".to_owned(), 100));
    assert_eq!(mail_events(&pool).await[0].0, "notification.failed");
}

/// A worker frozen past its lease, and the one that took over.
async fn frozen_and_successor(pool: &PgPool) -> (Claimed, Claimed) {
    prepare(pool).await;
    queue_mail(pool, 1).await;
    let frozen = claim(pool).await.unwrap().unwrap();
    let_time_pass(pool).await;
    let successor = claim(pool).await.unwrap().unwrap();
    assert_eq!((frozen.id, frozen.attempts + 1), (successor.id, successor.attempts));
    (frozen, successor)
}

#[sqlx::test(migrations = false)]
async fn a_frozen_workers_failure_does_not_count(pool: PgPool) {
    let (frozen, successor) = frozen_and_successor(&pool).await;

    for outcome in [
        Outcome::Failed { error: "late".to_owned() },
        Outcome::Retry { error: "late".to_owned(), after: Duration::ZERO },
    ] {
        assert_eq!(record(&pool, &frozen, &outcome).await.unwrap(), Recorded::Lost);
    }

    assert_eq!(delivery(&pool, frozen.id).await, ("sending".to_owned(), successor.attempts));
}

#[sqlx::test(migrations = false)]
async fn a_frozen_workers_delivery_counts_once(pool: PgPool) {
    let (frozen, successor) = frozen_and_successor(&pool).await;

    let delivered = record(&pool, &frozen, &Outcome::Delivered).await.unwrap();
    let again = record(&pool, &successor, &Outcome::Delivered).await.unwrap();

    assert!(matches!(delivered, Recorded::Settled { .. }));
    assert_eq!(again, Recorded::Lost);
    assert_eq!(mail_events(&pool).await.len(), 1);
}

#[sqlx::test(migrations = false)]
async fn woken_it_sends_and_stopping_it_finishes_the_send_in_hand(pool: PgPool) {
    prepare(&pool).await;
    let sink = Sink { open: Arc::new(Semaphore::new(0)), ..Sink::accepting() };
    let worker = sink.worker(&pool);
    let (handle, stop) = (worker.handle(), Stop::default());
    let running = tokio::spawn(worker.run(stop.requested()));
    let first = queue_mail(&pool, 1).await;
    queue_mail(&pool, 2).await;
    handle.wake();
    until("the first mail is being sent", || async { sink.mails().len() == 1 }).await;

    stop.request();
    sink.open.add_permits(2);
    running.await.unwrap();

    assert_eq!(delivery(&pool, first).await, ("delivered".to_owned(), 1));
    assert_eq!(sink.mails().len(), 1, "nothing new is begun");
}
