//! What a person looks at most days, by the days of where they are.

use almanac_tests::Person;
use chrono::{Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};
use virtual_actors::{Clock, System};
use xtask::Stack;

/// Two places where it is never the same day, both without summer time: their zones, and hours from UTC.
const EAST: (&str, i64) = ("Pacific/Kiritimati", 14);
const WEST: (&str, i64) = ("Pacific/Pago_Pago", -11);

const VIEWS: [&str; 3] = ["today", "upcoming?days=2", "overdue"];

pub(crate) async fn days_are_those_of_where_a_person_is(stack: &Stack) {
    // Once more if a day ended meanwhile.
    let (in_the_east, in_the_west) = loop {
        let days = today();
        let seen = seen(stack, days).await;
        if days == today() {
            break seen;
        }
    };
    let late = "two days ago";
    assert_eq!(
        in_the_east,
        [vec![late, "west's day", "east's day", "from east's day"], vec![], vec![late, "west's day"]]
    );
    assert_eq!(in_the_west, [vec![late, "west's day"], vec!["east's day"], vec![late]]);
}

/// What is today in both.
fn today() -> [NaiveDate; 2] {
    [EAST, WEST].map(|(_, hours)| (System.now() + TimeDelta::hours(hours)).date_naive())
}

/// The titles in each view, first in the one place, then in the other.
async fn seen(stack: &Stack, [east, west]: [NaiveDate; 2]) -> ([Vec<String>; 3], [Vec<String>; 3]) {
    let ada = Person::register(stack).await;
    let passed = (System.now() - TimeDelta::days(2)).format("%Y-%m-%dT%H:%M:%S").to_string();
    let done = ada.create(json!({"title": "done", "due": {"date": east}})).await;
    ada.act(ada.of_task("POST", &done, "/complete")).await;
    for (title, due, start) in [
        ("two days ago", json!({"at": passed, "zone": "UTC"}), Value::Null),
        ("west's day", json!({"date": west}), Value::Null),
        ("east's day", json!({"date": east}), Value::Null),
        ("from east's day", Value::Null, json!(east)),
        ("in a week", json!({"date": east + Days::new(7)}), Value::Null),
        ("some day", Value::Null, Value::Null),
    ] {
        ada.create(json!({"title": title, "due": due, "start": start})).await;
    }
    (views_in(&ada, EAST.0).await, views_in(&ada, WEST.0).await)
}

async fn views_in(person: &Person, zone: &str) -> [Vec<String>; 3] {
    let me = person.act(person.request("PATCH", "/me").json(json!({"time_zone": zone}))).await;
    assert_eq!(me["time_zone"], zone);
    let mut views = VIEWS.map(|_| Vec::new());
    for (titles, view) in views.iter_mut().zip(VIEWS) {
        let tasks = person.all(&format!("/views/{view}")).await;
        titles.extend(tasks.iter().map(|task| task["title"].as_str().expect("a title").to_owned()));
    }
    views
}
