//! The checkout: where it is, where its binaries are, and how the services' are built.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::apps::{APPS, MIGRATE};

/// Which of Cargo's two standard profiles the services are built and run with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    #[default]
    Dev,
    Release,
}

impl Profile {
    fn directory(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Cargo's target directory.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Where Cargo puts programs.
pub fn binaries(profile: Profile) -> PathBuf {
    target().join(profile.directory())
}

/// The path of a program.
pub fn binary(profile: Profile, name: &str) -> PathBuf {
    binaries(profile).join(name)
}

/// A Cargo command in the checkout.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // Set by the Cargo this process was run by; some build scripts run again whenever these differ.
    for (name, _) in std::env::vars_os() {
        let of_package =
            ["CARGO_MANIFEST_", "CARGO_PKG_"].map(|prefix| name.to_string_lossy().starts_with(prefix));
        if of_package.contains(&true) {
            command.env_remove(name);
        }
    }
    command
}

/// Builds one program, showing Cargo's progress.
pub async fn build_program(profile: Profile, package: &str, program: &str) -> Result<()> {
    let mut command = build(profile);
    command.args(["--package", package, "--bin", program]);
    ensure!(command.status().await?.success(), "{program} does not build");
    Ok(())
}

/// The programs of all services, and the one that migrates.
pub fn service_programs() -> impl Iterator<Item = &'static str> {
    APPS.iter().map(|app| app.id).chain([MIGRATE.binary])
}

/// Builds the binaries of all services, showing Cargo's progress.
pub async fn build_services(profile: Profile) -> Result<()> {
    build_services_in(root(), profile, &[]).await
}

/// The same from some checkout into this one's target directory, since what they have in common is built already;
/// with further arguments to Cargo.
pub async fn build_services_in(checkout: &Path, profile: Profile, further: &[&str]) -> Result<()> {
    let mut command = build(profile);
    command.current_dir(checkout).env("CARGO_TARGET_DIR", target()).arg("--bins").args(further);
    for package in APPS.iter().map(|app| app.id).chain([MIGRATE.package]) {
        command.args(["--package", package]);
    }
    ensure!(command.status().await?.success(), "the services do not build");
    Ok(())
}

/// A `cargo build` of packages that are still to be named.
fn build(profile: Profile) -> Command {
    let mut command = cargo();
    command.arg("build");
    match profile {
        Profile::Release => command.arg("--release"),
        // It has no binary. It is named for its features, with which `cargo test` builds the same crates.
        Profile::Dev => command.args(["--package", "almanac-tests"]),
    };
    command
}
