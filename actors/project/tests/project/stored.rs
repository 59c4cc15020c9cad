//! States as released versions stored them, in `stored.json`: only added to, see `docs/upgrades.md`.

use project_actor::ProjectActor;
use serde_json::Value;
use virtual_actors::testing::assert_pinned_state;

#[test]
fn states_that_were_stored_are_read_and_lose_nothing() {
    let pinned: Vec<Value> = serde_json::from_str(include_str!("stored.json")).expect("JSON");
    assert!(!pinned.is_empty());
    pinned.iter().for_each(assert_pinned_state::<ProjectActor>);
}
