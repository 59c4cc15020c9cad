//! What an actor is: a type, a stored state, and the messages it handles.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    context::{ReadContext, TurnContext},
    methods::Methods,
    statement::{Executed, Statement},
    store::BrokenRule,
    turn::{Reminder, Turn},
};

/// A message to an actor: what crosses the wire, with its typed answers.
///
/// It belongs to the contract between processes, so it knows the actor only by name.
pub trait Message: Serialize + DeserializeOwned + Send + 'static {
    /// The actor type as Dapr knows it, e.g. `"Task"`.
    const ACTOR: &'static str;
    /// The last segment of the actor method's path, e.g. `"complete"`.
    const METHOD: &'static str;
    /// The answer when the actor did what was asked, or had nothing to do.
    type Reply: Serialize + DeserializeOwned + Send + 'static;
    /// The answer when the rules forbid it. It is committed like any other answer.
    type Refusal: Serialize + DeserializeOwned + Send + 'static;
}

/// A virtual actor: code without fields. All it remembers is `State`, which the host loads and commits.
pub trait Actor: Sized + Send + 'static {
    /// The actor type as Dapr knows it.
    const TYPE: &'static str;
    /// The table of this type's states: `id text primary key, version bigint, state jsonb`,
    /// and whatever generated columns its queries want. Empty if every method is a statement.
    const TABLE: &'static str;
    /// SQL run in the same statement as the commit, for the rows a turn brings: see [`RowsSql`].
    const ROWS: Option<RowsSql> = None;
    /// A rule over several actors, which the commit of a change must keep: see [`RuleSql`].
    const RULE: Option<RuleSql> = None;
    /// The schema version of the states this code writes: raised when older code must not read them any
    /// more. Adding a member with a default needs no new one, since older code keeps what it does not know.
    const SCHEMA: u32 = 1;
    /// The newest schema version this code reads. It is one ahead of [`SCHEMA`](Self::SCHEMA) in the release
    /// before the one that writes it, so that both can run side by side. A state beyond it is answered with
    /// "unavailable", since a host of the newer release can read it.
    const READS: u32 = Self::SCHEMA;
    /// Members that say which of several things an object is: an element of a list, a variant of an enum.
    /// What newer code added to an object is kept as long as these are the same.
    const IDENTITY: &'static [&'static str] = &["id"];
    /// Members of messages that the sender found out and nobody asked for, such as by what right it sends them. The
    /// same command may come again with others: it is the same all the same. Needed only where
    /// [`Asked`](crate::Asked) does not say what was asked.
    const GROUNDS: &'static [&'static str] = &[];
    /// The stored state, as of the last committed turn.
    type State: Clone + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static;

    /// Brings a state of an older schema version into the shape of [`READS`](Self::READS). What it moves it
    /// must remove from its old place, or it is kept as unknown.
    fn upcast(_schema: u32, stored: Value) -> Value {
        stored
    }

    /// Names the messages this actor handles.
    fn methods(methods: Methods<Self>) -> Methods<Self>;

    /// The reminders this state wants. They are registered again at each activation, since
    /// registering them and committing the state are two steps and a crash can fall between.
    fn reminders(_state: &Self::State) -> Vec<Reminder> {
        Vec::new()
    }

    /// The method a Dapr reminder of this name runs, with an empty body. `None`: the reminder is unknown.
    fn on_reminder(_name: &str) -> Option<&'static str> {
        None
    }
}

/// Common table expressions that keep other tables in step with the state.
///
/// They follow the guarded write of the state in one statement, so they start with a comma, and
/// must select `FROM guard` (one row when the version still matched, else none). They may use
/// `$1` (the actor's id, text) and `$8` (what [`Turn::rows`] was given, jsonb).
#[derive(Debug, Clone, Copy)]
pub struct RowsSql(pub &'static str);

/// An SQL expression that is evaluated once in each commit of a change, for what one actor alone cannot know.
///
/// It may use `$1` and `$8` as [`RowsSql`] does, and `version`, which the actor gets; its value is ignored. To refuse,
/// it raises SQLSTATE `VA001` with a JSON text as `DETAIL`: nothing is stored, and [`Handles::broken`] makes a refusal
/// of it. A volatile function sees what others have committed while it waited for a lock, which is what a rule that
/// two turns could break together needs:
///
/// ```sql
/// PERFORM pg_advisory_xact_lock(…);   -- one at a time
/// IF EXISTS (SELECT … ) THEN
///     RAISE EXCEPTION USING ERRCODE = 'VA001', DETAIL = '{"rule": "cycle"}';
/// END IF;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RuleSql(pub &'static str);

/// A turn that may change state: it decides, the host commits.
pub trait Handles<M: Message>: Actor {
    /// Decides on `message`. No input or output happens here, so it may be run again after a lost
    /// race; `state` is `None` while nothing was ever committed under this id.
    fn handle(
        state: Option<Self::State>,
        message: M,
        turn: &TurnContext<'_>,
    ) -> Result<Turn<Self, M::Reply>, M::Refusal>;

    /// The refusal when what was decided breaks the actor's [`RULE`](Actor::RULE). It is committed like any other, at
    /// the version that was decided on. Without one, it is a fault.
    fn broken(rule: BrokenRule) -> Result<M::Refusal, BrokenRule> {
        Err(rule)
    }
}

/// A turn that only reads. Its context and its borrowed state leave it no way to write:
///
/// ```compile_fail
/// # use virtual_actors::{Actor, Answers, Message, ReadContext, Turn};
/// fn cannot_write<A: Actor<State = u32>>(state: Option<&u32>, _: &ReadContext<'_>) -> u32 {
///     *state.unwrap() += 1; // a read-only turn has no `&mut` state and no `Turn` to return
///     0
/// }
/// ```
pub trait Answers<M: Message>: Actor {
    /// Answers from the state as of the last committed turn of any owner.
    fn answer(
        state: Option<&Self::State>,
        message: M,
        read: &ReadContext<'_>,
    ) -> Result<M::Reply, M::Refusal>;
}

/// A turn that is one SQL statement instead of a decision: atomic, nothing cached. Its answer is not
/// remembered: a repetition runs the statement again, which must be harmless.
pub trait Executes<M: Message>: Actor {
    /// The statement for this message.
    fn statement(message: &M) -> Statement;

    /// What follows from the row it returned.
    fn executed(message: M, row: Value) -> Result<Executed<M::Reply>, serde_json::Error>;
}
