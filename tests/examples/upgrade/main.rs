//! A rolling upgrade under load, and back: what `cargo xtask upgrade` runs once it has built the older programs.
//!
//! The system starts with the older version everywhere. The database is migrated, then each app is replaced by this
//! checkout's version, replica by replica, so that both run side by side; last, one app goes back and forth. Clients
//! ask all the while. The report says what they noticed, and the checks at the end that nothing was lost or doubled.

mod load;
mod report;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use almanac_tests::all_published;
use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;
use xtask::{APPS, Profile, Replicas, Stack, StackOptions, workspace};

use load::Load;
use report::Report;

/// Who only receives goes first: what a newer sender says, a newer receiver understands.
const ORDER: [&str; 5] =
    ["audit-service", "notification-service", "recurring-task-service", "todo-actors", "todo-backend"];
/// Goes back to the older version and forth again, with the states that the newer one has written.
const ROLLED_BACK: &str = "todo-actors";
/// How long clients ask before the upgrade, between its steps and after it.
const CALM: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let older = PathBuf::from(std::env::args_os().nth(1).context("say where the older programs are")?);
    let mut replicas = Replicas::default().with("todo-actors", 3)?;
    for app in APPS.iter().filter(|app| app.id != "todo-actors") {
        replicas = replicas.with(app.id, 2)?;
    }
    let options =
        StackOptions { binaries: Some(older.clone()), ..StackOptions::for_test_with("upgrade", &replicas)? };
    let mut stack = Stack::start(options).await?;
    let newer = workspace::binaries(Profile::Dev);

    let load = Load::start(&stack).await;
    let mut report = Report::default();
    let mut step = async |name: String| {
        sleep(CALM).await;
        report.step(name, load.take());
    };
    step("the older version alone".into()).await;
    stack.migrate(&newer).await?;
    step("migrated".into()).await;
    for app in ORDER {
        stack.roll(app, Some(&newer)).await?;
        step(format!("{app} upgraded")).await;
    }
    stack.roll(ROLLED_BACK, Some(&older)).await?;
    step(format!("{ROLLED_BACK} rolled back")).await;
    stack.roll(ROLLED_BACK, Some(&newer)).await?;
    step(format!("{ROLLED_BACK} upgraded again")).await;

    let checked = load.finish().await;
    nothing_is_left(&stack).await?;
    println!("{report}\n{checked}");
    let passed = report.errors() == 0;
    stack.stop().await?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What was emitted was handed over, and nobody gave any of it up.
async fn nothing_is_left(stack: &Stack) -> Result<()> {
    all_published(stack).await;
    let mut database = PgConnection::connect(stack.database_url()?).await?;
    let dead: i64 = sqlx::query_scalar("SELECT count(*) FROM dead_letter").fetch_one(&mut database).await?;
    ensure!(dead == 0, "there are {dead} dead letters");
    Ok(())
}
