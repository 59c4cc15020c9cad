//! People with a reminder each, and when they were told.

use std::time::Duration;

use almanac_tests::{Person, Request, eventually, fires_at};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;
use xtask::Stack;

/// Enough that each scheduler keeps some.
const PEOPLE: usize = 9;

pub(crate) struct Reminded {
    pub(crate) people: Vec<Person>,
    pub(crate) tasks: Vec<Value>,
}

impl Reminded {
    /// People whose reminders fire in so many seconds, and are kept by Dapr.
    pub(crate) async fn in_seconds(stack: &Stack, seconds: i64) -> Self {
        // When one of them has died, the schedulers take no reminders until its lease has run out.
        Self::of(stack, 1, 3600).await.until_kept(stack, Duration::from_secs(60)).await;
        let reminded = Self::of(stack, PEOPLE, seconds).await;
        reminded.until_kept(stack, Duration::from_secs(30)).await;
        reminded
    }

    async fn of(stack: &Stack, people: usize, seconds: i64) -> Self {
        let people = join_all((0..people).map(|_| Person::register(stack))).await;
        let tasks = join_all(people.iter().map(|person| person.create_reminding_in("Ring", seconds))).await;
        Self { people, tasks }
    }

    /// The first and the last instant one fires.
    pub(crate) fn fire(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let all = || self.tasks.iter().map(fires_at);
        (all().min().expect("tasks"), all().max().expect("tasks"))
    }

    /// Waits until Dapr keeps the reminder of each clock.
    pub(crate) async fn until_kept(&self, stack: &Stack, limit: Duration) {
        let sidecar = stack.ports().apps[crate::HOST][0].sidecar.http;
        join_all(self.people.iter().map(async |person| {
            let clock = format!(
                "http://127.0.0.1:{sidecar}/v1.0/actors/ReminderSchedule/{}/reminders/clock",
                person.id
            );
            eventually("Dapr to keep the reminder", limit, async || {
                let kept = Request::new("GET", clock.clone()).send().await;
                kept.body["dueTime"].is_string().then_some(())
            })
            .await;
        }))
        .await;
    }

    /// Waits until all have fired; how late the latest was, in milliseconds. The backend need not run.
    pub(crate) async fn latest(&self, stack: &Stack, limit: Duration) -> i64 {
        let mut database =
            PgConnection::connect(stack.database_url().expect("it runs")).await.expect("it runs");
        let ids: Vec<Uuid> = self.people.iter().map(|person| person.id).collect();
        let late = "SELECT count(*) FILTER (WHERE status = 'fired'), min(late_ms), max(late_ms)
                    FROM reminder WHERE user_id = ANY ($1)";
        let (earliest, latest): (i64, i64) = eventually("all reminders to fire", limit, async || {
            let row: Result<(i64, Option<i64>, Option<i64>), _> =
                sqlx::query_as(late).bind(&ids).fetch_one(&mut database).await;
            let (fired, earliest, latest) = row.expect("the reminders can be read");
            (fired == PEOPLE as i64).then_some(earliest.zip(latest)?)
        })
        .await;
        assert!(earliest >= 0, "{earliest} ms: too early");
        latest
    }

    /// Each is told once in the app and once by mail.
    pub(crate) async fn once(&self) {
        for (person, task) in self.people.iter().zip(&self.tasks) {
            let inbox = person.notified(1).await;
            assert_eq!(inbox[0]["due_at"], task["reminders"][0]["fires_at"]);
            assert_eq!((person.mailed(1).await.len(), person.notifications().await.len()), (1, 1));
        }
    }
}
