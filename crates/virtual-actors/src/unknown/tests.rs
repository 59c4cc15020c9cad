use proptest::{collection::btree_map, prelude::*};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

const IDENTITY: &[&str] = &["id", "status"];

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct State {
    title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default)]
    place: Place,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    life: Life,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    #[serde(default)]
    city: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    id: u32,
    #[serde(default)]
    count: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum Life {
    #[default]
    Open,
    Done {
        at: u32,
    },
}

/// What is stored after a turn that did `change`.
fn turned(stored: &Value, change: impl FnOnce(&mut State)) -> Value {
    let mut state = State::deserialize(stored).unwrap();
    let known = serde_json::to_value(&state).unwrap();
    let mut unknown = Unknown::between(stored.clone(), &known, IDENTITY);
    change(&mut state);
    let mut next = serde_json::to_value(&state).unwrap();
    unknown.put_back(&mut next, IDENTITY);
    // This activation's next turn must find what a fresh one would.
    let mut again = serde_json::to_value(&state).unwrap();
    unknown.put_back(&mut again, IDENTITY);
    assert_eq!(again, next);
    next
}

fn newer() -> Value {
    json!({
        "title": "Water the plants", "note": "soon", "project": { "of": "a newer version" },
        "place": { "city": "Bonn", "floor": 2 },
        "items": [{ "id": 1, "count": 1, "unit": "l" }, { "id": 2, "count": 2, "unit": "kg" }],
        "life": { "status": "done", "at": 3, "by": "Ada" },
    })
}

#[test]
fn a_changed_state_keeps_what_is_unknown_in_it() {
    let next = turned(&newer(), |state| {
        state.title = "Water them all".into();
        state.place.city = "Köln".into();
    });
    let mut expected = newer();
    expected["title"] = json!("Water them all");
    expected["place"]["city"] = json!("Köln");
    assert_eq!(next, expected);
}

#[test]
fn what_a_turn_removes_stays_removed() {
    let next = turned(&newer(), |state| state.note = None);
    assert_eq!(next.get("note"), None);
    assert_eq!(next["project"], newer()["project"]);
}

#[test]
fn an_element_is_known_again_by_its_identity() {
    let next = turned(&newer(), |state| {
        state.items.remove(0);
        state.items[0].count = 7;
        state.items.insert(0, Item { id: 3, count: 0 });
    });
    assert_eq!(next["items"], json!([{ "id": 3, "count": 0 }, { "id": 2, "count": 7, "unit": "kg" }]));
}

#[test]
fn a_variant_leaves_with_what_is_unknown_in_it() {
    let next = turned(&newer(), |state| state.life = Life::Open);
    assert_eq!(next["life"], json!({ "status": "open" }));
    let next = turned(&newer(), |state| state.life = Life::Done { at: 4 });
    assert_eq!(next["life"], json!({ "status": "done", "at": 4, "by": "Ada" }));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z]{1,3}", inner, 0..3).prop_map(|members| json!(members)),
        ]
    })
}

/// An object of known members and of any others.
fn with_unknown(known: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    // No known member starts with an x.
    (known, btree_map("x[a-z]{0,2}", any_json(), 0..3)).prop_map(|(mut known, unknown)| {
        known.as_object_mut().expect("an object").extend(unknown);
        known
    })
}

fn stored() -> impl Strategy<Value = Value> {
    let place = with_unknown("[a-z]{0,3}".prop_map(|city| json!({ "city": city })));
    let item =
        with_unknown((0..4_u32, any::<u32>()).prop_map(|(id, count)| json!({ "id": id, "count": count })));
    let life = with_unknown(prop_oneof![
        Just(json!({ "status": "open" })),
        any::<u32>().prop_map(|at| json!({ "status": "done", "at": at })),
    ]);
    let known = (
        "[a-z]{0,3}",
        proptest::option::of("[a-z]{0,3}"),
        place,
        proptest::collection::vec(item, 0..4),
        life,
    )
        .prop_map(|(title, note, place, items, life)| {
            let mut state = json!({ "title": title, "place": place, "items": items, "life": life });
            if let Some(note) = note {
                state["note"] = note.into();
            }
            state
        });
    with_unknown(known)
}

proptest! {
    #[test]
    fn loading_and_storing_again_changes_nothing(stored in stored()) {
        prop_assert_eq!(turned(&stored, |_| {}), stored);
    }

    #[test]
    fn any_turn_keeps_unknown_members_and_its_own_changes(stored in stored(), title in "[A-Z]{1,3}", kept in 0..4_u32) {
        let change = |state: &mut State| {
            state.title = title.clone();
            state.note = None;
            state.items.retain(|item| item.id != kept);
            state.life = Life::Open;
        };
        let next = turned(&stored, change);
        let mut expected = State::deserialize(&stored).unwrap();
        change(&mut expected);
        prop_assert_eq!(State::deserialize(&next).unwrap(), expected);
        prop_assert_eq!(next.get("note"), None);
        for part in ["/place", ""] {
            let unknown = |state: &Value| -> Map<String, Value> {
                let members = state.pointer(part).and_then(Value::as_object).cloned().unwrap_or_default();
                members.into_iter().filter(|(name, _)| name.starts_with('x')).collect()
            };
            prop_assert_eq!(unknown(&next), unknown(&stored));
        }
        let items: Vec<_> = stored["items"].as_array().unwrap().iter().filter(|item| item["id"] != kept).collect();
        prop_assert_eq!(next["items"].as_array().unwrap().iter().collect::<Vec<_>>(), items);
    }
}
