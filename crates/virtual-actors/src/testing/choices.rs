//! Who decides what happens next: dice, or a search that tries everything.

use super::path::Path;

/// One thing that can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// A waiting step goes.
    Step(u64),
    /// Something breaks.
    Failure(Failure),
    /// Time passes to the next sleeper.
    Time,
}

/// What can break at any moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A host dies and starts again, empty.
    Crash(usize),
    /// Dapr's scheduler loses all its reminders.
    LostReminders,
}

/// Decides, and remembers how.
#[derive(Debug)]
pub(crate) struct Choices {
    taken: Vec<usize>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Dice(Dice),
    Search(Path),
    /// What was taken in an earlier run; after its end, the first option.
    Replay(Vec<usize>),
}

impl Choices {
    /// Decided by a seed. At each move with a failure among its options, one is taken this often.
    pub(crate) fn dice(seed: u64, failure: f64) -> Self {
        // The generator must not start at zero, and near seeds must not start alike.
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self { taken: Vec::new(), source: Source::Dice(Dice { random, failure }) }
    }

    pub(crate) fn search(path: Path) -> Self {
        Self { taken: Vec::new(), source: Source::Search(path) }
    }

    pub(crate) fn replay(taken: Vec<usize>) -> Self {
        Self { taken: Vec::new(), source: Source::Replay(taken) }
    }

    /// Every choice made so far, by its index among the options.
    pub(crate) fn taken(&self) -> &[usize] {
        &self.taken
    }

    /// The search, for its next run.
    pub(crate) fn into_path(self) -> Option<Path> {
        match self.source {
            Source::Search(path) => Some(path),
            Source::Dice(_) | Source::Replay(_) => None,
        }
    }

    pub(crate) fn path(&mut self) -> Option<&mut Path> {
        match &mut self.source {
            Source::Search(path) => Some(path),
            Source::Dice(_) | Source::Replay(_) => None,
        }
    }

    /// One of the moves. `None`: all of them lead where the search has been.
    pub(crate) fn next_move(&mut self, options: &[Move]) -> Option<usize> {
        let chosen = match &mut self.source {
            Source::Dice(dice) => dice.next_move(options),
            Source::Search(path) => path.next_move(options)?,
            Source::Replay(taken) => taken.get(self.taken.len()).copied().unwrap_or(0),
        };
        self.taken.push(chosen);
        Some(chosen)
    }

    /// One of `count`.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        let chosen = match &mut self.source {
            Source::Dice(dice) => (dice.next() % count as u64) as usize,
            Source::Search(path) => path.pick(count),
            Source::Replay(taken) => taken.get(self.taken.len()).copied().unwrap_or(0),
        };
        self.taken.push(chosen);
        chosen
    }

    /// True once in `1 / probability` times; a search tries both, unless it is certain.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        if probability <= 0.0 || probability >= 1.0 {
            return probability >= 1.0;
        }
        match &mut self.source {
            Source::Dice(dice) => {
                let hit = dice.chance(probability);
                self.taken.push(usize::from(hit));
                hit
            }
            Source::Search(_) | Source::Replay(_) => self.pick(2) == 1,
        }
    }
}

#[derive(Debug)]
struct Dice {
    random: u64,
    failure: f64,
}

impl Dice {
    /// xorshift64*: a few lines, and the same numbers on every machine and version.
    fn next(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn chance(&mut self, probability: f64) -> bool {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        unit < probability
    }

    fn next_move(&mut self, options: &[Move]) -> usize {
        let rare = self.chance(self.failure);
        let fits = |option: &Move| match option {
            Move::Step(_) => !rare,
            Move::Failure(_) => rare,
            // While steps wait, a jump of time is as rare as a failure.
            Move::Time => rare || !options.iter().any(|option| matches!(option, Move::Step(_))),
        };
        let fitting: Vec<usize> = (0..options.len()).filter(|&index| fits(&options[index])).collect();
        match fitting.as_slice() {
            [] => (self.next() % options.len() as u64) as usize,
            fitting => fitting[(self.next() % fitting.len() as u64) as usize],
        }
    }
}
