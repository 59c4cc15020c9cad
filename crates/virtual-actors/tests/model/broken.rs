//! The protocol with one rule taken away: the explorer must find what goes wrong then.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;
use virtual_actors::{
    Backlog, CommandId, Commit, Committed, Kind, Lane, Loaded, Outbox, Pending, Statement, Store, StoreError,
    testing::{Bounds, Explorer, Faults},
};

use crate::{
    commands::{a_stale_owner, a_stale_read, crashing, rebalance, two_owners},
    crashes,
    messages::transfer,
    refuted,
    relays::{a_consumer, a_frozen_relay, two_relays},
    two_hosts,
};

/// The rule a store does not keep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Without {
    /// A commit is stored whatever the version is.
    Fence,
    /// An answer that changes nothing is given without a commit.
    CommitOfAnswers,
    /// Nobody remembers what a command was answered.
    CommandMemory,
    /// A read does not ask whether what is in memory is still stored.
    VersionOfReads,
}

struct BrokenStore {
    inner: Arc<dyn Store>,
    without: Without,
}

fn broken_store(without: Without) -> Explorer {
    two_hosts().store(move |inner| Arc::new(BrokenStore { inner, without }))
}

#[async_trait]
impl Store for BrokenStore {
    async fn load(&self, kind: &Kind, id: &str, command: Option<CommandId>) -> Result<Loaded, StoreError> {
        let remembered = command.filter(|_| self.without != Without::CommandMemory);
        self.inner.load(kind, id, remembered).await
    }

    async fn version(&self, kind: &Kind, id: &str) -> Result<i64, StoreError> {
        if self.without == Without::VersionOfReads {
            // What an activation finds that has seen nothing yet.
            return Ok(0);
        }
        self.inner.version(kind, id).await
    }

    async fn commit(&self, kind: &Kind, mut commit: Commit<'_>) -> Result<Committed, StoreError> {
        match self.without {
            Without::CommitOfAnswers if commit.change.is_none() => {
                Ok(Committed::Yes { version: commit.version, seqs: Vec::new() })
            }
            Without::CommandMemory => {
                commit.command = None;
                self.inner.commit(kind, commit).await
            }
            Without::Fence => loop {
                commit.version = self.inner.version(kind, commit.actor_id).await?;
                let committed = self.inner.commit(kind, commit.clone()).await?;
                if committed != Committed::LostRace {
                    return Ok(committed);
                }
            },
            Without::CommitOfAnswers | Without::VersionOfReads => self.inner.commit(kind, commit).await,
        }
    }

    async fn execute(&self, kind: &Kind, id: &str, statement: Statement) -> Result<Value, StoreError> {
        self.inner.execute(kind, id, statement).await
    }
}

/// What an outbox does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// An entry is removed as it is read, before it was handed over.
    RemovesFirst,
    /// An entry gets its id when it is handed over, not from its version.
    IdsWhenSent,
}

struct BrokenOutbox {
    inner: Arc<dyn Outbox>,
    wrong: Wrong,
    sent: AtomicU64,
}

fn broken_outbox(wrong: Wrong) -> Explorer {
    two_hosts().outbox(move |inner| Arc::new(BrokenOutbox { inner, wrong, sent: AtomicU64::new(0) }))
}

#[async_trait]
impl Outbox for BrokenOutbox {
    async fn claim(&self, relay: Uuid) -> Result<usize, StoreError> {
        self.inner.claim(relay).await
    }

    async fn release(&self, relay: Uuid) -> Result<(), StoreError> {
        self.inner.release(relay).await
    }

    async fn ready(
        &self,
        relay: Uuid,
        lane: Lane,
        except: &[i64],
        limit: usize,
    ) -> Result<Vec<Pending>, StoreError> {
        let mut ready = self.inner.ready(relay, lane, except, limit).await?;
        match self.wrong {
            Wrong::RemovesFirst => {
                let seqs: Vec<i64> = ready.iter().map(|pending| pending.seq).collect();
                self.inner.accepted(&seqs).await?;
            }
            Wrong::IdsWhenSent => {
                for Pending { entry, .. } in &mut ready {
                    entry.event_id = Uuid::from_u64_pair(9, self.sent.fetch_add(1, Ordering::Relaxed));
                    if entry.body.get("id").is_some() {
                        entry.body["id"] = entry.event_id.to_string().into();
                    }
                }
            }
        }
        Ok(ready)
    }

    async fn accepted(&self, seqs: &[i64]) -> Result<(), StoreError> {
        self.inner.accepted(seqs).await
    }

    async fn deferred(&self, seqs: &[i64]) -> Result<(), StoreError> {
        self.inner.deferred(seqs).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.backlog().await
    }
}

#[test]
fn a_commit_without_the_version_fence_is_refused() {
    let found = refuted(&broken_store(Without::Fence), two_owners);
    assert_eq!(found.violation.invariant, "a version has one event, under one id");
}

#[test]
fn an_answer_without_a_commit_is_refused() {
    let found = refuted(&broken_store(Without::CommitOfAnswers), a_stale_owner);
    assert_eq!(found.violation.invariant, "an answer is not stale");
}

#[test]
fn a_read_that_trusts_its_memory_is_refused() {
    let found = refuted(&broken_store(Without::VersionOfReads), a_stale_read);
    assert_eq!(found.violation.invariant, "an answer is not stale");
}

#[test]
fn commands_that_nobody_remembers_are_refused() {
    let found = refuted(&broken_store(Without::CommandMemory), rebalance);
    assert_eq!(found.violation.invariant, "one command has one answer");
    let crashed = broken_store(Without::CommandMemory).bounds(crashes(1));
    assert_eq!(refuted(&crashed, crashing).violation.invariant, "a command is applied at most once");
    assert_eq!(refuted(&crashed, transfer).violation.invariant, "a message is applied exactly once");
}

#[test]
fn removing_an_entry_before_it_was_handed_over_is_refused() {
    let found = refuted(&broken_outbox(Wrong::RemovesFirst).bounds(crashes(1)), two_relays);
    assert_eq!(found.violation.invariant, "every version is published, without a gap");
}

#[test]
fn ids_that_do_not_follow_from_the_version_are_refused() {
    let doubled = Faults { lost_answer: 0.5, ..Faults::default() };
    let found = refuted(&broken_outbox(Wrong::IdsWhenSent).faults(doubled), a_consumer);
    assert_eq!(found.violation.invariant, "a consumer applies each event once");
    let jump = Bounds { jumps: 1, ..crashes(0) };
    let found = refuted(&broken_outbox(Wrong::IdsWhenSent).bounds(jump), a_frozen_relay);
    assert_eq!(found.violation.invariant, "a version has one event, under one id");
}
