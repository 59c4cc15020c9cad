//! Where a page of tasks ended, and in which list.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use uuid::Uuid;

use super::{Phase, order::Key};

/// The last place that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TaskCursor {
    /// Which part of the list.
    pub(super) phase: usize,
    pub(super) key: Key,
    pub(super) id: Uuid,
}

impl TaskCursor {
    /// Opaque to clients. `query` tells one list from another.
    pub(super) fn encode(&self, query: &str) -> String {
        let Self { phase, key, id } = self;
        URL_SAFE_NO_PAD.encode(serde_json::json!([query, phase, key.to_json(), id]).to_string())
    }

    pub(super) fn decode(text: &str, query: &str, phases: &[Phase]) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (of, phase, key, id): (String, usize, Value, Uuid) = serde_json::from_slice(&bytes).ok()?;
        let part = phases.get(phase).filter(|_| of == query)?;
        let key = part.column.key_from_json(key)?;
        (part.without == (key == Key::Nothing)).then_some(Self { phase, key, id })
    }
}
