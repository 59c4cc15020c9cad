//! One instance after the other.

use contracts::recurrence::{Closed, GetSeries, InstanceClosed};
use domain::{CountedFrom, Due, Missed};
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{MONDAYS, Subject, TestClock, local, mondays, recurrence, store, work};

fn clock() -> TestClock {
    TestClock::at("2026-03-02T10:00:00Z")
}

#[sqlx::test(migrations = false)]
async fn completing_an_instance_plans_the_next(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    assert_eq!(series.start().await.next, None);
    assert!(series.ledger(&pool).await.is_empty());

    let done = series.instance(0, 2, "2026-03-02T09:00:00", "2026-03-02T10:00:00Z");
    let next = series.complete(done).await.next.unwrap();

    assert_eq!((next.task_id, next.occurrence), (series.task(1), local("2026-03-09T09:00:00")));
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "planned")]);
    let due: Value = sqlx::query_scalar("SELECT due FROM recurrence_ledger").fetch_one(&pool).await.unwrap();
    let due: Due = serde_json::from_value(due).unwrap();
    assert_eq!(due, next.due);

    let done = series.instance(1, 2, "2026-03-09T09:00:00", "2026-03-09T10:00:00Z");
    series.complete(done).await;
    assert_eq!(series.ledger(&pool).await[1], series.row(1, "2026-03-16T09:00:00", "planned"));
    let snapshot = series.send(&GetSeries).await.unwrap();
    let closed: Vec<_> = snapshot.instances.iter().map(|instance| instance.closed).collect();
    assert_eq!(closed, [Some(Closed::Completed), Some(Closed::Completed), None]);
}

#[sqlx::test(migrations = false)]
async fn a_skipped_instance_has_a_next_one_too(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    let instance = series.instance(0, 2, "2026-03-02T09:00:00", "2026-03-01T10:00:00Z");
    let next = series.send(&InstanceClosed { instance, how: Closed::Skipped }).await.next.unwrap();
    assert_eq!(next.occurrence, local("2026-03-09T09:00:00"));
}

#[sqlx::test(migrations = false)]
async fn missed_ones_do_not_pile_up(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    let late = series.instance(0, 2, "2026-03-02T09:00:00", "2026-05-20T10:00:00Z");
    let next = series.complete(late).await.next.unwrap();
    assert_eq!(next.occurrence, local("2026-05-25T09:00:00"));
}

#[sqlx::test(migrations = false)]
async fn reopening_withdraws_and_completing_again_plans_the_same(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    let told = |series: &Subject, version| {
        series.instance(0, version, "2026-03-02T09:00:00", "2026-03-02T10:00:00Z")
    };
    for (version, reopened_to) in [(2, "withdraw"), (4, "withdraw")] {
        let done = told(&series, version);
        series.complete(done).await;
        assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "planned")]);
        work(&pool).await;
        let open = told(&series, version + 1);
        assert_eq!(series.reopen(open).await.next, None);
        assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", reopened_to)]);
        work(&pool).await;
        assert_eq!(series.ledger(&pool).await[0].3, "withdrawn");
    }
}

#[sqlx::test(migrations = false)]
async fn a_successor_somebody_touched_stays_the_only_one(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    let told = |series: &Subject, version| {
        series.instance(0, version, "2026-03-02T09:00:00", "2026-03-02T10:00:00Z")
    };
    let done = told(&series, 2);
    series.complete(done).await;
    let open = told(&series, 3);
    series.reopen(open).await;
    sqlx::query("UPDATE recurrence_ledger SET status = 'kept'").execute(&pool).await.unwrap();
    let done = told(&series, 4);
    series.complete(done).await;
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "kept")]);
}

#[sqlx::test(migrations = false)]
async fn a_counted_series_ends(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    for (n, (end, from)) in [
        (";COUNT=2", CountedFrom::Due),
        (";UNTIL=20260315T000000Z", CountedFrom::Due),
        (";COUNT=2", CountedFrom::Completion),
    ]
    .into_iter()
    .enumerate()
    {
        let rule = recurrence(
            &format!("{MONDAYS}{end}"),
            "2026-03-02T09:00:00",
            "Europe/Berlin",
            from,
            Missed::Skip,
        );
        let mut series = Subject::nth(n as u128, rule, &store, &clock);
        series.start().await;
        let done = series.instance(0, 2, "2026-03-02T09:00:00", "2026-03-02T10:00:00Z");
        series.complete(done).await;
        let last = series.instance(1, 2, "2026-03-09T09:00:00", "2026-03-09T10:00:00Z");
        assert_eq!(series.complete(last).await.next, None, "{end}");
        let expected = [series.row(0, "2026-03-09T09:00:00", "planned"), series.row(1, "", "over")];
        assert_eq!(series.ledger(&pool).await, expected, "{end}");
    }
    let over: i64 =
        sqlx::query_scalar("SELECT count(*) FROM actor_outbox WHERE body ->> 'type' = 'recurrence.over'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(over, 3);
}

#[sqlx::test(migrations = false)]
async fn from_completion_the_day_is_the_users(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let rule =
        recurrence("FREQ=DAILY;INTERVAL=3", "2026-03-02", "UTC", CountedFrom::Completion, Missed::Skip);
    let mut series = Subject::new(rule, &store, &clock);
    series.zone.zone = domain::Zone::parse("America/New_York").unwrap();
    // Eight in the evening in New York is the next day in UTC.
    let done = series.instance(0, 2, "2026-03-02T00:00:00", "2026-03-11T00:00:00Z");
    let next = series.complete(done).await.next.unwrap();
    assert_eq!(next.due, Due::parse(Some("2026-03-13"), None, None).unwrap());
}

/// The state does not grow with the series, and what it forgot is not decided again.
#[sqlx::test(migrations = false)]
async fn a_long_series_stays_small_and_old_instances_stay_decided(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let rule = recurrence("FREQ=DAILY", "2026-03-02", "UTC", CountedFrom::Due, Missed::Skip);
    let mut series = Subject::new(rule, &store, &clock);
    let day = |n: usize| local("2026-03-02T00:00:00") + chrono::TimeDelta::days(n as i64);
    let told = |series: &Subject, n: usize, version| {
        let at = format!("{}T12:00:00Z", day(n).date());
        series.instance(n, version, &day(n).format("%FT%T").to_string(), &at)
    };
    for n in 0..100 {
        let done = told(&series, n, 2);
        series.complete(done).await;
    }
    work(&pool).await;
    let size: i32 =
        sqlx::query_scalar("SELECT length(state::text) FROM recurrence").fetch_one(&pool).await.unwrap();
    assert!(size < 20_000, "{size} bytes");
    let before = series.ledger(&pool).await;
    assert_eq!(before.len(), 100);
    for version in 2..5 {
        let (old, reopened) = (told(&series, 3, version), told(&series, 3, version));
        series.complete(old).await;
        series.reopen(reopened).await;
    }
    assert_eq!(series.ledger(&pool).await, before);
}
