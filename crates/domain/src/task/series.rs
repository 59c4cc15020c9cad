//! A task as an instance of a series: how it becomes one, and what an edit of it means for the others.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Refusal, Task, TaskEvent, TaskField, TaskPatch, Transition};
use crate::{
    due::{Due, UserZone},
    id::SeriesId,
    recurrence::{CountedFrom, Missed, NewRecurrence, Recurrence},
    violation::{Violation, Violations},
};

/// Which occurrence of which series a task is. Also stored state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesLink {
    pub series: SeriesId,
    /// The time on the wall that the rule names, wherever the task was moved to.
    pub occurrence: NaiveDateTime,
    /// As it stood when this instance was made, or when a person last changed it here.
    pub recurrence: Recurrence,
    /// When a person last changed the series by this instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<DateTime<Utc>>,
    /// It was made for its series, and nobody has changed it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untouched: bool,
}

/// A recurrence as a person asks for it; where it starts is the task's to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedRecurrence {
    pub rrule: String,
    #[serde(default)]
    pub exdates: Vec<String>,
    #[serde(default)]
    pub rdates: Vec<String>,
    #[serde(default)]
    pub from: CountedFrom,
    #[serde(default)]
    pub missed: Missed,
}

/// How a new task comes to its series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewSeries {
    /// It is the first instance.
    Asked(AskedRecurrence),
    /// It follows another instance.
    Follows(Box<SeriesLink>),
}

/// Which instances an edit is about. A new rule is never about one alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    #[default]
    This,
    /// This one and those that follow it.
    Following,
    /// The series as a whole, which keeps its start.
    All,
}

impl Scope {
    pub(super) fn is_default(&self) -> bool {
        *self == Scope::This
    }
}

impl AskedRecurrence {
    /// Violations are at `recurrence.…`.
    fn starting(&self, start: Due) -> Result<Recurrence, Violations> {
        Recurrence::parse(NewRecurrence {
            rrule: &self.rrule,
            start,
            exdates: &self.exdates,
            rdates: &self.rdates,
            from: self.from,
            missed: self.missed,
        })
    }

    /// Whether it asks for what is so already.
    fn is_as(&self, recurrence: &Recurrence) -> bool {
        self.starting(*recurrence.start()).is_ok_and(|asked| {
            asked.rule() == recurrence.rule()
                && asked.exdates() == recurrence.exdates()
                && asked.rdates() == recurrence.rdates()
                && asked.counted_from() == recurrence.counted_from()
                && asked.missed() == recurrence.missed()
        })
    }
}

impl SeriesLink {
    fn first(task: &Task, asked: &AskedRecurrence) -> Result<Self, Violations> {
        let due = task.needed_due()?;
        Ok(SeriesLink {
            series: SeriesId::of_first(task.id),
            occurrence: due.named(),
            recurrence: asked.starting(due)?,
            edited_at: None,
            untouched: false,
        })
    }

    /// With another rule.
    fn asked(self, asked: &AskedRecurrence, scope: Scope, due: Due, moved: bool) -> Result<Self, Violations> {
        let (occurrence, start) = match scope {
            Scope::All if moved => {
                let shifted = self.recurrence.shifted(self.occurrence, &due)?;
                (due.named(), *shifted.start())
            }
            Scope::All => (self.occurrence, *self.recurrence.start()),
            Scope::This | Scope::Following => (due.named(), due),
        };
        Ok(SeriesLink { occurrence, recurrence: asked.starting(start)?, ..self })
    }

    /// With this occurrence, and so the others, at another time.
    fn moved(self, scope: Scope, due: Due) -> Result<Self, Violations> {
        let counted_from = self.recurrence.counted_from();
        let recurrence = match scope {
            Scope::Following if counted_from == CountedFrom::Due => {
                self.recurrence.split_at(self.occurrence).map_or(self.recurrence, |(_, rest)| rest)
            }
            _ => self.recurrence,
        };
        let recurrence = recurrence.shifted(self.occurrence, &due)?;
        Ok(SeriesLink { occurrence: due.named(), recurrence, ..self })
    }
}

impl Task {
    pub fn series(&self) -> Option<&SeriesLink> {
        self.series.as_ref()
    }

    /// Makes a new task an instance.
    pub(super) fn join(&mut self, series: NewSeries) -> Result<(), Violations> {
        self.series = Some(match series {
            NewSeries::Asked(asked) => SeriesLink::first(self, &asked)?,
            NewSeries::Follows(link) => SeriesLink { untouched: true, ..*link },
        });
        Ok(())
    }

    /// What an edit does to the series. The other members are as edited already; `before` is from before.
    pub(super) fn edit_series(
        &mut self,
        before: &Task,
        asked: Option<Option<AskedRecurrence>>,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> Result<(), Violations> {
        let moved = self.due != before.due;
        let edited_at = Some(self.edit_time(now));
        let asked = match (asked, &self.series) {
            (Some(Some(asked)), Some(link)) if asked.is_as(&link.recurrence) => None,
            (asked, _) => asked,
        };
        self.series = match (self.series.take(), asked) {
            (_, Some(None)) | (None, None) => None,
            (None, Some(Some(asked))) => Some(SeriesLink { edited_at, ..SeriesLink::first(self, &asked)? }),
            (Some(link), Some(Some(asked))) => {
                let link = link.asked(&asked, scope, self.needed_due()?, moved)?;
                Some(SeriesLink { edited_at, ..link })
            }
            (Some(link), None) => {
                let due = self.needed_due()?;
                Some(match scope {
                    Scope::This => link,
                    _ if moved => SeriesLink { edited_at, ..link.moved(scope, due)? },
                    _ => SeriesLink { edited_at, ..link },
                })
            }
        };
        Ok(())
    }

    /// Done with, without having been done: the next instance comes.
    pub fn skip(mut self, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if self.is_deleted() {
            return Err(Refusal::Deleted);
        }
        self.recurring()?;
        if !self.is_live() {
            return Ok(Transition::Unchanged(self));
        }
        self.close(true, now);
        Ok(self.changed(TaskEvent::Skipped))
    }

    /// Makes this instance the last.
    pub fn end_series(mut self, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        if self.is_deleted() {
            return Err(Refusal::Deleted);
        }
        let edited_at = self.edit_time(now);
        let mut link = self.recurring()?.clone();
        let ended = link.recurrence.clone().ended_before(link.occurrence + TimeDelta::seconds(1));
        if ended == link.recurrence {
            return Ok(Transition::Unchanged(self));
        }
        link.edited_at = Some(edited_at);
        link.recurrence = ended;
        self.series = Some(link);
        self.touch(now);
        Ok(self.changed(TaskEvent::Updated { fields: vec![TaskField::Recurrence] }))
    }

    /// Into the trash, if it was made for its series and nobody has changed it since.
    pub fn withdraw(mut self, now: DateTime<Utc>) -> Transition {
        if !self.is_live() || !self.is_untouched() {
            return Transition::Unchanged(self);
        }
        self.deleted_at = Some(self.touch(now));
        self.disarm_reminders();
        self.set_untouched(true);
        self.changed(TaskEvent::Deleted)
    }

    /// Out of the trash, for its series.
    pub fn make_again(self, zone: UserZone, now: DateTime<Utc>) -> Result<Transition, Refusal> {
        let untouched = self.is_untouched();
        let mut transition = self.restore(zone, now)?;
        if let Transition::Changed { task, .. } = &mut transition {
            task.set_untouched(untouched);
        }
        Ok(transition)
    }

    /// Later than the edit before, whatever the clock says, since the latest edit of a series holds.
    fn edit_time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let last = self.series.as_ref().and_then(|link| link.edited_at);
        let next = last.map(|last| last + TimeDelta::microseconds(1));
        self.updated_at.max(now).max(next.unwrap_or(now))
    }

    pub(super) fn is_untouched(&self) -> bool {
        self.series.as_ref().is_some_and(|link| link.untouched)
    }

    pub(super) fn set_untouched(&mut self, untouched: bool) {
        if let Some(link) = &mut self.series {
            link.untouched = untouched;
        }
    }

    fn recurring(&self) -> Result<&SeriesLink, Refusal> {
        let none = || Violation::new("recurrence", "required", "The task does not recur.");
        self.series.as_ref().ok_or_else(|| Refusal::Invalid(none().into()))
    }

    fn needed_due(&self) -> Result<Due, Violations> {
        let none = || Violation::new("due", "required", "A task that recurs needs to be due.");
        self.due.ok_or_else(|| none().into())
    }
}

impl TaskPatch {
    /// Whether it says anything.
    pub(super) fn is_empty(&self) -> bool {
        let scope = self.scope;
        *self == TaskPatch { scope, ..TaskPatch::default() }
    }
}
