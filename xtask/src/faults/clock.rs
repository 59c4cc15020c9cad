//! The clock of one process, set off by libfaketime while the process runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

const PACKAGED: &str = "faketime/libfaketimeMT.so.1";

/// Where Debian and others put libfaketime, if it is installed.
pub fn faketime() -> Option<PathBuf> {
    let triple = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [triple.as_str(), "/usr/lib64", "/usr/lib"]
        .iter()
        .map(|folder| Path::new(folder).join(PACKAGED))
        .find(|path| path.exists())
}

/// A wall clock that can be put forward and back; the monotonic clock goes on as it is.
pub struct SkewedClock {
    library: PathBuf,
    offset: PathBuf,
}

impl SkewedClock {
    /// A clock that is right, told by a file at `offset`.
    pub fn new(library: &Path, offset: PathBuf) -> Result<Self> {
        let clock = Self { library: library.to_owned(), offset };
        clock.set(0)?;
        Ok(clock)
    }

    /// Puts the clock so many seconds ahead of the right time, or behind it.
    pub fn set(&self, seconds: i64) -> Result<()> {
        // Renamed into place: a reader finds a whole file.
        let written = self.offset.with_extension("new");
        fs::write(&written, format!("{seconds:+}\n"))?;
        fs::rename(&written, &self.offset).with_context(|| format!("cannot write {}", self.offset.display()))
    }

    /// What the process needs in its environment.
    pub fn environment(&self) -> [(&'static str, PathBuf); 6] {
        [
            ("LD_PRELOAD", self.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.offset.clone()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            // Its name in versions before 0.9.10.
            ("DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
            // The file is read again after a second.
            ("FAKETIME_CACHE_DURATION", "1".into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
        time::SystemTime,
    };

    use super::*;
    use crate::packages::find;

    #[test]
    fn a_clock_is_set_off_while_its_process_runs() {
        let Some(library) = faketime() else {
            eprintln!("Not tested: libfaketime is not installed");
            return;
        };
        let Some(perl) = find("perl") else {
            eprintln!("Not tested: perl, which tells the time, is not installed");
            return;
        };
        let directory = tempfile::tempdir().unwrap();
        let clock = SkewedClock::new(&library, directory.path().join("offset")).unwrap();
        let mut process = Command::new(perl);
        process.args(["-e", "$| = 1; while (<STDIN>) { print time, \"\\n\" }"]);
        let mut process =
            process.envs(clock.environment()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut ask, mut told) =
            (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut ahead = || {
            std::io::Write::write_all(&mut ask, b"\n").unwrap();
            let mut line = String::new();
            told.read_line(&mut line).unwrap();
            let right = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64;
            line.trim().parse::<i64>().unwrap() - right
        };
        assert!(ahead().abs() <= 1);
        for skew in [300, -120] {
            clock.set(skew).unwrap();
            let started = std::time::Instant::now();
            while (ahead() - skew).abs() > 1 {
                assert!(started.elapsed().as_secs() < 10, "the clock is still {} s ahead", ahead());
                std::thread::yield_now();
            }
        }
        process.kill().unwrap();
        process.wait().unwrap();
    }
}
