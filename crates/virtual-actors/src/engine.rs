//! One activation's turns: load, decide, commit; again after a lost race.
//!
//! The engine knows neither actix nor Dapr nor PostgreSQL, so the host and the test runtime run
//! the very same code. Its caller gives it one call at a time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use crate::{
    actor::Actor,
    call::{Call, Fingerprint, Outcome},
    clock::Clock,
    context::{ReadContext, TurnContext},
    event::Source,
    methods::{Answer, Broken, Handle, Method, MethodError, Methods, Reply},
    recent::RecentAnswers,
    statement::Timer,
    store::{
        Answered, Changes, Commit, Committed, Entry, Kind, Loaded, Pending, Remember, Store, StoreError,
    },
    stored::{self, Unreadable},
    turn::{Change, ReminderChange},
    unknown::Unknown,
};

/// After so many lost races in a row the caller is asked to try again: two owners are fighting.
const MAX_RACES: u32 = 16;

/// What is to be done after a turn, outside of it.
#[derive(Debug, Default, PartialEq)]
pub struct Effects {
    /// Dapr reminders to set or clear.
    pub reminders: Vec<ReminderChange>,
    /// An in-process timer to arm.
    pub timer: Option<Timer>,
    /// Outbox entries may have been written.
    pub emitted: bool,
    /// Messages to other actors, as they stand in the outbox: this host may send them at once.
    pub tells: Vec<Pending>,
}

/// The state of an activation and the code that turns it.
pub struct Engine<A: Actor> {
    actor_id: String,
    kind: Kind,
    methods: Arc<Methods<A>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// `None`: to be loaded before the next turn. Never holds what is not committed.
    current: Option<Current<A::State>>,
    recent: RecentAnswers,
}

struct Current<S> {
    version: i64,
    state: Option<S>,
    /// What is stored with the state and this version of the program does not know.
    unknown: Unknown,
}

/// Why an attempt at a turn ended without an answer.
enum Stop {
    /// Another owner committed first: load and decide again.
    LostRace,
    /// This outcome ends the call.
    With(Outcome),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::With(match error {
            StoreError::Unavailable(detail) => Outcome::Unavailable { detail },
            StoreError::Rejected(detail) => Outcome::Fault { detail },
        })
    }
}

impl From<MethodError> for Stop {
    fn from(error: MethodError) -> Self {
        Self::With(match error {
            MethodError::Malformed(detail) => Outcome::Malformed { detail },
            MethodError::Fault(detail) => Outcome::Fault { detail },
        })
    }
}

impl<A: Actor> Engine<A> {
    /// An activation of `actor_id` that has loaded nothing yet.
    pub fn new(
        actor_id: impl Into<String>,
        methods: Arc<Methods<A>>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            actor_id: actor_id.into(),
            kind: Kind::of::<A>(),
            methods,
            store,
            clock,
            current: None,
            recent: RecentAnswers::default(),
        }
    }

    /// Runs one turn. `waited` is how long the call lay in the mailbox.
    pub async fn turn(&mut self, method: &str, call: &Call, waited: Duration) -> (Outcome, Effects) {
        let mut effects = Effects::default();
        if call.timeout_ms.is_some_and(|limit| waited.as_millis() >= u128::from(limit)) {
            return (Outcome::unavailable("the caller's deadline passed before the turn"), effects);
        }
        for _ in 0..MAX_RACES {
            match self.attempt(method, call, &mut effects).await {
                Ok(outcome) => return (outcome, effects),
                Err(stop) => {
                    // Whatever went wrong, what is in memory may no longer be what is stored.
                    self.current = None;
                    match stop {
                        Stop::LostRace => crate::metrics::LOST_RACES.with_label_values(&[A::TYPE]).inc(),
                        Stop::With(outcome) => return (outcome, effects),
                    }
                }
            }
        }
        (Outcome::unavailable("other owners kept committing first"), effects)
    }

    async fn attempt(&mut self, name: &str, call: &Call, effects: &mut Effects) -> Result<Outcome, Stop> {
        let methods = Arc::clone(&self.methods);
        match methods.get(name) {
            Some(Method::Handle { decide, broken }) => {
                self.decide(name, *decide, *broken, call, effects).await
            }
            Some(Method::Answer(answer)) => self.read(*answer, call, effects).await,
            Some(Method::Execute { statement, executed }) => {
                let statement = statement(&call.message)?;
                let row = self.store.execute(&self.kind, &self.actor_id, statement).await?;
                let done = executed(call.message.clone(), row)?;
                effects.reminders.extend(done.reminders);
                effects.timer = done.timer;
                effects.emitted |= done.emitted;
                Ok(Outcome::Done { reply: done.reply })
            }
            None => Ok(Outcome::Malformed { detail: format!("{} has no method {name}", A::TYPE) }),
        }
    }

    async fn decide(
        &mut self,
        name: &str,
        handle: Handle<A>,
        broken: Broken,
        call: &Call,
        effects: &mut Effects,
    ) -> Result<Outcome, Stop> {
        let fingerprint = Fingerprint::of_call(name, call, A::GROUNDS);
        let known = match call.command_id.and_then(|id| self.recent.get(id)).cloned() {
            None if self.current.is_none() => self.load(call, effects).await?,
            known => known,
        };
        if let Some(answered) = known {
            return Ok(repeat(&fingerprint, answered));
        }

        let Some(current) = &self.current else { return Err(Stop::LostRace) };
        let version = current.version;
        let now = self.clock.now();
        let turn = TurnContext { actor_id: &self.actor_id, now, version };
        let decision = guarded(|| handle(current.state.clone(), call.message.clone(), &turn))??;

        let outcome = match decision.reply {
            Reply::Done(reply) => Outcome::Done { reply },
            Reply::Refused(refusal) => Outcome::Refused { refusal },
        };
        let mut unknown = current.unknown.clone();
        let (next, changes) = match decision.change {
            None => (None, None),
            Some(Change { state, outgoing, rows }) => {
                let source = Source {
                    actor_type: A::TYPE,
                    actor_id: &self.actor_id,
                    version: version + 1,
                    now,
                    traceparent: call.traceparent.as_deref(),
                };
                let outbox = source.entries(outgoing);
                let stored = stored::write::<A>(&state, &mut unknown).map_err(fault)?;
                (Some(state), Some(Changes { state: stored, outbox, rows }))
            }
        };
        let outbox = changes.as_ref().map_or(&[][..], |changes| &changes.outbox);
        let emitted = !outbox.is_empty();
        // Only these are needed again: events, with their bodies, go with the commit.
        let tells: Vec<(usize, Entry)> = outbox
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.is_to_actor())
            .map(|(at, entry)| (at, entry.clone()))
            .collect();
        let remember = remember(call, &fingerprint, &outcome)?;

        let commit = Commit { actor_id: &self.actor_id, version, command: remember.clone(), change: changes };
        match self.store.commit(&self.kind, commit).await? {
            Committed::LostRace => Err(Stop::LostRace),
            Committed::Answered(answered) => {
                // Decided again, but nobody saw it: the first answer stands.
                self.current = None;
                Ok(repeat(&fingerprint, answered))
            }
            Committed::Broken(rule) => {
                let outcome = Outcome::Refused { refusal: broken(rule)? };
                self.hold(version, call, fingerprint, outcome).await
            }
            Committed::Yes { version, seqs } => {
                if let Some(state) = next {
                    effects.reminders.extend(self.reminder_changes(&state));
                    effects.emitted |= emitted;
                    let place = |(index, entry)| seqs.get(index).map(|&seq| Pending { seq, entry });
                    effects.tells.extend(tells.into_iter().filter_map(place));
                    self.current = Some(Current { version, state: Some(state), unknown });
                }
                if let Some(Remember { command, answered, .. }) = remember {
                    self.recent.remember(command, answered);
                }
                Ok(outcome)
            }
        }
    }

    /// Commits a refusal of what was decided on `version` and could not be committed.
    async fn hold(
        &mut self,
        version: i64,
        call: &Call,
        fingerprint: Fingerprint,
        outcome: Outcome,
    ) -> Result<Outcome, Stop> {
        let remember = remember(call, &fingerprint, &outcome)?;
        let commit = Commit { actor_id: &self.actor_id, version, command: remember.clone(), change: None };
        match self.store.commit(&self.kind, commit).await? {
            Committed::Yes { .. } => {
                if let Some(Remember { command, answered, .. }) = remember {
                    self.recent.remember(command, answered);
                }
                Ok(outcome)
            }
            Committed::Answered(answered) => {
                self.current = None;
                Ok(repeat(&fingerprint, answered))
            }
            // Without a change there is nothing that could break a rule.
            Committed::LostRace | Committed::Broken(_) => Err(Stop::LostRace),
        }
    }

    async fn read(&mut self, answer: Answer<A>, call: &Call, effects: &mut Effects) -> Result<Outcome, Stop> {
        match &self.current {
            // A stale owner must not answer from a state another owner has replaced.
            Some(current) => {
                if self.store.version(&self.kind, &self.actor_id).await? != current.version {
                    return Err(Stop::LostRace);
                }
            }
            None => {
                self.load(call, effects).await?;
            }
        }
        let Some(current) = &self.current else { return Err(Stop::LostRace) };
        let read = ReadContext { actor_id: &self.actor_id, now: self.clock.now(), version: current.version };
        Ok(match guarded(|| answer(current.state.as_ref(), call.message.clone(), &read))?? {
            Reply::Done(reply) => Outcome::Done { reply },
            Reply::Refused(refusal) => Outcome::Refused { refusal },
        })
    }

    /// Activates: loads the state, and says whether the command was answered before.
    async fn load(&mut self, call: &Call, effects: &mut Effects) -> Result<Option<Answered>, Stop> {
        let Loaded { version, state, answered } =
            self.store.load(&self.kind, &self.actor_id, call.command_id).await?;
        let (state, unknown) = match state {
            None => (None, Unknown::Nothing),
            Some(stored) => {
                let read = stored::read::<A>(stored).map_err(|error| self.unreadable(version, &error))?;
                (Some(read.0), read.1)
            }
        };
        if let Some(state) = &state {
            effects.reminders.extend(self.reminder_changes(state));
        }
        self.current = Some(Current { version, state, unknown });
        Ok(answered)
    }

    fn unreadable(&self, version: i64, error: &Unreadable) -> Stop {
        let (actor_type, actor_id, detail) = (A::TYPE, &self.actor_id, error.to_string());
        Stop::With(match error {
            // Nothing is wrong with it: the caller tries again, and meets a newer host sooner or later.
            Unreadable::Newer { .. } => {
                tracing::warn!(actor_type, actor_id, version, %error, "this host is too old for an actor");
                Outcome::Unavailable { detail }
            }
            // Quarantine: this actor answers with a fault until its state is mended; no other does.
            Unreadable::Broken(_) => {
                tracing::error!(actor_type, actor_id, version, %error, "this actor is quarantined");
                Outcome::Fault { detail }
            }
        })
    }

    /// What to tell Dapr so that it has the reminders `next` wants, and no others we knew of.
    fn reminder_changes(&self, next: &A::State) -> Vec<ReminderChange> {
        let wanted = A::reminders(next);
        let before = match &self.current {
            Some(Current { state: Some(state), .. }) => A::reminders(state),
            _ => Vec::new(),
        };
        let gone = before.iter().filter(|old| wanted.iter().all(|new| new.name != old.name));
        let cleared = gone.map(|old| ReminderChange::Clear(old.name.clone())).collect::<Vec<_>>();
        let set = wanted.into_iter().filter(|new| !before.contains(new)).map(ReminderChange::Set);
        cleared.into_iter().chain(set).collect()
    }
}

/// What is stored of an answer, if the call is a command.
fn remember(call: &Call, fingerprint: &Fingerprint, outcome: &Outcome) -> Result<Option<Remember>, Stop> {
    let Some(command) = call.command_id else { return Ok(None) };
    let answered = Answered { fingerprint: fingerprint.clone(), outcome: to_json(outcome)? };
    Ok(Some(Remember { command, answered, keep: call.keep }))
}

/// The first answer to a command, if this is the same command.
fn repeat(fingerprint: &Fingerprint, answered: Answered) -> Outcome {
    if !answered.fingerprint.is_of_same(fingerprint) {
        return Outcome::CommandIdReused;
    }
    // Its reply goes through as it was stored; only an outcome of a kind that newer code added is none here.
    serde_json::from_value(answered.outcome)
        .unwrap_or_else(|error| Outcome::unavailable(format!("a stored answer cannot be read: {error}")))
}

/// Runs a decision so that a panic costs this turn and nothing else.
fn guarded<T>(decide: impl FnOnce() -> T) -> Result<T, Stop> {
    // The state was cloned or borrowed immutably, so nothing half-changed can be seen afterwards.
    catch_unwind(AssertUnwindSafe(decide)).map_err(|panic| {
        let detail = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "no message".to_owned());
        tracing::error!(%detail, "a turn panicked");
        Stop::With(Outcome::Fault { detail: format!("the turn panicked: {detail}") })
    })
}

fn to_json(value: &impl serde::Serialize) -> Result<Value, Stop> {
    serde_json::to_value(value).map_err(fault)
}

fn fault(error: serde_json::Error) -> Stop {
    Stop::With(Outcome::Fault { detail: error.to_string() })
}
