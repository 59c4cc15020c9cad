//! What the log tells, put together: operations with their outcomes, faults with their lengths.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::log::{Answer, Client, Entry, Line, Operation, Run};

/// A time on both of the clients' clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Microseconds since the log began; first, as it gives the order.
    pub us: u64,
    pub at: DateTime<Utc>,
}

/// All that the clients know.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    pub run: Run,
    pub accounts: Vec<Account>,
    /// In the order they were started; those never sent are left out.
    pub operations: Vec<Performed>,
    pub faults: Vec<Fault>,
    /// The last word on each, by its metrics' URL.
    pub replicas: Vec<Replica>,
    /// From the first line to the last.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

#[derive(Debug, Clone)]
pub struct Account {
    pub user: Uuid,
    pub email: String,
    pub token: String,
}

/// An operation that was sent, once or several times under one key.
#[derive(Debug, Clone)]
pub struct Performed {
    pub number: u64,
    pub client: Client,
    pub what: Operation,
    pub first_sent: Moment,
    pub attempts: u32,
    /// When the outcome was known.
    pub known: Option<Moment>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone)]
pub enum Outcome {
    Accepted(Answer),
    Refused(Answer),
    /// Timeouts, broken connections and 5xx only: it may have been carried out, once, or may yet be.
    Unknown,
}

#[derive(Debug, Clone)]
pub struct Fault {
    pub kind: String,
    pub part: String,
    pub began: DateTime<Utc>,
    /// Never, if the run ended first.
    pub ended: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone)]
pub struct Replica {
    pub part: String,
    pub metrics: String,
    pub live: bool,
}

impl Performed {
    pub fn accepted(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Accepted(answer) => Some(answer),
            Outcome::Refused(_) | Outcome::Unknown => None,
        }
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown)
    }

    /// Whether the other may have been under way at the same time as this one, or still is.
    pub fn overlaps(&self, other: &Performed) -> bool {
        let ends = |one: &Performed| one.known.map_or(u64::MAX, |moment| moment.us);
        self.first_sent.us <= ends(other) && other.first_sent.us <= ends(self)
    }

    /// How a report names it.
    pub fn label(&self) -> String {
        format!("operation {} ({} by {})", self.number, self.what.name(), self.client.name)
    }
}

impl Clients {
    /// From the lines of one log, in their order.
    pub fn of(lines: Vec<Line>) -> Self {
        let mut clients = Clients::default();
        let mut begun: HashMap<u64, (Client, Operation)> = HashMap::new();
        let mut places: HashMap<u64, usize> = HashMap::new();
        let mut faults: HashMap<u64, usize> = HashMap::new();
        clients.span = lines.first().zip(lines.last()).map(|(first, last)| (first.at, last.at));
        for Line { at, us, entry } in lines {
            let moment = Moment { us, at };
            match entry {
                Entry::Began(run) => clients.run = run,
                Entry::Registered { user, email, token } => {
                    clients.accounts.push(Account { user, email, token });
                }
                Entry::Started { operation, client, what, .. } => {
                    begun.insert(operation, (client, what));
                }
                Entry::Sent { operation, .. } => {
                    if let Some(place) = places.get(&operation) {
                        clients.operations[*place].attempts += 1;
                    } else if let Some((client, what)) = begun.remove(&operation) {
                        places.insert(operation, clients.operations.len());
                        clients.operations.push(Performed {
                            number: operation,
                            client,
                            what,
                            first_sent: moment,
                            attempts: 1,
                            known: None,
                            outcome: Outcome::Unknown,
                        });
                    }
                }
                Entry::Answered { operation, answer, .. } => {
                    let Some(place) = places.get(&operation) else { continue };
                    clients.operations[*place].learn(answer, moment);
                }
                Entry::FaultBegan { fault, kind, part } => {
                    faults.insert(fault, clients.faults.len());
                    clients.faults.push(Fault { kind, part, began: at, ended: None });
                }
                Entry::FaultEnded { fault } => {
                    if let Some(place) = faults.get(&fault) {
                        clients.faults[*place].ended = Some(at);
                    }
                }
                Entry::Replica { part, metrics, live } => {
                    clients.replicas.retain(|known| known.metrics != metrics);
                    clients.replicas.push(Replica { part, metrics, live });
                }
                Entry::Failed { .. } | Entry::GivenUp { .. } | Entry::Ended => {}
            }
        }
        clients
    }
}

impl Performed {
    /// The first answer that says yes or no holds.
    fn learn(&mut self, answer: Answer, moment: Moment) {
        if !self.is_unknown() {
            return;
        }
        if answer.is_accepted() {
            self.outcome = Outcome::Accepted(answer);
        } else if answer.is_refusal() {
            self.outcome = Outcome::Refused(answer);
        } else {
            return;
        }
        self.known = Some(moment);
    }
}
