//! k6, which runs the load tests in `load-tests/k6`, and TypeScript, which checks them.
//!
//! k6 is under the AGPL. It is run as a program of its own; nothing of it is linked, copied or passed on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::process::Command;

use crate::{go, npm, packages, tools::cached, workspace};

const MODULE: go::Module = go::Module {
    name: "k6",
    path: "go.k6.io/k6",
    version: "1.8.1",
    site: "https://grafana.com/docs/k6/latest/set-up/install-k6/",
    takes: "2 minutes",
};
/// Of what is on PATH, what is taken.
const SERIES: &str = "k6 v1.8.";
/// What every script can be told is in environment variables that are told apart from all others by k6 itself.
const ARGUMENTS: [&str; 5] =
    ["--no-usage-report", "--include-system-env-vars=false", "--address", "", "--no-color"];

/// The program.
#[derive(Clone, Debug)]
pub struct K6(PathBuf);

impl K6 {
    /// Finds it, or builds it the first time.
    ///
    /// # Errors
    /// Says what to install.
    pub async fn obtain() -> Result<Self> {
        if let Some(installed) = packages::find("k6")
            && let Ok(output) = Command::new(&installed).arg("version").output().await
            && String::from_utf8_lossy(&output.stdout).starts_with(SERIES)
        {
            return Ok(Self(installed));
        }
        let build = async |target: &Path| MODULE.build(target).await;
        let folder = cached(&format!("k6-{}", MODULE.version), build).await?;
        Ok(Self(folder.join("k6")))
    }

    /// A command that runs a script, by its name, with these settings.
    pub fn run(&self, script: &str, settings: &[(&str, String)]) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("run").args(ARGUMENTS);
        for (name, value) in settings {
            command.args(["--env", &format!("{name}={value}")]);
        }
        command.arg(path(script));
        command
    }

    /// A command that reads a script, and prints what it would run.
    pub fn inspect(&self, script: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg("inspect").arg(path(script));
        command
    }
}

/// The names of all scripts.
pub fn scripts() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ts") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Whether the scripts are right by their types; none where there is no Node with npm.
///
/// # Errors
/// Says what is not right, and where.
pub async fn check_types() -> Result<Option<()>> {
    let Some(installed) = npm::installed("k6-types", &folder(), &[]).await? else { return Ok(None) };
    // The packages lie in the cache, where TypeScript does not look by itself.
    let types = installed.join("node_modules/@types");
    let options = json!({
        "extends": folder().join("tsconfig.json"),
        "compilerOptions": {
            "typeRoots": [types],
            "paths": { "k6": [types.join("k6")], "k6/*": [types.join("k6/*")] },
        },
    });
    let draft = tempfile::tempdir()?;
    let project = draft.path().join("tsconfig.json");
    fs::write(&project, options.to_string())?;
    let mut tsc = Command::new(installed.join("node_modules/.bin/tsc"));
    let output = tsc.arg("--project").arg(&project).current_dir(folder()).output().await;
    let output = output.context("cannot run tsc")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout).trim());
    Ok(Some(()))
}

fn folder() -> PathBuf {
    workspace::root().join("load-tests/k6")
}

fn path(script: &str) -> PathBuf {
    folder().join(format!("{script}.ts"))
}
