//! Tries every order, and every failure at every moment, within bounds.

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

use chrono::TimeDelta;

use super::{
    choices::Choices,
    path::Path,
    schedule::Schedule,
    setup::{Ended, Setup},
    world::{Faults, World},
};
use crate::{
    actor::Actor,
    store::{Outbox, Store},
};

/// How much may go wrong in one schedule. What the bounds allow is tried at every moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// So many times a host dies.
    pub crashes: u32,
    /// So many times the time passes to the next sleeper while steps wait: somebody is frozen or slow.
    pub jumps: u32,
    /// So many times Dapr's scheduler loses all its reminders.
    pub lost_reminders: u32,
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name in the list of invariants.
    pub invariant: &'static str,
    /// What was seen instead.
    pub seen: String,
}

/// How much was explored, with nothing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Schedules that were run to their end and judged.
    pub schedules: u64,
    /// Schedules that were left as soon as it was clear that they only swap independent moves.
    pub redundant: u64,
    /// The number of choices in the longest one.
    pub longest: usize,
}

/// A schedule in which an invariant does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// What did not hold.
    pub violation: Violation,
    /// Each choice, by index: what [`Explorer::replay`] wants.
    pub choices: String,
    /// Each move, in words.
    pub moves: Vec<String>,
    /// How many schedules were run until it was found.
    pub after: u64,
}

/// Explores a scenario: see the module's example.
#[derive(Clone, Default)]
pub struct Explorer {
    setup: Setup,
    bounds: Bounds,
    everything: bool,
}

impl Explorer {
    /// Without hosts, and without failures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a host. The first one owns all actors, as far as placement knows.
    #[must_use]
    pub fn host(self, name: &'static str) -> Self {
        self.host_with_wrong_clock(name, TimeDelta::zero())
    }

    /// Adds a host whose clock is ahead by this much.
    #[must_use]
    pub fn host_with_wrong_clock(mut self, name: &'static str, ahead: TimeDelta) -> Self {
        self.setup.hosts.push((name, ahead));
        self
    }

    /// Every host can host actors of this type.
    #[must_use]
    pub fn actor<A: Actor>(mut self) -> Self {
        self.setup.add_actor::<A>();
        self
    }

    /// What may go wrong, and how often.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Faults of calls and answers. Whatever is neither impossible nor certain is tried both ways.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.setup.faults = faults;
        self
    }

    /// Gives the hosts another store than the one in memory, made of it: a wrong one, to see it refused.
    #[must_use]
    pub fn store(mut self, wrap: impl Fn(Arc<dyn Store>) -> Arc<dyn Store> + 'static) -> Self {
        self.setup.wrap_store = Rc::new(wrap);
        self
    }

    /// Gives the relays another outbox.
    #[must_use]
    pub fn outbox(mut self, wrap: impl Fn(Arc<dyn Outbox>) -> Arc<dyn Outbox> + 'static) -> Self {
        self.setup.wrap_outbox = Rc::new(wrap);
        self
    }

    /// Tries also what only swaps moves that have nothing in common: to check that it adds nothing.
    #[must_use]
    pub fn without_reduction(mut self) -> Self {
        self.everything = true;
        self
    }

    /// Runs `scenario` under every schedule within the bounds.
    ///
    /// # Errors
    /// The first schedule in which it found something wrong, panicked, or did not come to an end.
    pub fn explore<F>(&self, scenario: impl Fn(World) -> F) -> Result<Report, Box<Counterexample>>
    where
        F: Future<Output = Result<(), Violation>> + 'static,
    {
        let mut report = Report { schedules: 0, redundant: 0, longest: 0 };
        let mut path = Path::new(!self.everything);
        loop {
            let (choices, ended) = self.run(Choices::search(path), &scenario);
            report.longest = report.longest.max(choices.taken().len());
            match ended {
                Ok(true) => report.schedules += 1,
                Ok(false) => report.redundant += 1,
                Err(_) => return Err(self.counterexample(choices.taken(), report.schedules, &scenario)),
            }
            let Some(searched) = choices.into_path() else { return Ok(report) };
            path = searched;
            if !path.next_run() {
                return Ok(report);
            }
        }
    }

    /// Runs `scenario` once for each seed: for scenarios with too many schedules to try all.
    ///
    /// # Errors
    /// As [`explore`](Self::explore).
    pub fn sample<F>(
        &self,
        seeds: impl IntoIterator<Item = u64>,
        scenario: impl Fn(World) -> F,
    ) -> Result<Report, Box<Counterexample>>
    where
        F: Future<Output = Result<(), Violation>> + 'static,
    {
        /// A failure among so many moves.
        const OFTEN: f64 = 0.1;
        let mut report = Report { schedules: 0, redundant: 0, longest: 0 };
        for seed in seeds {
            let (choices, ended) = self.run(Choices::dice(seed, OFTEN), &scenario);
            report.longest = report.longest.max(choices.taken().len());
            report.schedules += 1;
            if ended.is_err() {
                return Err(self.counterexample(choices.taken(), report.schedules, &scenario));
            }
        }
        Ok(report)
    }

    /// Runs the one schedule of these choices, and tells its moves.
    ///
    /// # Errors
    /// When an invariant does not hold in it, or `choices` are none.
    pub fn replay<F>(
        &self,
        choices: &str,
        scenario: impl Fn(World) -> F,
    ) -> Result<Vec<String>, Box<Counterexample>>
    where
        F: Future<Output = Result<(), Violation>> + 'static,
    {
        let taken = choices.split('.').map(|choice| choice.parse().unwrap_or(0)).collect();
        let schedule = Arc::new(Schedule::new(Choices::replay(taken), self.bounds));
        schedule.keep_trace();
        let ended = self.judge(&schedule, &scenario);
        let (_, moves) = schedule.finish();
        match ended {
            Ok(_) => Ok(moves),
            Err(violation) => {
                Err(Box::new(Counterexample { violation, choices: choices.to_owned(), moves, after: 1 }))
            }
        }
    }

    fn run<F>(&self, choices: Choices, scenario: &impl Fn(World) -> F) -> (Choices, Result<bool, Violation>)
    where
        F: Future<Output = Result<(), Violation>> + 'static,
    {
        let schedule = Arc::new(Schedule::new(choices, self.bounds));
        let ended = self.judge(&schedule, scenario);
        (schedule.finish().0, ended)
    }

    /// Whether the run came to its end, with everything as it should be.
    fn judge<F>(&self, schedule: &Arc<Schedule>, scenario: &impl Fn(World) -> F) -> Result<bool, Violation>
    where
        F: Future<Output = Result<(), Violation>> + 'static,
    {
        let run = catch_unwind(AssertUnwindSafe(|| self.setup.run(schedule, scenario)));
        let bad = |invariant, seen: &str| Violation { invariant, seen: seen.to_owned() };
        match run {
            Ok(Ended::With(verdict)) => verdict.map(|()| true),
            Ok(Ended::Redundant) => Ok(false),
            Ok(Ended::Stuck) => {
                Err(bad("every run comes to an end", "it waits for something that never happens"))
            }
            Ok(Ended::Endless) => Err(bad("every run comes to an end", "it goes on for ever")),
            Err(panic) => Err(bad("nothing panics", &message(panic.as_ref()))),
        }
    }

    /// The same schedule again, with its moves written down.
    fn counterexample<F>(
        &self,
        taken: &[usize],
        after: u64,
        scenario: &impl Fn(World) -> F,
    ) -> Box<Counterexample>
    where
        F: Future<Output = Result<(), Violation>> + 'static,
    {
        let end = taken.iter().rposition(|choice| *choice != 0).map_or(0, |last| last + 1);
        let choices = taken[..end].iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        match self.replay(&choices, scenario) {
            Err(found) => Box::new(Counterexample { after, ..*found }),
            Ok(moves) => {
                let seen = "a schedule that failed did not fail again".to_owned();
                let violation = Violation { invariant: "a run is decided by its choices", seen };
                Box::new(Counterexample { violation, choices, moves, after })
            }
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

impl Violation {
    /// Of this invariant, and what was seen.
    pub fn new(invariant: &'static str, seen: impl Into<String>) -> Self {
        Self { invariant, seen: seen.into() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedules, redundant, longest } = self;
        write!(f, "{schedules} schedules of up to {longest} choices; {redundant} more were redundant")
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { invariant, seen } = &self.violation;
        writeln!(f, "not so: {invariant}: {seen}")?;
        writeln!(f, "in schedule {} of these choices: {}", self.after, self.choices)?;
        self.moves.iter().enumerate().try_for_each(|(n, made)| writeln!(f, "{:>4}. {made}", n + 1))
    }
}
