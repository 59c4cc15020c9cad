//! The outbox in memory, shared between relays by the same leases as in PostgreSQL.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{footprint::Touch, memory_store::MemoryStore};
use crate::{
    clock::Clock,
    store::{Backlog, Entry, Lane, Outbox, PARTITIONS, Pending, StoreError},
};

/// How long a claim holds, and how long a message that was taken is nobody else's.
const LEASE: Duration = Duration::from_secs(6);
/// How long a message is left to the host that committed it.
const OWN: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct OutboxTables {
    rows: BTreeMap<i64, Row>,
    last_seq: i64,
    shares: BTreeMap<i16, (Uuid, DateTime<Utc>)>,
    relays: BTreeMap<Uuid, DateTime<Utc>>,
}

struct Row {
    entry: Entry,
    not_before: DateTime<Utc>,
    attempts: i32,
}

impl Row {
    fn lane(&self) -> Lane {
        if self.entry.is_to_actor() { Lane::Actors } else { Lane::Topics }
    }
}

impl OutboxTables {
    pub(super) fn emit(&mut self, entries: Vec<Entry>, now: DateTime<Utc>) -> Vec<i64> {
        let mut emit = |entry: Entry| {
            self.last_seq += 1;
            let not_before = if entry.is_to_actor() { now + OWN } else { DateTime::<Utc>::MIN_UTC };
            self.rows.insert(self.last_seq, Row { entry, not_before, attempts: 0 });
            self.last_seq
        };
        entries.into_iter().map(&mut emit).collect()
    }

    fn claim(&mut self, relay: Uuid, now: DateTime<Utc>) -> usize {
        self.relays.insert(relay, now + LEASE);
        self.relays.retain(|_, seen_until| *seen_until >= now);
        self.shares.retain(|_, (_, until)| *until > now);
        let fair = usize::try_from(PARTITIONS).unwrap_or(0).div_ceil(self.relays.len());
        let mut held = 0;
        for partition in 0..PARTITIONS {
            if self.holds(relay, partition) {
                held += 1;
                if held <= fair {
                    self.shares.insert(partition, (relay, now + LEASE));
                } else {
                    self.shares.remove(&partition);
                }
            }
        }
        let mut held = held.min(fair);
        for partition in 0..PARTITIONS {
            if held < fair && !self.shares.contains_key(&partition) {
                self.shares.insert(partition, (relay, now + LEASE));
                held += 1;
            }
        }
        held
    }

    fn holds(&self, relay: Uuid, partition: i16) -> bool {
        self.shares.get(&partition).is_some_and(|(holder, _)| *holder == relay)
    }

    fn ready(
        &mut self,
        relay: Uuid,
        lane: Lane,
        except: &[i64],
        limit: usize,
        now: DateTime<Utc>,
    ) -> Vec<Pending> {
        let held: Vec<i16> = (0..PARTITIONS)
            .filter(|partition| {
                self.shares.get(partition).is_some_and(|(r, until)| *r == relay && *until > now)
            })
            .collect();
        let rows = self.rows.iter_mut().filter(|(seq, row)| {
            let mine = lane == Lane::Actors || held.contains(&row.entry.partition);
            row.lane() == lane && mine && row.not_before <= now && !except.contains(seq)
        });
        rows.take(limit)
            .map(|(seq, row)| {
                if lane == Lane::Actors {
                    row.not_before = now + LEASE;
                }
                Pending { seq: *seq, entry: row.entry.clone() }
            })
            .collect()
    }

    fn defer(&mut self, seqs: &[i64], now: DateTime<Utc>) {
        for seq in seqs {
            if let Some(row) = self.rows.get_mut(seq) {
                let pause = (0.25 * f64::from(1 << row.attempts.min(10))).min(30.0);
                row.not_before = now + Duration::from_secs_f64(pause);
                row.attempts += 1;
            }
        }
    }

    fn release(&mut self, relay: Uuid) {
        self.shares.retain(|_, (holder, _)| *holder != relay);
        self.relays.remove(&relay);
    }
}

impl MemoryStore {
    /// What waits to be handed over.
    pub fn outbox(&self) -> Vec<Entry> {
        self.tables().outbox.rows.values().map(|row| row.entry.clone()).collect()
    }

    /// A statement on the outbox: it is carried out even if the relay dies meanwhile.
    async fn on_outbox<T: Send + 'static>(
        &self,
        label: &str,
        statement: impl FnOnce(&mut OutboxTables, DateTime<Utc>) -> T + Send + 'static,
    ) -> T {
        let store = self.clone();
        self.schedule
            .post(label, move || {
                store.schedule.touch(Touch::Write, "outbox");
                let now = store.schedule.now();
                statement(&mut store.tables().outbox, now)
            })
            .await
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn claim(&self, relay: Uuid) -> Result<usize, StoreError> {
        Ok(self.on_outbox("claim partitions", move |outbox, now| outbox.claim(relay, now)).await)
    }

    async fn release(&self, relay: Uuid) -> Result<(), StoreError> {
        self.on_outbox("release partitions", move |outbox, _| outbox.release(relay)).await;
        Ok(())
    }

    async fn ready(
        &self,
        relay: Uuid,
        lane: Lane,
        except: &[i64],
        limit: usize,
    ) -> Result<Vec<Pending>, StoreError> {
        let except = except.to_vec();
        let label = if lane == Lane::Topics { "read the events" } else { "take the messages" };
        Ok(self.on_outbox(label, move |outbox, now| outbox.ready(relay, lane, &except, limit, now)).await)
    }

    async fn accepted(&self, seqs: &[i64]) -> Result<(), StoreError> {
        let seqs = seqs.to_vec();
        let remove = move |outbox: &mut OutboxTables, _| outbox.rows.retain(|seq, _| !seqs.contains(seq));
        self.on_outbox("remove what was accepted", remove).await;
        Ok(())
    }

    async fn deferred(&self, seqs: &[i64]) -> Result<(), StoreError> {
        let seqs = seqs.to_vec();
        self.on_outbox("hold back what was not", move |outbox, now| outbox.defer(&seqs, now)).await;
        Ok(())
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let entries = i64::try_from(self.tables().outbox.rows.len()).unwrap_or(i64::MAX);
        Ok(Backlog { entries, oldest_seconds: 0.0 })
    }
}
