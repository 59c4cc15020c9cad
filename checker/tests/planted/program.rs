//! The program as it is run: what it prints, and how it ends.

use std::process::Output;

use sqlx::{ConnectOptions, PgPool};

use crate::{history::PLANTS, world::World};

async fn run(world: &World) -> (Output, serde_json::Value) {
    let dir = tempfile::tempdir().unwrap();
    let (log, json) = (dir.path().join("clients.jsonl"), dir.path().join("report.json"));
    let lines = world.lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n");
    std::fs::write(&log, lines.collect::<String>()).unwrap();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_almanac-checker"))
        .args(["--settle", "0", "--log"])
        .arg(&log)
        .arg("--json")
        .arg(&json)
        .env("DATABASE_URL", world.pool.connect_options().to_url_lossy().as_str())
        .output()
        .await
        .unwrap();
    let report = std::fs::read(&json).unwrap_or_default();
    (output, serde_json::from_slice(&report).unwrap_or_default())
}

#[sqlx::test(migrations = false)]
async fn a_clean_run_ends_with_0_and_says_what_was_done(pool: PgPool) {
    let world = World::consistent(&pool).await;
    let (output, report) = run(&world).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        text.contains("Seed 7 on redis") && text.contains("repeat with: cargo xtask chaos --seed 7"),
        "{text}"
    );
    assert!(text.contains("1: 1 kill") && text.contains("no violation"), "{text}");
    assert_eq!(report["counts"]["reminders_fired"], 2);
    assert_eq!(report["counts"]["mails_again"], 1);
    assert_eq!(report["counts"]["unknown"], 2);
    assert_eq!(report["faults"]["kill"], 1);
    assert_eq!(report["reminder_lateness_ms"]["outside"]["p50"], 20.0);
    assert_eq!(report["reminder_lateness_ms"]["outside"]["count"], 2);
    // The creation that was repeated, and what was done within the recovery.
    assert_ne!(report["command_latency_ms"]["inside"]["count"], 0);
}

#[sqlx::test(migrations = false)]
async fn a_violation_ends_with_1_and_is_named(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.sql(format!("DELETE FROM audit.entry WHERE task_id = '{PLANTS}' AND version = 2")).await;
    let (output, report) = run(&world).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains(&format!("event-lost: task {PLANTS} version 2")), "{text}");
    assert_eq!(report["violations"][0]["rule"], "event-lost");
    assert!(report["still_owed"].as_str().unwrap().contains("without an entry in the audit log"));
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_found_out_ends_with_2(pool: PgPool) {
    let world = World::consistent(&pool).await;
    world.sql("DROP TABLE delivery").await;
    let (output, _) = run(&world).await;
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
