//! What every state store keeps to. It is tried on the double in memory, and end to end on Dapr.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};
use virtual_actors::{IdSource, System};

use super::{Change, StateError, StateStore, read, update};

const LONG: Duration = Duration::from_secs(600);

/// Runs the suite under keys of its own.
///
/// # Panics
/// When the store does not keep to it.
#[allow(clippy::unwrap_used, reason = "it runs in tests")]
pub async fn holds_for(store: &dyn StateStore) {
    let key = format!("contract-{}", System.next_id());

    // What is not there, and is made.
    assert_eq!(store.get(&key).await, Ok(None));
    store.save(&key, b"one".to_vec(), None, LONG).await.unwrap();
    let first = store.get(&key).await.unwrap().unwrap();
    assert_eq!(first.value, b"one");
    assert_eq!(store.save(&key, b"two".to_vec(), None, LONG).await, Err(StateError::Conflict));

    // A change is made on the version it names, once.
    store.save(&key, b"two".to_vec(), Some(&first.etag), LONG).await.unwrap();
    assert_eq!(store.save(&key, b"three".to_vec(), Some(&first.etag), LONG).await, Err(StateError::Conflict));
    assert_eq!(store.delete(&key, &first.etag).await, Err(StateError::Conflict));
    let second = store.get(&key).await.unwrap().unwrap();
    assert_eq!(second.value, b"two");
    store.delete(&key, &second.etag).await.unwrap();
    assert_eq!(store.get(&key).await, Ok(None));
    assert_eq!(store.save(&key, b"x".to_vec(), Some(&second.etag), LONG).await, Err(StateError::Conflict));

    // Of many that make it at once, one does.
    let makers = join_all((0..8).map(|n| store.save(&key, vec![n], None, LONG))).await;
    assert_eq!(makers.iter().filter(|made| made.is_ok()).count(), 1, "{makers:?}");
    assert!(makers.iter().all(|made| matches!(made, Ok(()) | Err(StateError::Conflict))), "{makers:?}");

    // Updates at once lose nothing.
    let sum = format!("{key}-sum");
    let add = || update(store, &sum, |sum: Option<u32>| (Change::Save(sum.unwrap_or(0) + 1, LONG), ()));
    for outcome in join_all((0..8).map(|_| add())).await {
        outcome.unwrap();
    }
    assert_eq!(read::<u32>(store, &sum).await, Ok(Some(8)));

    // What has expired is not there, and can be made again.
    let brief = format!("{key}-brief");
    store.save(&brief, b"brief".to_vec(), None, Duration::from_secs(1)).await.unwrap();
    let started = Instant::now();
    while store.get(&brief).await.unwrap().is_some() {
        assert!(started.elapsed() < Duration::from_secs(10), "it does not expire");
        sleep(Duration::from_millis(100)).await;
    }
    store.save(&brief, b"again".to_vec(), None, LONG).await.unwrap();
    assert_eq!(store.get(&brief).await.unwrap().unwrap().value, b"again");
}
