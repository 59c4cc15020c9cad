//! `cargo xtask dead-letters`: the events that subscribers gave up, in the table `dead_letter`.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt;
use xtask::{Cluster, StateDir};

use super::up;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Publish them again, by the outbox; every subscriber gets them, and none takes one twice
    #[arg(long)]
    redrive: bool,
    /// Only those of this subscriber
    #[arg(long, default_value = "")]
    app: String,
    /// Only this one
    #[arg(long, default_value = "", value_name = "ID")]
    event: String,
}

const LIST: &str = "
SELECT app, event_id, topic, received_at, times, left(event, 120) AS event FROM dead_letter
WHERE redriven_at IS NULL AND app = coalesce(nullif(:'app', ''), app)
  AND event_id = coalesce(nullif(:'event', '')::uuid, event_id)
ORDER BY received_at;";

const REDRIVE: &str = "
SELECT app, event_id, coalesce('stays: ' || refused, 'published again') AS outcome
FROM redrive_dead_letters(nullif(:'app', ''), nullif(:'event', '')::uuid);";

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let state = up::running(directory)?.context("Almanac is not running")?;
    let Options { redrive, app, event } = options;
    let mut psql = Cluster::of_running(directory, state.ports.postgres)?.console();
    // What was typed is quoted by psql.
    psql.args(["--variable", &format!("app={app}"), "--variable", &format!("event={event}")]);
    let mut psql = psql.stdin(Stdio::piped()).spawn().context("cannot run psql")?;
    let mut statements = psql.stdin.take().context("psql reads nothing")?;
    statements.write_all(if redrive { REDRIVE } else { LIST }.as_bytes()).await?;
    drop(statements);
    ensure!(psql.wait().await?.success(), "psql failed");
    Ok(ExitCode::SUCCESS)
}
