//! Packages for Node, in a folder of the cache. Their versions and hashes are pinned in a lock file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{packages, state_dir::fnv1a, tools::cached};

/// What every folder has that names packages.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// A copy, in the cache, of what names packages in `source` and of these files beside it, with the packages; none where
/// there is no Node with npm.
pub(crate) async fn installed(name: &str, source: &Path, files: &[&str]) -> Result<Option<PathBuf>> {
    let (Some(npm), Some(_)) = (packages::find("npm"), packages::find("node")) else { return Ok(None) };
    let files: Vec<&str> = MANIFESTS.iter().chain(files).copied().collect();
    let mut all = Vec::new();
    for file in &files {
        let path = source.join(file);
        all.extend(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    let build = async |folder: &Path| {
        eprintln!("Installing packages of {name}, with npm, once");
        for file in &files {
            fs::copy(source.join(file), folder.join(file))?;
        }
        let mut install = Command::new(&npm);
        install
            .args(["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder);
        let output = install.output().await.context("cannot run npm")?;
        ensure!(output.status.success(), "npm failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    };
    cached(&format!("{name}-{:016x}", fnv1a(&all)), build).await.map(Some)
}
