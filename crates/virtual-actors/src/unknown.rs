//! What a stored state holds that this version's type of it does not know.
//!
//! A newer version of the program may have added members. The difference between what was stored and what
//! the type writes again is kept at load and put back at the commit:
//!
//! * Members of objects, at any depth, go along as long as the object is there.
//! * An element of a list or a variant of an enum is the same object as long as its [identifying
//!   members](crate::Actor::IDENTITY) are the same; an element that has none, as long as it is unchanged.
//! * What the type knows and a turn removed stays removed, with all that was unknown inside.
//!
//! Elements and variants this version cannot read at all make the whole state unreadable: they need a new
//! [schema version](crate::Actor::SCHEMA).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The unknown parts of one JSON value. Most states have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Unknown {
    #[default]
    Nothing,
    Members {
        /// Which object they belong to.
        object: Identity,
        unknown: Map<String, Value>,
        /// What is unknown within known members.
        within: BTreeMap<String, Unknown>,
    },
    /// Of each element, in order.
    Elements(Vec<(Identity, Unknown)>),
}

/// Says whether a value is still the same thing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Identity {
    /// The values of the identifying members.
    Members(Vec<Option<Value>>),
    /// It has none.
    Whole(Value),
}

impl Identity {
    fn of_object(object: &Map<String, Value>, names: &[&str]) -> Self {
        Self::Members(names.iter().map(|name| object.get(*name).cloned()).collect())
    }

    fn of_element(element: &Value, names: &[&str]) -> Self {
        match element {
            Value::Object(object) if names.iter().any(|name| object.contains_key(*name)) => {
                Self::of_object(object, names)
            }
            other => Self::Whole(other.clone()),
        }
    }
}

impl Unknown {
    /// What `stored` has beyond `known`, which its type wrote again.
    pub(crate) fn between(stored: Value, known: &Value, identity: &[&str]) -> Self {
        match (stored, known) {
            (Value::Object(stored), Value::Object(known)) => {
                let (mut unknown, mut within) = (Map::new(), BTreeMap::new());
                for (name, value) in stored {
                    let Some(known) = known.get(&name) else {
                        unknown.insert(name, value);
                        continue;
                    };
                    match Self::between(value, known, identity) {
                        Self::Nothing => {}
                        some => drop(within.insert(name, some)),
                    }
                }
                let object = Identity::of_object(known, identity);
                Self::Members { object, unknown, within }.or_nothing()
            }
            (Value::Array(stored), Value::Array(known)) if stored.len() == known.len() => {
                let pairs = stored.into_iter().zip(known);
                let elements = pairs.map(|(stored, known)| {
                    (Identity::of_element(known, identity), Self::between(stored, known, identity))
                });
                Self::Elements(elements.collect()).or_nothing()
            }
            _ => Self::Nothing,
        }
    }

    /// Adds itself to the next state, and forgets what has no place there any more.
    pub(crate) fn put_back(&mut self, state: &mut Value, identity: &[&str]) {
        match (&mut *self, state) {
            (Self::Members { object, unknown, within }, Value::Object(state))
                if *object == Identity::of_object(state, identity) =>
            {
                // First, so that what is put back is not taken for what is known.
                within.retain(|name, inner| {
                    state.get_mut(name).is_some_and(|value| {
                        inner.put_back(value, identity);
                        *inner != Self::Nothing
                    })
                });
                unknown.retain(|name, value| {
                    let vacant = !state.contains_key(name);
                    if vacant {
                        state.insert(name.clone(), value.clone());
                    }
                    vacant
                });
            }
            (Self::Elements(elements), Value::Array(state)) => {
                let mut free: Vec<(Identity, &mut Value)> = state
                    .iter_mut()
                    .map(|element| (Identity::of_element(element, identity), element))
                    .collect();
                elements.retain_mut(|(element, inner)| {
                    let Some(at) = free.iter().position(|(candidate, _)| candidate == element) else {
                        return false;
                    };
                    inner.put_back(free.remove(at).1, identity);
                    true
                });
            }
            _ => *self = Self::Nothing,
        }
        *self = std::mem::take(self).or_nothing();
    }

    fn or_nothing(self) -> Self {
        match self {
            Self::Members { unknown, within, .. } if unknown.is_empty() && within.is_empty() => Self::Nothing,
            Self::Elements(elements) if elements.iter().all(|(_, unknown)| *unknown == Self::Nothing) => {
                Self::Nothing
            }
            some => some,
        }
    }
}

#[cfg(test)]
mod tests;
