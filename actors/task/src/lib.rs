//! The `Task` actor: one person's task, its rules decided by `domain::Task`, its truth one row.
//!
//! A command's way through this crate: [`commands`] checks that the caller may, hands the state
//! to the domain's transition, and turns what comes back into a commit ([`commit`]): the new
//! state, the events, the reminder rows as they must now be, a poke for the user's clock, what the
//! task's series is told ([`series`]), and what other tasks have to do with it ([`relations`]).
//! What people say on it is in [`comments`].
//!
//! ```text
//! CompleteTask ─▶ TaskActor::handle ─▶ domain::Task::complete(self, now) ─▶ (Task, events) ─▶ Turn
//! ```

mod commands;
mod comments;
mod commit;
mod relations;
mod series;

use contracts::task::{
    AddComment, CompleteTask, CreateTask, DeleteComment, DeleteTask, EditComment, EditTask, EndRecurrence,
    FollowParent, FollowProject, FollowZone, GetTask, PurgeTask, ReopenTask, RestoreInstance, RestoreTask,
    SkipTask, UndoTask, WithdrawInstance,
};
use virtual_actors::{Actor, Methods, RowsSql, RuleSql};

/// A task, addressed by its id.
#[derive(Debug)]
pub struct TaskActor;

impl Actor for TaskActor {
    const TYPE: &'static str = "Task";
    const TABLE: &'static str = "task";
    const ROWS: Option<RowsSql> = Some(commit::ROWS);
    const RULE: Option<RuleSql> = Some(relations::RULE);
    /// A reminder is the same one by its id, a lifecycle by its status.
    const IDENTITY: &'static [&'static str] = &["id", "status"];
    /// By which project somebody comes may change between a command and its repetition.
    const GROUNDS: &'static [&'static str] = &["via", "moderates"];
    type State = domain::Task;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods
            .handles::<CreateTask>()
            .handles::<EditTask>()
            .handles::<CompleteTask>()
            .handles::<ReopenTask>()
            .handles::<DeleteTask>()
            .handles::<RestoreTask>()
            .handles::<SkipTask>()
            .handles::<EndRecurrence>()
            .handles::<WithdrawInstance>()
            .handles::<RestoreInstance>()
            .handles::<UndoTask>()
            .handles::<PurgeTask>()
            .handles::<FollowZone>()
            .handles::<FollowParent>()
            .handles::<FollowProject>()
            .handles::<AddComment>()
            .handles::<EditComment>()
            .handles::<DeleteComment>()
            .answers::<GetTask>()
    }
}
