//! The programs that replicas run: copies in the state directory, because a build replaces the originals. So what is
//! started again, after a crash or when a newer version does not start, is the version that it was.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};

use crate::{apps::App, workspace};

/// A folder of programs of one version. It goes with its last user.
#[derive(Debug)]
pub(crate) struct Version(PathBuf);

/// Which version each app is of: what its replicas are started from.
pub(super) struct Programs {
    folder: PathBuf,
    /// What the system was started with.
    first: Arc<Version>,
    /// Of the apps that were rolled since.
    rolled: BTreeMap<&'static str, Arc<Version>>,
    /// How many versions there were.
    count: u32,
}

impl Version {
    fn copy<'a>(folder: PathBuf, from: &Path, programs: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        // Whatever fails below, the folder does not stay.
        let version = Self(folder);
        for program in programs {
            let original = from.join(program);
            fs::copy(&original, version.0.join(program))
                .with_context(|| format!("cannot copy {}", original.display()))?;
        }
        Ok(version)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Version {
    fn drop(&mut self) {
        // What stays is removed by the next start.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Programs {
    /// Copies all programs from where they were built; what an earlier system left in `folder` goes.
    pub(super) fn copy(folder: PathBuf, from: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        let first = Version::copy(folder.join("1"), from, workspace::service_programs())?;
        Ok(Self { folder, first: Arc::new(first), rolled: BTreeMap::new(), count: 1 })
    }

    pub(super) fn first(&self) -> &Version {
        &self.first
    }

    pub(super) fn of(&self, app: &App) -> &Arc<Version> {
        self.rolled.get(app.id).unwrap_or(&self.first)
    }

    /// Another version of an app, copied from where it was built; the app is not of it yet.
    pub(super) fn another(&mut self, app: &App, from: &Path) -> Result<Arc<Version>> {
        self.count += 1;
        Version::copy(self.folder.join(self.count.to_string()), from, [app.id]).map(Arc::new)
    }

    /// From now on replicas of the app are started from this version; returns the one before.
    pub(super) fn exchange(&mut self, app: &'static App, version: Arc<Version>) -> Arc<Version> {
        self.rolled.insert(app.id, version).unwrap_or_else(|| self.first.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::APPS;

    #[test]
    fn a_version_stays_as_it_was_copied_until_nobody_uses_it() {
        let temporary = tempfile::tempdir().unwrap();
        let (built, folder) = (temporary.path().join("built"), temporary.path().join("programs"));
        let build = |text: &str| {
            fs::create_dir_all(&built).unwrap();
            workspace::service_programs().for_each(|program| fs::write(built.join(program), text).unwrap());
        };
        let app = &APPS[0];
        let program = |version: &Version| fs::read_to_string(version.folder().join(app.id)).unwrap();

        build("good");
        let mut programs = Programs::copy(folder.clone(), &built).unwrap();
        build("bad");
        assert_eq!(program(programs.of(app)), "good");

        let bad = programs.another(app, &built).unwrap();
        assert_eq!(program(programs.of(app)), "good", "it is of the other only when told so");
        let good = programs.exchange(app, bad);
        assert_eq!(
            (
                program(programs.of(app)),
                fs::read_to_string(programs.of(&APPS[1]).folder().join(APPS[1].id)).unwrap()
            ),
            ("bad".into(), "good".into())
        );

        let bad = programs.exchange(app, good);
        let used = bad.folder().to_owned();
        assert!(used.exists(), "a replica may still run it");
        drop(bad);
        assert!(!used.exists());
        assert_eq!(program(programs.of(app)), "good");

        // As after a supervisor that was killed: its copies are there, and it is not.
        std::mem::forget(programs);
        let programs = Programs::copy(folder.clone(), &built).unwrap();
        assert_eq!((program(programs.of(app)), fs::read_dir(&folder).unwrap().count()), ("bad".into(), 1));
    }

    #[test]
    fn what_cannot_be_copied_whole_leaves_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("programs");
        let error = Programs::copy(folder.clone(), temporary.path()).err().unwrap();
        assert!(format!("{error:#}").contains("cannot copy"), "{error:#}");
        assert!(!folder.join("1").exists());
    }
}
