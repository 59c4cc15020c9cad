//! A snapshot of the database between two outbox positions.
//!
//! Positions are handed out before their transactions commit, so an ordinary snapshot may lack position 7 and hold 8.
//! While the outbox is locked nobody is in between: then the last position is written down, and the snapshot begins.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use crate::cluster::{Cluster, DATABASE};

/// Turns wait from here until the snapshot is taken, some milliseconds. Without an answer from us the server gives up.
const LOCK: &str = "
BEGIN ISOLATION LEVEL REPEATABLE READ;
SAVEPOINT locked;
SET LOCAL lock_timeout = '10s';
SET LOCAL idle_in_transaction_session_timeout = '5s';
LOCK TABLE actor_outbox IN SHARE MODE;
\\echo locked
";

/// By a connection of its own, so that the snapshot finds it committed.
const MARK: &str = "
INSERT INTO actor_backup (last_seq)
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM actor_outbox_seq_seq";

/// The first query is what makes the transaction's snapshot. The lock ends with the savepoint.
const SNAPSHOT: &str = "
SELECT FROM actor_backup LIMIT 0;
ROLLBACK TO locked;
RELEASE locked;
SELECT pg_export_snapshot();
";

/// A transaction that holds the snapshot for as long as it lives.
pub(super) struct Cut {
    snapshot: String,
    psql: Child,
    input: ChildStdin,
}

impl Cut {
    pub(super) async fn make(cluster: &Cluster) -> Result<Self> {
        let mut command = cluster.psql(DATABASE);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = command.spawn().context("cannot run psql")?;
        let mut input = psql.stdin.take().context("psql has no input")?;
        let mut output = BufReader::new(psql.stdout.take().context("psql has no output")?).lines();

        input.write_all(LOCK.as_bytes()).await?;
        next_line(&mut output, &mut psql).await?;
        cluster.ask(DATABASE, MARK).await?;
        input.write_all(SNAPSHOT.as_bytes()).await?;
        let snapshot = next_line(&mut output, &mut psql).await?;
        Ok(Self { snapshot, psql, input })
    }

    pub(super) fn snapshot(&self) -> &str {
        &self.snapshot
    }

    pub(super) async fn end(mut self) -> Result<()> {
        drop(self.input);
        self.psql.wait().await?;
        Ok(())
    }
}

async fn next_line(output: &mut Lines<BufReader<ChildStdout>>, psql: &mut Child) -> Result<String> {
    while let Some(line) = output.next_line().await? {
        if !line.is_empty() {
            return Ok(line);
        }
    }
    let mut said = String::new();
    if let Some(mut errors) = psql.stderr.take() {
        errors.read_to_string(&mut said).await?;
    }
    bail!("psql: {}", said.trim())
}
