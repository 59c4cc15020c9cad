//! Series that keep each instance.

use contracts::recurrence::{CheckMissed, InstanceTrashed};
use domain::Missed;
use sqlx::PgPool;

use crate::support::{Subject, TestClock, mondays, store, utc, work};

async fn overdue(pool: &PgPool, now: &str) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM recurrence WHERE next_at <= $1::timestamptz")
        .bind(utc(now))
        .fetch_one(pool)
        .await
        .expect("it can be read")
}

#[sqlx::test(migrations = false)]
async fn the_next_one_comes_at_its_time_though_the_open_one_is_not_done(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-09T07:59:59Z"));
    let mut series = Subject::new(mondays(Missed::KeepEach), &store, &clock);
    series.start().await;
    assert_eq!(overdue(&pool, "2026-03-09T07:59:59Z").await, 0);
    assert_eq!(overdue(&pool, "2026-03-09T08:00:00Z").await, 1);
    assert_eq!(series.send(&CheckMissed).await.planned, 0);

    clock.set("2026-03-16T08:00:00Z");
    for planned in [2, 0, 0] {
        assert_eq!(series.send(&CheckMissed).await.planned, planned);
    }
    let planned =
        [series.row(0, "2026-03-09T09:00:00", "planned"), series.row(1, "2026-03-16T09:00:00", "planned")];
    assert_eq!(series.ledger(&pool).await, planned);
    assert_eq!(overdue(&pool, "2026-03-23T07:59:59Z").await, 0);
    assert_eq!(overdue(&pool, "2026-03-23T08:00:00Z").await, 1);
}

#[sqlx::test(migrations = false)]
async fn completing_and_reopening_one_that_was_missed_changes_no_other(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-09T08:00:00Z"));
    let mut series = Subject::new(mondays(Missed::KeepEach), &store, &clock);
    series.start().await;
    series.send(&CheckMissed).await;
    work(&pool).await;
    let created = [series.row(0, "2026-03-09T09:00:00", "created")];
    let done = series.instance(0, 2, "2026-03-02T09:00:00", "2026-03-10T10:00:00Z");
    assert_eq!(series.complete(done).await.next.unwrap().task_id, series.task(1));
    assert_eq!(series.ledger(&pool).await, created);
    let open = series.instance(0, 3, "2026-03-02T09:00:00", "2026-03-10T11:00:00Z");
    series.reopen(open).await;
    assert_eq!(series.ledger(&pool).await, created);
}

#[sqlx::test(migrations = false)]
async fn one_in_the_trash_is_not_missed(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-04-01T00:00:00Z"));
    let mut series = Subject::new(mondays(Missed::KeepEach), &store, &clock);
    series.start().await;
    let trash = |series: &Subject, version, trashed| InstanceTrashed {
        instance: series.instance(0, version, "2026-03-02T09:00:00", "2026-03-02T10:00:00Z"),
        trashed,
    };
    let deleted = trash(&series, 2, true);
    series.send(&deleted).await;
    assert_eq!(series.send(&CheckMissed).await.planned, 0);
    let restored = trash(&series, 3, false);
    series.send(&restored).await;
    series.send(&deleted).await;
    assert_eq!(series.send(&CheckMissed).await.planned, 4);
}

/// Completing every one in time, after its successor was made: nothing is made twice.
#[sqlx::test(migrations = false)]
async fn completing_before_the_next_one_is_due_plans_it_once(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-03T00:00:00Z"));
    let mut series = Subject::new(mondays(Missed::KeepEach), &store, &clock);
    series.start().await;
    let done = series.instance(0, 2, "2026-03-02T09:00:00", "2026-03-02T10:00:00Z");
    series.complete(done).await;
    clock.set("2026-03-09T09:00:00Z");
    assert_eq!(series.send(&CheckMissed).await.planned, 0, "it exists");
    clock.set("2026-03-16T09:00:00Z");
    assert_eq!(series.send(&CheckMissed).await.planned, 1);
    let rows = series.ledger(&pool).await;
    let planned =
        [series.row(0, "2026-03-09T09:00:00", "planned"), series.row(1, "2026-03-16T09:00:00", "planned")];
    assert_eq!(rows, planned);
}

#[sqlx::test(migrations = false)]
async fn others_have_no_time_to_miss(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2027-01-01T00:00:00Z"));
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    series.start().await;
    assert_eq!(overdue(&pool, "2027-01-01T00:00:00Z").await, 0);
    assert_eq!(series.send(&CheckMissed).await.planned, 0);
    let mut unknown = Subject::nth(2, mondays(Missed::KeepEach), &store, &clock);
    assert_eq!(unknown.send(&CheckMissed).await.planned, 0);
}
