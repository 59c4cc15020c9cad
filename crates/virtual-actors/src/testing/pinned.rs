//! Checks that what is stored or sent today can be read and written by every later version.
//!
//! A pinned text is JSON as some released version wrote it. It is only ever added to: whoever must change one
//! breaks a version that runs beside the new one, or what it left behind. `docs/upgrades.md` has the rules.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Actor, Message, stored};

/// A stored state is read, and all of it is written again for older hosts to read.
///
/// # Panics
/// When it is not.
pub fn assert_pinned_state<A: Actor>(pinned: &Value) {
    let shape = stored::upcast::<A>(pinned.clone());
    let shape = shape.unwrap_or_else(|error| panic!("{} no longer reads {pinned}: {error}", A::TYPE));
    assert_pinned::<A::State>(&shape);
}

/// A reply, a refusal or an event's data is read, and all of it is written again. More may be.
///
/// # Panics
/// When it is not.
pub fn assert_pinned<T: Serialize + DeserializeOwned>(pinned: &Value) {
    let written = again::<T>(pinned);
    if let Some(path) = missing(pinned, &written) {
        panic!("{path} of {pinned} is lost or changed: {written}");
    }
}

/// A message is read, and written again as it was: its text is part of what a command is known by, so a retry
/// through a newer caller must look the same. New members are left out while they have their default.
///
/// # Panics
/// When it is not.
pub fn assert_pinned_message<M: Message>(pinned: &Value) {
    assert_eq!(again::<M>(pinned), *pinned, "{}/{} is written in another way", M::ACTOR, M::METHOD);
}

fn again<T: Serialize + DeserializeOwned>(pinned: &Value) -> Value {
    let read = T::deserialize(pinned);
    let read = read.unwrap_or_else(|error| panic!("no longer reads {pinned}: {error}"));
    serde_json::to_value(read).unwrap_or_else(|error| panic!("no longer writes {pinned}: {error}"))
}

/// The first part of `pinned` that is not the same in `written`.
fn missing(pinned: &Value, written: &Value) -> Option<String> {
    match (pinned, written) {
        (Value::Object(pinned), Value::Object(written)) => pinned.iter().find_map(|(name, value)| {
            let within = written.get(name).map_or(Some(String::new()), |written| missing(value, written));
            within.map(|path| format!("/{name}{path}"))
        }),
        (Value::Array(pinned), Value::Array(written)) if pinned.len() == written.len() => {
            let mut pairs = pinned.iter().zip(written).enumerate();
            pairs.find_map(|(at, (pinned, written))| Some(format!("/{at}{}", missing(pinned, written)?)))
        }
        _ => (pinned != written).then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_lost_is_named_and_what_is_added_is_not() {
        let pinned = json!({ "a": 1, "b": [{ "c": null }, { "d": 2 }] });
        assert_eq!(missing(&pinned, &json!({ "a": 1, "b": [{ "c": null, "new": 1 }, { "d": 2 }] })), None);
        for (written, path) in [
            (json!({ "b": pinned["b"] }), "/a"),
            (json!({ "a": 2, "b": pinned["b"] }), "/a"),
            (json!({ "a": 1, "b": [{ "c": null }] }), "/b"),
            (json!({ "a": 1, "b": [{ "c": null }, {}] }), "/b/1/d"),
            (json!({ "a": 1, "b": [{}, { "d": 2 }] }), "/b/0/c"),
        ] {
            assert_eq!(missing(&pinned, &written).as_deref(), Some(path));
        }
    }
}
