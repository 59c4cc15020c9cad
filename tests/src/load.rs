//! A steady load: tasks that are edited several times a second, whatever happens meanwhile.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio::{sync::watch, time::interval};

use crate::Person;

/// Between two edits of a task; the one before may still be waiting for its answer.
const PACE: Duration = Duration::from_millis(250);

/// What came of a load.
#[derive(Debug)]
pub struct Edits {
    /// By task, in the order of the answers.
    pub tasks: Vec<Vec<Edit>>,
}

/// One edit that was answered.
#[derive(Debug)]
pub struct Edit {
    /// The first time.
    pub sent: Instant,
    pub answered: Instant,
}

impl Edits {
    /// Edits the tasks, which are at version 1, until `meanwhile` is over: each under a key, and sent again until it is
    /// answered. Fails if the versions that were answered are not each version once.
    pub async fn during<T>(
        person: &Person,
        tasks: &[Value],
        meanwhile: impl Future<Output = T>,
    ) -> (Self, T) {
        let (over, going) = watch::channel(false);
        let meanwhile = async {
            let outcome = meanwhile.await;
            over.send_replace(true);
            outcome
        };
        let edits = join_all(tasks.iter().map(|task| edit_until(person, task, going.clone())));
        let (tasks, outcome) = tokio::join!(edits, meanwhile);
        (Self { tasks }, outcome)
    }

    /// How long after `fault` each task was answered again, at the latest: by an edit sent since, or before.
    pub fn all_answered_after(&self, fault: Instant) -> Duration {
        let first = |edits: &Vec<Edit>| {
            let after = edits.iter().filter(|edit| edit.sent >= fault).map(|edit| edit.answered - fault);
            after.min().expect("the load went on after the fault")
        };
        self.tasks.iter().map(first).max().unwrap_or_default()
    }

    /// The longest any edit took.
    pub fn longest(&self) -> Duration {
        self.tasks.iter().flatten().map(|edit| edit.answered - edit.sent).max().unwrap_or_default()
    }

    /// How many of each task were made.
    pub fn counts(&self) -> impl Iterator<Item = usize> {
        self.tasks.iter().map(Vec::len)
    }
}

async fn edit_until(person: &Person, task: &Value, over: watch::Receiver<bool>) -> Vec<Edit> {
    let (mut pace, mut waiting) = (interval(PACE), FuturesUnordered::new());
    let (mut edits, mut versions) = (Vec::new(), BTreeSet::new());
    let edit = async |n: usize| {
        let title = json!({ "title": format!("Edit {n}") });
        let request = person.of_task("PATCH", task, "").key(format!("edit-{n}")).json(title);
        let (sent, answer) = (Instant::now(), request.until_answered().await);
        assert_eq!(answer.status, 200, "after {:?}: {answer:?}", sent.elapsed());
        let version = answer.body["version"].as_u64().expect("a version");
        (Edit { sent, answered: Instant::now() }, version)
    };
    while !*over.borrow() || !waiting.is_empty() {
        tokio::select! {
            _ = pace.tick(), if !*over.borrow() => {
                waiting.push(edit(edits.len() + waiting.len()));
            }
            Some((edit, version)) = waiting.next() => {
                edits.push(edit);
                assert!(versions.insert(version), "version {version} was answered twice");
            }
        }
    }
    let last = 1 + edits.len() as u64;
    assert_eq!(versions, (2..=last).collect(), "each edit is a version");
    edits
}
