//! `cargo xtask scale`: more or fewer replicas, while everything runs.

use std::process::ExitCode;

use anyhow::Result;
use xtask::{Replicas, StateDir};

use super::control::{self, Request};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many app and sidecar pairs, as todo-actors=3,audit-service=2; other apps stay as they are
    #[arg(value_name = "APP=N,…")]
    replicas: Replicas,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let apps = options.replicas.stated().map(|(app, count)| (app.to_owned(), count)).collect();
    control::ask(directory, &Request::Scale(apps)).await
}
