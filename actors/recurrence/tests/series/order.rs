//! Whatever comes twice, late, at two owners or into a crash: one next instance.

use std::sync::Arc;

use contracts::recurrence::{Closed, InstanceClosed, InstanceReopened, StartSeries};
use domain::Missed;
use sqlx::PgPool;
use virtual_actors::{
    Store,
    testing::{Fault, FaultyStore},
};

use crate::support::{Subject, TestClock, engine, mondays, store, template, work};

const OCCURRENCE: &str = "2026-03-02T09:00:00";

/// What is told of the first instance, in the order it happens.
#[derive(Clone, Copy, Debug)]
enum Told {
    Started,
    Completed(i64),
    Reopened(i64),
}

async fn tell(series: &mut Subject, told: Told) {
    let instance =
        |version: i64| series.instance(0, version, OCCURRENCE, &format!("2026-03-02T10:{version:02}:00Z"));
    match told {
        Told::Started => {
            let instance = instance(1);
            series.send(&StartSeries { instance, template: template() }).await;
        }
        Told::Completed(version) => {
            let instance = instance(version);
            series.complete(instance).await;
        }
        Told::Reopened(version) => {
            let instance = instance(version);
            series.reopen(instance).await;
        }
    }
}

/// All orders of `items`.
fn orders<T: Copy>(items: &[T]) -> Vec<Vec<T>> {
    if items.len() <= 1 {
        return vec![items.to_vec()];
    }
    let mut all = Vec::new();
    for (index, first) in items.iter().enumerate() {
        let rest = [&items[..index], &items[index + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|order| [&[*first], &order[..]].concat()));
    }
    all
}

/// Each event three times, in every order of the first ones, and the worker anywhere between.
#[sqlx::test(migrations = false)]
async fn each_event_three_times_in_any_order_leaves_one_next_instance(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-02T12:00:00Z"));
    let events = [Told::Started, Told::Completed(2), Told::Reopened(3), Told::Completed(4)];
    for (n, order) in orders(&events).into_iter().enumerate() {
        let mut series = Subject::nth(n as u128, mondays(Missed::Skip), &store, &clock);
        let repeated = [order.clone(), order.iter().rev().copied().collect(), order.clone()].concat();
        for (step, told) in repeated.into_iter().enumerate() {
            tell(&mut series, told).await;
            if (n + step).is_multiple_of(3) {
                work(&pool).await;
            }
        }
        work(&pool).await;
        let expected = [series.row(0, "2026-03-09T09:00:00", "created")];
        assert_eq!(series.ledger(&pool).await, expected, "{order:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn the_last_word_is_the_newest_not_the_latest_to_come(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-02T12:00:00Z"));
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    tell(&mut series, Told::Reopened(3)).await;
    tell(&mut series, Told::Completed(2)).await;
    assert!(series.ledger(&pool).await.is_empty(), "it is open");
    tell(&mut series, Told::Completed(4)).await;
    tell(&mut series, Told::Reopened(3)).await;
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "planned")]);
}

#[sqlx::test(migrations = false)]
async fn two_owners_at_once_decide_one_next_instance(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-02T12:00:00Z"));
    for n in 0..20 {
        let mut one = Subject::nth(n, mondays(Missed::Skip), &store, &clock);
        let mut other = Subject::nth(n, mondays(Missed::Skip), &store, &clock);
        // Each has the series in memory, and believes to be its only owner.
        one.start().await;
        other.start().await;
        let done = one.instance(0, 2, OCCURRENCE, "2026-03-02T10:00:00Z");
        let also = done.clone();
        let (first, second) = tokio::join!(one.complete(done), other.complete(also));
        assert_eq!(first, second);
        assert_eq!(one.ledger(&pool).await, [one.row(0, "2026-03-09T09:00:00", "planned")]);
    }
}

#[sqlx::test(migrations = false)]
async fn a_crash_around_the_commit_and_a_repetition_leave_one_next_instance(pool: PgPool) {
    let inner = store(&pool).await;
    let clock = TestClock::at("2026-03-02T12:00:00Z");
    let faulty = FaultyStore::new(inner);
    let store: Arc<dyn Store> = Arc::new(faulty.clone());
    let mut n = 0;
    for fault in [Fault::BeforeCommit, Fault::AfterCommit] {
        for same_command in [true, false] {
            n += 1;
            let mut series = Subject::nth(n, mondays(Missed::Skip), &store, &clock);
            series.start().await;
            let instance = series.instance(0, 2, OCCURRENCE, "2026-03-02T10:00:00Z");
            let message = InstanceClosed { instance, how: Closed::Completed };
            let command = same_command.then_some(series.first);
            faulty.fail_next(fault);
            series.try_send(&message, command).await.unwrap_err();
            // The host died: another one loads the series.
            series.engine = engine(series.id, &store, &clock);
            let follows = series.try_send(&message, command).await.unwrap();
            assert_eq!(follows.next.unwrap().task_id, series.task(1));
            assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "planned")]);
        }
    }
}

/// A state that was lost is started again from what comes; the ledger still knows what was decided.
#[sqlx::test(migrations = false)]
async fn the_ledger_outlives_the_state(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-03-02T12:00:00Z"));
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    tell(&mut series, Told::Completed(2)).await;
    work(&pool).await;
    sqlx::query("DELETE FROM recurrence").execute(&pool).await.unwrap();
    series.engine = engine(series.id, &store, &clock);
    let instance = series.instance(0, 4, OCCURRENCE, "2026-07-01T10:00:00Z");
    series.complete(instance).await;
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "created")]);
    let instance = series.instance(0, 5, OCCURRENCE, "2026-07-01T11:00:00Z");
    series.send(&InstanceReopened { instance }).await;
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "withdraw")]);
}
