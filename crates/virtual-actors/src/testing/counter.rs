//! The actor the runtime is tested with: small, and easy to count.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Answers, BrokenRule, Event, Handles, Message, Methods, ReadContext, Reminder, Turn, TurnContext,
};

/// The topic of its events.
pub const TOPIC: &str = "counted";

/// A counter that never goes beyond its limit.
#[derive(Debug)]
pub struct Counter;

/// What a counter remembers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Count {
    pub total: i64,
    #[serde(default)]
    pub limit: Option<i64>,
    #[serde(default)]
    pub remind_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub reminded: i64,
}

/// Adds; 0 changes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Increment {
    pub by: i64,
}

/// Sets or lifts the limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetLimit {
    pub limit: Option<i64>,
}

/// Asks for a reminder, which is counted when it fires.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemindMe {
    pub at: DateTime<Utc>,
}

/// What the reminder runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reminded;

/// Panics.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Explode;

/// Reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Read;

/// The limit would be passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverLimit {
    pub limit: i64,
}

macro_rules! messages {
    ($($message:ty => $method:literal),*) => {
        $(impl Message for $message {
            const ACTOR: &'static str = "Counter";
            const METHOD: &'static str = $method;
            type Reply = Count;
            type Refusal = OverLimit;
        })*
    };
}
messages!(
    Increment => "increment", SetLimit => "set_limit", RemindMe => "remind_me",
    Reminded => "reminded", Explode => "explode", Read => "read"
);

type Decided = Result<Turn<Counter, Count>, OverLimit>;

impl Actor for Counter {
    const TYPE: &'static str = "Counter";
    const TABLE: &'static str = "counter";
    type State = Count;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods
            .handles::<Increment>()
            .handles::<SetLimit>()
            .handles::<RemindMe>()
            .handles::<Reminded>()
            .handles::<Explode>()
            .answers::<Read>()
    }

    fn reminders(state: &Count) -> Vec<Reminder> {
        state.remind_at.map(|due| Reminder { name: "wake".to_owned(), due }).into_iter().collect()
    }

    fn on_reminder(name: &str) -> Option<&'static str> {
        (name == "wake").then_some(Reminded::METHOD)
    }
}

impl Handles<Increment> for Counter {
    fn handle(state: Option<Count>, Increment { by }: Increment, turn: &TurnContext<'_>) -> Decided {
        let count = state.unwrap_or_default();
        let total = count.total + by;
        match count.limit {
            Some(limit) if total > limit => Err(OverLimit { limit }),
            _ if by == 0 => Ok(Turn::unchanged(count)),
            _ => {
                let count = Count { total, ..count };
                let event = Event::new(TOPIC, "counter.incremented", &(turn.next_version(), total));
                Ok(Turn::changed(count.clone(), count).events(event).into())
            }
        }
    }

    fn broken(BrokenRule(rule): BrokenRule) -> Result<OverLimit, BrokenRule> {
        serde_json::from_value(rule.clone()).map_err(|_| BrokenRule(rule))
    }
}

impl Handles<SetLimit> for Counter {
    fn handle(state: Option<Count>, SetLimit { limit }: SetLimit, _: &TurnContext<'_>) -> Decided {
        let count = Count { limit, ..state.unwrap_or_default() };
        Ok(Turn::changed(count.clone(), count).into())
    }
}

impl Handles<RemindMe> for Counter {
    fn handle(state: Option<Count>, RemindMe { at }: RemindMe, _: &TurnContext<'_>) -> Decided {
        let count = Count { remind_at: Some(at), ..state.unwrap_or_default() };
        Ok(Turn::changed(count.clone(), count).into())
    }
}

impl Handles<Reminded> for Counter {
    fn handle(state: Option<Count>, _: Reminded, turn: &TurnContext<'_>) -> Decided {
        let count = state.unwrap_or_default();
        match count.remind_at {
            // Dapr delivers at least once: only the first finds something to do.
            Some(at) if at <= turn.now() => {
                let count = Count { remind_at: None, reminded: count.reminded + 1, ..count };
                Ok(Turn::changed(count.clone(), count).into())
            }
            _ => Ok(Turn::unchanged(count)),
        }
    }
}

impl Handles<Explode> for Counter {
    fn handle(_: Option<Count>, _: Explode, _: &TurnContext<'_>) -> Decided {
        panic!("asked to")
    }
}

impl Answers<Read> for Counter {
    fn answer(state: Option<&Count>, _: Read, _: &ReadContext<'_>) -> Result<Count, OverLimit> {
        Ok(state.cloned().unwrap_or_default())
    }
}
