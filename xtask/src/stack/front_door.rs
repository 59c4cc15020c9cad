//! One address for several backends: a small TCP load balancer. In production a real one has its place.
//!
//! A new connection goes to the next backend that is ready. One that leaves gets no new ones; it ends those it has
//! itself, each with an answer (`crates/platform`). One that is frozen or dead loses its connections if another is
//! ready, so that clients notice and ask again, there.

mod backend;

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::journal::Journal;
use backend::{Backend, Health};

/// A connection to a backend that takes longer is one to none.
const CONNECT: Duration = Duration::from_secs(1);
/// After a connection that could not be accepted, as when there are too many; and while there is no backend to go to.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens until it is dropped; connections that are open then go on.
pub(super) struct FrontDoor {
    backends: Arc<Mutex<Backends>>,
    journal: Journal,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct Backends {
    all: Vec<Backend>,
    /// Whose turn it is.
    next: usize,
}

impl FrontDoor {
    pub(super) async fn open(port: u16, journal: &Journal) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.with_context(|| format!("cannot listen on {port}"))?;
        let backends = Arc::<Mutex<Backends>>::default();
        let accepting = tokio::spawn(accept(listener, backends.clone()));
        Ok(Self { backends, journal: journal.clone(), accepting })
    }

    /// Lets clients in to a backend that is ready.
    pub(super) fn add(&self, port: u16) {
        lock(&self.backends).all.push(Backend::watch(port, self.journal.clone()));
    }

    /// Sends no new connection to a backend.
    pub(super) fn remove(&self, port: u16) {
        lock(&self.backends).all.retain(|backend| backend.port != port);
    }
}

impl Drop for FrontDoor {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Backends {
    fn any_ready(&self) -> bool {
        self.all.iter().any(|backend| backend.health().is_ready())
    }

    /// The backends in the order to be tried: those that are ready first, as if in a circle.
    fn candidates(&mut self) -> Vec<(u16, Health)> {
        let mut candidates: Vec<_> =
            self.all.iter().map(|backend| (backend.port, backend.health())).collect();
        if !candidates.is_empty() {
            self.next = (self.next + 1) % candidates.len();
            candidates.rotate_left(self.next);
        }
        candidates.sort_by_key(|(_, health)| !health.is_ready());
        candidates
    }
}

async fn accept(listener: TcpListener, backends: Arc<Mutex<Backends>>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        tokio::spawn(serve(client, backends.clone()));
    }
}

/// Connects a client with the first backend that accepts; without any, the client sees its connection closed.
async fn serve(mut client: TcpStream, backends: Arc<Mutex<Backends>>) {
    let candidates = lock(&backends).candidates();
    for (port, health) in candidates {
        let connected = timeout(CONNECT, TcpStream::connect((Ipv4Addr::LOCALHOST, port))).await;
        let Ok(Ok(mut backend)) = connected else { continue };
        // Answers are small, and Nagle's algorithm would hold them back.
        if client.set_nodelay(true).and_then(|()| backend.set_nodelay(true)).is_err() {
            return;
        }
        tokio::select! {
            // Either side may break off; the other sees it.
            _ = copy_bidirectional(&mut client, &mut backend) => {}
            () = replaceable(health, &backends) => {}
        }
        return;
    }
}

/// Waits until a backend is lost and another is ready.
async fn replaceable(mut health: Health, backends: &Mutex<Backends>) {
    loop {
        health.lost().await;
        if lock(backends).any_ready() {
            return;
        }
        sleep(PAUSE).await;
    }
}

fn lock(backends: &Mutex<Backends>) -> MutexGuard<'_, Backends> {
    backends.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
