//! `cargo xtask roll`: builds the services, brings the database to their schema, and replaces the replicas of an app
//! one by one.

use std::process::ExitCode;

use anyhow::Result;
use xtask::{App, StateDir, workspace};

use super::{
    control::{self, Request},
    up,
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The app, such as todo-actors
    app: String,
    /// Leave the database as it is, to go back to a version that does not know all of it
    #[arg(long)]
    no_migrate: bool,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let app = App::find(&options.app)?;
    // As it was built for `up`; if nothing runs, that is said below.
    if let Some(state) = up::running(directory)? {
        workspace::build_services(state.profile).await?;
    }
    let request = Request::Roll { app: app.id.to_owned(), migrate: !options.no_migrate };
    control::ask(directory, &request).await
}
