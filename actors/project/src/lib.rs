//! The `Project` actor: tasks that belong together, and who shares them. Its rules are `domain::Project`'s.
//!
//! [`commands`] checks what the caller may and lets the domain decide; [`commit`] makes a turn of that, with the
//! rows by which others look up who has access. A project in the trash has no such rows.
//!
//! Its tasks are actors of their own. Deleting and restoring a project commits only that, and a message to the
//! actor itself: [`sweep`] then tells each task that is not where it should be.
//!
//! ```text
//! DeleteProject ─▶ state, no more members ─▶ outbox ─▶ sweep ─▶ outbox ─▶ each task: trash, with the project
//! ```

mod commands;
mod commit;
mod sweep;

use contracts::project::{
    AddMember, ChangeRole, CreateProject, DeleteProject, EditProject, PurgeProject, RemoveMember,
    RestoreProject, SweepTasks, TransferProject,
};
use virtual_actors::{Actor, Methods, RowsSql, RuleSql};

/// A project, addressed by its id.
#[derive(Debug)]
pub struct ProjectActor;

impl Actor for ProjectActor {
    const TYPE: &'static str = "Project";
    const TABLE: &'static str = "project";
    const ROWS: Option<RowsSql> = Some(commit::MEMBER_ROWS);
    const RULE: Option<RuleSql> = Some(commit::RULE);
    type State = domain::Project;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods
            .handles::<CreateProject>()
            .handles::<EditProject>()
            .handles::<DeleteProject>()
            .handles::<RestoreProject>()
            .handles::<PurgeProject>()
            .handles::<AddMember>()
            .handles::<ChangeRole>()
            .handles::<RemoveMember>()
            .handles::<TransferProject>()
            .executes::<SweepTasks>()
    }
}
