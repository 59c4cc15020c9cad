//! The clock's one statement on a real database: fired once, on time, with its lateness.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta};
use contracts::reminder_schedule::{CheckReminders, RemindersChecked};
use futures::future::join_all;
use reminder_schedule_actor::ReminderScheduleActor;
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool, types::Json};
use uuid::Uuid;
use virtual_actors::{
    Call, Clock as _, Effects, Engine, Executes, IdSource, Message, Methods, Outcome, PgStore,
    ReminderChange, System,
};

struct Clock {
    pool: PgPool,
    user: Uuid,
}

impl Clock {
    async fn new(pool: PgPool) -> Self {
        schema::migrate(&pool).await.expect("migrates");
        Self { pool, user: System.next_id() }
    }

    /// Adds a pending row that fires so many milliseconds from now, by the database's clock.
    async fn row(&self, generation: i32, from_now_ms: i64) -> Uuid {
        let id = System.next_id();
        sqlx::query(
            "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at)
             VALUES ($1, $2, $1, $3, 'Title', clock_timestamp() + $4 * interval '1 ms')",
        )
        .bind(id)
        .bind(generation)
        .bind(self.user)
        .bind(from_now_ms)
        .execute(&self.pool)
        .await
        .expect("inserts");
        id
    }

    async fn check(&self) -> (RemindersChecked, Effects) {
        let store = Arc::new(PgStore::new(self.pool.clone()));
        let mut engine = Engine::<ReminderScheduleActor>::new(
            self.user.to_string(),
            Arc::new(Methods::of_actor()),
            store,
            Arc::new(System),
        );
        let (outcome, effects) = engine.turn(CheckReminders::METHOD, &Call::default(), Duration::ZERO).await;
        let Outcome::Done { reply } = outcome else { panic!("not done: {outcome:?}") };
        (serde_json::from_value(reply).expect("the reply's type"), effects)
    }

    async fn events(&self) -> Vec<(Uuid, String, String, serde_json::Value)> {
        sqlx::query_as("SELECT event_id, topic, body ->> 'type', body FROM actor_outbox ORDER BY seq")
            .fetch_all(&self.pool)
            .await
            .expect("reads")
    }
}

#[sqlx::test(migrations = false)]
async fn what_is_due_fires_and_the_next_one_sets_both_clocks(pool: PgPool) {
    let clock = Clock::new(pool).await;
    let due = clock.row(1, -2_000).await;
    clock.row(1, 60_000).await;
    let (checked, effects) = clock.check().await;
    assert_eq!(checked.fired, 1);
    let next = checked.next.expect("there is a next one");
    assert_eq!(effects.reminders.len(), 1);
    assert!(matches!(&effects.reminders[0], ReminderChange::Set(reminder) if reminder.due == next));
    let timer = effects.timer.expect("it is near enough for a timer");
    assert!(timer.after > Duration::from_secs(55) && timer.after <= Duration::from_secs(60), "{timer:?}");
    assert!(effects.emitted);

    let events = clock.events().await;
    let kinds: Vec<_> = events.iter().map(|(_, topic, kind, _)| (topic.as_str(), kind.as_str())).collect();
    assert_eq!(kinds, [("audit-logs", "reminder.fired"), ("reminders", "reminder.due")]);
    let event = &events[1].3;
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["id"], events[1].0.to_string());
    assert_eq!(event["dataschema"], contracts::events::ReminderDue::SCHEMA);
    let data: contracts::events::ReminderDue =
        serde_json::from_value(event["data"].clone()).expect("the contract's shape");
    assert_eq!((data.reminder_id, data.generation, data.user_id), (due, 1, clock.user));
    assert!((2_000..10_000).contains(&data.late_ms), "{}", data.late_ms);
    assert_eq!((data.fired_at - data.due_at).num_milliseconds(), data.late_ms);
    DateTime::parse_from_rfc3339(event["time"].as_str().expect("a time")).expect("RFC 3339");
}

#[sqlx::test(migrations = false)]
async fn nothing_fires_early(pool: PgPool) {
    let clock = Clock::new(pool).await;
    clock.row(1, 150).await;
    let (checked, effects) = clock.check().await;
    assert_eq!(checked.fired, 0);
    tokio::time::sleep(effects.timer.expect("a timer").after).await;
    assert_eq!(clock.check().await.0.fired, 1, "the timer's time is not a moment too early");
}

#[sqlx::test(migrations = false)]
async fn any_number_of_checks_at_once_fire_it_once(pool: PgPool) {
    let clock = Clock::new(pool).await;
    for _ in 0..50 {
        clock.row(1, -1).await;
    }
    let fired: u32 =
        join_all((0..8).map(|_| clock.check())).await.iter().map(|(checked, _)| checked.fired).sum();
    assert_eq!(fired, 50);
    assert_eq!(clock.check().await.0, RemindersChecked { fired: 0, next: None });
    assert_eq!(clock.events().await.len(), 100);
}

#[sqlx::test(migrations = false)]
async fn each_generation_has_events_of_its_own(pool: PgPool) {
    let clock = Clock::new(pool).await;
    let id = clock.row(1, -10).await;
    clock.check().await;
    sqlx::query(
        "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at)
         VALUES ($1, 2, $1, $2, 'Title', now())",
    )
    .bind(id)
    .bind(clock.user)
    .execute(&clock.pool)
    .await
    .expect("re-arms");
    clock.check().await;
    let mut ids: Vec<_> = clock.events().await.into_iter().map(|(id, ..)| id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "a second firing is no double of the first");
}

#[sqlx::test(migrations = false)]
async fn a_user_with_very_many_due_gets_them_in_batches(pool: PgPool) {
    let clock = Clock::new(pool).await;
    sqlx::query(
        "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at)
         SELECT gen_random_uuid(), 1, gen_random_uuid(), $1, 'Title', now() - n * interval '1 ms'
         FROM generate_series(1, 30000) AS n",
    )
    .bind(clock.user)
    .execute(&clock.pool)
    .await
    .expect("inserts");
    let mut batches = 0;
    loop {
        let (checked, effects) = clock.check().await;
        batches += 1;
        match checked.next {
            None => break,
            Some(next) => {
                assert!(next <= System.now() + TimeDelta::seconds(1));
                assert_eq!(effects.timer.expect("goes on at once").after, Duration::ZERO);
            }
        }
    }
    assert_eq!(batches, 60);
    let fired: i64 = sqlx::query_scalar("SELECT count(*) FROM reminder WHERE status = 'fired'")
        .fetch_one(&clock.pool)
        .await
        .expect("counts");
    assert_eq!(fired, 30_000);
}

#[sqlx::test(migrations = false)]
async fn a_row_that_a_task_holds_is_left_for_the_next_check(pool: PgPool) {
    let clock = Clock::new(pool).await;
    clock.row(1, -10).await;
    let mut task = clock.pool.begin().await.expect("begins");
    sqlx::query("SELECT 1 FROM reminder FOR UPDATE").execute(&mut *task).await.expect("locks");
    let (checked, effects) = clock.check().await;
    assert_eq!(checked.fired, 0, "the check does not wait");
    let again = effects.timer.expect("it looks again").after;
    assert!(
        again > Duration::ZERO && again < Duration::from_millis(100),
        "soon, and not in a hot loop: {again:?}"
    );
    task.rollback().await.expect("gives up");
    assert_eq!(clock.check().await.0.fired, 1);
}

/// By a plan that was made while nothing was due, as the one of a prepared statement.
#[sqlx::test(migrations = false)]
async fn a_check_reads_neither_all_that_a_user_has_nor_what_is_due_of_others(pool: PgPool) {
    let clock = Clock::new(pool.clone()).await;
    let insert = async |user: Option<Uuid>, count: i32, minutes: i32| {
        sqlx::query(
            "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at)
             SELECT gen_random_uuid(), 1, gen_random_uuid(), coalesce($1, gen_random_uuid()), 'Title',
                 now() + $3 * interval '1 min'
             FROM generate_series(1, $2)",
        )
        .bind(user)
        .bind(count)
        .bind(minutes)
        .execute(&pool)
        .await
        .expect("inserts");
    };
    insert(Some(clock.user), 5_000, 60).await;
    sqlx::query("ANALYZE reminder").execute(&pool).await.expect("analyses");

    let mut session = pool.acquire().await.expect("connects").detach();
    let statement = ReminderScheduleActor::statement(&CheckReminders);
    let sql = statement.sql.replace("$1", &format!("'{}'", clock.user));
    let sql = sql.replace("$2::jsonb", &format!("'{}'::jsonb", statement.args)).replace("$3", "0");
    for set in ["SET plan_cache_mode = force_generic_plan", &format!("PREPARE checked AS {sql}")] {
        run(&mut session, set).await;
    }
    let before = read(&mut session).await;
    assert!(before < 10.0, "{before} rows of the user's 5,000");
    insert(None, 5_000, -1).await;
    insert(Some(clock.user), 1, -1).await;
    let after = read(&mut session).await;
    assert!(after < 20.0, "{after} rows, with 5,000 due of others");
    session.close().await.expect("closes");
    assert_eq!(clock.check().await.0.fired, 0, "it fired");
}

async fn run(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(session).await.expect("it is valid");
}

/// How many rows the prepared check reads of the table of reminders.
async fn read(session: &mut PgConnection) -> f64 {
    let sql = "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE checked";
    let plan: Json<Value> =
        sqlx::query_scalar(sql).persistent(false).fetch_one(session).await.expect("it can be explained");
    rows(&plan.0[0]["Plan"])
}

fn rows(node: &Value) -> f64 {
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let own = if node["Relation Name"] == "reminder" {
        (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
    } else {
        0.0
    };
    own + node["Plans"].as_array().into_iter().flatten().map(rows).sum::<f64>()
}
