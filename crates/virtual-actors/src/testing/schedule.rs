//! Virtual time, and the order of things: the heart of the test runtime.
//!
//! Whatever others could notice waits here as a *step* until it is chosen. What is [posted]
//! (a statement to the database, an event to the broker) happens even if the sender is dead by then.
//!
//! [posted]: Schedule::post

use std::{
    collections::BTreeMap,
    future::poll_fn,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::channel::oneshot;

use super::{
    choices::{Choices, Failure, Move},
    explorer::Bounds,
    footprint::{Footprint, Object, Touch},
};
use crate::clock::Clock;

/// Steps that wait for their turn, and sleepers that wait for their time.
#[derive(Debug)]
pub(crate) struct Schedule {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: DateTime<Utc>,
    steps: BTreeMap<u64, Step>,
    sleepers: BTreeMap<(DateTime<Utc>, u64), Waker>,
    sequence: u64,
    choices: Choices,
    /// What may still go wrong.
    left: Bounds,
    /// No more choices: the oldest step goes, and nothing fails.
    calm: bool,
    footprint: Footprint,
    trace: Option<Vec<String>>,
}

struct Step {
    label: String,
    go: Go,
}

enum Go {
    Wake(Waker),
    Run(Box<dyn FnOnce() + Send>),
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.label)
    }
}

/// What the world has to do after a move was chosen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Advanced {
    /// Go on.
    On,
    /// Break this.
    Break(Failure),
    /// Stop: the search has seen all that follows.
    Redundant,
    /// Nothing waits.
    Stuck,
}

impl Schedule {
    pub(crate) fn new(choices: Choices, bounds: Bounds) -> Self {
        let state = State {
            now: DateTime::<Utc>::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            steps: BTreeMap::new(),
            sleepers: BTreeMap::new(),
            sequence: 0,
            choices,
            left: bounds,
            calm: false,
            footprint: Footprint::default(),
            trace: None,
        };
        Self { state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A point at which any other waiting step may go first.
    pub(crate) async fn step(&self, label: impl Into<String>) {
        let ticket = self.state().ticket();
        let _waiting = Waiting { schedule: self, place: Place::Step(ticket) };
        let mut label = Some(label.into());
        poll_fn(|context| {
            let mut state = self.state();
            match (label.take(), state.steps.get_mut(&ticket)) {
                (Some(label), _) => {
                    state.steps.insert(ticket, Step { label, go: Go::Wake(context.waker().clone()) });
                    Poll::Pending
                }
                // Polled without its turn (by a join of many, say), it goes on waiting.
                (None, Some(step)) => {
                    step.go = Go::Wake(context.waker().clone());
                    Poll::Pending
                }
                (None, None) => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Something on its way to where the sender's death does not matter.
    pub(crate) async fn post<T: Send + 'static>(
        &self,
        label: impl Into<String>,
        arrives: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move || drop(sender.send(arrives())));
        {
            let mut state = self.state();
            let ticket = state.ticket();
            state.steps.insert(ticket, Step { label: label.into(), go: Go::Run(run) });
        }
        receiver.await.expect("what is posted is never dropped")
    }

    pub(crate) async fn sleep_until(&self, due: DateTime<Utc>) {
        let ticket = self.state().ticket();
        let _waiting = Waiting { schedule: self, place: Place::Sleeper(due, ticket) };
        poll_fn(|context| {
            let mut state = self.state();
            if state.now >= due {
                return Poll::Ready(());
            }
            state.sleepers.insert((due, ticket), context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    pub(crate) async fn sleep(&self, time: Duration) {
        let due = self.now() + time;
        self.sleep_until(due).await;
    }

    /// Makes one move: a step goes, time passes, or one of `failures` happens.
    pub(crate) fn advance(&self, failures: &[Failure]) -> Advanced {
        let mut state = self.state();
        let options = state.options(failures);
        if options.is_empty() {
            return Advanced::Stuck;
        }
        let chosen = if state.calm {
            0
        } else {
            let footprint = std::mem::take(&mut state.footprint);
            if let Some(path) = state.choices.path() {
                path.touched(footprint);
            }
            match state.choices.next_move(&options) {
                Some(chosen) => chosen,
                None => return Advanced::Redundant,
            }
        };
        let chosen = options.get(chosen).copied().unwrap_or(options[0]);
        state.note(chosen);
        match chosen {
            Move::Step(ticket) => {
                let go = state.steps.remove(&ticket).map(|step| step.go);
                drop(state);
                match go {
                    Some(Go::Wake(waker)) => waker.wake(),
                    Some(Go::Run(run)) => run(),
                    None => {}
                }
                Advanced::On
            }
            Move::Failure(failure) => {
                match failure {
                    Failure::Crash(_) => state.left.crashes -= 1,
                    Failure::LostReminders => state.left.lost_reminders -= 1,
                }
                // How much may still fail is something they share.
                state.footprint.touch(Object::of("failures"), Touch::Write);
                Advanced::Break(failure)
            }
            Move::Time => {
                if !state.steps.is_empty() {
                    state.left.jumps -= 1;
                }
                state.let_time_pass();
                Advanced::On
            }
        }
    }

    /// The move under way meets every other that touches `name`, too, unless both only read.
    pub(crate) fn touch(&self, touch: Touch, name: impl Hash) {
        self.state().footprint.touch(Object::of(name), touch);
    }

    pub(crate) fn touch_everything(&self) {
        self.state().footprint.touch_everything();
    }

    /// From now on nothing is chosen and nothing fails: the world goes on in the order things came.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        if !state.calm {
            let footprint = std::mem::take(&mut state.footprint);
            if let Some(path) = state.choices.path() {
                path.touched(footprint);
            }
            state.calm = true;
        }
    }

    /// As calm, until [`resume`](Self::resume).
    pub(crate) fn pause(&self) {
        self.state().calm = true;
    }

    pub(crate) fn resume(&self) {
        let mut state = self.state();
        state.calm = false;
        // Much may have happened meanwhile.
        state.footprint.touch_everything();
    }

    /// True once in `1 / probability` times.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        let mut state = self.state();
        !state.calm && state.choices.chance(probability)
    }

    /// One of `count`.
    pub(crate) fn pick(&self, count: usize) -> usize {
        let mut state = self.state();
        if state.calm || count < 2 { 0 } else { state.choices.pick(count) }
    }

    /// Writes down each move from now on.
    pub(crate) fn keep_trace(&self) {
        self.state().trace = Some(Vec::new());
    }

    /// Ends the run: what was chosen, and what was written down of it.
    pub(crate) fn finish(&self) -> (Choices, Vec<String>) {
        let mut state = self.state();
        let footprint = std::mem::take(&mut state.footprint);
        // The last move has touched something as well.
        if !state.calm
            && let Some(path) = state.choices.path()
        {
            path.touched(footprint);
        }
        let choices = std::mem::replace(&mut state.choices, Choices::replay(Vec::new()));
        let trace = state.trace.take().unwrap_or_default();
        // What never arrived may hold on to this schedule.
        let steps = std::mem::take(&mut state.steps);
        drop(state);
        drop(steps);
        (choices, trace)
    }
}

impl State {
    fn ticket(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn options(&self, failures: &[Failure]) -> Vec<Move> {
        let mut options: Vec<Move> = self.steps.keys().map(|ticket| Move::Step(*ticket)).collect();
        // Else time would have to wait until everybody is done, and nobody would ever be slow.
        let jump = self.left.jumps > 0 && !self.calm;
        if !self.sleepers.is_empty() && (options.is_empty() || jump) {
            options.push(Move::Time);
        }
        // When nothing else can happen any more, nothing is left to fail.
        if !self.calm && !options.is_empty() {
            let left = |failure: &&Failure| match failure {
                Failure::Crash(_) => self.left.crashes > 0,
                Failure::LostReminders => self.left.lost_reminders > 0,
            };
            options.extend(failures.iter().filter(left).map(|failure| Move::Failure(*failure)));
        }
        options
    }

    /// Wakes all whose time has come: they may go in any order.
    fn let_time_pass(&mut self) {
        let Some(((due, _), _)) = self.sleepers.first_key_value() else { return };
        self.now = self.now.max(*due);
        while let Some(entry) = self.sleepers.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            entry.remove().wake();
        }
        self.footprint.touch_everything();
    }

    fn note(&mut self, chosen: Move) {
        let State { now, steps, sleepers, trace, .. } = self;
        let Some(trace) = trace else { return };
        trace.push(match chosen {
            Move::Step(ticket) => steps.get(&ticket).map(|step| step.label.clone()).unwrap_or_default(),
            Move::Failure(Failure::Crash(host)) => format!("host {host} crashes"),
            Move::Failure(Failure::LostReminders) => "the scheduler loses its reminders".to_owned(),
            Move::Time => {
                let due = sleepers.first_key_value().map_or(*now, |((due, _), _)| *due);
                format!("{} ms pass", (due - *now).num_milliseconds().max(0))
            }
        });
    }
}

/// Takes what waits out again when its future is dropped, as a crash does.
struct Waiting<'a> {
    schedule: &'a Schedule,
    place: Place,
}

enum Place {
    Step(u64),
    Sleeper(DateTime<Utc>, u64),
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.schedule.state();
        match self.place {
            Place::Step(ticket) => drop(state.steps.remove(&ticket)),
            Place::Sleeper(due, ticket) => drop(state.sleepers.remove(&(due, ticket))),
        }
    }
}

impl Clock for Schedule {
    fn now(&self) -> DateTime<Utc> {
        self.state().now
    }
}
