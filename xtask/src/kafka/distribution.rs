//! Kafka's programs: jars from Maven Central, fetched once into the cache, and a Java to run them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::{
    packages::{find, install},
    state_dir::fnv1a,
    tools::{cached, in_cache},
};

const POM: &str = include_str!("pom.xml");
const VERSION: &str = "4.4.0";
/// The oldest Java that runs this Kafka's broker.
const JAVA: u32 = 17;
const MAVEN: &str = "mvn";
/// Names an unpacked Kafka to use instead.
const OVERRIDE: &str = "ALMANAC_KAFKA";

/// What it takes to run a class of Kafka.
#[derive(Clone, Debug)]
pub(super) struct Distribution {
    pub(super) java: PathBuf,
    libraries: PathBuf,
}

impl Distribution {
    /// Finds Java and Kafka. What is not there is installed or fetched, which is said, as it may take a while.
    pub(super) async fn obtain() -> Result<Self> {
        let name = format!("kafka-{VERSION}-{:016x}", fnv1a(POM.as_bytes()));
        let named = env::var_os(OVERRIDE).map(PathBuf::from);
        let has_kafka = named.is_some() || in_cache(&name)?.is_some();
        let mut missing = Vec::new();
        if java().await.is_none() {
            missing.push("default-jre-headless");
        }
        if !has_kafka && find(MAVEN).is_none() {
            missing.push("maven");
        }
        if !missing.is_empty() {
            let by_hand = format!(
                "Kafka needs Java {JAVA} or later, and Maven to fetch it unless {OVERRIDE} names the folder of an \
                 unpacked Kafka {VERSION} (https://kafka.apache.org/downloads): install what is missing"
            );
            install(&missing, &by_hand).await?;
        }
        let java = java().await.with_context(|| format!("there is no Java {JAVA} or later"))?;
        let folder = match named {
            Some(folder) => folder,
            None => cached(&name, fetch).await?,
        };
        let libraries = folder.join("libs");
        ensure!(has_broker(&libraries), "there is no kafka_2.13 in {}", libraries.display());
        Ok(Self { java, libraries })
    }

    /// All of its jars.
    pub(super) fn class_path(&self) -> String {
        self.libraries.join("*").display().to_string()
    }
}

fn has_broker(libraries: &Path) -> bool {
    let files = fs::read_dir(libraries).into_iter().flatten().flatten();
    files.into_iter().any(|file| file.file_name().to_string_lossy().starts_with("kafka_2.13-"))
}

async fn fetch(target: &Path) -> Result<()> {
    eprintln!("Fetching Kafka {VERSION} with Maven, once: 43 MB");
    let pom = target.join("pom.xml");
    fs::write(&pom, POM)?;
    let mut copy = Command::new(MAVEN);
    copy.args(["--quiet", "--batch-mode", "--file"]).arg(&pom).arg("dependency:copy-dependencies");
    copy.arg(format!("-DoutputDirectory={}", target.join("libs").display())).kill_on_drop(true);
    let output = copy.output().await.context("cannot run mvn")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "Maven cannot fetch Kafka: {}", said.trim());
    ensure!(has_broker(&target.join("libs")), "Maven fetched no Kafka: {}", said.trim());
    Ok(())
}

/// A Java that is new enough.
async fn java() -> Option<PathBuf> {
    let of_home = env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    for java in of_home.into_iter().filter(|java| java.is_file()).chain(find("java")) {
        let output = Command::new(&java).arg("-version").output().await.ok()?;
        if major(&String::from_utf8_lossy(&output.stderr)).is_some_and(|major| major >= JAVA) {
            return Some(java);
        }
    }
    None
}

/// The major version in what `java -version` prints.
fn major(said: &str) -> Option<u32> {
    let version = said.split('"').nth(1)?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_version_is_read() {
        for (said, version) in [
            ("openjdk version \"17.0.15\" 2025-04-15", Some(17)),
            ("java version \"25\" 2025-09-16 LTS", Some(25)),
            ("openjdk version \"1.8.0_402\"", Some(1)),
            ("command not found", None),
        ] {
            assert_eq!(major(said), version, "{said}");
        }
    }
}
