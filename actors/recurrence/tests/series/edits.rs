//! A person changes the series or ends it.

use contracts::recurrence::{
    EditSeries, EndSeries, GetSeries, Instance, MoveInstance, StartSeries, TemplateField,
};
use domain::{CountedFrom, Missed};
use sqlx::PgPool;

use crate::support::{Subject, TestClock, local, mondays, recurrence, store, template, utc, work};

const FIRST: &str = "2026-03-02T09:00:00";

fn clock() -> TestClock {
    TestClock::at("2026-03-02T12:00:00Z")
}

/// The first instance, after a person made the series go on daily through it.
fn daily(series: &Subject, version: i64, edited_at: &str) -> Instance {
    let recurrence = recurrence("FREQ=DAILY", FIRST, "Europe/Berlin", CountedFrom::Due, Missed::Skip);
    Instance {
        recurrence,
        edited_at: Some(utc(edited_at)),
        ..series.instance(0, version, FIRST, "2026-03-02T10:00:00Z")
    }
}

#[sqlx::test(migrations = false)]
async fn later_instances_follow_the_new_rule(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    series.start().await;
    let mut changed = template();
    changed.title = domain::Title::parse("Feed the cat").unwrap();
    let instance = daily(&series, 2, "2026-03-02T08:00:00Z");
    let fields = template().changes(&changed);
    series.send(&EditSeries { instance, template: Some(changed.clone()), changed: fields, anew: true }).await;
    let done = series.instance(0, 3, FIRST, "2026-03-02T10:00:00Z");
    assert_eq!(series.complete(done).await.next.unwrap().occurrence, local("2026-03-03T09:00:00"));
    assert_eq!(series.send(&GetSeries).await.unwrap().template, Some(changed));
}

#[sqlx::test(migrations = false)]
async fn what_was_changed_for_one_instance_alone_stays_with_it(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    series.start().await;
    // Its title was changed before, for itself; now its notes are, for all that follow.
    let mut now = template();
    now.title = domain::Title::parse("Only today").unwrap();
    now.notes = domain::Notes::parse("Bring a towel").unwrap();
    let (instance, changed) = (daily(&series, 3, "2026-03-02T08:00:00Z"), vec![TemplateField::Notes]);
    series.send(&EditSeries { instance, template: Some(now.clone()), changed, anew: true }).await;
    let kept = series.send(&GetSeries).await.unwrap().template.unwrap();
    assert_eq!((kept.title, kept.notes), (template().title, now.notes));
}

/// Events and messages take different ways; what a completion says of its own instance's edit counts.
#[sqlx::test(migrations = false)]
async fn a_completion_may_overtake_the_edit_before_it(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    series.start().await;
    let done = daily(&series, 3, "2026-03-02T08:00:00Z");
    assert_eq!(series.complete(done).await.next.unwrap().occurrence, local("2026-03-03T09:00:00"));
    let instance = daily(&series, 2, "2026-03-02T08:00:00Z");
    series.send(&EditSeries { instance, template: Some(template()), changed: vec![], anew: true }).await;
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-03T09:00:00", "planned")]);
    assert_eq!(series.send(&GetSeries).await.unwrap().template, Some(template()));
}

#[sqlx::test(migrations = false)]
async fn an_older_edit_does_not_undo_a_newer_one(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    series.start().await;
    let newer = daily(&series, 3, "2026-03-02T09:00:00Z");
    series.send(&EditSeries { instance: newer, template: None, changed: vec![], anew: false }).await;
    let older = Instance {
        edited_at: Some(utc("2026-03-02T08:00:00Z")),
        ..series.instance(0, 2, FIRST, "2026-03-02T08:00:00Z")
    };
    series.send(&EditSeries { instance: older, template: None, changed: vec![], anew: false }).await;
    let stale = series.instance(0, 4, FIRST, "2026-03-02T10:00:00Z");
    assert_eq!(series.complete(stale).await.next.unwrap().occurrence, local("2026-03-03T09:00:00"));
}

#[sqlx::test(migrations = false)]
async fn an_edited_rule_makes_no_second_successor(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    let done = series.instance(0, 2, FIRST, "2026-03-02T10:00:00Z");
    series.complete(done).await;
    work(&pool).await;
    let instance = daily(&series, 3, "2026-03-02T11:00:00Z");
    series
        .send(&EditSeries { instance: instance.clone(), template: None, changed: vec![], anew: true })
        .await;
    series.complete(instance).await;
    let again = daily(&series, 5, "2026-03-02T11:00:00Z");
    series.complete(again).await;
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "created")]);
}

#[sqlx::test(migrations = false)]
async fn count_begins_anew_with_this_and_following(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let twice = |rule: &str| recurrence(rule, FIRST, "Europe/Berlin", CountedFrom::Completion, Missed::Skip);
    let mut series = Subject::new(twice("FREQ=DAILY;COUNT=3"), &store, &clock);
    series.start().await;
    for (n, day) in [(0, "02"), (1, "03")] {
        let done =
            series.instance(n, 2, &format!("2026-03-{day}T09:00:00"), &format!("2026-03-{day}T10:00:00Z"));
        series.complete(done).await;
    }
    let instance = Instance {
        recurrence: twice("FREQ=DAILY;COUNT=2"),
        edited_at: Some(utc("2026-03-03T11:00:00Z")),
        ..series.instance(2, 2, "2026-03-04T09:00:00", "2026-03-03T11:00:00Z")
    };
    series.send(&EditSeries { instance, template: None, changed: vec![], anew: true }).await;
    let done = series.instance(2, 3, "2026-03-04T09:00:00", "2026-03-04T10:00:00Z");
    assert!(series.complete(done).await.next.is_some());
    let done = series.instance(3, 2, "2026-03-05T09:00:00", "2026-03-05T10:00:00Z");
    assert_eq!(series.complete(done).await.next, None);
}

#[sqlx::test(migrations = false)]
async fn a_moved_instance_moves_alone(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    series.start().await;
    for (version, to) in [(3, "2026-03-04T09:00:00"), (2, "2026-03-03T09:00:00")] {
        let instance = series.instance(0, version, FIRST, "2026-03-01T10:00:00Z");
        series.send(&MoveInstance { instance, to: local(to) }).await;
    }
    let moved = series.send(&GetSeries).await.unwrap().recurrence.moved().clone();
    assert_eq!(moved.into_iter().collect::<Vec<_>>(), [(local(FIRST), local("2026-03-04T09:00:00"))]);
    let done = series.instance(0, 4, FIRST, "2026-03-04T10:00:00Z");
    assert_eq!(series.complete(done).await.next.unwrap().occurrence, local("2026-03-09T09:00:00"));
}

#[sqlx::test(migrations = false)]
async fn an_ended_series_ends_and_can_be_taken_up_again(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::KeepEach), &store, &clock);
    series.start().await;
    let edited = |series: &Subject, version, at| Instance {
        edited_at: Some(utc(at)),
        ..series.instance(0, version, FIRST, at)
    };
    let end = EndSeries { instance: edited(&series, 2, "2026-03-02T08:00:00Z") };
    series.send(&end).await;
    let missed: i64 =
        sqlx::query_scalar("SELECT count(next_at) FROM recurrence").fetch_one(&pool).await.unwrap();
    assert_eq!(missed, 0);
    let done = series.instance(0, 3, FIRST, "2026-03-02T10:00:00Z");
    assert_eq!(series.complete(done).await.next, None);
    assert_eq!(series.ledger(&pool).await, [series.row(0, "", "over")]);

    let again = StartSeries { instance: edited(&series, 5, "2026-03-02T11:00:00Z"), template: template() };
    series.send(&again).await;
    let done = edited(&series, 6, "2026-03-02T11:00:00Z");
    assert!(series.complete(done).await.next.is_some());
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "planned")]);
}

/// A completion overtook the end: what it made goes again, unless somebody touched it.
#[sqlx::test(migrations = false)]
async fn an_end_that_comes_late_withdraws_what_followed(pool: PgPool) {
    let (store, clock) = (store(&pool).await, clock());
    let mut series = Subject::new(mondays(Missed::Skip), &store, &clock);
    let done = series.instance(0, 3, FIRST, "2026-03-02T10:00:00Z");
    series.complete(done).await;
    work(&pool).await;
    let instance = Instance {
        edited_at: Some(utc("2026-03-02T08:00:00Z")),
        ..series.instance(0, 2, FIRST, "2026-03-02T08:00:00Z")
    };
    assert_eq!(series.send(&EndSeries { instance }).await.next, None);
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "withdraw")]);
    work(&pool).await;
    let again = series.instance(0, 5, FIRST, "2026-03-02T12:00:00Z");
    assert_eq!(series.complete(again).await.next, None);
    assert_eq!(series.ledger(&pool).await, [series.row(0, "2026-03-09T09:00:00", "withdrawn")]);
}
