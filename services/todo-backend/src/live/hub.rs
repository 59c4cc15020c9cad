//! A person's hub: an `actix` actor that reads what is new once and gives it to each of the person's streams.
//!
//! Each stream stands somewhere. The hub reads from the lowest place on and gives each stream what is above its own,
//! until all are at the newest event. A stream whose buffer is full is left where it is until its client has taken
//! everything; what it did not get is read again then. If it takes nothing for a while it is ended, and resumes by id.

use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use domain::UserId;
use serde_json::value::RawValue;
use sqlx::PgPool;
use tokio::{
    runtime::Handle,
    sync::mpsc::{Sender, error::TrySendError},
    time::timeout,
};

use super::log::{self, EventId, Page, Position};

/// How long a client may take nothing while events wait for it.
const STUCK: Duration = Duration::from_secs(30);
/// Before reading again when the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// What a stream is given.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    /// What comes is what happens after this.
    Ready(EventId),
    /// Events were missed for good; what comes is what happens after this.
    Reset(EventId),
    Happened {
        id: EventId,
        kind: String,
        data: Box<RawValue>,
    },
}

pub(super) struct Hub {
    user: UserId,
    pool: PgPool,
    runtime: Handle,
    streams: Vec<Member>,
    /// Names streams.
    joined: u64,
    reading: bool,
    /// Something came while it was reading.
    again: bool,
}

struct Member {
    name: u64,
    sender: Sender<Sent>,
    position: Position,
    /// It waits until its client has taken what it has.
    full: bool,
}

pub(super) struct Join {
    pub(super) sender: Sender<Sent>,
    pub(super) position: Position,
}

/// There may be something new.
pub(super) struct Look;

/// The last stream has left.
pub(super) struct Finish;

impl Message for Join {
    type Result = ();
}

impl Message for Look {
    type Result = ();
}

impl Message for Finish {
    type Result = ();
}

impl Actor for Hub {
    type Context = Context<Self>;
}

impl Handler<Join> for Hub {
    type Result = ();

    fn handle(&mut self, Join { sender, position }: Join, ctx: &mut Context<Self>) {
        self.joined += 1;
        self.streams.push(Member { name: self.joined, sender, position, full: false });
        self.look(ctx);
    }
}

impl Handler<Look> for Hub {
    type Result = ();

    fn handle(&mut self, Look: Look, ctx: &mut Context<Self>) {
        self.look(ctx);
    }
}

impl Handler<Finish> for Hub {
    type Result = ();

    fn handle(&mut self, Finish: Finish, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

impl Hub {
    pub(super) fn new(user: UserId, pool: PgPool, runtime: Handle) -> Self {
        Self { user, pool, runtime, streams: Vec::new(), joined: 0, reading: false, again: false }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        self.streams.retain(|stream| !stream.sender.is_closed());
        if self.reading {
            self.again = true;
            return;
        }
        let Some(after) = self.streams.iter().filter(|stream| !stream.full).map(Member::seen).min() else {
            return;
        };
        self.reading = true;
        let (pool, user) = (self.pool.clone(), self.user);
        let page = self.runtime.spawn(async move { log::read(&pool, user, after).await });
        ctx.spawn(page.into_actor(self).map(|page, hub, ctx| {
            hub.reading = false;
            let again = std::mem::take(&mut hub.again);
            match page {
                Ok(Ok(page)) => {
                    hub.give(&page, ctx);
                    if page.is_last {
                        hub.streams.clear();
                    }
                    if again || page.is_full() {
                        hub.look(ctx);
                    }
                }
                Ok(Err(error)) => hub.retry(&error, ctx),
                Err(ended) => hub.retry(&ended, ctx),
            }
        }));
    }

    fn retry(&mut self, error: &dyn std::fmt::Display, ctx: &mut Context<Self>) {
        tracing::warn!(user = %self.user, %error, "live events wait for the database");
        ctx.run_later(RETRY, Self::look);
    }

    fn give(&mut self, page: &Page, ctx: &mut Context<Self>) {
        let mut waiting = Vec::new();
        self.streams.retain_mut(|stream| {
            if stream.full {
                return true;
            }
            let taken = stream.take(page);
            stream.full = matches!(taken, Err(TrySendError::Full(())));
            if stream.full {
                waiting.push((stream.name, stream.sender.clone()));
            }
            !matches!(taken, Err(TrySendError::Closed(())))
        });
        for (name, sender) in waiting {
            let emptied = async move {
                let room = sender.reserve_many(sender.max_capacity());
                timeout(STUCK, room).await.is_ok_and(|room| room.is_ok())
            };
            ctx.spawn(emptied.into_actor(self).map(move |emptied, hub, ctx| hub.emptied(name, emptied, ctx)));
        }
    }

    /// A client has taken all its stream had, or did not in time.
    fn emptied(&mut self, name: u64, emptied: bool, ctx: &mut Context<Self>) {
        if emptied {
            self.streams
                .iter_mut()
                .filter(|stream| stream.name == name)
                .for_each(|stream| stream.full = false);
            self.look(ctx);
        } else {
            self.streams.retain(|stream| stream.name != name);
        }
    }
}

impl Member {
    /// What it needs follows this number.
    fn seen(&self) -> i64 {
        match self.position {
            Position::Now => i64::MAX,
            Position::After(id) => id.seq,
        }
    }

    /// Takes from a page what it has not seen.
    fn take(&mut self, page: &Page) -> Result<(), TrySendError<()>> {
        match self.position {
            Position::Now => self.send(Sent::Ready(page.head), page.head)?,
            Position::After(seen) if page.has_lost(seen) => self.send(Sent::Reset(page.head), page.head)?,
            // It came while this page was read for others; the next one begins low enough.
            Position::After(seen) if seen.seq < page.after => return Ok(()),
            Position::After(_) => {}
        }
        for row in &page.rows {
            if row.seq > self.seen() {
                let id = EventId { epoch: page.head.epoch, seq: row.seq };
                let (kind, data) = (row.kind.clone(), row.data.clone());
                self.send(Sent::Happened { id, kind, data }, id)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, sent: Sent, stands: EventId) -> Result<(), TrySendError<()>> {
        self.sender.try_send(sent).map_err(|error| match error {
            TrySendError::Full(_) => TrySendError::Full(()),
            TrySendError::Closed(_) => TrySendError::Closed(()),
        })?;
        self.position = Position::After(stands);
        Ok(())
    }
}
