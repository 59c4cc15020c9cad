//! The outbox, shared between the relays of all replicas by leases on partitions.
//!
//! All times are the database's, so a replica whose clock is wrong neither keeps nor steals a share.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use super::{PgStore, epoch, store_error, within};
use crate::store::{Backlog, Destination, Entry, Lane, Outbox, Pending, StoreError};

#[derive(FromRow)]
struct OutboxRow {
    seq: i64,
    event_id: Uuid,
    partition: i16,
    version: i64,
    topic: Option<String>,
    key: Option<String>,
    actor_type: Option<String>,
    actor_id: Option<String>,
    method: Option<String>,
    body: Json<Value>,
    /// Of an event: in which epoch it was written.
    #[sqlx(default)]
    epoch: Option<i64>,
}

impl From<OutboxRow> for Pending {
    fn from(mut row: OutboxRow) -> Self {
        if let Some(epoch) = row.epoch {
            epoch::stamp(&mut row.body.0, row.event_id, epoch, row.seq);
        }
        let destination = match row.topic {
            Some(topic) => Destination::Topic { topic, key: row.key.unwrap_or_default() },
            None => Destination::Actor {
                actor_type: row.actor_type.unwrap_or_default(),
                actor_id: row.actor_id.unwrap_or_default(),
                method: row.method.unwrap_or_default(),
            },
        };
        let entry = Entry {
            event_id: row.event_id,
            partition: row.partition,
            version: row.version,
            destination,
            body: row.body.0,
        };
        Self { seq: row.seq, entry }
    }
}

const SAY_ALIVE: &str = "
INSERT INTO actor_relay (relay, seen_until) VALUES ($1, clock_timestamp() + interval '6 s')
ON CONFLICT (relay) DO UPDATE SET seen_until = excluded.seen_until";

const FORGET_DEAD: &str = "DELETE FROM actor_relay WHERE seen_until < clock_timestamp()";

/// Keeps what is held up to the fair share, gives the rest back.
const RENEW: &str = "
WITH fair AS (SELECT ceil(16.0 / greatest(count(*), 1)) AS share FROM actor_relay WHERE seen_until >= clock_timestamp()),
held AS (
    SELECT partition, row_number() OVER (ORDER BY partition) <= (SELECT share FROM fair) AS keep
    FROM actor_outbox_share WHERE relay = $1 AND leased_until > clock_timestamp()
)
UPDATE actor_outbox_share AS s
SET relay = CASE WHEN keep THEN s.relay END,
    leased_until = CASE WHEN keep THEN clock_timestamp() + interval '6 s' ELSE '-infinity' END
FROM held WHERE s.partition = held.partition AND s.relay = $1";

/// Takes free partitions up to the fair share; two relays that try at once take different ones.
const TAKE: &str = "
WITH fair AS (SELECT ceil(16.0 / greatest(count(*), 1))::bigint AS share FROM actor_relay WHERE seen_until >= clock_timestamp()),
held AS (SELECT count(*) AS n FROM actor_outbox_share WHERE relay = $1 AND leased_until > clock_timestamp()),
free AS (
    SELECT partition FROM actor_outbox_share WHERE relay IS NULL OR leased_until <= clock_timestamp()
    ORDER BY partition
    LIMIT (SELECT greatest(share - n, 0) FROM fair, held)
    FOR UPDATE SKIP LOCKED
)
UPDATE actor_outbox_share AS s SET relay = $1, leased_until = clock_timestamp() + interval '6 s'
FROM free WHERE s.partition = free.partition";

const HELD: &str =
    "SELECT count(*) FROM actor_outbox_share WHERE relay = $1 AND leased_until > clock_timestamp()";

const READY_TOPICS: &str = "
SELECT seq, event_id, partition, version, topic, key, actor_type, actor_id, method, body,
    (SELECT max(epoch) FROM actor_epoch WHERE after_seq < seq) AS epoch
FROM actor_outbox
WHERE destination = 'topic'
  AND partition IN (SELECT partition FROM actor_outbox_share WHERE relay = $3 AND leased_until > clock_timestamp())
  AND not_before <= clock_timestamp() AND seq <> ALL ($1)
ORDER BY seq LIMIT $2";

/// Messages to actors are taken one by one, not by partition: their order does not matter, and what a
/// dead host has left must not wait for its share to run out. Taking one hides it for longer than
/// a send may take.
const TAKE_TELLS: &str = "
WITH ready AS (
    SELECT seq FROM actor_outbox
    WHERE destination = 'actor' AND not_before <= clock_timestamp() AND seq <> ALL ($1)
    ORDER BY seq LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE actor_outbox AS o SET not_before = clock_timestamp() + interval '6 s'
FROM ready WHERE o.seq = ready.seq
RETURNING o.seq, event_id, partition, version, topic, key, actor_type, actor_id, method, body";

const DEFER: &str = "
UPDATE actor_outbox
SET attempts = attempts + 1,
    not_before = clock_timestamp() + least(30, 0.25 * 2 ^ least(attempts, 10)) * interval '1 s'
WHERE seq = ANY ($1)";

const BACKLOG: &str = "
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM actor_outbox";

#[async_trait]
impl Outbox for PgStore {
    async fn claim(&self, relay: Uuid) -> Result<usize, StoreError> {
        let claim = async {
            for statement in [SAY_ALIVE, RENEW, TAKE] {
                sqlx::query(statement).bind(relay).execute(&self.pool).await?;
            }
            sqlx::query(FORGET_DEAD).execute(&self.pool).await?;
            sqlx::query_scalar::<_, i64>(HELD).bind(relay).fetch_one(&self.pool).await
        };
        let held = within(claim).await.map_err(|error| store_error(&error))?;
        Ok(usize::try_from(held).unwrap_or(0))
    }

    async fn release(&self, relay: Uuid) -> Result<(), StoreError> {
        let release = async {
            sqlx::query(
                "UPDATE actor_outbox_share SET relay = NULL, leased_until = '-infinity' WHERE relay = $1",
            )
            .bind(relay)
            .execute(&self.pool)
            .await?;
            sqlx::query("DELETE FROM actor_relay WHERE relay = $1").bind(relay).execute(&self.pool).await
        };
        within(release).await.map(drop).map_err(|error| store_error(&error))
    }

    async fn ready(
        &self,
        relay: Uuid,
        lane: Lane,
        except: &[i64],
        limit: usize,
    ) -> Result<Vec<Pending>, StoreError> {
        let text = match lane {
            Lane::Topics => READY_TOPICS,
            Lane::Actors => TAKE_TELLS,
        };
        let query =
            sqlx::query_as::<_, OutboxRow>(text).bind(except).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let query = match lane {
            Lane::Topics => query.bind(relay),
            Lane::Actors => query,
        };
        within(query.fetch_all(&self.pool))
            .await
            .map(|rows| rows.into_iter().map(Pending::from).collect())
            .map_err(|error| store_error(&error))
    }

    async fn accepted(&self, seqs: &[i64]) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM actor_outbox WHERE seq = ANY ($1)").bind(seqs);
        within(query.execute(&self.pool)).await.map(drop).map_err(|error| store_error(&error))
    }

    async fn deferred(&self, seqs: &[i64]) -> Result<(), StoreError> {
        sqlx::query(DEFER).bind(seqs).execute(&self.pool).await.map(drop).map_err(|error| store_error(&error))
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        within(sqlx::query_as::<_, (i64, f64)>(BACKLOG).fetch_one(&self.pool))
            .await
            .map(|(entries, oldest_seconds)| Backlog { entries, oldest_seconds })
            .map_err(|error| store_error(&error))
    }
}
