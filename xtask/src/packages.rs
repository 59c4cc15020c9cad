//! The system's packages, such as PostgreSQL and Redis, installed by apt where they are missing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::geteuid;
use tokio::process::Command;

use crate::faults;

const REDIS: &str = "redis-server";
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// Installs what is missing, or says exactly what to install.
pub async fn ensure_installed() -> Result<()> {
    let mut missing = Vec::new();
    if postgres_binaries(None).is_err() {
        missing.push("postgresql");
    }
    if find(REDIS).is_none() {
        missing.push("redis-server");
    }
    if find("setpriv").is_none() {
        missing.push("util-linux");
    }
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing, "install PostgreSQL 15 or later and Redis 7 or later first").await?;
    postgres_binaries(None)?;
    ensure!(find(REDIS).is_some(), "apt installed no {REDIS}");
    Ok(())
}

/// Installs libfaketime where apt can; without it nothing can be done to clocks, and the rest works.
pub async fn install_faketime() {
    if faults::faketime().is_none()
        && let Err(error) = install(&["libfaketime"], "install libfaketime to have clocks set").await
    {
        eprintln!("{error:#}");
    }
}

/// Installs packages by apt; where that is not possible, the error says what to do `by_hand`.
pub(crate) async fn install(packages: &[&str], by_hand: &str) -> Result<()> {
    let names = packages.join(" ");
    if find("apt-get").is_none() {
        bail!("{by_hand} (Debian's names: {names})");
    }
    let sudo = !geteuid().is_root();
    if sudo && !passwordless_sudo().await {
        bail!("run this first, or again as root:\n  sudo apt-get install {names}");
    }
    eprintln!("Installing {names} with apt");
    apt(sudo, &["update", "--quiet"]).await?;
    let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    install.extend(packages);
    apt(sudo, &install).await
}

async fn passwordless_sudo() -> bool {
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    sudo.status().await.is_ok_and(|status| status.success())
}

async fn apt(sudo: bool, args: &[&str]) -> Result<()> {
    let mut words = if sudo { vec!["sudo", "--non-interactive"] } else { Vec::new() };
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    words.extend(args);
    let mut command = Command::new(words[0]);
    let status = command.args(&words[1..]).stdin(Stdio::null()).status().await?;
    ensure!(status.success(), "this failed: {}", words.join(" "));
    Ok(())
}

/// The directory with PostgreSQL's programs: of the major `version` where data of it exist already, else the newest.
pub(crate) fn postgres_binaries(version: Option<&str>) -> Result<PathBuf> {
    let mut found = debian_versions(Path::new(DEBIAN_POSTGRES));
    found.sort_by_key(|(major, _)| *major);
    if let Some(version) = version {
        let of_path =
            || find("postgres").and_then(|path| path.canonicalize().ok()?.parent().map(Path::to_owned));
        let matching =
            found.iter().find(|(major, _)| major.to_string() == version).map(|(_, path)| path.clone());
        return matching.or_else(of_path).with_context(|| {
            format!("the database was made by PostgreSQL {version}: install postgresql-{version}")
        });
    }
    let newest = found.pop().map(|(_, path)| path);
    let of_path = || find("initdb").and_then(|path| path.parent().map(Path::to_owned));
    newest.or_else(of_path).context("PostgreSQL is not installed")
}

/// Debian keeps each major version in a directory of its number.
fn debian_versions(root: &Path) -> Vec<(u32, PathBuf)> {
    let versions = fs::read_dir(root).into_iter().flatten().flatten();
    versions
        .filter_map(|version| {
            let binaries = version.path().join("bin");
            binaries
                .join("initdb")
                .exists()
                .then_some((version.file_name().to_str()?.parse().ok()?, binaries))
        })
        .collect()
}

/// The first program of that name on PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(name)).find(|path| path.is_file())
}

pub(crate) fn redis_server() -> Result<PathBuf> {
    find(REDIS).context("redis-server is not installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_with_a_server_count() {
        let root = tempfile::tempdir().unwrap();
        for version in ["15", "17"] {
            fs::create_dir_all(root.path().join(version).join("bin")).unwrap();
        }
        fs::write(root.path().join("15/bin/initdb"), "").unwrap();
        assert_eq!(debian_versions(root.path()), [(15, root.path().join("15/bin"))]);
    }
}
