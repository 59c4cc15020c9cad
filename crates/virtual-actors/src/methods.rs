//! The methods of an actor type, by name, behind one signature.

use std::{collections::HashMap, fmt};

use serde::Serialize;
use serde_json::Value;

use crate::{
    actor::{Actor, Answers, Executes, Handles, Message},
    context::{ReadContext, TurnContext},
    statement::{Executed, Statement},
    store::BrokenRule,
    turn::Change,
};

/// Which messages an actor handles, and how; built in [`Actor::methods`].
pub struct Methods<A: Actor> {
    by_name: HashMap<&'static str, Method<A>>,
}

impl<A: Actor> fmt::Debug for Methods<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Methods").field(&self.by_name.keys()).finish()
    }
}

/// [`Handles::handle`] with its types erased.
pub(crate) type Handle<A> =
    fn(Option<<A as Actor>::State>, Value, &TurnContext<'_>) -> Result<Decision<A>, MethodError>;

/// [`Handles::broken`] with its types erased.
pub(crate) type Broken = fn(BrokenRule) -> Result<Value, MethodError>;

/// [`Answers::answer`] with its types erased.
pub(crate) type Answer<A> =
    fn(Option<&<A as Actor>::State>, Value, &ReadContext<'_>) -> Result<Reply, MethodError>;

pub(crate) enum Method<A: Actor> {
    Handle {
        decide: Handle<A>,
        broken: Broken,
    },
    Answer(Answer<A>),
    Execute {
        statement: fn(&Value) -> Result<Statement, MethodError>,
        executed: fn(Value, Value) -> Result<Executed<Value>, MethodError>,
    },
}

/// What a decision came to, with its types erased.
pub(crate) struct Decision<A: Actor> {
    pub(crate) reply: Reply,
    pub(crate) change: Option<Change<A>>,
}

#[derive(Debug)]
pub(crate) enum Reply {
    Done(Value),
    Refused(Value),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum MethodError {
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    Fault(String),
}

impl<A: Actor> Methods<A> {
    /// The methods of an actor type, for an [`Engine`](crate::Engine).
    pub fn of_actor() -> Self {
        A::methods(Self { by_name: HashMap::new() })
    }

    /// A command: a turn that may change state.
    #[must_use]
    pub fn handles<M: Message>(self) -> Self
    where
        A: Handles<M>,
    {
        self.with::<M>(Method::Handle {
            decide: |state, message, turn| match A::handle(state, parse::<M>(message)?, turn) {
                Ok(turn) => Ok(Decision { reply: Reply::Done(to_value(&turn.reply)?), change: turn.change }),
                Err(refusal) => Ok(Decision { reply: Reply::Refused(to_value(&refusal)?), change: None }),
            },
            broken: |rule| match A::broken(rule) {
                Ok(refusal) => to_value(&refusal),
                Err(BrokenRule(rule)) => Err(MethodError::Fault(format!("a rule was broken: {rule}"))),
            },
        })
    }

    /// A query: a turn that only reads.
    #[must_use]
    pub fn answers<M: Message>(self) -> Self
    where
        A: Answers<M>,
    {
        self.with::<M>(Method::Answer(|state, message, read| {
            Ok(match A::answer(state, parse::<M>(message)?, read) {
                Ok(reply) => Reply::Done(to_value(&reply)?),
                Err(refusal) => Reply::Refused(to_value(&refusal)?),
            })
        }))
    }

    /// A turn that is one SQL statement.
    #[must_use]
    pub fn executes<M: Message>(self) -> Self
    where
        A: Executes<M>,
    {
        self.with::<M>(Method::Execute {
            statement: |message| Ok(A::statement(&parse::<M>(message.clone())?)),
            executed: |message, row| {
                let done =
                    A::executed(parse::<M>(message)?, row).map_err(|e| MethodError::Fault(e.to_string()))?;
                Ok(Executed {
                    reply: to_value(&done.reply)?,
                    reminders: done.reminders,
                    timer: done.timer,
                    emitted: done.emitted,
                })
            },
        })
    }

    fn with<M: Message>(mut self, method: Method<A>) -> Self {
        debug_assert_eq!(M::ACTOR, A::TYPE, "{} is addressed to another actor type", M::METHOD);
        self.by_name.insert(M::METHOD, method);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Method<A>> {
        self.by_name.get(name)
    }
}

fn parse<M: Message>(message: Value) -> Result<M, MethodError> {
    serde_json::from_value(message).map_err(|e| MethodError::Malformed(e.to_string()))
}

fn to_value(value: &impl Serialize) -> Result<Value, MethodError> {
    serde_json::to_value(value).map_err(|e| MethodError::Fault(e.to_string()))
}
