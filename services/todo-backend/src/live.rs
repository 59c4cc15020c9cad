//! Live events: what happens reaches each connected client of those who may see it.
//!
//! ```text
//! user_event rows (notification-service) → NOTIFY → listener.rs → the person's hub → its streams → routes/events.rs
//! ```
//!
//! The rows are the truth and have a number for each event of a person; a notification only says that there is
//! something to read. So whatever is missed on the way, a connection, a notification, a whole replica, is read later.

mod hub;
mod listener;
mod log;
mod prune;

use std::{
    collections::{HashMap, hash_map::Entry},
    io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc as std_mpsc},
    thread,
};

use actix::{Actor, Addr, ArbiterHandle, System};
use domain::UserId;
use platform::Problem;
use sqlx::PgPool;
use tokio::{runtime::Handle, sync::mpsc};

use self::hub::{Finish, Hub, Join, Look};
pub(crate) use self::{hub::Sent, listener::listen, log::Position, prune::prune};
use crate::problems;

/// Streams of one person at one replica: a few devices and a few tabs.
pub(crate) const MOST_STREAMS: usize = 10;
/// Events that wait for a client. What does not fit stays in the database until there is room.
const BUFFER: usize = 128;

/// The hubs of this replica: one for each person with a stream.
#[derive(Clone)]
pub(crate) struct Live(Arc<Inner>);

struct Inner {
    pool: PgPool,
    hubs: Mutex<HashMap<UserId, Connected>>,
    /// Started with the first stream.
    thread: OnceLock<HubThread>,
}

/// A person's hub and how many streams it has.
struct Connected {
    hub: Addr<Hub>,
    streams: usize,
}

/// A client's end of a stream. Dropping it leaves.
pub(crate) struct Stream {
    pub(crate) events: mpsc::Receiver<Sent>,
    _leaves: Leaves,
}

struct Leaves {
    live: Live,
    user: UserId,
}

impl Live {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self(Arc::new(Inner { pool, hubs: Mutex::default(), thread: OnceLock::new() }))
    }

    /// A stream of what happens from `position` on. Call it inside a tokio runtime.
    pub(crate) fn join(&self, user: UserId, position: Position) -> Result<Stream, Problem> {
        let thread = self.thread().map_err(Problem::internal)?;
        let (sender, events) = mpsc::channel(BUFFER);
        let mut hubs = self.hubs();
        // A hub is asked to finish only by whoever takes it out of the map, with its last stream. So what is put into
        // the mailbox of one that is in the map comes before that.
        let hub = match hubs.entry(user) {
            Entry::Occupied(connected) if connected.get().streams >= MOST_STREAMS => {
                let detail = format!("{MOST_STREAMS} streams are open already; close one first.");
                return Err(Problem::new(&problems::TOO_MANY_STREAMS, detail));
            }
            Entry::Occupied(connected) => {
                let connected = connected.into_mut();
                connected.streams += 1;
                connected.hub.clone()
            }
            Entry::Vacant(nobody) => {
                let (pool, runtime) = (self.0.pool.clone(), Handle::current());
                let hub = Hub::start_in_arbiter(&thread.arbiter, move |_| Hub::new(user, pool, runtime));
                nobody.insert(Connected { hub, streams: 1 }).hub.clone()
            }
        };
        hub.do_send(Join { sender, position });
        drop(hubs);
        Ok(Stream { events, _leaves: Leaves { live: self.clone(), user } })
    }

    /// This person has something new.
    fn look(&self, user: UserId) {
        if let Some(connected) = self.hubs().get(&user) {
            connected.hub.do_send(Look);
        }
    }

    /// Anybody may have something new.
    fn look_everywhere(&self) {
        self.hubs().values().for_each(|connected| connected.hub.do_send(Look));
    }

    fn leave(&self, user: UserId) {
        if let Entry::Occupied(mut connected) = self.hubs().entry(user) {
            connected.get_mut().streams -= 1;
            if connected.get().streams == 0 {
                connected.remove().hub.do_send(Finish);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn people(&self) -> usize {
        self.hubs().len()
    }

    fn hubs(&self) -> MutexGuard<'_, HashMap<UserId, Connected>> {
        self.0.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> io::Result<&HubThread> {
        if let Some(thread) = self.0.thread.get() {
            return Ok(thread);
        }
        let thread = HubThread::start()?;
        // Of two that start at once one stays; the other ends as it is dropped.
        Ok(self.0.thread.get_or_init(|| thread))
    }
}

impl Drop for Leaves {
    fn drop(&mut self) {
        self.live.leave(self.user);
    }
}

/// The thread all hubs live on; what they read is read on the service's own runtime.
struct HubThread {
    system: System,
    arbiter: ArbiterHandle,
}

impl HubThread {
    fn start() -> io::Result<Self> {
        let (ready, started) = std_mpsc::sync_channel(1);
        thread::Builder::new().name("hubs".to_owned()).spawn(move || {
            let runner = System::new();
            let system = System::current();
            let arbiter = system.arbiter().clone();
            if ready.send(Self { system, arbiter }).is_ok()
                && let Err(error) = runner.run()
            {
                tracing::error!(%error, "the hubs' thread ended");
            }
        })?;
        started.recv().map_err(|_| io::Error::other("the hubs' thread ended before it was ready"))
    }
}

impl Drop for HubThread {
    fn drop(&mut self) {
        self.system.stop();
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use self::tests::tell;
