//! `cargo xtask logs <part>`: prints the JSON lines of one part.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use xtask::StateDir;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The part: an app such as todo-actors, its sidecar as todo-actors-sidecar, or any other name `status` shows
    part: String,
    /// Go on printing what is added
    #[arg(short, long)]
    follow: bool,
    /// How many of the last lines to print first
    #[arg(short = 'n', long, default_value_t = 100)]
    lines: usize,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let path = directory.logs().join(format!("{}.log", options.part));
    if !path.is_file() {
        bail!("there is no log of {}; there are {}", options.part, known(&directory.logs()).join(", "));
    }
    let mut reader = Reader { path, position: 0, inode: None, rest: String::new() };
    let lines = reader.new_lines()?;
    let mut out = io::stdout();
    for line in &lines[lines.len().saturating_sub(options.lines)..] {
        writeln!(out, "{line}")?;
    }
    if !options.follow {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for line in reader.new_lines()? {
            writeln!(out, "{line}")?;
        }
    }
}

fn known(logs: &Path) -> Vec<String> {
    let files = fs::read_dir(logs).into_iter().flatten().flatten();
    let names = files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".log")?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Prints a line of the supervisor's log as the console has it.
pub(crate) fn print_report(line: &str) {
    if let Ok(report) = serde_json::from_str::<Value>(line) {
        let text = |field| report[field].as_str().unwrap_or_default();
        eprintln!("{:>28}  {}", text("part"), text("message"));
    }
}

/// Reads a log as it grows, past its being moved away for a fresh one.
pub(crate) struct Reader {
    path: PathBuf,
    position: u64,
    inode: Option<u64>,
    /// The beginning of a line whose end is not written yet.
    rest: String,
}

impl Reader {
    /// Starts after what is there already.
    pub(crate) fn at_end(path: &Path) -> Result<Self> {
        let mut reader = Self { path: path.to_owned(), position: 0, inode: None, rest: String::new() };
        reader.new_lines()?;
        Ok(reader)
    }

    /// The whole lines that were added since.
    pub(crate) fn new_lines(&mut self) -> Result<Vec<String>> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            file => file.with_context(|| format!("cannot read {}", self.path.display()))?,
        };
        let inode = Some(file.metadata()?.ino());
        if inode != self.inode {
            (self.inode, self.position) = (inode, 0);
        }
        file.seek(SeekFrom::Start(self.position))?;
        let mut added = Vec::new();
        self.position += file.read_to_end(&mut added)? as u64;
        self.rest += &String::from_utf8_lossy(&added);
        let Some(end) = self.rest.rfind('\n') else { return Ok(Vec::new()) };
        let beginning = self.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut self.rest, beginning);
        Ok(lines.lines().map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_log_is_read_line_by_line_past_a_fresh_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part.log");
        fs::write(&path, "old\n").unwrap();
        let mut reader = Reader::at_end(&path).unwrap();
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"one\ntw").unwrap();
        assert_eq!(reader.new_lines().unwrap(), ["one"]);
        file.write_all(b"o\n").unwrap();
        assert_eq!(reader.new_lines().unwrap(), ["two"]);
        fs::rename(&path, directory.path().join("part.log.1")).unwrap();
        fs::write(&path, "three\n").unwrap();
        assert_eq!(reader.new_lines().unwrap(), ["three"]);
    }
}
