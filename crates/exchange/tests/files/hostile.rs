//! Files of the largest size that are made to cost much more than that.

use std::time::{Duration, Instant};

use exchange::{Item, MAX_ITEMS, ical, own, todoist};
use serde_json::json;

use crate::given::{berlin, now};

/// What the endpoint takes.
const LARGEST: usize = 5 * 1024 * 1024;

/// Each of these took minutes, hours or all memory; now seconds, even unoptimized on a busy machine.
const GENEROUS: Duration = Duration::from_secs(60);

fn within_reason(name: &str, read: impl FnOnce() -> Vec<Item>) -> Vec<Item> {
    let begun = Instant::now();
    let items = read();
    assert!(begun.elapsed() < GENEROUS, "{name} took {:?}", begun.elapsed());
    let uids: usize =
        items.iter().map(|item| item.uid.len() + item.parent.as_ref().map_or(0, String::len)).sum();
    assert!(uids < 2 * LARGEST, "{name} has {uids} bytes of UIDs");
    let details: usize = items.iter().flat_map(|item| &item.ignored).map(|one| one.detail.len()).sum();
    assert!(details < 2 * LARGEST, "{name} tells {details} bytes");
    items
}

fn rows(rows: impl Iterator<Item = String>) -> Vec<Item> {
    let file = format!("TYPE,CONTENT,INDENT\n{}", rows.collect::<String>());
    assert!(file.len() <= LARGEST + 1_000);
    todoist::read(&file, berlin(), berlin().zone.local(now())).expect("rows")
}

fn todo(lines: &str) -> Vec<Item> {
    let file = format!("BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\n{lines}\nEND:VTODO\nEND:VCALENDAR\n");
    ical::read(&file, berlin()).expect("a calendar")
}

#[test]
fn rows_below_each_other_go_eight_levels_deep() {
    let long = "x".repeat(LARGEST / MAX_ITEMS - 20);
    let items =
        within_reason("a stair", || rows((1..=MAX_ITEMS).map(|indent| format!("task,{long},{indent}\n"))));
    assert_eq!(items.len(), MAX_ITEMS);
    let told = |at: usize| items[at].ignored.iter().map(|one| (one.line, one.rule)).collect::<Vec<_>>();
    assert_eq!((told(7), told(8)), (vec![], vec![(Some(10), "too_deep")]));
    assert_eq!(items[8].parent.as_ref(), Some(&items[6].uid), "beside the eighth");
    assert_ne!(items[8].uid, items[7].uid);
    let fan = std::iter::once(format!("task,{},1\n", "x".repeat(LARGEST / 2)));
    within_reason("a long name above many", || {
        rows(fan.chain((1..MAX_ITEMS).map(|n| format!("task,{n},2\n"))))
    });
}

#[test]
fn uids_that_are_short_are_the_names() {
    let items = rows(["task,Move,1\n", "task,Pack,2\n"].map(str::to_owned).into_iter());
    assert_eq!(items[1].uid, "todoist/Move#1/Pack#1");
}

#[test]
fn many_notes_and_sections_of_one_task() {
    for kind in ["note", "section"] {
        let below = std::iter::repeat_n(format!("{kind},x,\n"), LARGEST / 12);
        let items = within_reason(kind, || rows(std::iter::once("task,x,1\n".to_owned()).chain(below)));
        assert_eq!(items.len(), 1);
    }
}

#[test]
fn a_zone_of_very_many_parts_is_none() {
    let items =
        within_reason("a/a/a", || todo(&format!("DUE;TZID={}:20261201T090000", "a/".repeat(LARGEST / 2))));
    assert_eq!(items[0].ignored[0].rule, "unknown_zone");
    let zone = |id: &str| todo(&format!("DUE;TZID={id}:20261201T090000"))[0].body["due"]["zone"].clone();
    assert_eq!(zone("/example.org/1/2/America/Argentina/Salta"), "America/Argentina/Salta");
    assert_eq!(zone("America/Argentina/Salta"), "America/Argentina/Salta");
}

#[test]
fn very_many_dates_of_a_series() {
    let series = "DTSTART:20261201T090000\nRRULE:FREQ=DAILY\n";
    let commas = ",".repeat(LARGEST / 8);
    for (name, params) in [
        ("dates", String::new()),
        ("dates in a long zone", format!(";TZID={}", "a".repeat(LARGEST / 2))),
        ("dates with many parameters", ";A=".repeat(LARGEST / 6)),
    ] {
        let items = within_reason(name, || todo(&format!("{series}EXDATE{params}:{commas}")));
        assert_eq!(items[0].ignored.last().unwrap().rule, "and_more");
        assert!(items[0].ignored.len() < 100);
    }
}

#[test]
fn moved_instances_of_many_series() {
    let series = (0..MAX_ITEMS).map(|n| format!("BEGIN:VTODO\nUID:{n:04}\nEND:VTODO\n"));
    let moved = std::iter::repeat_n("BEGIN:VTODO\nUID:4999\nRECURRENCE-ID:1\nEND:VTODO\n".to_owned(), 90_000);
    let file = format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", series.chain(moved).collect::<String>());
    let items = within_reason("moved instances", || ical::read(&file, berlin()).unwrap());
    assert_eq!(items.len(), MAX_ITEMS);
}

#[test]
fn tasks_that_wait_for_very_many() {
    let tasks = vec![json!({"id": "a", "blocked_by": vec!["b"; LARGEST / 4]})];
    let file = json!({"almanac": 1, "tasks": tasks}).to_string();
    let items = within_reason("blockers", || own::read(&file).unwrap());
    assert_eq!(items.len(), 1);
}
