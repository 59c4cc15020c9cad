//! What the checks judge: the clients' log, and the system as it is found afterwards.

mod database;
mod history;
mod hosts;
mod http;
mod mailbox;
mod public;
mod settle;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use sqlx::PgPool;
use uuid::Uuid;

pub use self::{
    database::{Database, Delivery, Entry, LedgerEntry, Notification, Reminder, Task, firing},
    history::{History, State},
    hosts::Host,
    mailbox::Mail,
    public::{Shown, View},
    settle::{Settled, settle},
};
use crate::clients::{Clients, Performed};

/// Everything, and ways to find things in it.
#[derive(Debug)]
pub struct Evidence {
    pub clients: Clients,
    pub database: Database,
    /// None if the run names no mailbox.
    pub mails: Option<Vec<Mail>>,
    /// Empty if the run names no API.
    pub views: Vec<View>,
    pub hosts: Vec<Host>,
    tasks: HashMap<Uuid, usize>,
    histories: HashMap<Uuid, History>,
    operations: HashMap<Uuid, Vec<usize>>,
}

/// Why there is no evidence to judge.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    #[error("the database cannot be read")]
    Database(#[from] sqlx::Error),
    #[error("{url} does not answer as it should")]
    Http { url: String, source: reqwest::Error },
    #[error("no HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("the system does not stand still long enough to be read as a whole")]
    Restless,
}

/// A host that is stopped may let a connection hang.
const HTTP_LIMIT: Duration = Duration::from_secs(10);
const TRIES: usize = 10;

impl Evidence {
    /// Reads everything the log names, as it is now: again if something changed meanwhile, such as a
    /// reminder that fired, since each source is read at a time of its own.
    ///
    /// # Errors
    /// When something cannot be read; a host that does not answer is evidence.
    pub async fn gather(clients: &Clients, pool: &PgPool) -> Result<Self, GatherError> {
        let client = reqwest::Client::builder().no_proxy().timeout(HTTP_LIMIT).build();
        let client = client.map_err(GatherError::Client)?;
        for _ in 0..TRIES {
            let before = Database::extent(pool).await?;
            let evidence = Self::read(clients.clone(), pool, &client).await?;
            if Database::extent(pool).await? == before {
                return Ok(evidence);
            }
        }
        Err(GatherError::Restless)
    }

    async fn read(clients: Clients, pool: &PgPool, client: &reqwest::Client) -> Result<Self, GatherError> {
        let mails = match &clients.run.mail {
            Some(base) => Some(mailbox::mails(client, base).await?),
            None => None,
        };
        let mut hosts = Vec::new();
        for replica in &clients.replicas {
            hosts.push(hosts::ask(client, replica).await);
        }
        let database = Database::read(pool).await?;
        let mut views = Vec::new();
        if let Some(base) = clients.run.api.first() {
            for account in &clients.accounts {
                let own = database.tasks.iter().filter(|task| task.owner == account.user);
                let tasks: Vec<Uuid> = own.map(|task| task.id).collect();
                views.push(public::Api { client, base, account }.view(&tasks).await?);
            }
        }
        Ok(Self::new(clients, database, mails, views, hosts))
    }

    fn new(
        clients: Clients,
        database: Database,
        mails: Option<Vec<Mail>>,
        views: Vec<View>,
        hosts: Vec<Host>,
    ) -> Self {
        let tasks = database.tasks.iter().enumerate().map(|(place, task)| (task.id, place)).collect();
        let histories = History::all(&database);
        let created = created_under(&database);
        let mut operations: HashMap<Uuid, Vec<usize>> = HashMap::new();
        for (place, operation) in clients.operations.iter().enumerate() {
            if let Some(task) = task_of(operation, &created) {
                operations.entry(task).or_default().push(place);
            }
        }
        Self { clients, database, mails, views, hosts, tasks, histories, operations }
    }

    pub fn task(&self, id: Uuid) -> Option<&Task> {
        self.tasks.get(&id).map(|place| &self.database.tasks[*place])
    }

    /// What is audited of a task; empty if nothing is.
    pub fn history(&self, task: Uuid) -> &History {
        static NONE: History = History::NONE;
        self.histories.get(&task).unwrap_or(&NONE)
    }

    /// What clients did to a task, reads too, in the order they started. A creation without answer is among them if the
    /// history has its title.
    pub fn operations(&self, task: Uuid) -> impl Iterator<Item = &Performed> + Clone {
        let places = self.operations.get(&task).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| &self.clients.operations[*place])
    }

    /// Every task that any of the sources knows, in a fixed order.
    pub fn known_tasks(&self) -> Vec<Uuid> {
        let mut known: Vec<Uuid> = self.tasks.keys().chain(self.histories.keys()).copied().collect();
        known.extend(self.operations.keys());
        known.sort_unstable();
        known.dedup();
        known
    }
}

/// Which tasks were created under a title.
fn created_under(database: &Database) -> HashMap<&str, Uuid> {
    // Later instances of a series may have the title of the first.
    let following: HashSet<Uuid> = database.ledger.iter().map(|row| row.next_id).collect();
    let creations = database.entries.iter().filter(|entry| entry.kind == "task.created");
    let named = creations.filter_map(|entry| Some((entry.member("title"), entry.task_id?)));
    named.filter(|(_, task)| !following.contains(task)).collect()
}

fn task_of(operation: &Performed, created: &HashMap<&str, Uuid>) -> Option<Uuid> {
    let shown = || operation.accepted()?.task.as_ref().map(|task| task.id);
    let known = || created.get(operation.what.title()?).copied();
    operation.what.task().or_else(shown).or_else(known)
}
