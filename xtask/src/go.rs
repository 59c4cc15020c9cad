//! Go, which builds what is not in Debian.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Result, bail, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::packages;

/// The oldest version that builds everything.
pub(crate) const OLDEST: (u32, u32) = (1, 26);
/// After how many packages progress is said.
const STRIDE: u32 = 100;

/// Go, if it is there and new enough.
pub async fn find() -> Option<PathBuf> {
    let usual = PathBuf::from("/usr/local/go/bin/go");
    let go = packages::find("go").or_else(|| usual.is_file().then_some(usual))?;
    let output = Command::new(&go).args(["env", "GOVERSION"]).current_dir("/").output().await.ok()?;
    is_right(&String::from_utf8_lossy(&output.stdout)).then_some(go)
}

/// Whether it is new enough, by what `go version` prints; it may fetch a newer toolchain itself, or may not.
fn is_right(version: &str) -> bool {
    let number = version.split_whitespace().find_map(|word| word.strip_prefix("go1."));
    let minor = number.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
    minor.is_some_and(|minor: u32| (1, minor) >= OLDEST)
}

/// A program that Go can fetch and build by itself.
pub(crate) struct Module {
    pub name: &'static str,
    /// As `go install` takes it, without version.
    pub path: &'static str,
    pub version: &'static str,
    /// Where else it comes from.
    pub site: &'static str,
    /// How long it takes on two cores.
    pub takes: &'static str,
}

impl Module {
    /// Puts the program into a folder.
    pub(crate) async fn build(&self, target: &Path) -> Result<()> {
        let Self { name, path, version, site, takes } = self;
        let Some(go) = find().await else {
            bail!(
                "there is no {name} on PATH, and no Go {}.{} to build it: install either ({site}, https://go.dev/dl)",
                OLDEST.0,
                OLDEST.1,
            );
        };
        eprintln!("Building {name} {version} with Go, once: about {takes} on two cores");
        let mut install = Command::new(go);
        install.current_dir("/").env("GOBIN", target).env_remove("GOFLAGS");
        install.args(["install", "-v", "-ldflags", "-s -w", &format!("{path}@v{version}")]);
        let mut install = install.stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut complaints = Vec::new();
        if let Some(said) = install.stderr.take() {
            let (mut said, mut compiled) = (BufReader::new(said).lines(), 0);
            while let Some(line) = said.next_line().await? {
                // A package that is compiled is a line of one word.
                if line.contains(' ') {
                    complaints.push(line);
                    continue;
                }
                compiled += 1;
                if compiled % STRIDE == 0 {
                    eprintln!("  {compiled} packages are compiled");
                }
            }
        }
        ensure!(install.wait().await?.success(), "{name} does not build:\n{}", complaints.join("\n"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_is_taken_from_1_26_on() {
        for (version, right) in
            [("go1.26.5", true), ("go1.27rc1", true), ("go1.25.9", false), ("devel", false)]
        {
            assert_eq!(is_right(version), right, "{version}");
        }
    }
}
