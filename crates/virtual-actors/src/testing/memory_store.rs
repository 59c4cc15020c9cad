//! A store in memory that keeps the same contract as PostgreSQL's.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::schedule::Schedule;
use crate::{
    call::CommandId,
    clock::Clock,
    statement::Statement,
    store::{
        Answered, Backlog, Commit, Committed, Entry, Kind, Lane, Loaded, Outbox, Pending, Remember, Store,
        StoreError,
    },
};

/// States, answers and the outbox of all hosts of a test runtime.
#[derive(Clone)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    schedule: Arc<Schedule>,
}

type ActorKey = (&'static str, String);
type StatementDouble =
    Arc<dyn Fn(&mut Vec<Entry>, &str, &Value, chrono::DateTime<chrono::Utc>) -> Value + Send + Sync>;

#[derive(Default)]
struct Tables {
    states: HashMap<ActorKey, (i64, Value)>,
    answers: HashMap<(ActorKey, CommandId), Answered>,
    outbox: BTreeMap<i64, Entry>,
    next_seq: i64,
    statements: HashMap<&'static str, StatementDouble>,
}

impl Tables {
    fn emit(&mut self, entries: Vec<Entry>) -> Vec<i64> {
        let mut emit = |entry| {
            self.next_seq += 1;
            self.outbox.insert(self.next_seq, entry);
            self.next_seq
        };
        entries.into_iter().map(&mut emit).collect()
    }
}

impl MemoryStore {
    pub(crate) fn new(schedule: Arc<Schedule>) -> Self {
        Self { tables: Arc::default(), schedule }
    }

    /// What stands for the SQL of a statement of this name: it is given the actor's id, the
    /// arguments and the time, may write to the outbox, and gives the statement's row.
    pub fn statement_double(
        &self,
        name: &'static str,
        double: impl Fn(&mut Vec<Entry>, &str, &Value, chrono::DateTime<chrono::Utc>) -> Value
        + Send
        + Sync
        + 'static,
    ) {
        self.tables().statements.insert(name, Arc::new(double));
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(
        &self,
        kind: &Kind,
        actor_id: &str,
        command: Option<CommandId>,
    ) -> Result<Loaded, StoreError> {
        self.schedule.step().await;
        let tables = self.tables();
        let key = (kind.actor_type, actor_id.to_owned());
        let (version, state) = match tables.states.get(&key) {
            None => (0, None),
            Some((version, state)) => (*version, Some(state.clone())),
        };
        let answered = command.and_then(|id| tables.answers.get(&(key, id)).cloned());
        Ok(Loaded { version, state, answered })
    }

    async fn version(&self, kind: &Kind, actor_id: &str) -> Result<i64, StoreError> {
        self.schedule.step().await;
        let key = (kind.actor_type, actor_id.to_owned());
        Ok(self.tables().states.get(&key).map_or(0, |(version, _)| *version))
    }

    async fn commit(&self, kind: &Kind, commit: Commit<'_>) -> Result<Committed, StoreError> {
        self.schedule.step().await;
        let committed = {
            let mut tables = self.tables();
            let key = (kind.actor_type, commit.actor_id.to_owned());
            if let Some(Remember { command, .. }) = &commit.command
                && let Some(answered) = tables.answers.get(&(key.clone(), *command))
            {
                Committed::Answered(answered.clone())
            } else if tables.states.get(&key).map_or(0, |(version, _)| *version) != commit.version {
                Committed::LostRace
            } else {
                let (mut version, mut seqs) = (commit.version, Vec::new());
                if let Some(change) = commit.change {
                    version += 1;
                    tables.states.insert(key.clone(), (version, change.state));
                    seqs = tables.emit(change.outbox);
                }
                if let Some(Remember { command, answered, .. }) = commit.command {
                    tables.answers.insert((key, command), answered);
                }
                Committed::Yes { version, seqs }
            }
        };
        // The answer is on its way back: others may go on meanwhile.
        self.schedule.step().await;
        Ok(committed)
    }

    async fn execute(&self, _: &Kind, actor_id: &str, statement: Statement) -> Result<Value, StoreError> {
        self.schedule.step().await;
        let now = self.schedule.now();
        let mut tables = self.tables();
        let Some(double) = tables.statements.get(statement.name).cloned() else {
            return Err(StoreError::Rejected(format!("nothing stands for statement {}", statement.name)));
        };
        let mut entries = Vec::new();
        let row = double(&mut entries, actor_id, &statement.args, now);
        tables.emit(entries);
        Ok(row)
    }
}

/// One relay at a time is simulated, so a claim is always granted.
#[async_trait]
impl Outbox for MemoryStore {
    async fn claim(&self, _: Uuid) -> Result<usize, StoreError> {
        Ok(1)
    }

    async fn release(&self, _: Uuid) -> Result<(), StoreError> {
        Ok(())
    }

    async fn ready(
        &self,
        _: Uuid,
        lane: Lane,
        except: &[i64],
        limit: usize,
    ) -> Result<Vec<Pending>, StoreError> {
        self.schedule.step().await;
        let tables = self.tables();
        let lane_of = |entry: &Entry| if entry.is_to_actor() { Lane::Actors } else { Lane::Topics };
        let ready =
            tables.outbox.iter().filter(|(seq, entry)| lane_of(entry) == lane && !except.contains(seq));
        Ok(ready.take(limit).map(|(seq, entry)| Pending { seq: *seq, entry: entry.clone() }).collect())
    }

    async fn accepted(&self, seqs: &[i64]) -> Result<(), StoreError> {
        self.schedule.step().await;
        self.tables().outbox.retain(|seq, _| !seqs.contains(seq));
        Ok(())
    }

    async fn deferred(&self, _: &[i64]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let entries = i64::try_from(self.tables().outbox.len()).unwrap_or(i64::MAX);
        Ok(Backlog { entries, oldest_seconds: 0.0 })
    }
}
