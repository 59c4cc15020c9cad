//! A task from one line: `Pay rent every month on the last workday at 9 #home !high remind 1 day before`.
//!
//! Nothing is guessed in silence. What is understood is told with its place and how it was read; what is not
//! stays in the title, word for word. Where a phrase has two readings, or two phrases do not go together, both
//! stay there and are told as `unclear`.
//!
//! `words` splits the line; `pieces` finds the phrase that begins at a word, by the grammars of `dates`,
//! `times`, `recurring`, `reminding` and `amounts`; `settle` makes fields of the pieces and gives back what
//! does not fit; `telling` says how each was read.
//!
//! ```
//! use domain::{UserZone, Zone, quick_add::{self, Context}};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let user = UserZone::new(Zone::parse("Europe/Berlin")?, 1);
//! let context = Context { now: "2026-11-24T12:00:00".parse()?, user };
//! let read = quick_add::read("Call Ada tomorrow at 9 #work", &context);
//! assert_eq!((read.title.as_str(), read.tags), ("Call Ada", vec!["work".to_owned()]));
//! assert_eq!(read.understood[1].meaning, "Wednesday 25 November 2026 at 09:00");
//! # Ok(())
//! # }
//! ```

mod amounts;
mod dates;
mod pieces;
mod recurring;
mod reminding;
mod settle;
mod telling;
mod times;
mod words;

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime, Timelike};

use self::{
    pieces::Meaning,
    words::{Cursor, Word},
};
use crate::{
    due::{Due, UserZone},
    estimate::Estimate,
    reminder::NewReminder,
    task::{AskedRecurrence, Priority},
};

/// The longest line that is read, in characters.
pub const MAX_CHARS: usize = 1_000;

/// Who writes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// On the person's wall; seconds do not matter.
    pub now: NaiveDateTime,
    pub user: UserZone,
}

/// A line as it was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuickAdd {
    /// What was not understood; may be empty.
    pub title: String,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub due: Option<Due>,
    pub start: Option<NaiveDate>,
    pub estimate: Option<Estimate>,
    pub reminders: Vec<NewReminder>,
    pub recurrence: Option<AskedRecurrence>,
    /// In the order of the line.
    pub understood: Vec<Understood>,
    pub unclear: Vec<Unclear>,
}

/// A phrase and how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    /// In characters of the line. A phrase may enclose another: `every month #home on the 1st`.
    pub span: Range<usize>,
    pub field: Field,
    /// In English.
    pub meaning: String,
}

/// A phrase that might be understood in more than one way, so it stayed in the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    pub span: Range<usize>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Tags,
    Priority,
    Due,
    Start,
    Estimate,
    Recurrence,
    Reminders,
}

struct Piece {
    words: Vec<Word>,
    meaning: Meaning,
}

impl Piece {
    fn span(&self) -> Range<usize> {
        let end = self.words.last().map_or(0, |word| word.span.end);
        self.words.first().map_or(0, |word| word.span.start)..end
    }
}

/// Reads a line; of one that is longer than [`MAX_CHARS`] nothing is understood.
pub fn read(line: &str, context: &Context) -> QuickAdd {
    let words = words::split(line);
    let context = Context { now: to_the_minute(context.now), user: context.user };
    if line.chars().count() > MAX_CHARS {
        return QuickAdd { title: title(&words), ..QuickAdd::default() };
    }
    let (read, left) = understand(words.clone(), &context);
    // Words that came together only by taking others out between them would be read otherwise the next time:
    // then nobody knows what was meant.
    if !read.understood.is_empty() && !understand(left, &context).0.understood.is_empty() {
        let span =
            words.first().map_or(0, |word| word.span.start)..words.last().map_or(0, |word| word.span.end);
        let why = "The words belong together in more than one way.".to_owned();
        let unclear = if read.unclear.is_empty() { vec![Unclear { span, why }] } else { read.unclear };
        return QuickAdd { title: title(&words), unclear, ..QuickAdd::default() };
    }
    read
}

fn to_the_minute(now: NaiveDateTime) -> NaiveDateTime {
    now.with_second(0).and_then(|now| now.with_nanosecond(0)).unwrap_or(now)
}

fn title(words: &[Word]) -> String {
    let shown: Vec<&str> = words.iter().map(|word| word.shown.as_str()).collect();
    shown.join(" ")
}

/// The fields, and the words that are left.
fn understand(words: Vec<Word>, context: &Context) -> (QuickAdd, Vec<Word>) {
    let (mut pieces, mut left) = find(words, context.now);
    let mut unclear = Vec::new();
    let fields = loop {
        let meanings: Vec<Meaning> = pieces.iter().map(|piece| piece.meaning.clone()).collect();
        let rejected = match settle::settle(&meanings, context) {
            Ok(fields) => match torn(&pieces, &left) {
                Some(at) => vec![(at, Some("Words that stay stand between these.".to_owned()))],
                None => break fields,
            },
            Err(rejected) => rejected,
        };
        let mut kept = Vec::new();
        for (at, piece) in pieces.into_iter().enumerate() {
            match rejected.iter().find(|(rejected, _)| *rejected == at) {
                None => kept.push(piece),
                Some((_, why)) => {
                    unclear.extend(why.clone().map(|why| Unclear { span: piece.span(), why }));
                    left.extend(piece.words);
                }
            }
        }
        pieces = kept;
    };
    left.sort_by_key(|word| word.span.start);
    unclear.sort_by_key(|one| one.span.start);
    pieces.sort_by_key(|piece| piece.span().start);
    let understood = pieces.iter().map(|piece| {
        let (field, meaning) = telling::tell(&piece.meaning, &fields, context);
        Understood { span: piece.span(), field, meaning }
    });
    let read = QuickAdd {
        title: title(&left),
        understood: understood.collect(),
        unclear,
        priority: fields.priority,
        tags: fields.tags,
        due: fields.due,
        start: fields.start,
        estimate: fields.estimate,
        reminders: fields.reminders,
        recurrence: fields.recurrence,
    };
    (read, left)
}

/// A piece that encloses a word which stays in the title: a mark between its words that was given back.
fn torn(pieces: &[Piece], left: &[Word]) -> Option<usize> {
    pieces.iter().position(|piece| left.iter().any(|word| piece.span().contains(&word.span.start)))
}

/// Marks first, since they may stand within phrases; then the phrases, from left to right.
fn find(words: Vec<Word>, now: NaiveDateTime) -> (Vec<Piece>, Vec<Word>) {
    let mut pieces = Vec::new();
    let mut rest = Vec::with_capacity(words.len());
    for at in 0..words.len() {
        match pieces::mark(Cursor::new(&words, at)) {
            Some(meaning) => pieces.push(Piece { words: vec![words[at].clone()], meaning }),
            None => rest.push(words[at].clone()),
        }
    }
    let mut left = Vec::with_capacity(rest.len());
    let (mut at, mut beside_date) = (0, false);
    while at < rest.len() {
        match pieces::piece(Cursor::new(&rest, at), now, beside_date) {
            // A grammar that took nothing would be asked for ever.
            Some((meaning, end)) if end.at > at => {
                beside_date = matches!(meaning, Meaning::Date(..));
                pieces.push(Piece { words: rest[at..end.at.min(rest.len())].to_vec(), meaning });
                at = end.at;
            }
            _ => {
                beside_date = false;
                left.push(rest[at].clone());
                at += 1;
            }
        }
    }
    (pieces, left)
}
