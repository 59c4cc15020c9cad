//! A store in memory that keeps the same contract as PostgreSQL's. Its clock is the virtual time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{footprint::Touch, memory_outbox::OutboxTables, schedule::Schedule};
use crate::{
    call::CommandId,
    clock::Clock,
    statement::Statement,
    store::{
        Answered, BrokenRule, Changes, Commit, Committed, Entry, Kind, Loaded, Remember, Store, StoreError,
    },
};

/// States, answers and the outbox of all hosts of a test runtime. Cheap to clone.
#[derive(Clone)]
pub struct MemoryStore {
    pub(super) tables: Arc<Mutex<Tables>>,
    pub(super) schedule: Arc<Schedule>,
}

type ActorKey = (&'static str, String);
type StatementDouble = Arc<dyn Fn(&mut Vec<Entry>, &str, &Value, DateTime<Utc>) -> Value + Send + Sync>;
type RuleDouble = Arc<dyn Fn(&str, &Value) -> Result<(), BrokenRule> + Send + Sync>;
type RowsDouble = Arc<dyn Fn(&str, &Value) + Send + Sync>;

#[derive(Default)]
pub(super) struct Tables {
    states: HashMap<ActorKey, (i64, Value)>,
    answers: HashMap<(ActorKey, CommandId), Answered>,
    pub(super) outbox: OutboxTables,
    statements: HashMap<&'static str, StatementDouble>,
    rows: HashMap<&'static str, RowsDouble>,
    rules: HashMap<&'static str, RuleDouble>,
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
        double: impl Fn(&mut Vec<Entry>, &str, &Value, DateTime<Utc>) -> Value + Send + Sync + 'static,
    ) {
        self.tables().statements.insert(name, Arc::new(double));
    }

    /// What stands for the [`RowsSql`](crate::RowsSql) of an actor type: it is given the actor's id
    /// and the rows of each commit that is stored.
    pub fn rows_double(
        &self,
        actor_type: &'static str,
        double: impl Fn(&str, &Value) + Send + Sync + 'static,
    ) {
        self.tables().rows.insert(actor_type, Arc::new(double));
    }

    /// What stands for the [`RuleSql`](crate::RuleSql) of an actor type: it is given the actor's id and the rows of
    /// each commit, before anything is stored.
    pub fn rule_double(
        &self,
        actor_type: &'static str,
        double: impl Fn(&str, &Value) -> Result<(), BrokenRule> + Send + Sync + 'static,
    ) {
        self.tables().rules.insert(actor_type, Arc::new(double));
    }

    /// The version and the state of every actor of this type that has one.
    pub fn states(&self, actor_type: &str) -> Vec<(String, i64, Value)> {
        let tables = self.tables();
        let of_type = tables.states.iter().filter(|((kind, _), _)| *kind == actor_type);
        let mut states: Vec<_> =
            of_type.map(|((_, id), (version, state))| (id.clone(), *version, state.clone())).collect();
        states.sort_by(|a, b| a.0.cmp(&b.0));
        states
    }

    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit_now(
        &self,
        key: ActorKey,
        version: i64,
        command: Option<Remember>,
        change: Option<Changes>,
    ) -> Committed {
        self.schedule.touch(Touch::Write, ("state", &key));
        let now = self.schedule.now();
        let mut tables = self.tables();
        if let Some(Remember { command, .. }) = &command
            && let Some(answered) = tables.answers.get(&(key.clone(), *command))
        {
            return Committed::Answered(answered.clone());
        }
        if tables.states.get(&key).map_or(0, |(version, _)| *version) != version {
            return Committed::LostRace;
        }
        let (mut version, mut seqs) = (version, Vec::new());
        if let Some(Changes { state, outbox, rows }) = change {
            if let Some(rule) = tables.rules.get(key.0) {
                self.schedule.touch(Touch::Read, "rule");
                if let Err(broken) = rule(&key.1, &rows) {
                    return Committed::Broken(broken);
                }
            }
            version += 1;
            tables.states.insert(key.clone(), (version, state));
            if !outbox.is_empty() {
                self.schedule.touch(Touch::Write, "outbox");
                seqs = tables.outbox.emit(outbox, now);
            }
            if let Some(double) = tables.rows.get(key.0) {
                self.schedule.touch(Touch::Write, "rows");
                double(&key.1, &rows);
            }
        }
        if let Some(Remember { command, answered, .. }) = command {
            tables.answers.insert((key, command), answered);
        }
        Committed::Yes { version, seqs }
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
        self.schedule.step(format!("load {} {actor_id}", kind.actor_type)).await;
        let key = (kind.actor_type, actor_id.to_owned());
        self.schedule.touch(Touch::Read, ("state", &key));
        let tables = self.tables();
        let (version, state) = match tables.states.get(&key) {
            None => (0, None),
            Some((version, state)) => (*version, Some(state.clone())),
        };
        let answered = command.and_then(|id| tables.answers.get(&(key, id)).cloned());
        Ok(Loaded { version, state, answered })
    }

    async fn version(&self, kind: &Kind, actor_id: &str) -> Result<i64, StoreError> {
        self.schedule.step(format!("read the version of {} {actor_id}", kind.actor_type)).await;
        let key = (kind.actor_type, actor_id.to_owned());
        self.schedule.touch(Touch::Read, ("state", &key));
        Ok(self.tables().states.get(&key).map_or(0, |(version, _)| *version))
    }

    /// The statement is on its way: it is carried out even if its host dies meanwhile.
    async fn commit(&self, kind: &Kind, commit: Commit<'_>) -> Result<Committed, StoreError> {
        let Commit { actor_id, version, command, change } = commit;
        let label = format!("commit {} {actor_id} on version {version}", kind.actor_type);
        let answer = format!("the commit's answer for {} {actor_id}", kind.actor_type);
        let key = (kind.actor_type, actor_id.to_owned());
        let store = self.clone();
        let committed =
            self.schedule.post(label, move || store.commit_now(key, version, command, change)).await;
        self.schedule.step(answer).await;
        Ok(committed)
    }

    async fn execute(&self, kind: &Kind, actor_id: &str, statement: Statement) -> Result<Value, StoreError> {
        let label = format!("execute {} for {} {actor_id}", statement.name, kind.actor_type);
        let answer = format!("the answer of {}", statement.name);
        let (store, actor_id) = (self.clone(), actor_id.to_owned());
        let executes = move || {
            let Statement { name, args, .. } = statement;
            let now = store.schedule.now();
            let mut tables = store.tables();
            let Some(double) = tables.statements.get(name).cloned() else {
                return Err(StoreError::Rejected(format!("nothing stands for statement {name}")));
            };
            store.schedule.touch(Touch::Write, "rows");
            let mut entries = Vec::new();
            let row = double(&mut entries, &actor_id, &args, now);
            if !entries.is_empty() {
                store.schedule.touch(Touch::Write, "outbox");
                tables.outbox.emit(entries, now);
            }
            Ok(row)
        };
        let row = self.schedule.post(label, executes).await;
        self.schedule.step(answer).await;
        row
    }
}
