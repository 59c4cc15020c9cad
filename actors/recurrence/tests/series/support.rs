//! Series on a real database, without Dapr: their engines are run directly.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime, Utc};
use contracts::recurrence::{
    Closed, Follows, Instance, InstanceClosed, InstanceReopened, StartSeries, Template, next_id, series_id,
};
use domain::{
    CountedFrom, Due, Missed, NewRecurrence, Notes, Priority, Recurrence, Tags, Title, UserId, UserZone, Zone,
};
use recurrence_actor::RecurrenceActor;
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{Call, Clock, CommandId, Engine, Message, Methods, Outcome, PgStore, Store};

/// Stands where the test puts it.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("as the test says")
    }
}

impl TestClock {
    pub(crate) fn at(instant: &str) -> Self {
        Self(Arc::new(Mutex::new(utc(instant))))
    }

    pub(crate) fn set(&self, instant: &str) {
        *self.0.lock().expect("as the test says") = utc(instant);
    }
}

/// One series, and the owner's way to talk to it.
pub(crate) struct Subject {
    pub(crate) id: Uuid,
    pub(crate) first: Uuid,
    pub(crate) recurrence: Recurrence,
    pub(crate) zone: UserZone,
    pub(crate) engine: Engine<RecurrenceActor>,
}

/// A row of the ledger, as far as tests look at it: predecessor, next, its time, status.
pub(crate) type Row = (Uuid, Uuid, Option<NaiveDateTime>, String);

pub(crate) const MONDAYS: &str = "FREQ=WEEKLY;BYDAY=MO";

pub(crate) async fn store(pool: &PgPool) -> Arc<dyn Store> {
    schema::migrate(pool).await.expect("as the test says");
    Arc::new(PgStore::new(pool.clone()))
}

/// A series that starts on Monday 2026-03-02 at 09:00 in Berlin.
pub(crate) fn mondays(missed: Missed) -> Recurrence {
    recurrence(MONDAYS, "2026-03-02T09:00:00", "Europe/Berlin", CountedFrom::Due, missed)
}

pub(crate) fn recurrence(
    rrule: &str,
    start: &str,
    zone: &str,
    from: CountedFrom,
    missed: Missed,
) -> Recurrence {
    let start = match start.contains('T') {
        true => Due::parse(None, Some(start), Some(zone)),
        false => Due::parse(Some(start), None, None),
    };
    Recurrence::parse(NewRecurrence {
        rrule,
        start: start.expect("as the test says"),
        exdates: &[],
        rdates: &[],
        from,
        missed,
    })
    .expect("as the test says")
}

pub(crate) fn engine(id: Uuid, store: &Arc<dyn Store>, clock: &TestClock) -> Engine<RecurrenceActor> {
    let methods = Arc::new(Methods::of_actor());
    Engine::new(id.to_string(), methods, Arc::clone(store), Arc::new(clock.clone()))
}

impl Subject {
    pub(crate) fn new(recurrence: Recurrence, store: &Arc<dyn Store>, clock: &TestClock) -> Self {
        Self::nth(1, recurrence, store, clock)
    }

    /// Series that are told apart by `n`.
    pub(crate) fn nth(n: u128, recurrence: Recurrence, store: &Arc<dyn Store>, clock: &TestClock) -> Self {
        let first = Uuid::from_u128(0x0199_c0de_0000_7000_8000_0000_0000_0000 | n);
        let id = series_id(first);
        let zone = match recurrence.start() {
            Due::At { zone, .. } => *zone,
            Due::AllDay { .. } => Zone::parse("Europe/Berlin").expect("as the test says"),
        };
        let engine = engine(id, store, clock);
        Self { id, first, recurrence, zone: UserZone::new(zone, 1), engine }
    }

    /// The `n`-th task of the chain; the first is 0.
    pub(crate) fn task(&self, n: usize) -> Uuid {
        (0..n).fold(self.first, |task, _| next_id(self.id, task))
    }

    pub(crate) fn instance(&self, task: usize, version: i64, occurrence: &str, at: &str) -> Instance {
        Instance {
            task_id: self.task(task),
            version,
            owner: UserId(Uuid::from_u128(7)),
            zone: self.zone,
            occurrence: local(occurrence),
            recurrence: self.recurrence.clone(),
            edited_at: None,
            at: utc(at),
        }
    }

    pub(crate) async fn start(&mut self) -> Follows {
        let start = match *self.recurrence.start() {
            Due::At { local, .. } => local,
            Due::AllDay { date } => date.and_time(Default::default()),
        };
        let instance = self.instance(0, 1, &start.format("%FT%T").to_string(), "2026-03-01T12:00:00Z");
        self.send(&StartSeries { instance, template: template() }).await
    }

    pub(crate) async fn complete(&mut self, instance: Instance) -> Follows {
        self.send(&InstanceClosed { instance, how: Closed::Completed }).await
    }

    pub(crate) async fn reopen(&mut self, instance: Instance) -> Follows {
        self.send(&InstanceReopened { instance }).await
    }

    pub(crate) async fn send<M: Message>(&mut self, message: &M) -> M::Reply {
        self.try_send(message, None).await.expect("as the test says")
    }

    /// `Err`: no answer, and the caller will try again.
    pub(crate) async fn try_send<M: Message>(
        &mut self,
        message: &M,
        command: Option<Uuid>,
    ) -> Result<M::Reply, String> {
        let call = Call {
            command_id: command.map(CommandId),
            message: serde_json::to_value(message).expect("as the test says"),
            ..Call::default()
        };
        match self.engine.turn(M::METHOD, &call, Duration::ZERO).await.0 {
            Outcome::Done { reply } => Ok(serde_json::from_value(reply).expect("as the test says")),
            Outcome::Unavailable { detail } => Err(detail),
            other => panic!("no answer: {other:?}"),
        }
    }

    /// Its part of the ledger, in the order of the occurrences.
    pub(crate) async fn ledger(&self, pool: &PgPool) -> Vec<Row> {
        sqlx::query_as(
            "SELECT predecessor, next_id, occurrence, status FROM recurrence_ledger
             WHERE series_id = $1 ORDER BY occurrence",
        )
        .bind(self.id)
        .fetch_all(pool)
        .await
        .expect("as the test says")
    }

    /// A row as it should be: the `n`-th task's.
    pub(crate) fn row(&self, n: usize, occurrence: &str, status: &str) -> Row {
        let occurrence = (!occurrence.is_empty()).then(|| local(occurrence));
        (self.task(n), self.task(n + 1), occurrence, status.to_owned())
    }
}

pub(crate) fn template() -> Template {
    Template {
        title: Title::parse("Water the plants").expect("as the test says"),
        notes: Notes::default(),
        priority: Priority::None,
        tags: Tags::default(),
        reminders: Vec::new(),
        project: None,
        parent: None,
        position: None,
        starts_before: None,
        estimate: None,
    }
}

/// Lets the worker have done what is planned or to be withdrawn.
pub(crate) async fn work(pool: &PgPool) {
    sqlx::query(
        "UPDATE recurrence_ledger SET status = CASE status WHEN 'planned' THEN 'created' ELSE 'withdrawn' END
         WHERE status IN ('planned', 'withdraw')",
    )
    .execute(pool)
    .await
    .expect("as the test says");
}

pub(crate) fn local(text: &str) -> NaiveDateTime {
    text.parse().expect("as the test says")
}

pub(crate) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("as the test says")
}
