//! Our own JSON loses nothing that a person sets.

use contracts::api;
use exchange::own;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::any_task;

/// The members that a person sets, as the API shows them, without the reminders' ids.
fn set(shown: &Value) -> Value {
    let mut set = shown.clone();
    let members = set.as_object_mut().expect("an object");
    for name in [
        "id",
        "version",
        "status",
        "skipped",
        "created_at",
        "updated_at",
        "completed_at",
        "parent_id",
        "blocked_by",
    ] {
        members.remove(name);
    }
    members.retain(|_, value| !value.is_null());
    for reminder in members["reminders"].as_array_mut().expect("a list") {
        reminder.as_object_mut().expect("an object").remove("id");
    }
    set
}

proptest! {
    #[test]
    fn what_was_written_is_read(tasks in proptest::collection::vec(any_task(), 0..4)) {
        let items = own::read(&own::write(&tasks).to_string()).unwrap();
        prop_assert_eq!(items.len(), tasks.len());
        for (item, snapshot) in items.iter().zip(&tasks) {
            let shown = serde_json::to_value(api::Task::from(snapshot)).unwrap();
            prop_assert_eq!(&Value::Object(item.body.clone()), &set(&shown));
            prop_assert_eq!(json!(item.parent), shown["parent_id"].clone());
            prop_assert_eq!(json!(item.blocked_by), shown["blocked_by"].clone());
            prop_assert_eq!(item.done, shown["status"] == "done");
            prop_assert!(item.ignored.is_empty(), "{:?}", item.ignored);
        }
    }
}
