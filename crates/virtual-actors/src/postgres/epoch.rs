//! Histories: what tells an event of this database from one of a future that a restored backup took back.
//!
//! An event's place is the epoch its outbox entry was written in and its position in the outbox. Both are read off the
//! entry when it leaves, so that no statement that emits needs to know of them, and none can forget.

use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::within;

/// Where an event stands in the histories of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// 0 until a backup was restored.
    pub epoch: i64,
    /// In the outbox; none for an event of a version that did not tell it.
    pub position: Option<i64>,
}

/// Whether an event at this place belongs to a future that this database was set back from. Only a restore changes the
/// answer, and it waits until every host is stopped.
///
/// # Errors
/// When the database does not answer.
pub async fn is_of_lost_future(pool: &PgPool, place: Place) -> Result<bool, sqlx::Error> {
    let query = sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM actor_epoch WHERE epoch = $1)
             OR EXISTS (SELECT FROM actor_epoch WHERE epoch > $1 AND after_seq < $2)",
    );
    let unknown_is_late = place.position.unwrap_or(i64::MAX);
    within(query.bind(place.epoch).bind(unknown_is_late).fetch_one(pool)).await
}

/// Writes its place into an event as the extension attributes `epoch`, unless it is 0, and `position`. Versions are
/// given out again after a restore, so the id made of one is told apart by the epoch; in the first epoch it stays. An
/// event that has a place is one published a second time: it is the same fact still.
pub(super) fn stamp(event: &mut Value, event_id: Uuid, epoch: i64, position: i64) {
    let Some(event) = event.as_object_mut().filter(|event| !event.contains_key("position")) else { return };
    // As strings, like `sequence`: an integer of CloudEvents has 32 bits.
    event.insert("position".to_owned(), position.to_string().into());
    if epoch > 0 {
        event.insert("epoch".to_owned(), epoch.to_string().into());
        event.insert("id".to_owned(), id_in(epoch, event_id).to_string().into());
    }
}

fn id_in(epoch: i64, event_id: Uuid) -> Uuid {
    Uuid::new_v5(&event_id, format!("epoch/{epoch}").as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x8d0cbb1c_6a0c_5a58_9f0e_3d1f5a2f7c11);

    fn stamped(epoch: i64) -> Value {
        let mut event = json!({ "id": ID, "sequence": "3" });
        stamp(&mut event, ID, epoch, 7);
        event
    }

    #[test]
    fn in_the_first_epoch_ids_stay_as_they_are() {
        assert_eq!(stamped(0), json!({ "id": ID, "sequence": "3", "position": "7" }));
    }

    #[test]
    fn later_epochs_have_ids_of_their_own() {
        let event = stamped(1_790_000_000);
        let id = "44d8073a-23c6-52d1-bee0-6a56da3f086e";
        assert_eq!(event, json!({ "id": id, "sequence": "3", "position": "7", "epoch": "1790000000" }));
        assert_ne!(stamped(1_790_000_001)["id"], event["id"]);
    }

    #[test]
    fn an_event_published_again_keeps_its_place() {
        let mut event = stamped(0);
        stamp(&mut event, ID, 1_790_000_000, 99);
        assert_eq!(event, stamped(0));
    }
}
