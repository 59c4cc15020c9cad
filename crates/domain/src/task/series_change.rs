//! What a change of one task means for the series it belongs to.

use chrono::NaiveDateTime;

use super::Task;
use crate::{due::Due, wall_clock::resolve};

/// What a change of a task means for its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesChange {
    Started,
    /// `anew`: the series starts at this instance now.
    Edited {
        anew: bool,
    },
    /// Only this instance, to this time on the wall of the series.
    Moved {
        to: NaiveDateTime,
    },
    /// This instance is the last.
    Ended,
}

impl SeriesChange {
    /// From a task to what became of it; `None` before it was created.
    pub fn between(before: Option<&Task>, after: &Task) -> Option<Self> {
        let link = match (before.and_then(Task::series), after.series()) {
            (None, None) => return None,
            (None, Some(link)) => return (!link.untouched).then_some(SeriesChange::Started),
            (Some(_), None) => return Some(SeriesChange::Ended),
            (Some(old), Some(link)) if old.edited_at != link.edited_at => {
                let (was, is) = (old.recurrence.ended(), link.recurrence.ended());
                return Some(if is.is_some() && is != was && old.occurrence == link.occurrence {
                    SeriesChange::Ended
                } else {
                    SeriesChange::Edited { anew: link.recurrence.start().named() == link.occurrence }
                });
            }
            (Some(_), Some(link)) => link,
        };
        let due = after.due().filter(|due| before.is_some_and(|before| before.due() != Some(*due)))?;
        let to = match (due, link.recurrence.start()) {
            (Due::At { local, zone }, Due::At { zone: wall, .. }) if zone != wall => {
                wall.local(resolve(*local, *zone))
            }
            (Due::At { .. }, Due::At { .. }) | (Due::AllDay { .. }, Due::AllDay { .. }) => due.named(),
            // A whole day has no time on a series' wall, nor the other way round: the series does not mind.
            _ => return None,
        };
        Some(SeriesChange::Moved { to })
    }
}
