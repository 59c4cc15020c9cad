//! iCalendar, by RFC 5545 and by a second reader of it.

use calcard::{Entry, Parser, icalendar::ICalendarComponentType};
use contracts::{api, task::TaskSnapshot};
use exchange::{
    Item,
    ical::{self, Calendar},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::given::{any_task, berlin, task};

fn write(tasks: &[TaskSnapshot]) -> String {
    ical::write(Calendar { name: "Tasks", tasks, user: &berlin() })
}

/// The first task of a calendar of these lines.
fn read(lines: &str) -> Item {
    let file = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nUID:1\r\nSUMMARY:x\r\n{lines}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    );
    ical::read(&file.replace("\r\n", "\n").replace('\n', "\r\n"), berlin()).expect("a calendar").remove(0)
}

fn rules(item: &Item) -> Vec<&str> {
    item.ignored.iter().map(|ignored| ignored.rule).collect()
}

#[test]
fn a_task_is_written_as_the_rfc_has_it() {
    let file = write(&[task(json!({
        "title": "Move; house, \\soon", "notes": "one\ntwo", "priority": "urgent", "tags": ["a;b", "c"], "start": "2026-11-28",
        "due": {"at": "2026-12-01T09:00:00", "zone": "Europe/Berlin"}, "reminders": [{"before": "P1D"}, {"at": "2026-11-30T08:00:00Z"}],
    }))]);
    let todo = &file[file.find("BEGIN:VTODO").unwrap()..file.find("END:VCALENDAR").unwrap()];
    let without_alarm_ids: Vec<&str> = todo
        .lines()
        .filter(|line| !line.starts_with("UID:") || line.len() < 60 && line.ends_with("0001"))
        .collect();
    assert_eq!(
        without_alarm_ids,
        [
            "BEGIN:VTODO",
            "UID:00000000-0000-0000-0000-000000000001",
            "DTSTAMP:20261124T110000Z",
            "CREATED:20261124T110000Z",
            "LAST-MODIFIED:20261124T110000Z",
            "SEQUENCE:3",
            "SUMMARY:Move\\; house\\, \\\\soon",
            "DESCRIPTION:one\\ntwo",
            "PRIORITY:1",
            "CATEGORIES:a\\;b,c",
            "STATUS:NEEDS-ACTION",
            "DTSTART;TZID=Europe/Berlin:20261128T000000",
            "DUE;TZID=Europe/Berlin:20261201T090000",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "DESCRIPTION:Move\\; house\\, \\\\soon",
            "TRIGGER;RELATED=END:-P1D",
            "END:VALARM",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "DESCRIPTION:Move\\; house\\, \\\\soon",
            "TRIGGER;VALUE=DATE-TIME:20261130T080000Z",
            "END:VALARM",
            "END:VTODO",
        ]
    );
}

#[test]
fn a_zone_that_is_used_is_defined_and_utc_is_not() {
    let at = |zone: &str| task(json!({"due": {"at": "2026-12-01T09:00:00", "zone": zone}}));
    let file = write(&[at("Europe/Berlin"), at("UTC"), at("Europe/Berlin")]);
    assert_eq!(file.matches("BEGIN:VTIMEZONE").count(), 1);
    assert!(file.contains("DUE:20261201T090000Z"), "{file}");
}

#[test]
fn a_series_goes_on_from_its_open_instance() {
    let file = write(&[task(json!({
        "due": {"at": "2026-12-07T09:00:00", "zone": "Europe/Berlin"},
        "series": {"asked": {"rrule": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270131", "exdates": ["2026-12-14T09:00:00"]}},
    }))]);
    for line in [
        "DTSTART;TZID=Europe/Berlin:20261207T090000",
        "DUE;TZID=Europe/Berlin:20261207T090000",
        "RRULE:FREQ=WEEKLY;UNTIL=20270131T225959Z;BYDAY=MO",
        "EXDATE;TZID=Europe/Berlin:20261214T090000",
    ] {
        assert!(file.contains(&format!("{line}\r\n")), "{line} in {file}");
    }
}

#[test]
fn times_are_read_in_each_form() {
    let due = |lines: &str| read(lines).body.get("due").cloned().unwrap_or_default();
    assert_eq!(due("DUE;VALUE=DATE:20261201"), json!({"date": "2026-12-01"}));
    let berlin = |at: &str| json!({"at": at, "zone": "Europe/Berlin"});
    assert_eq!(
        due("DUE:20261201T080000Z"),
        berlin("2026-12-01T09:00:00"),
        "an instant is taken to the person's wall"
    );
    assert_eq!(due("DUE:20261201T090000"), berlin("2026-12-01T09:00:00"), "floating");
    assert_eq!(
        due("DUE;TZID=/mozilla.org/20070129_1/America/New_York:20261201T090000"),
        json!({"at": "2026-12-01T09:00:00", "zone": "America/New_York"})
    );
    assert_eq!(due("DTSTART:20261201T080000Z\r\nDURATION:PT1H"), berlin("2026-12-01T10:00:00"));
    assert_eq!(read("DTSTART;VALUE=DATE:20261128\r\nDUE;VALUE=DATE:20261201").body["start"], "2026-11-28");
    for (lines, rule) in [
        ("DUE;TZID=Mars/Base:20261201T090000", "unknown_zone"),
        ("DUE:20261301T090000", "invalid_time"),
        ("DUE;VALUE=DATE:20261131", "invalid_time"),
        ("DUE:99991201T090000Z", "out_of_range"),
        ("DTSTART;VALUE=DATE:20261202\r\nDUE;VALUE=DATE:20261201", "after_due"),
    ] {
        let item = read(lines);
        assert_eq!(rules(&item), [rule], "{lines}");
        assert_eq!(item.body["title"], "x", "the task itself is taken");
    }
}

#[test]
fn a_file_may_name_its_zones_as_it_likes() {
    let file = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:My zone\nX-LIC-LOCATION:Asia/Tokyo\nEND:VTIMEZONE\n\
                BEGIN:VTODO\nUID:1\nSUMMARY:x\nDUE;TZID=\"My zone\":20261201T090000\nEND:VTODO\nEND:VCALENDAR\n";
    assert_eq!(ical::read(file, berlin()).unwrap()[0].body["due"]["zone"], "Asia/Tokyo");
}

#[test]
fn alarms_become_reminders() {
    let reminders = |due: &str, trigger: &str| {
        let item = read(&format!("{due}\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n{trigger}\r\nEND:VALARM"));
        (item.body.get("reminders").cloned().unwrap_or_default(), rules(&item).join(" "))
    };
    let timed = "DUE;TZID=Europe/Berlin:20261201T090000";
    let day = "DUE;VALUE=DATE:20261201";
    let weekly = "DTSTART;VALUE=DATE:20261201\r\nRRULE:FREQ=WEEKLY";
    for (due, trigger, expected, rule) in [
        (timed, "TRIGGER:-PT15M", json!([{"before": "PT15M"}]), ""),
        (timed, "TRIGGER;RELATED=END:-P1D", json!([{"before": "P1D"}]), ""),
        (timed, "TRIGGER:PT0S", json!([{"before": "PT0S"}]), ""),
        (timed, "TRIGGER:PT5M", json!([{"at": "2026-12-01T08:05:00Z"}]), ""),
        (timed, "TRIGGER;VALUE=DATE-TIME:20261130T080000Z", json!([{"at": "2026-11-30T08:00:00Z"}]), ""),
        // Of a day, from its midnight: 18:00 the day before, and 08:00 and 12:00 of the day, which is due at 09:00.
        (day, "TRIGGER:-PT6H", json!([{"before": "PT15H"}]), ""),
        (day, "TRIGGER:PT8H", json!([{"before": "PT1H"}]), ""),
        (day, "TRIGGER:PT12H", json!([{"at": "2026-12-01T11:00:00Z"}]), ""),
        (weekly, "TRIGGER:PT12H", Value::Null, "after_due"),
        ("", "TRIGGER:-PT15M", Value::Null, "no_due"),
        (timed, "TRIGGER:-P2Y", Value::Null, "invalid_duration"),
        // Of the start, where there is one.
        (
            "DTSTART;TZID=Europe/Berlin:20261130T090000\r\nDUE;TZID=Europe/Berlin:20261201T090000",
            "TRIGGER:-PT15M",
            json!([{"at": "2026-11-30T07:45:00Z"}]),
            "",
        ),
    ] {
        assert_eq!(reminders(due, trigger), (expected, rule.to_owned()), "{due} {trigger}");
    }
}

#[test]
fn rules_are_taken_as_far_as_tasks_have_them() {
    let rrule = |lines: &str| {
        let item = read(lines);
        (
            item.body.get("recurrence").map(|one| one["rrule"].clone()).unwrap_or_default(),
            rules(&item).join(" "),
        )
    };
    let start = "DTSTART;TZID=Europe/Berlin:20261201T090000";
    for (lines, expected, rule) in [
        (format!("{start}\r\nRRULE:FREQ=DAILY;COUNT=3"), json!("FREQ=DAILY;COUNT=3"), ""),
        (format!("{start}\r\nRRULE:FREQ=MINUTELY"), Value::Null, "unsupported"),
        (format!("{start}\r\nRRULE:nonsense"), Value::Null, "unsupported"),
        (format!("{start}\r\nRRULE:FREQ=DAILY\r\nSTATUS:COMPLETED"), Value::Null, "done"),
        (
            format!("{start}\r\nDUE;TZID=Europe/Berlin:20261203T090000\r\nRRULE:FREQ=WEEKLY"),
            Value::Null,
            "unsupported",
        ),
        (
            "DTSTART;VALUE=DATE:20261201\r\nRRULE:FREQ=DAILY;UNTIL=20261224T120000Z".to_owned(),
            json!("FREQ=DAILY;UNTIL=20261224"),
            "",
        ),
    ] {
        assert_eq!(rrule(&lines), (expected, rule.to_owned()), "{lines}");
    }
    let item = read(&format!(
        "{start}\r\nRRULE:FREQ=DAILY\r\nEXDATE:20261202T080000Z,20261203T080000Z\r\nRDATE;VALUE=DATE:20270101"
    ));
    assert_eq!(item.body["recurrence"]["exdates"], json!(["2026-12-02T09:00:00", "2026-12-03T09:00:00"]));
    assert_eq!(item.body["recurrence"]["rdates"], json!(["2027-01-01T09:00:00"]));
}

proptest! {
    /// calcard reads what we write, with nothing left over, and finds each task and zone.
    #[test]
    fn another_reader_reads_it(tasks in proptest::collection::vec(any_task(), 0..4)) {
        let file = write(&tasks);
        prop_assert!(file.split("\r\n").all(|line| line.len() <= 75), "{}", file);
        let mut parser = Parser::new(&file);
        let entry = parser.entry();
        let Entry::ICalendar(calendar) = entry else { panic!("{entry:?} in {file}") };
        prop_assert!(matches!(parser.entry(), Entry::Eof));
        let todos: Vec<_> = calendar.components.iter()
            .filter(|component| component.component_type == ICalendarComponentType::VTodo).collect();
        let summaries: Vec<_> = todos.iter().filter(|todo| !todo.is_recurrence_override()).map(|todo| {
            let summary = todo.property(&calcard::icalendar::ICalendarProperty::Summary).unwrap();
            summary.values[0].as_text().unwrap().to_owned()
        }).collect();
        let titles: Vec<_> = tasks.iter().map(|snapshot| snapshot.task.title().to_string()).collect();
        prop_assert_eq!(summaries, titles);
    }

    /// Nothing is lost on the way out and in but positions, projects, and exact lengths of day-long reminders.
    #[test]
    fn what_was_written_is_read(snapshot in any_task()) {
        let items = ical::read(&write(std::slice::from_ref(&snapshot)), berlin()).unwrap();
        let (item, shown) = (&items[0], serde_json::to_value(api::Task::from(&snapshot)).unwrap());
        prop_assert!(item.ignored.iter().all(|ignored| ignored.rule == "moved_instance"), "{:?}", item.ignored);
        for member in ["title", "notes", "priority", "tags", "start", "estimate"] {
            let read = item.body.get(member).cloned().unwrap_or(match member {
                "notes" => json!(""), "priority" => json!("none"), "tags" => json!([]), _ => Value::Null,
            });
            prop_assert_eq!(&read, &shown[member], "{}", member);
        }
        let recurrence = item.body.get("recurrence").map(|one| one["from"].clone()).unwrap_or_default();
        prop_assert_eq!(recurrence, shown["recurrence"]["from"].clone());
        let (reminders, expected) = (item.body.get("reminders").cloned().unwrap_or(json!([])), &shown["reminders"]);
        prop_assert_eq!(reminders.as_array().unwrap().len(), expected.as_array().unwrap().len());
        prop_assert_eq!(item.done, shown["status"] == "done");
        // An instant in UTC is on the person's wall afterwards.
        if shown["due"]["zone"] != "UTC" {
            prop_assert_eq!(item.body.get("due").cloned().unwrap_or_default(), shown["due"].clone());
        }
    }

    #[test]
    fn no_file_is_a_panic(lines in "(DUE|DTSTART|RRULE|EXDATE|TRIGGER|DURATION|CATEGORIES|X)[;:A-Z0-9=,TZ-]{0,40}(\n\\PC{0,40}){0,4}") {
        let _ = ical::read(&format!("BEGIN:VCALENDAR\nBEGIN:VTODO\n{lines}\nEND:VTODO"), berlin());
    }
}
