//! The messages a series handles. None is refused: what comes too early starts the series, what comes too
//! late changes nothing.

use contracts::{
    recurrence::{
        CheckMissed, EditSeries, EndSeries, Follows, GetSeries, Instance, InstanceClosed, InstanceReopened,
        InstanceTrashed, MissedChecked, MoveInstance, SeriesSnapshot, StartSeries,
    },
    reminder_schedule::Never,
};
use uuid::Uuid;
use virtual_actors::{Answers, Handles, ReadContext, Turn, TurnContext};

use crate::{
    RecurrenceActor, Series,
    commit::{decided, follows},
    series::Entry,
};

type Decided = Result<Turn<RecurrenceActor, Follows>, Never>;

/// Lets the series, started if need be, decide on what is told of an instance.
fn told(
    state: Option<Series>,
    instance: &Instance,
    turn: &TurnContext<'_>,
    decide: impl FnOnce(&mut Series) -> Option<Entry>,
) -> Decided {
    // Ids of series are made by our own code; under another name nothing is found, and nothing is lost.
    let id = turn.actor_id().parse().unwrap_or(Uuid::nil());
    let mut series = state.clone().unwrap_or_else(|| Series::start(id, instance));
    let entry = decide(&mut series);
    let reply = follows(&series, instance.task_id);
    Ok(decided(state.as_ref(), series, entry.as_slice(), reply, turn))
}

impl Handles<StartSeries> for RecurrenceActor {
    fn handle(state: Option<Series>, message: StartSeries, turn: &TurnContext<'_>) -> Decided {
        let StartSeries { instance, template } = message;
        told(state, &instance, turn, |series| {
            series.begin(&instance, template);
            None
        })
    }
}

impl Handles<InstanceClosed> for RecurrenceActor {
    fn handle(state: Option<Series>, message: InstanceClosed, turn: &TurnContext<'_>) -> Decided {
        let InstanceClosed { instance, how } = message;
        told(state, &instance, turn, |series| series.close(&instance, how))
    }
}

impl Handles<InstanceReopened> for RecurrenceActor {
    fn handle(state: Option<Series>, message: InstanceReopened, turn: &TurnContext<'_>) -> Decided {
        let InstanceReopened { instance } = message;
        told(state, &instance, turn, |series| series.reopen(&instance))
    }
}

impl Handles<InstanceTrashed> for RecurrenceActor {
    fn handle(state: Option<Series>, message: InstanceTrashed, turn: &TurnContext<'_>) -> Decided {
        let InstanceTrashed { instance, trashed } = message;
        told(state, &instance, turn, |series| {
            series.trash(&instance, trashed);
            None
        })
    }
}

impl Handles<EditSeries> for RecurrenceActor {
    fn handle(state: Option<Series>, message: EditSeries, turn: &TurnContext<'_>) -> Decided {
        let EditSeries { instance, template, changed, anew } = message;
        told(state, &instance, turn, |series| {
            series.edit(&instance, template, &changed, anew);
            None
        })
    }
}

impl Handles<MoveInstance> for RecurrenceActor {
    fn handle(state: Option<Series>, message: MoveInstance, turn: &TurnContext<'_>) -> Decided {
        let MoveInstance { instance, to } = message;
        told(state, &instance, turn, |series| {
            series.move_to(&instance, to);
            None
        })
    }
}

impl Handles<EndSeries> for RecurrenceActor {
    fn handle(state: Option<Series>, message: EndSeries, turn: &TurnContext<'_>) -> Decided {
        let EndSeries { instance } = message;
        told(state, &instance, turn, |series| series.end(&instance))
    }
}

impl Handles<CheckMissed> for RecurrenceActor {
    fn handle(
        state: Option<Series>,
        _: CheckMissed,
        turn: &TurnContext<'_>,
    ) -> Result<Turn<Self, MissedChecked>, Never> {
        let Some(before) = state else { return Ok(Turn::unchanged(MissedChecked { planned: 0 })) };
        let mut series = before.clone();
        let entries = series.check_missed(turn.now());
        let planned = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        Ok(decided(Some(&before), series, &entries, MissedChecked { planned }, turn))
    }
}

impl Answers<GetSeries> for RecurrenceActor {
    fn answer(
        state: Option<&Series>,
        _: GetSeries,
        read: &ReadContext<'_>,
    ) -> Result<Option<SeriesSnapshot>, Never> {
        Ok(state.map(|series| series.snapshot(read.version())))
    }
}
