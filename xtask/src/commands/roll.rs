//! `cargo xtask roll`: replaces the replicas of an app one by one, by the program that is built now.

use std::process::ExitCode;

use anyhow::Result;
use xtask::{App, StateDir};

use super::control::{self, Request};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The app, such as todo-actors
    app: String,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let app = App::find(&options.app)?;
    control::ask(directory, &Request::Roll(app.id.to_owned())).await
}
