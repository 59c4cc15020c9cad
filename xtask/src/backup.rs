//! A copy of the whole database, taken while everything runs, and a system set back to it.
//!
//! [`back_up`] makes a copy that knows exactly which outbox positions it holds. [`restore`] puts it beside the database,
//! begins a new epoch in it, and exchanges the two in one transaction: whoever kills it leaves the old or the new one.

mod cut;

use std::{
    fs::{self, File},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    cluster::{Cluster, DATABASE, MAINTENANCE, finished},
    journal::Journal,
    kafka, migrations,
    ports::free_port,
    postgres::{Durability, Postgres},
    redis::Redis,
    state_dir::StateDir,
    workspace::{self, Profile},
};
use cut::Cut;

/// A restore's own database until it is complete.
const COPY: &str = "almanac_restoring";
/// What the last restore replaced.
const REPLACED: &str = "almanac_replaced";

/// What a subscriber had not taken when the backup was made is not in the copy. If Redis accepted it within this time
/// before, it is offered again.
const OFFERED_AGAIN: TimeDelta = TimeDelta::days(1);

/// Copies the database into `file`, which is there complete or not at all.
pub async fn back_up(cluster: &Cluster, file: &Path) -> Result<()> {
    let draft = file.with_added_extension("partial");
    // People's addresses and password hashes are in it.
    File::options().create(true).write(true).truncate(true).mode(0o600).open(&draft)?;
    let cut = Cut::make(cluster).await?;
    let mut dump = cluster.program("pg_dump", DATABASE);
    dump.args(["--format", "custom", "--snapshot", cut.snapshot(), "--file"]).arg(&draft);
    finished("pg_dump", &mut dump).await?;
    cut.end().await?;
    File::open(&draft)?.sync_all()?;
    fs::rename(&draft, file).with_context(|| format!("cannot write {}", file.display()))
}

/// What a system was set back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The epoch that began.
    pub epoch: i64,
    /// When the backup was taken; none if not by [`back_up`].
    pub taken_at: Option<DateTime<Utc>>,
}

/// Sets the system in `directory` back to the copy in `file`. Nothing of it may be running, and nobody else may start it
/// meanwhile: the caller holds the directory's lock.
pub async fn restore(
    directory: &StateDir,
    file: &Path,
    profile: Profile,
    journal: &Journal,
) -> Result<Restored> {
    directory.create()?;
    let postgres = Postgres::start(directory, free_port()?, Durability::Full, journal).await?;
    let restored = restore_into(postgres.cluster(), directory, file, profile, journal).await;
    postgres.stop().await;
    restored
}

async fn restore_into(
    cluster: &Cluster,
    directory: &StateDir,
    file: &Path,
    profile: Profile,
    journal: &Journal,
) -> Result<Restored> {
    let contents = cluster.contents(file).await.with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(contents.contains("TABLE DATA public actor_outbox "), "{} is not of Almanac", file.display());

    journal.say("restore", format!("copying {} into a database of its own", file.display()));
    cluster.ask(MAINTENANCE, &format!("DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")).await?;
    cluster.ask(MAINTENANCE, &format!("CREATE DATABASE {COPY}")).await?;
    let mut load = cluster.program("pg_restore", COPY);
    finished("pg_restore", load.args(["--exit-on-error", "--no-owner"]).arg(file)).await?;
    // It may be of an older version, and is to be of this one before anything depends on it.
    migrations::run(&workspace::binaries(profile), &cluster.url(COPY), journal).await?;
    let restored = begin_epoch(cluster).await?;

    // Before the exchange: if nothing follows it, subscribers have seen these events already.
    offer_again(directory, &restored, journal).await?;

    cluster.ask(MAINTENANCE, &format!("DROP DATABASE IF EXISTS {REPLACED} WITH (FORCE)")).await?;
    let exchange =
        format!("ALTER DATABASE {DATABASE} RENAME TO {REPLACED}; ALTER DATABASE {COPY} RENAME TO {DATABASE}");
    cluster.ask(MAINTENANCE, &exchange).await?;
    journal.say("restore", format!("the copy is in place, in epoch {}", restored.epoch));
    Ok(restored)
}

/// Has the subscribers read again what they may have taken since the backup, whichever broker has it.
async fn offer_again(directory: &StateDir, restored: &Restored, journal: &Journal) -> Result<()> {
    kafka::offer_all_again(directory, restored.epoch)?;
    let Some(taken_at) = restored.taken_at else { return Ok(()) };
    let redis = Redis::start(directory, free_port()?, journal).await?;
    redis.offer_again_since(taken_at - OFFERED_AGAIN).await?;
    redis.stop().await;
    Ok(())
}

/// Ends the copy's history after what the copy holds. The new epoch is named by its second, so it is none that a lost
/// database had; and in any case a later one than those that are known.
async fn begin_epoch(cluster: &Cluster) -> Result<Restored> {
    let known = "SELECT max(epoch) FROM actor_epoch";
    // The database that is replaced may be empty, or of a version without epochs.
    let has_epochs = "SELECT to_regclass('actor_epoch') IS NOT NULL";
    let replaced: i64 = match cluster.ask(DATABASE, has_epochs).await?.as_str() {
        "t" => cluster.ask(DATABASE, known).await?.parse()?,
        _ => 0,
    };
    let begin = format!(
        "INSERT INTO actor_epoch (epoch, after_seq)
         SELECT greatest(extract(epoch FROM clock_timestamp())::bigint, {replaced} + 1, ({known}) + 1),
             -- Of a copy not made by us it is not known what else it holds than what still is in its outbox.
             greatest((SELECT last_seq FROM actor_backup ORDER BY taken_at DESC LIMIT 1),
                      (SELECT max(seq) FROM actor_outbox), 0)
         RETURNING epoch"
    );
    let epoch = cluster.ask(COPY, &begin).await?.parse()?;
    let taken_at = cluster.ask(COPY, "SELECT to_json(max(taken_at)) FROM actor_backup").await?;
    let taken_at = serde_json::from_str(if taken_at.is_empty() { "null" } else { &taken_at })?;
    Ok(Restored { epoch, taken_at })
}
