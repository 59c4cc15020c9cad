//! Bodies that nobody should send, some of them nearly good.

use proptest::prelude::*;
use serde_json::{Value, json};

/// JSON of the members that bodies have, with the values that break things.
fn hostile() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC{0,40}",
        any::<String>(),
        prop::sample::select(vec![
            "",
            "\u{0}",
            "none",
            "PT10M",
            "P1D",
            "PT0S",
            "P99999999999999999999D",
            "-P1D",
            "P366DT24H",
            "2026-12-01",
            "1970-01-01",
            "2099-12-31",
            "9999-12-31",
            "+10000-01-01",
            "-0001-01-01",
            "2026-02-30",
            "2026-12-01T09:00:00",
            "2026-03-29T02:30:00",
            "2011-12-30T12:00:00",
            "9999-12-31T23:59:59",
            "2026-12-01T09:00:00Z",
            "1970-01-01T00:00:00Z",
            "2099-12-31T23:59:59.999999999-23:59",
            "Europe/Berlin",
            "Pacific/Apia",
            "Africa/Casablanca",
            "UTC",
            "EST5EDT",
            "../etc/passwd",
            "FREQ=DAILY",
            "FREQ=YEARLY;BYDAY=MO;BYHOUR=0,1,2;COUNT=10000",
            "FREQ=HOURLY;INTERVAL=9999;UNTIL=99991231",
            "ada@example.org",
            "00000000-0000-0000-0000-000000000000",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        6 => text.prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    let names = vec![
        "title",
        "notes",
        "priority",
        "tags",
        "due",
        "reminders",
        "date",
        "at",
        "zone",
        "before",
        "id",
        "fires_at",
        "rrule",
        "start",
        "exdates",
        "rdates",
        "skip",
        "count",
        "recurrence",
        "from",
        "missed",
        "email",
        "password",
        "time_zone",
        "version",
        "\u{0}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(names.clone()), inner), 0..7).prop_map(|members| {
                members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()
            }),
        ]
    })
}

/// Texts near a rule, good ones among them.
fn rules() -> impl Strategy<Value = String> {
    let freq = prop::sample::select(vec!["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "SECONDLY"]);
    let parts = vec![
        "INTERVAL=9999",
        "INTERVAL=0",
        "COUNT=10000",
        "COUNT=99999999999",
        "UNTIL=99991231",
        "UNTIL=20260228T235960Z",
        "BYDAY=MO,-1FR",
        "BYDAY=53MO",
        "BYMONTHDAY=-31",
        "BYMONTHDAY=30;BYMONTH=2",
        "BYYEARDAY=366",
        "BYWEEKNO=53",
        "BYHOUR=0,1,2,3",
        "BYMINUTE=59",
        "BYSETPOS=-366",
        "WKST=SU",
        "X-NAME=1",
        "BYDAY=",
        "\u{0}",
    ];
    (freq, prop::collection::vec(prop::sample::select(parts), 0..3)).prop_map(|(freq, parts)| {
        [format!("FREQ={freq}").as_str()].into_iter().chain(parts).collect::<Vec<_>>().join(";")
    })
}

/// When a task is due or a series starts.
fn dues() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(json!({"date": "2026-02-28"})),
        2 => Just(json!({"at": "2011-12-30T02:30:00", "zone": "Pacific/Apia"})),
        1 => hostile(),
    ]
}

/// A body with some members more.
fn with(mut body: Value, members: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    for (name, value) in members {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    body
}

/// Whole bodies: mostly with a good title, so that the rest is looked at too.
pub(super) fn bodies() -> impl Strategy<Value = Value> {
    let member =
        |name: &'static str| prop::option::weighted(0.3, hostile()).prop_map(move |value| (name, value));
    let near = (rules(), member("exdates"), member("from"), member("missed"))
        .prop_map(|(rrule, a, b, c)| with(json!({"rrule": rrule}), [a, b, c]));
    let recurrence = prop::option::weighted(0.4, prop_oneof![4 => near, 1 => hostile()])
        .prop_map(|value| ("recurrence", value));
    let due = prop::option::weighted(0.5, dues()).prop_map(|value| ("due", value));
    let members = (due, member("reminders"), member("tags"), member("notes"), member("priority"), recurrence);
    let task = members.prop_map(|(a, b, c, d, e, f)| with(json!({"title": "x"}), [a, b, c, d, e, f]));

    let rule = prop_oneof![4 => rules().prop_map(Value::from), 1 => hostile()];
    let preview = (dues(), rule, member("exdates"), member("skip"), member("count"))
        .prop_map(|(start, rrule, a, b, c)| with(json!({"start": start, "rrule": rrule}), [a, b, c]));
    prop_oneof![1 => hostile(), 3 => task, 3 => preview]
}
