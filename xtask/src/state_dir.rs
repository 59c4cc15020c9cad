//! Where a running system keeps its data, logs and secrets.
//!
//! The default is `target/almanac` in the checkout. PostgreSQL refuses to run as root and then runs as
//! another user, who must be able to reach its data: a checkout under `/root` gets a directory in
//! `/var/lib` instead.

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions, TryLockError},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use rand::Rng;
use serde_json::{Map, Value, json};

use crate::workspace;

/// The secret that signs access tokens, and those that came later, by their names.
const KEY: &str = "jwt-signing-key";
const KEYS: &str = "jwt-signing-keys";
/// The secret that seals the second factors of accounts.
const SEAL: &str = "totp-key";
/// Holds the directories of test runs.
const RUNS: &str = "runs";

/// One system's directory; whoever holds it may start the system.
#[derive(Clone, Debug)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// The directory asked for, or the default one.
    pub fn resolve(asked: Option<&Path>) -> Result<Self> {
        let path = match asked {
            Some(path) => std::path::absolute(path)?,
            None => default_path(),
        };
        Ok(Self(path))
    }

    /// A fresh directory of its own beside the default one.
    pub fn temporary(label: &str) -> Result<Self> {
        let number: u32 = rand::rng().random();
        let runs = default_path().join(RUNS);
        make_directory(&runs)?;
        let directory = Self(runs.join(format!("{label}-{number:08x}")));
        directory.create()?;
        Ok(directory)
    }

    /// Removes the directories [`StateDir::temporary`] made that nobody holds.
    pub fn remove_abandoned() -> Result<()> {
        for entry in fs::read_dir(default_path().join(RUNS)).into_iter().flatten() {
            let abandoned = Self(entry?.path());
            if let Ok(_held) = abandoned.lock() {
                abandoned.remove()?;
            }
        }
        Ok(())
    }

    /// Makes the directory and what every system needs in it.
    pub fn create(&self) -> Result<()> {
        for path in [self.path(), &self.logs(), &self.components()] {
            make_directory(path)?;
        }
        if !self.secrets().exists() {
            let secrets = json!({ KEY: random_hex() });
            write_secret(&self.secrets(), &format!("{secrets:#}\n"))?;
        }
        // A directory of an earlier version has none yet.
        let mut secrets = self.read_secrets()?;
        if !secrets.contains_key(SEAL) {
            secrets.insert(SEAL.to_owned(), random_hex().into());
            self.replace_secrets(secrets)?;
        }
        if !self.postgres_password().exists() {
            write_secret(&self.postgres_password(), &random_hex())?;
        }
        Ok(())
    }

    /// Adds a key that signs access tokens, under a name; of those before, the one stays that signs at `now`, which is as
    /// a name of a key, and those that come after it. Without `now`, none.
    pub(crate) fn add_key(&self, name: &str, now: Option<&str>) -> Result<()> {
        let mut secrets = self.read_secrets()?;
        let mut keys: BTreeMap<String, Value> = match secrets.remove(KEYS) {
            Some(keys) => serde_json::from_value(keys)?,
            None => BTreeMap::new(),
        };
        // The single key is older than any with a name.
        let signs = now.and_then(|now| keys.keys().rfind(|key| key.as_str() <= now).cloned());
        if now.is_none() || signs.is_some() {
            secrets.remove(KEY);
        }
        keys = match (now, signs) {
            (None, _) => BTreeMap::new(),
            (Some(_), None) => keys,
            (Some(_), Some(signs)) => keys.split_off(&signs),
        };
        keys.insert(name.to_owned(), random_hex().into());
        secrets.insert(KEYS.to_owned(), json!(keys));
        self.replace_secrets(secrets)
    }

    /// Adds a secret of the installation, before its system starts.
    pub fn keep_secret(&self, name: &str, value: &str) -> Result<()> {
        let mut secrets = self.read_secrets()?;
        secrets.insert(name.to_owned(), value.into());
        self.replace_secrets(secrets)
    }

    fn read_secrets(&self) -> Result<Map<String, Value>> {
        let path = self.secrets();
        let text = fs::read_to_string(&path).with_context(|| format!("there is no {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Whole or not at all.
    fn replace_secrets(&self, secrets: Map<String, Value>) -> Result<()> {
        let draft = self.secrets().with_extension("draft");
        remove_file(&draft)?;
        write_secret(&draft, &format!("{:#}\n", Value::Object(secrets)))?;
        Ok(fs::rename(draft, self.secrets())?)
    }

    /// Holds the directory for as long as the file lives; fails if another process does.
    pub fn lock(&self) -> Result<File> {
        fs::create_dir_all(self.path())?;
        let file = File::create(self.path().join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => bail!("another process is using {}", self.path().display()),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Removes the record of what runs, once nothing does.
    pub fn forget_state(&self) -> Result<()> {
        remove_file(&self.state_file())
    }

    /// Removes what sidecars know of each other, once none runs.
    pub(crate) fn forget_names(&self) -> Result<()> {
        ["names.db", "names.db-wal", "names.db-shm"]
            .iter()
            .try_for_each(|name| remove_file(&self.0.join(name)))
    }

    /// Removes the reminders that schedulers keep, once none runs. The minute's sweep has those set again that are
    /// needed.
    pub fn forget_schedules(&self) -> Result<()> {
        remove_all(&self.schedules())
    }

    /// Removes all data, but not the directories of test runs beside it, which may be in use.
    pub fn wipe(&self) -> Result<()> {
        for entry in fs::read_dir(self.path()).into_iter().flatten() {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == RUNS) {
                continue;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Removes the directory and everything in it.
    pub fn remove(&self) -> Result<()> {
        remove_all(self.path())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Where what runs is written down.
    pub fn state_file(&self) -> PathBuf {
        self.0.join("state.json")
    }

    pub(crate) fn components(&self) -> PathBuf {
        self.0.join("components")
    }

    /// The components, subscriptions and policies of a replica's sidecar.
    pub(crate) fn resources(&self, replica: &str) -> PathBuf {
        self.components().join(replica)
    }

    /// The programs that run.
    pub(crate) fn programs(&self) -> PathBuf {
        self.0.join("programs")
    }

    /// Where it is written down which broker was used last.
    pub(crate) fn broker(&self) -> PathBuf {
        self.0.join("broker")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("config.yaml")
    }

    /// Where sidecars find each other.
    pub(crate) fn names(&self) -> PathBuf {
        self.0.join("names.db")
    }

    /// Where schedulers keep reminders.
    pub(crate) fn schedules(&self) -> PathBuf {
        self.0.join("scheduler")
    }

    pub(crate) fn secrets(&self) -> PathBuf {
        self.0.join("secrets.json")
    }

    /// The file with the database password.
    pub fn postgres_password(&self) -> PathBuf {
        self.0.join("postgres-password")
    }
}

fn default_path() -> PathBuf {
    let inside = workspace::target().join("almanac");
    if !nix::unistd::geteuid().is_root() || others_can_reach(&inside) {
        return inside;
    }
    PathBuf::from(format!("/var/lib/almanac-{:08x}", fnv1a(workspace::root().as_os_str().as_encoded_bytes())))
}

fn remove_all(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Makes a directory that everybody can enter, whatever the umask.
fn make_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok(fs::set_permissions(path, Permissions::from_mode(0o755))?)
}

/// Whether every directory on the way that exists lets any user through.
pub(crate) fn others_can_reach(path: &Path) -> bool {
    const OTHERS_MAY_ENTER: u32 = 0o001;
    path.ancestors()
        .filter_map(|step| fs::metadata(step).ok())
        .all(|step| step.mode() & OTHERS_MAY_ENTER != 0)
}

fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(())
}

/// 32 random bytes.
fn random_hex() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// FNV-1a: a name for a path or a text that is the same on every run.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_made_once_and_private() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        directory.create().unwrap();
        let first = fs::read_to_string(directory.secrets()).unwrap();
        directory.create().unwrap();
        assert_eq!(fs::read_to_string(directory.secrets()).unwrap(), first);
        assert_eq!(fs::metadata(directory.secrets()).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_is_added_beside_those_that_may_still_be_needed() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        directory.create().unwrap();
        let names = || {
            let secrets: Value = serde_json::from_slice(&fs::read(directory.secrets()).unwrap()).unwrap();
            let keys = secrets[KEYS].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            (secrets[KEY].is_string(), keys.concat())
        };
        directory.add_key("b", Some("a")).unwrap();
        assert_eq!(names(), (true, "b".to_owned()));
        directory.add_key("c", Some("a")).unwrap();
        assert_eq!(names(), (true, "bc".to_owned()), "the single key signs until b does");
        directory.add_key("e", Some("d")).unwrap();
        assert_eq!(names(), (false, "ce".to_owned()));
        directory.add_key("f", Some("d")).unwrap();
        assert_eq!(names(), (false, "cef".to_owned()), "c signs until e does");
        directory.add_key("h", Some("g")).unwrap();
        assert_eq!(names(), (false, "fh".to_owned()));
        directory.add_key("i", None).unwrap();
        assert_eq!(names(), (false, "i".to_owned()));
        assert_eq!(fs::metadata(directory.secrets()).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_private_directory_on_the_way_cannot_be_reached() {
        let temporary = tempfile::tempdir().unwrap();
        fs::set_permissions(temporary.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(!others_can_reach(&temporary.path().join("target/almanac")));
        assert!(others_can_reach(Path::new("/usr/bin")));
    }

    #[test]
    fn a_wipe_leaves_the_test_runs_beside_it() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        directory.create().unwrap();
        let run = temporary.path().join(RUNS).join("journey-1");
        fs::create_dir_all(&run).unwrap();
        directory.wipe().unwrap();
        assert!(run.exists() && !directory.secrets().exists() && !directory.logs().exists());
    }

    #[test]
    fn one_process_holds_a_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        let held = directory.lock().unwrap();
        assert!(directory.lock().is_err());
        drop(held);
        assert!(directory.lock().is_ok());
    }
}
