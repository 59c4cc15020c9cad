//! Writing the log while the clients run.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Answer, Client, Entry, Failure, Line, Operation, Run};

/// Writes the log; cheap to clone, for any number of clients. Each line is handed to the system at once, so
/// a process that is killed loses none of them.
#[derive(Clone)]
pub struct Writer(Arc<Shared>);

struct Shared {
    file: Mutex<File>,
    began: Instant,
    now: fn() -> DateTime<Utc>,
    operations: AtomicU64,
    faults: AtomicU64,
}

/// An operation that a client has started.
#[derive(Debug)]
pub struct Handle {
    log: Writer,
    number: u64,
    attempts: AtomicU32,
}

/// A request on its way.
#[derive(Debug)]
#[must_use = "an attempt ends in an answer or a failure"]
pub struct Attempt {
    log: Writer,
    operation: u64,
    attempt: u32,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

impl Writer {
    /// A new log, begun by `run`; `now` is the clients' clock.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub fn create(path: &Path, now: fn() -> DateTime<Utc>, run: Run) -> io::Result<Self> {
        let log = Self(Arc::new(Shared {
            file: Mutex::new(File::create(path)?),
            began: Instant::now(),
            now,
            operations: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        }));
        log.write(Entry::Began(run))?;
        Ok(log)
    }

    /// # Errors
    /// When it cannot be written, as with all that follow.
    pub fn registered(&self, user: Uuid, email: &str, token: &str) -> io::Result<()> {
        self.write(Entry::Registered { user, email: email.to_owned(), token: token.to_owned() })
    }

    /// Starts an operation; it is sent by [`Handle::sent`], as often as the client tries.
    pub fn operation(
        &self,
        client: &Client,
        key: Option<&str>,
        if_version: Option<i64>,
        what: Operation,
    ) -> io::Result<Handle> {
        let number = self.0.operations.fetch_add(1, Ordering::Relaxed) + 1;
        self.write(Entry::Started {
            operation: number,
            client: client.clone(),
            key: key.map(str::to_owned),
            if_version,
            what,
        })?;
        Ok(Handle { log: self.clone(), number, attempts: AtomicU32::new(0) })
    }

    /// Something begins to go wrong with a part; the number is for [`Writer::fault_ended`].
    pub fn fault_began(&self, kind: &str, part: &str) -> io::Result<u64> {
        let fault = self.0.faults.fetch_add(1, Ordering::Relaxed) + 1;
        self.write(Entry::FaultBegan { fault, kind: kind.to_owned(), part: part.to_owned() })?;
        Ok(fault)
    }

    pub fn fault_ended(&self, fault: u64) -> io::Result<()> {
        self.write(Entry::FaultEnded { fault })
    }

    /// Whether a replica lives at the end; `metrics` is the whole URL.
    pub fn replica(&self, part: &str, metrics: &str, live: bool) -> io::Result<()> {
        self.write(Entry::Replica { part: part.to_owned(), metrics: metrics.to_owned(), live })
    }

    /// The clients have ended.
    pub fn end(&self) -> io::Result<()> {
        self.write(Entry::Ended)
    }

    /// The times are taken under the lock, so that lines are in their order.
    fn write(&self, entry: Entry) -> io::Result<()> {
        let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        let us = u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut line = serde_json::to_vec(&Line { at: (self.0.now)(), us, entry })?;
        line.push(b'\n');
        file.write_all(&line)
    }
}

impl Handle {
    /// To be called just before each try.
    pub fn sent(&self) -> io::Result<Attempt> {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        self.log.write(Entry::Sent { operation: self.number, attempt })?;
        Ok(Attempt { log: self.log.clone(), operation: self.number, attempt })
    }

    /// The client sends it no more.
    pub fn given_up(self) -> io::Result<()> {
        self.log.write(Entry::GivenUp { operation: self.number })
    }

    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Attempt {
    pub fn answered(self, answer: Answer) -> io::Result<()> {
        let Self { log, operation, attempt } = self;
        log.write(Entry::Answered { operation, attempt, answer })
    }

    pub fn failed(self, why: Failure, detail: &str) -> io::Result<()> {
        let Self { log, operation, attempt } = self;
        log.write(Entry::Failed { operation, attempt, why, detail: detail.to_owned() })
    }
}
