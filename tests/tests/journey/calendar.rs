//! The calendar feed, as a calendar program reads it.

use almanac_tests::{Person, Request, WholeAnswer};
use serde_json::{Value, json};
use xtask::Stack;

pub(crate) async fn a_calendar_program_follows_the_tasks_until_its_address_is_taken_away(stack: &Stack) {
    let ada = Person::register(stack).await;
    let due = json!({"at": "2090-12-04T09:00:00", "zone": "Europe/Berlin"});
    let task = json!({
        "title": "Water; all of the plants, also those on the balcony that nobody ever remembers in summer",
        "due": due, "reminders": [{"before": "PT15M"}], "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=MO"},
    });
    let task = ada.create(task).await;
    let address = async || ada.act(ada.request("POST", "/me/calendar")).await["path"].clone();
    let first = address().await;
    let feed = read(stack, &first, None).await;
    assert_eq!((feed.status, feed.header("content-type")), (200, "text/calendar; charset=utf-8"));
    for line in [
        "BEGIN:VCALENDAR",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:VTODO",
        "SUMMARY:Water\\; all of the plants\\, also those on the balcony that nobody ever remembers in summer",
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "BEGIN:VALARM",
        "TRIGGER;RELATED=END:-PT15M",
    ] {
        assert!(lines(&feed).iter().any(|found| found == line), "{line} in {}", feed.text);
    }

    // Asked again, until something has changed.
    let again = read(stack, &first, Some(&feed)).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    assert_eq!(again.header("etag"), feed.header("etag"));
    ada.act(ada.of_task("PATCH", &task, "").json(json!({"title": "Water"}))).await;
    let renamed = read(stack, &first, Some(&feed)).await;
    assert_eq!(renamed.status, 200);
    assert!(lines(&renamed).contains(&"SUMMARY:Water".to_owned()), "{}", renamed.text);
    ada.act(ada.of_task("DELETE", &task, "")).await;
    let empty = read(stack, &first, Some(&renamed)).await;
    assert_eq!((empty.status, empty.text.contains("VTODO")), (200, false), "{}", empty.text);

    let second = address().await;
    assert_eq!((read(stack, &first, None).await.status, read(stack, &second, None).await.status), (404, 200));
    ada.act(ada.request("DELETE", "/me/calendar")).await;
    let gone = read(stack, &second, Some(&empty)).await;
    assert_eq!((gone.status, &gone.json()["type"]), (404, &json!("/api/problems/not-found")));
}

/// Without a token: the address is the key.
async fn read(stack: &Stack, path: &Value, known: Option<&WholeAnswer>) -> WholeAnswer {
    let url = format!("{}{}", stack.backend_url(), path.as_str().expect("a path"));
    let request = Request::new("GET", url);
    match known {
        Some(known) => request.header("if-none-match", known.header("etag")).whole().await,
        None => request.whole().await,
    }
}

/// Unfolded (RFC 5545 section 3.1).
fn lines(feed: &WholeAnswer) -> Vec<String> {
    assert!(feed.text.split("\r\n").all(|line| line.len() <= 75), "{}", feed.text);
    feed.text.replace("\r\n ", "").split("\r\n").map(str::to_owned).collect()
}
