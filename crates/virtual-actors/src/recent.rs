//! The last answers of an activation, so that an immediate retry costs neither a decision nor a query.

use std::collections::{HashMap, VecDeque};

use crate::{call::CommandId, store::Answered};

const KEPT: usize = 32;

/// A bounded memory of committed answers, oldest forgotten first. The store remembers the rest.
#[derive(Debug, Default)]
pub(crate) struct RecentAnswers {
    order: VecDeque<CommandId>,
    answers: HashMap<CommandId, Answered>,
}

impl RecentAnswers {
    pub(crate) fn get(&self, id: CommandId) -> Option<&Answered> {
        self.answers.get(&id)
    }

    pub(crate) fn remember(&mut self, id: CommandId, answered: Answered) {
        if self.answers.insert(id, answered).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::call::Fingerprint;

    #[test]
    fn the_oldest_answers_are_forgotten_first() {
        let mut recent = RecentAnswers::default();
        let id = |n: usize| CommandId(Uuid::from_u128(n as u128));
        for n in 0..KEPT + 5 {
            recent
                .remember(id(n), Answered { fingerprint: Fingerprint::of("", &json!(n)), outcome: json!(n) });
        }
        assert_eq!(recent.get(id(4)), None);
        assert_eq!(recent.get(id(5)).map(|a| &a.outcome), Some(&json!(5)));
        assert_eq!(recent.answers.len(), KEPT);
    }
}
