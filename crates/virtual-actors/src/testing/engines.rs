//! Engines of any actor type behind one signature, for the hosts of a test run.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{Actor, Call, Clock, Effects, Engine, Methods, Outcome, Store};

/// Makes engines of one actor type.
pub(super) trait Factory {
    fn engine(&self, actor_id: &str, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Box<dyn AnyEngine>;
    fn reminder_method(&self, name: &str) -> Option<&'static str>;
}

/// The engines of actor type `A`.
pub(super) struct Of<A: Actor>(pub(super) Arc<Methods<A>>);

impl<A: Actor> Factory for Of<A> {
    fn engine(&self, actor_id: &str, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Box<dyn AnyEngine> {
        Box::new(Engine::new(actor_id, Arc::clone(&self.0), store, clock))
    }

    fn reminder_method(&self, name: &str) -> Option<&'static str> {
        A::on_reminder(name)
    }
}

/// An engine of some actor type.
#[async_trait(?Send)]
pub(super) trait AnyEngine {
    async fn turn(&mut self, method: &str, call: &Call) -> (Outcome, Effects);
}

#[async_trait(?Send)]
impl<A: Actor> AnyEngine for Engine<A> {
    async fn turn(&mut self, method: &str, call: &Call) -> (Outcome, Effects) {
        Engine::turn(self, method, call, Duration::ZERO).await
    }
}
