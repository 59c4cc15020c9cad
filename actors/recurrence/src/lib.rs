//! The `Recurrence` actor: one series, and which instance follows which. Its id is the series'.
//!
//! A message's way through this crate: `commands` finds or starts the series, [`Series`] decides, `commit` puts
//! what it decided into the ledger, in the same commit as the state:
//!
//! ```text
//! InstanceClosed ─▶ RecurrenceActor::handle ─▶ Series::close ─▶ Entry { predecessor ─▶ next } ─▶ Turn ─▶ ledger row
//! ```
//!
//! Nothing is made here: a worker finds the row and has the backend make the task. Four things keep it at one
//! next instance each, whatever is repeated, late or out of order:
//!
//! * the next one's id follows from series and predecessor;
//! * what was decided for a predecessor is kept, in the state and in the ledger, and never replaced;
//! * an event whose version is not newer than what is known of its task changes nothing;
//! * an event starts the series if it is the first to come.

mod commands;
mod commit;
mod series;

use contracts::recurrence::{
    CheckMissed, EditSeries, EndSeries, GetSeries, InstanceClosed, InstanceReopened, InstanceTrashed,
    MoveInstance, StartSeries,
};
use virtual_actors::{Actor, Methods, RowsSql};

pub use series::Series;

/// A series, addressed by its id.
#[derive(Debug)]
pub struct RecurrenceActor;

impl Actor for RecurrenceActor {
    const TYPE: &'static str = "Recurrence";
    const TABLE: &'static str = "recurrence";
    const ROWS: Option<RowsSql> = Some(commit::LEDGER_ROWS);
    /// An instance is the same one by its task.
    const IDENTITY: &'static [&'static str] = &["task_id"];
    type State = Series;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods
            .handles::<StartSeries>()
            .handles::<InstanceClosed>()
            .handles::<InstanceReopened>()
            .handles::<InstanceTrashed>()
            .handles::<EditSeries>()
            .handles::<MoveInstance>()
            .handles::<EndSeries>()
            .handles::<CheckMissed>()
            .answers::<GetSeries>()
    }
}
