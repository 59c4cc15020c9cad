//! The log of one part: a file of JSON lines that stays bounded.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::de::IgnoredAny;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::clock;

/// Beyond this size a log moves to `<name>.1`, replacing what was there.
const MOST_BYTES: u64 = 16 << 20;

#[derive(Clone)]
pub(crate) struct Log(Arc<Inner>);

struct Inner {
    part: String,
    path: PathBuf,
    /// Where this run's lines begin.
    beginning: u64,
    file: Mutex<(File, u64)>,
}

impl Log {
    /// Opens `<directory>/<part>.log` to append to.
    pub(crate) fn open(directory: &Path, part: &str) -> io::Result<Self> {
        let path = directory.join(format!("{part}.log"));
        let file = open(&path)?;
        Ok(Self(Arc::new(Inner { part: part.to_owned(), path, beginning: file.1, file: Mutex::new(file) })))
    }

    /// Writes a line as it is if it is a JSON object already, else wrapped in one.
    pub(crate) fn line(&self, line: &str) {
        if line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok() {
            self.write(line);
        } else if !line.trim().is_empty() {
            let time = clock::timestamp();
            self.write(&json!({ "time": time, "part": self.0.part, "message": line }).to_string());
        }
    }

    /// Copies the lines of a process's output until it ends.
    pub(crate) async fn copy(self, output: impl AsyncRead + Unpin) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
            self.line(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }

    /// This run's last lines, to explain why the part is not what it should be.
    pub(crate) fn end(&self) -> String {
        const LINES: usize = 8;
        let text = fs::read_to_string(&self.0.path).unwrap_or_default();
        let text = text.get(self.0.beginning as usize..).unwrap_or(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
        format!("the end of {}:\n  {last}", self.0.path.display())
    }

    /// A log that cannot be written, as on a full disk, must not stop what is running.
    fn write(&self, line: &str) {
        let mut guard = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.1 > MOST_BYTES
            && fs::rename(&self.0.path, self.0.path.with_extension("log.1")).is_ok()
            && let Ok(fresh) = open(&self.0.path)
        {
            *guard = fresh;
        }
        let (file, size) = &mut *guard;
        if file.write_all(format!("{line}\n").as_bytes()).is_ok() {
            *size += line.len() as u64 + 1;
        }
    }
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_becomes_json() {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::open(directory.path(), "redis").unwrap();
        log.line(r#"{"level":"info"}"#);
        log.line("Ready to \"accept\" connections");
        log.line("{not json}");
        let text = fs::read_to_string(directory.path().join("redis.log")).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["level"], "info");
        assert_eq!(lines[1]["message"], "Ready to \"accept\" connections");
        assert_eq!((&lines[2]["part"], &lines[2]["message"]), (&json!("redis"), &json!("{not json}")));
    }
}
