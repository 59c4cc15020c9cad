//! The clients' own log: what they sent, what they were answered, and what was done to the system meanwhile.
//!
//! It is JSON lines, one [`Line`] each. Every operation has a number, and may be attempted several times under
//! its key; every attempt ends in an answer or a failure, unless the client was stopped. Two rules make
//! it say enough: an operation is logged before it is sent, and each title that is created or set is used once, so
//! that the history tells whose change a version is.
//!
//! ```
//! use checker::log::{Answer, Client, Failure, Operation, Run, Writer, read};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("clients.jsonl");
//! # let now = || chrono::DateTime::UNIX_EPOCH;
//! let log = Writer::create(&path, now, Run { seed: 7, ..Run::default() })?;
//! let ada = Client { name: "ada/1".into(), user: uuid::Uuid::nil() };
//!
//! let creation = log.operation(&ada, Some("key-1"), None, Operation::create("Water the plants #1"))?;
//! let attempt = creation.sent()?;
//! attempt.failed(Failure::Timeout, "no answer in 10 s")?;
//! let body = serde_json::json!({ "id": uuid::Uuid::nil(), "version": 1, "title": "Water the plants #1" });
//! creation.sent()?.answered(Answer::read(201, Some("\"1\""), Some(&body)))?;
//! log.end()?;
//!
//! assert_eq!(read(&path)?.len(), 7);
//! # Ok(()) }
//! ```

mod answer;
mod entry;
mod operation;
mod reader;
mod writer;

pub use self::{
    answer::{Answer, ShownReminder, ShownTask},
    entry::{Client, Entry, Failure, Line, Run},
    operation::{AskedReminder, Operation},
    reader::{ReadError, read},
    writer::{Attempt, Handle, Writer},
};
