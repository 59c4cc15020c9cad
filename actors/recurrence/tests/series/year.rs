//! A year of a daily task at nine in the morning, each instance completed in time, in zones of every kind.

use chrono::{DateTime, Days, NaiveDate, Timelike, Utc};
use domain::{CountedFrom, Due, Missed, Zone};
use sqlx::PgPool;

use crate::support::{Subject, TestClock, recurrence, store};

/// Both hemispheres, no daylight saving time, and a shift of half an hour.
const ZONES: [&str; 5] =
    ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata"];

#[sqlx::test(migrations = false)]
async fn nine_in_the_morning_every_day_of_a_year(pool: PgPool) {
    let (store, clock) = (store(&pool).await, TestClock::at("2026-01-01T00:00:00Z"));
    for (n, name) in ZONES.into_iter().enumerate() {
        let rule = recurrence("FREQ=DAILY", "2026-01-01T09:00:00", name, CountedFrom::Due, Missed::Skip);
        let mut series = Subject::nth(n as u128, rule, &store, &clock);
        let zone = Zone::parse(name).unwrap();
        let mut day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let mut due = *series.recurrence.start();
        let mut task = series.first;
        let mut hours = std::collections::BTreeSet::new();
        for _ in 0..365 {
            let Due::At { local, .. } = due else { panic!("it has a time") };
            assert_eq!(local, day.and_hms_opt(9, 0, 0).unwrap(), "{name}");
            let instant: DateTime<Utc> = due.instant(&series.zone);
            assert_eq!(zone.local(instant), local, "nine on the wall, in {name}");
            hours.insert((instant.hour(), instant.minute()));
            let mut done = series.instance(0, 2, "2026-01-01T09:00:00", "2026-01-01T09:00:00Z");
            (done.task_id, done.occurrence, done.at) = (task, local, instant + chrono::TimeDelta::minutes(5));
            let next = series.complete(done).await.next.unwrap();
            (task, due) = (next.task_id, next.due);
            day = day + Days::new(1);
        }
        let offsets = if name == "Asia/Kolkata" { 1 } else { 2 };
        assert_eq!(hours.len(), offsets, "{name}: summer and winter differ in UTC");
        assert_eq!(series.ledger(&pool).await.len(), 365, "{name}: one next instance each");
    }
}
