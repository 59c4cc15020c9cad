//! States written by an earlier version must load: these texts are not to be edited, only added to.

use crate::given::*;
use domain::{Position, Priority, Task, TaskEvent};
use serde_json::json;

#[test]
fn is_written_in_this_shape() {
    let task =
        task(Some(at_in_berlin("2026-12-02T09:00:00")), &[before("PT10M"), at("2026-12-02T06:00:00Z")]);
    let stored = json!({
        "id": "00000000-0000-0000-0000-000000000001",
        "owner": "00000000-0000-0000-0000-000000000002",
        "title": "Water the plants",
        "notes": "",
        "priority": "none",
        "tags": [],
        "due": { "at": "2026-12-02T09:00:00", "zone": "Europe/Berlin" },
        "position": task.position(),
        "reminders": [
            {
                "id": task.reminders()[0].id,
                "before": "PT10M",
                "generation": 1,
                "fires_at": "2026-12-02T07:50:00Z",
                "armed": true
            },
            {
                "id": task.reminders()[1].id,
                "at": "2026-12-02T06:00:00Z",
                "generation": 1,
                "fires_at": "2026-12-02T06:00:00Z",
                "armed": true
            }
        ],
        "next_reminder": 3,
        "zone": { "zone": "Europe/Berlin", "version": 1, "day_start": "09:00:00" },
        "lifecycle": { "status": "open" },
        "deleted_at": null,
        "created_at": "2026-12-01T12:00:00Z",
        "updated_at": "2026-12-01T12:00:00Z"
    });
    assert_eq!(serde_json::to_value(&task).expect("serialises"), stored);
    assert_eq!(serde_json::from_value::<Task>(stored).expect("loads"), task);
}

#[test]
fn a_done_task_keeps_when_it_was_done() {
    let done = task(None, &[]).complete(now()).expect("completes").into_parts().0;
    let stored = serde_json::to_value(&done).expect("serialises");
    assert_eq!(stored["lifecycle"], json!({ "status": "done", "completed_at": "2026-12-01T12:00:00Z" }));
    assert_eq!(serde_json::from_value::<Task>(stored).expect("loads"), done);
}

#[test]
fn an_instance_of_a_series_keeps_what_it_is() {
    let task = recurring(at_in_berlin("2026-12-07T09:00:00"), "FREQ=WEEKLY;BYDAY=MO");
    let stored = serde_json::to_value(&task).expect("serialises");
    let series = json!({
        "series": task.series().expect("it recurs").series,
        "occurrence": "2026-12-07T09:00:00",
        "recurrence": {
            "rrule": "FREQ=WEEKLY;BYDAY=MO",
            "start": { "at": "2026-12-07T09:00:00", "zone": "Europe/Berlin" },
            "exdates": [], "rdates": [], "moved": {}, "from": "due", "missed": "skip", "ended": null
        }
    });
    assert_eq!(stored["series"], series);
    assert_eq!(serde_json::from_value::<Task>(stored).expect("loads"), task);

    let skipped = task.skip(now()).expect("skips").into_parts().0;
    let stored = serde_json::to_value(&skipped).expect("serialises");
    let lifecycle = json!({ "status": "done", "completed_at": "2026-12-01T12:00:00Z", "skipped": true });
    assert_eq!(stored["lifecycle"], lifecycle);
    assert_eq!(serde_json::from_value::<Task>(stored).expect("loads"), skipped);
}

#[test]
fn members_of_a_newer_or_an_older_version_do_not_hinder_loading() {
    let loaded: Task = serde_json::from_value(json!({
        "id": "00000000-0000-0000-0000-000000000001",
        "owner": "00000000-0000-0000-0000-000000000002",
        "title": "Water the plants",
        "next_reminder": 1,
        "zone": { "zone": "Europe/Berlin" },
        "created_at": "2026-12-01T12:00:00Z",
        "updated_at": "2026-12-01T12:00:00Z",
        "weather": "of a later version"
    }))
    .expect("loads");
    assert_eq!((loaded.priority(), loaded.due(), loaded.is_deleted()), (Priority::None, None, false));
    assert_eq!(loaded.position(), Position::last(now()), "it was created then");
}

#[test]
fn events_carry_their_type() {
    let updated = serde_json::from_value::<TaskEvent>(json!({ "type": "task.updated", "fields": ["due"] }));
    assert_eq!(updated.expect("reads").kind(), "task.updated");
    let created = serde_json::to_value(TaskEvent::Created).expect("serialises");
    assert_eq!(created, json!({ "type": TaskEvent::Created.kind() }));
}
