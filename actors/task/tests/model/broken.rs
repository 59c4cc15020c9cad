//! Reminders with one rule taken away: the explorer must find what goes wrong then.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::{Value, json};
use virtual_actors::{
    CommandId, Commit, Committed, Kind, Loaded, Statement, Store, StoreError,
    testing::{Bounds, Counterexample, Explorer, World},
};

use crate::{
    life::{Life, Verdict},
    rows::Key,
    scenarios::{crashes, due, moved, two_hosts},
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    /// What fires is decided in memory, from rows that were read before.
    FiringAsOneStatement,
    /// A moved reminder keeps its generation.
    Generations,
}

struct BrokenStore {
    inner: Arc<dyn Store>,
    without: Without,
}

fn broken(without: Without) -> Explorer {
    two_hosts().store(move |inner| Arc::new(BrokenStore { inner, without }))
}

#[async_trait]
impl Store for BrokenStore {
    async fn load(&self, kind: &Kind, id: &str, command: Option<CommandId>) -> Result<Loaded, StoreError> {
        self.inner.load(kind, id, command).await
    }

    async fn version(&self, kind: &Kind, id: &str) -> Result<i64, StoreError> {
        self.inner.version(kind, id).await
    }

    async fn commit(&self, kind: &Kind, mut commit: Commit<'_>) -> Result<Committed, StoreError> {
        if self.without == Without::Generations
            && let Some(change) = &mut commit.change
            && let Some(pending) = change.rows["pending"].as_array_mut()
        {
            for row in pending {
                row["generation"] = 1.into();
            }
        }
        self.inner.commit(kind, commit).await
    }

    async fn execute(&self, kind: &Kind, id: &str, statement: Statement) -> Result<Value, StoreError> {
        if self.without == Without::FiringAsOneStatement {
            let read = Statement { name: "read_due", ..statement.clone() };
            let due = self.inner.execute(kind, id, read).await?;
            let fire = Statement { name: "fire_these", args: due, ..statement };
            return self.inner.execute(kind, id, fire).await;
        }
        self.inner.execute(kind, id, statement).await
    }
}

/// A life whose check is two statements.
fn in_two_statements(world: World) -> Life {
    let life = Life::new(world);
    let rows = life.rows.clone();
    life.world.store().statement_double("read_due", move |_, user, args, now| {
        json!(rows.due(user, args["batch"].as_u64().expect("a number"), now))
    });
    let rows = life.rows.clone();
    life.world.store().statement_double("fire_these", move |entries, user, due, now| {
        let due: Vec<Key> = serde_json::from_value(due.clone()).expect("keys");
        rows.fire(entries, user, &due, now)
    });
    life
}

fn refuted<F: Future<Output = Verdict> + 'static>(
    explorer: &Explorer,
    scenario: impl Fn(World) -> F,
) -> Box<Counterexample> {
    let found = explorer.explore(scenario).expect_err("what is wrong must be found");
    println!("{found}");
    found
}

#[test]
fn firing_by_a_decision_in_memory_is_refused() {
    let found = refuted(&broken(Without::FiringAsOneStatement), |world| due(in_two_statements(world)));
    assert_eq!(found.violation.invariant, "a generation fires at most once");
}

#[test]
fn a_generation_that_is_not_raised_is_refused() {
    let found = refuted(&broken(Without::Generations), |world| moved(Life::new(world)));
    assert_eq!(found.violation.invariant, "the rows are what the task wants");
}

#[test]
fn doing_without_the_sweep_is_refused() {
    let lost = Bounds { lost_reminders: 1, ..crashes(1) };
    let found = refuted(&two_hosts().bounds(lost), |world| async move {
        let life = Life::new(world);
        life.create(life.in_seconds(10)).await;
        life.quiet().await;
        life.judge_without_a_sweep().await
    });
    assert_eq!(found.violation.invariant, "what is due fires");
}

#[test]
fn firing_by_a_clock_that_is_not_the_databases_is_refused() {
    let found = refuted(&two_hosts(), |world| due(Life::by_a_clock_ahead(world, TimeDelta::minutes(2))));
    assert_eq!(found.violation.invariant, "nothing fires early");
}
