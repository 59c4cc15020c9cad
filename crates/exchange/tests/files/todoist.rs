//! Todoist's CSV.

use chrono::NaiveDateTime;
use exchange::todoist;
use proptest::prelude::*;
use serde_json::json;

use crate::given::{any_task, berlin, now, task};

fn wall() -> NaiveDateTime {
    berlin().zone.local(now())
}

#[test]
fn subtasks_stand_below_their_parents() {
    let id = |n: u128| uuid::Uuid::from_u128(n);
    let tasks = [
        task(json!({"id": id(3), "title": "Pack", "parent": id(1), "tags": ["big box"]})),
        task(json!({"id": id(1), "title": "Move, soon", "due": {"date": "2026-12-01"}})),
        task(json!({"id": id(4), "title": "Boxes", "parent": id(3)})),
        task(
            json!({"id": id(5), "title": "Sing", "due": {"at": "2026-12-07T09:00:00", "zone": "Europe/Berlin"},
            "series": {"asked": {"rrule": "FREQ=WEEKLY;BYDAY=MO"}}}),
        ),
    ];
    let file = todoist::write(&tasks).unwrap();
    let rows: Vec<&str> = file.lines().skip(1).collect();
    assert_eq!(
        rows,
        [
            "task,\"Move, soon\",,4,1,,,2026-12-01,en,,,",
            "task,Pack @big_box,,4,2,,,,en,,,",
            "task,Boxes,,4,3,,,,en,,,",
            "task,Sing,,4,1,,,every week on Monday at 09:00 starting 2026-12-07,en,Europe/Berlin,,",
        ]
    );
    let read = todoist::read(&file, berlin(), wall()).unwrap();
    let parents: Vec<_> = read.iter().map(|item| item.parent.clone()).collect();
    assert_eq!(parents[1..3], [Some(read[0].uid.clone()), Some(read[1].uid.clone())]);
    assert_eq!(read[3].body["recurrence"]["rrule"], "FREQ=WEEKLY;BYDAY=MO");
    assert_eq!(read[3].body["due"], json!({"at": "2026-12-07T09:00:00", "zone": "Europe/Berlin"}));
    assert!(read.iter().all(|item| item.ignored.is_empty()), "{read:?}");
}

#[test]
fn equal_rows_are_tasks_of_their_own() {
    let file = "TYPE,CONTENT\ntask,Buy milk\ntask,Buy milk\n";
    let uids: Vec<_> =
        todoist::read(file, berlin(), wall()).unwrap().into_iter().map(|item| item.uid).collect();
    assert_ne!(uids[0], uids[1]);
}

proptest! {
    #[test]
    fn no_file_is_a_panic(rows in any::<String>()) {
        let _ = todoist::read(&format!("TYPE,CONTENT,DATE,INDENT\ntask,{rows}"), berlin(), wall());
    }

    #[test]
    fn each_open_task_is_a_row(tasks in proptest::collection::vec(any_task(), 0..5)) {
        let open = tasks.iter().filter(|snapshot| snapshot.task.completed_at().is_none()).count();
        let read = todoist::read(&todoist::write(&tasks).unwrap(), berlin(), wall()).unwrap();
        prop_assert_eq!(read.len(), open);
    }
}
