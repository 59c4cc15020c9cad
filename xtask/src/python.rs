//! Programs from Python's package index, in a virtual environment in the cache: what holds the API against its
//! document. Their versions and hashes are pinned in a requirements file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{
    packages::{find, install},
    state_dir::fnv1a,
    tools::cached,
};

const PYTHON: &str = "python3";
/// The oldest version that the pinned packages run on.
const OLDEST: (u32, u32) = (3, 11);

/// A Python with some packages.
#[derive(Clone, Debug)]
pub struct Python {
    folder: PathBuf,
}

impl Python {
    /// With the packages of a requirements file, installed the first time.
    ///
    /// # Errors
    /// Says what to install.
    pub async fn with(requirements: &Path) -> Result<Self> {
        if find(PYTHON).is_none() {
            install(&["python3", "python3-venv"], "install Python 3.11 or later, with pip").await?;
        }
        let version = output(Command::new(PYTHON).arg("--version")).await?;
        ensure!(
            is_right(&version),
            "there is {}, and not Python {}.{} or later",
            version.trim(),
            OLDEST.0,
            OLDEST.1
        );
        let pinned = fs::read(requirements).with_context(|| format!("no {}", requirements.display()))?;
        let name = format!("python-{:016x}", fnv1a(&[version.as_bytes(), &pinned].concat()));
        let folder = cached(&name, async |target| environment(target, requirements).await).await?;
        Ok(Self { folder })
    }

    /// A command that runs an installed program. The program's own first line names the folder it was made in.
    pub fn program(&self, name: &str) -> Command {
        let bin = self.folder.join("bin");
        let mut command = Command::new(bin.join("python"));
        command.arg(bin.join(name)).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

async fn environment(target: &Path, requirements: &Path) -> Result<()> {
    eprintln!("Installing what checks the API's document, with pip, once");
    let made = Command::new(PYTHON).args(["-m", "venv"]).arg(target).status().await?;
    if !made.success() {
        // Debian has pip for environments in a package of its own.
        install(&["python3-venv"], "install Python's venv and pip").await?;
        output(Command::new(PYTHON).args(["-m", "venv", "--clear"]).arg(target)).await?;
    }
    let mut pip = Command::new(target.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    pip.args(["--only-binary", ":all:", "--requirement"]).arg(requirements);
    ensure!(pip.status().await?.success(), "pip does not install {}", requirements.display());
    Ok(())
}

async fn output(command: &mut Command) -> Result<String> {
    let output = command.output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{command:?} fails: {text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

fn is_right(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches("Python ").split('.').map(str::parse);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_is_taken_from_3_11_on() {
        for (version, right) in
            [("Python 3.11.7\n", true), ("Python 3.14.0rc1", true), ("Python 3.9.2", false), ("", false)]
        {
            assert_eq!(is_right(version), right, "{version}");
        }
    }
}
