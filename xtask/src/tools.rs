//! The programs that are not in Debian: Dapr and mailpit.
//!
//! A Dapr of the pinned minor version that is installed, and new enough, is used; else Go builds it, once, into a cache
//! outside the checkout.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

use crate::{go, npm, packages, state_dir::fnv1a, workspace};

const DAPR: &str = "1.18.2";
const DAPR_SERIES: &str = "1.18.";
/// Earlier patches lose reminders with some ids, and cannot be told how often to try a component again.
const OLDEST_PATCH: u32 = 2;
const MAILPIT: go::Module = go::Module {
    name: "mailpit",
    path: "github.com/axllent/mailpit",
    version: "1.27.11",
    site: "https://mailpit.axllent.org",
    takes: "2 minutes",
};
const PROGRAMS: [&str; 3] = ["daprd", "placement", "scheduler"];
/// Names a folder with the programs, to use those and look no further.
const OVERRIDE: &str = "ALMANAC_DAPR_BIN";

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Tools {
    pub daprd: PathBuf,
    pub placement: PathBuf,
    pub scheduler: PathBuf,
    pub mailpit: PathBuf,
}

impl Tools {
    /// Finds the programs, building what is not there; says what it does where that takes long.
    pub async fn obtain() -> Result<Self> {
        let named = env::var_os(OVERRIDE).map(PathBuf::from);
        let dapr = match &named {
            Some(folder) => {
                ensure!(
                    is_complete(folder),
                    "{OVERRIDE}={} lacks one of {}",
                    folder.display(),
                    PROGRAMS.join(", ")
                );
                folder.clone()
            }
            None => match installed().await {
                Some(folder) => {
                    eprintln!(
                        "Using the Dapr in {}: its mail binding sets no Message-ID of ours, so a mail sent \
                         twice after a crash cannot be recognised",
                        folder.display()
                    );
                    folder
                }
                None => cached(&format!("dapr-{DAPR}-{:016x}", runtime_hash()?), build_dapr).await?,
            },
        };
        let mailpit = match named.map(|folder| folder.join("mailpit")).filter(|path| path.is_file()) {
            Some(path) => path,
            None => match packages::find("mailpit") {
                Some(path) => path,
                None => {
                    let build = async |target: &Path| MAILPIT.build(target).await;
                    cached(&format!("mailpit-{}", MAILPIT.version), build).await?.join("mailpit")
                }
            },
        };
        let [daprd, placement, scheduler] = PROGRAMS.map(|name| dapr.join(name));
        Ok(Self { daprd, placement, scheduler, mailpit })
    }

    /// The folder of daprd, placement and scheduler.
    pub fn dapr_folder(&self) -> &Path {
        self.daprd.parent().unwrap_or(Path::new("/"))
    }
}

fn is_complete(folder: &Path) -> bool {
    PROGRAMS.iter().all(|name| folder.join(name).is_file())
}

/// The folder of a Dapr of the right version on PATH or where `dapr init --slim` puts it.
async fn installed() -> Option<PathBuf> {
    let on_path = packages::find("daprd").and_then(|path| path.parent().map(Path::to_owned));
    let of_cli = env::home_dir().map(|home| home.join(".dapr/bin"));
    for folder in [on_path, of_cli].into_iter().flatten().filter(|folder| is_complete(folder)) {
        let output = Command::new(folder.join("daprd")).arg("--version").output().await.ok()?;
        if is_right_dapr(&String::from_utf8_lossy(&output.stdout)) {
            return Some(folder);
        }
    }
    None
}

fn is_right_dapr(version: &str) -> bool {
    let patch = version.trim().trim_start_matches('v').strip_prefix(DAPR_SERIES);
    patch.and_then(|patch| patch.parse().ok()).is_some_and(|patch: u32| patch >= OLDEST_PATCH)
}

/// The folder of the Go module in `dapr/runtime`.
pub fn runtime_module() -> PathBuf {
    workspace::root().join("dapr/runtime")
}

/// The folder of an OpenID provider that tests start by Node; none where there is no Node.
pub async fn oidc_provider() -> Result<Option<PathBuf>> {
    npm::installed("oidc-provider", &workspace::root().join("tests/oidc-provider"), &["provider.mjs"]).await
}

/// Puts the version into what `--version` prints, and into every line of the log.
fn link_flags() -> String {
    let version = |variable| format!(" -X github.com/dapr/{variable}={DAPR}");
    format!("-s -w{}{}", version("dapr/pkg/buildinfo.version"), version("kit/logger.DaprVersion"))
}

/// Changes with everything the built Dapr is made of.
fn runtime_hash() -> Result<u64> {
    let mut files = Vec::new();
    collect(&runtime_module(), &mut files)?;
    files.sort();
    let mut all = link_flags().into_bytes();
    for file in files {
        all.extend(fs::read(file)?);
    }
    Ok(fnv1a(&all))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if !path.to_string_lossy().ends_with("_test.go") {
            files.push(path);
        }
    }
    Ok(())
}

/// The folder `name` in the cache, if it is there.
pub(crate) fn in_cache(name: &str) -> Result<Option<PathBuf>> {
    Ok(Some(cache_folder()?.join(name)).filter(|folder| folder.is_dir()))
}

/// The folder `name` in the cache, made by `build` if it is not there. Processes that want it at once wait for one.
pub(crate) async fn cached(name: &str, build: impl AsyncFn(&Path) -> Result<()>) -> Result<PathBuf> {
    if let Some(folder) = in_cache(name)? {
        return Ok(folder);
    }
    let cache = cache_folder()?;
    let folder = cache.join(name);
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(cache.join("lock"))?;
    let _held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let draft = tempfile::Builder::new().prefix("building-").tempdir_in(&cache)?;
    if !folder.is_dir() {
        build(draft.path()).await?;
        fs::rename(draft.path(), &folder)?;
    }
    Ok(folder)
}

fn cache_folder() -> Result<PathBuf> {
    let own = env::var_os("ALMANAC_CACHE").map(PathBuf::from);
    let of_user = || env::var_os("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("almanac"));
    let of_home = || env::home_dir().map(|home| home.join(".cache/almanac"));
    let folder =
        own.or_else(of_user).or_else(of_home).context("set ALMANAC_CACHE: there is no home directory")?;
    Ok(std::path::absolute(folder)?)
}

async fn build_dapr(target: &Path) -> Result<()> {
    let Some(go) = go::find().await else {
        bail!(
            "there is no Dapr {DAPR_SERIES}{OLDEST_PATCH} or later {DAPR_SERIES}x on PATH or in ~/.dapr/bin, and no Go {}.{} to build it. Two ways to get one:\n  \
             1. install the Dapr CLI (https://docs.dapr.io/getting-started/install-dapr-cli) and run\n     \
             dapr init --slim --runtime-version {DAPR}\n  \
             2. install Go {0}.{1} or later (https://go.dev/dl) and run this again",
            go::OLDEST.0,
            go::OLDEST.1,
        );
    };
    let builds: [(&str, &[&str]); 3] = [
        ("daprd", &["-tags", "stablecomponents", "./daprd"]),
        ("placement", &["github.com/dapr/dapr/cmd/placement"]),
        ("scheduler", &["github.com/dapr/dapr/cmd/scheduler"]),
    ];
    eprintln!("Building Dapr {DAPR} with Go, once: about 7 minutes on two cores");
    for (number, (name, args)) in (1..).zip(builds) {
        eprintln!("  {number} of {}: {name}", builds.len());
        let mut build = Command::new(&go);
        build.current_dir(runtime_module()).env_remove("GOFLAGS");
        build.args(["build", "-mod=readonly", "-buildvcs=false", "-ldflags", &link_flags()]);
        build.arg("-o").arg(target.join(name)).args(args);
        ensure!(build.status().await?.success(), "{name} does not build");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dapr_of_the_pinned_series_is_taken() {
        for (version, right) in
            [("1.18.2\n", true), ("v1.18.10", true), ("1.18.1", false), ("1.17.9", false), ("edge", false)]
        {
            assert_eq!(is_right_dapr(version), right, "{version}");
        }
    }

    #[tokio::test]
    async fn a_failed_build_leaves_nothing_in_its_place() {
        let outcome = cached("never-built", async |_: &Path| bail!("no")).await;
        assert!(outcome.is_err());
        assert!(!cache_folder().unwrap().join("never-built").exists());
    }
}
