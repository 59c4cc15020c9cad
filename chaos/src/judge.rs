//! Has the independent checker judge a run, as a program of its own.

use std::{fs, path::Path, process::Stdio};

use anyhow::{Context, Result};
use tokio::process::Command;
use xtask::{Profile, workspace};

/// The package and the program in it.
const CHECKER: (&str, &str) = ("checker", "almanac-checker");
/// The report, for programs and for people.
pub(crate) const JSON: &str = "report.json";
pub(crate) const TEXT: &str = "report.txt";

pub(crate) async fn build(profile: Profile) -> Result<()> {
    let (package, program) = CHECKER;
    workspace::build_program(profile, package, program).await
}

/// Whether the checker found everything kept. Its report is printed, and left in `output` too.
pub(crate) async fn judge(log: &Path, database_url: &str, profile: Profile, output: &Path) -> Result<bool> {
    let (_, program) = CHECKER;
    let mut checker = Command::new(workspace::binary(profile, program));
    checker.env("DATABASE_URL", database_url).arg("--log").arg(log);
    checker.arg("--json").arg(output.join(JSON)).stderr(Stdio::inherit()).kill_on_drop(true);
    let judged = checker.output().await.with_context(|| format!("cannot run {program}"))?;
    let report = String::from_utf8_lossy(&judged.stdout);
    println!("{report}");
    fs::write(output.join(TEXT), report.as_bytes())?;
    Ok(judged.status.success())
}
