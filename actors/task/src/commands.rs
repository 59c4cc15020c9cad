//! The messages a task handles. Each: find the task, check that the caller may, let the domain decide.

use contracts::task::{
    CompleteTask, CreateTask, DeleteTask, EditTask, EndRecurrence, FollowParent, FollowProject, FollowZone,
    GetTask, PurgeTask, ReopenTask, RestoreInstance, RestoreTask, SkipTask, TaskRefusal, TaskSnapshot,
    UndoTask, WithdrawInstance,
};
use domain::{Changed, ProjectId, Refusal, Task, TaskId, Transition, UserId};
use virtual_actors::{Answers, BrokenRule, Handles, ReadContext, Turn, TurnContext};

use crate::{
    TaskActor,
    commit::{changed, transition},
    relations::{self, By},
};

type Broken = Result<TaskRefusal, BrokenRule>;
type Decided = Result<Turn<TaskActor, TaskSnapshot>, TaskRefusal>;

impl Handles<CreateTask> for TaskActor {
    fn handle(state: Option<Task>, message: CreateTask, turn: &TurnContext<'_>) -> Decided {
        if let Some(task) = state {
            // The same creation, remembered by its result when its answer is no longer kept.
            let task = owned(Some(task), message.owner, None)?;
            return Ok(Turn::unchanged(TaskSnapshot { version: turn.version(), task }));
        }
        let id: TaskId = turn.actor_id().parse().map_err(|_| TaskRefusal::NotFound)?;
        let owner = message.owner;
        let Changed { task, events } = Task::create(message.new_task(id), turn.now()).map_err(invalid)?;
        Ok(changed(None, task, &events, By::Person(owner), turn))
    }

    fn broken(rule: BrokenRule) -> Broken {
        relations::refusal(rule)
    }
}

impl Handles<EditTask> for TaskActor {
    fn handle(state: Option<Task>, message: EditTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(
            &task,
            task.clone().edit(message.patch, message.zone, turn.now()).map_err(refusal)?,
            By::Person(message.user),
            turn,
        )
    }

    fn broken(rule: BrokenRule) -> Broken {
        relations::refusal(rule)
    }
}

impl Handles<CompleteTask> for TaskActor {
    fn handle(state: Option<Task>, message: CompleteTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(&task, task.clone().complete(turn.now()).map_err(refusal)?, By::Person(message.user), turn)
    }
}

impl Handles<ReopenTask> for TaskActor {
    fn handle(state: Option<Task>, message: ReopenTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(
            &task,
            task.clone().reopen(message.zone, turn.now()).map_err(refusal)?,
            By::Person(message.user),
            turn,
        )
    }
}

impl Handles<DeleteTask> for TaskActor {
    fn handle(state: Option<Task>, message: DeleteTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(&task, task.clone().delete(turn.now()).map_err(refusal)?, By::Person(message.user), turn)
    }
}

impl Handles<RestoreTask> for TaskActor {
    fn handle(state: Option<Task>, message: RestoreTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(
            &task,
            task.clone().restore(message.zone, turn.now()).map_err(refusal)?,
            By::Person(message.user),
            turn,
        )
    }

    fn broken(rule: BrokenRule) -> Broken {
        relations::refusal(rule)
    }
}

impl Handles<SkipTask> for TaskActor {
    fn handle(state: Option<Task>, message: SkipTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(&task, task.clone().skip(turn.now()).map_err(refusal)?, By::Person(message.user), turn)
    }
}

impl Handles<EndRecurrence> for TaskActor {
    fn handle(state: Option<Task>, message: EndRecurrence, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        transition(
            &task,
            task.clone().end_series(turn.now()).map_err(refusal)?,
            By::Person(message.user),
            turn,
        )
    }
}

impl Handles<WithdrawInstance> for TaskActor {
    fn handle(state: Option<Task>, message: WithdrawInstance, turn: &TurnContext<'_>) -> Decided {
        let task = owned(state, message.user, None)?;
        transition(&task, task.clone().withdraw(turn.now()), By::Nobody, turn)
    }
}

impl Handles<RestoreInstance> for TaskActor {
    fn handle(state: Option<Task>, message: RestoreInstance, turn: &TurnContext<'_>) -> Decided {
        let task = owned(state, message.user, None)?;
        transition(
            &task,
            task.clone().make_again(message.zone, turn.now()).map_err(refusal)?,
            By::Nobody,
            turn,
        )
    }
}

impl Handles<UndoTask> for TaskActor {
    fn handle(state: Option<Task>, message: UndoTask, turn: &TurnContext<'_>) -> Decided {
        let task = writable(state, message.user, message.via, message.if_version, turn)?;
        let undone = task.clone().undo(message.zone, turn.now()).map_err(refusal)?;
        transition(&task, undone, By::Person(message.user), turn)
    }

    fn broken(rule: BrokenRule) -> Broken {
        relations::refusal(rule)
    }
}

impl Handles<PurgeTask> for TaskActor {
    fn handle(state: Option<Task>, message: PurgeTask, turn: &TurnContext<'_>) -> Decided {
        let task = owned(state, message.user, None)?;
        let old = |since| message.trashed_before.is_none_or(|before| since < before);
        let purged = match task.deleted_at() {
            Some(since) if old(since) => task.clone().purge(turn.now()),
            _ => Transition::Unchanged(task.clone()),
        };
        transition(&task, purged, By::Nobody, turn)
    }
}

impl Handles<FollowZone> for TaskActor {
    fn handle(state: Option<Task>, message: FollowZone, turn: &TurnContext<'_>) -> Decided {
        let task = owned(state, message.user, None)?;
        // Nobody does this, but unlike what nobody does otherwise it leaves the person's last change to be undone.
        Ok(match task.clone().follow_zone(message.zone, turn.now()).map_err(refusal)? {
            Transition::Unchanged(task) => Turn::unchanged(TaskSnapshot { version: turn.version(), task }),
            Transition::Changed { task: next, events } => {
                changed(Some(&task), next, &events, By::Nobody, turn)
            }
        })
    }
}

impl Handles<FollowParent> for TaskActor {
    fn handle(state: Option<Task>, message: FollowParent, turn: &TurnContext<'_>) -> Decided {
        let is_child = |task: &Task| task.parent() == Some(message.parent);
        let task = state.filter(is_child).ok_or(TaskRefusal::NotFound)?;
        let followed = task.clone().follow(message.is, message.project, message.zone, turn.now());
        transition(&task, followed.map_err(refusal)?, By::Parent(&message), turn)
    }

    fn broken(rule: BrokenRule) -> Broken {
        relations::refusal(rule)
    }
}

impl Handles<FollowProject> for TaskActor {
    fn handle(state: Option<Task>, message: FollowProject, turn: &TurnContext<'_>) -> Decided {
        let is_in = |task: &Task| task.project() == Some(message.project);
        let task = state.filter(is_in).ok_or(TaskRefusal::NotFound)?;
        let followed = task.clone().follow_project(message.deleted, message.zone, turn.now());
        transition(&task, followed.map_err(refusal)?, By::Project(&message), turn)
    }

    fn broken(rule: BrokenRule) -> Broken {
        relations::refusal(rule)
    }
}

impl Answers<GetTask> for TaskActor {
    fn answer(
        state: Option<&Task>,
        message: GetTask,
        read: &ReadContext<'_>,
    ) -> Result<TaskSnapshot, TaskRefusal> {
        let task = owned(state.cloned(), message.user, None)?;
        if task.is_deleted() {
            return Err(TaskRefusal::Deleted);
        }
        Ok(TaskSnapshot { version: read.version(), task })
    }
}

/// The task, if the caller may change it and it is at the version the caller expects.
fn writable(
    state: Option<Task>,
    user: UserId,
    via: Option<ProjectId>,
    if_version: Option<i64>,
    turn: &TurnContext<'_>,
) -> Result<Task, TaskRefusal> {
    let task = owned(state, user, via)?;
    match if_version {
        Some(expected) if expected != turn.version() => {
            Err(TaskRefusal::VersionMismatch { current: turn.version() })
        }
        _ => Ok(task),
    }
}

/// Somebody else's task looks like none at all, and so does one that was deleted for good.
///
/// Whose it is has all rights; anybody else comes by way of its project, in which the sender looked them up.
pub(crate) fn owned(state: Option<Task>, user: UserId, via: Option<ProjectId>) -> Result<Task, TaskRefusal> {
    let may = |task: &Task| task.owner() == user || via.is_some() && task.project() == via;
    state.filter(|task| may(task) && !task.is_purged()).ok_or(TaskRefusal::NotFound)
}

pub(crate) fn refusal(refusal: Refusal) -> TaskRefusal {
    match refusal {
        Refusal::Deleted => TaskRefusal::Deleted,
        Refusal::NothingToUndo => TaskRefusal::NothingToUndo,
        Refusal::Invalid(violations) => invalid(violations),
    }
}

fn invalid(violations: domain::Violations) -> TaskRefusal {
    TaskRefusal::Invalid { violations }
}
