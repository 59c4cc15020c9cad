//! An activation: an `actix` actor whose mailbox is the only lock there is.
//!
//! Dapr's own lock can let a second call in, so turns are serialised here. A turn runs on the
//! activation, not on its caller: it ends even if the caller goes away.

use std::time::{Duration, Instant};

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, Handler, SpawnHandle, WrapFuture};
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument;

use crate::{
    actor::Actor,
    call::{Call, Outcome},
    engine::{Effects, Engine},
    hosted::Registry,
    metrics,
    registrar::Registrar,
    relay::RelayHandle,
    statement::Timer,
    trace,
};

/// Before a timer's turn that found no answer is run again.
const TIMER_RETRY: Duration = Duration::from_secs(1);

/// What an activation is given by its host.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) registrar: Registrar,
    pub(crate) relay: RelayHandle,
    /// Where turns run: what they connect to must outlive the actors' threads.
    pub(crate) runtime: Handle,
    pub(crate) mailbox: usize,
    pub(crate) idle_timeout: Duration,
}

pub(crate) struct Activation<A: Actor> {
    actor_id: String,
    /// Out while a turn runs.
    engine: Option<Engine<A>>,
    surroundings: Surroundings,
    registry: Registry<A>,
    timer: Option<SpawnHandle>,
    last_turn: Instant,
}

/// A call on its way through the mailbox.
pub(crate) struct TurnMessage {
    pub(crate) method: String,
    pub(crate) call: Call,
    pub(crate) received: Instant,
    pub(crate) answer: oneshot::Sender<Outcome>,
    /// Keeps a draining host waiting until this turn is over; it does not wait for timers.
    pub(crate) running: Option<TaskTrackerToken>,
}

impl actix::Message for TurnMessage {
    type Result = ();
}

/// Ends the activation after the turns that are queued before it.
pub(crate) struct Passivate;

impl actix::Message for Passivate {
    type Result = ();
}

impl<A: Actor> Activation<A> {
    pub(crate) fn new(
        actor_id: String,
        engine: Engine<A>,
        surroundings: Surroundings,
        registry: Registry<A>,
    ) -> Self {
        let last_turn = Instant::now();
        Self { actor_id, engine: Some(engine), surroundings, registry, timer: None, last_turn }
    }

    fn perform(&mut self, effects: Effects, ctx: &mut Context<Self>) {
        if effects.emitted {
            self.surroundings.relay.wake();
        }
        self.surroundings.relay.send(effects.tells);
        self.surroundings.registrar.apply(A::TYPE, &self.actor_id, effects.reminders);
        if let Some(Timer { after, method }) = effects.timer {
            if let Some(earlier) = self.timer.take() {
                ctx.cancel_future(earlier);
            }
            self.timer = Some(ctx.run_later(after, move |activation, ctx| activation.strike(method, ctx)));
        }
    }

    /// A timer's turn goes through the mailbox like any other: only what comes from there waits for
    /// the turn before it.
    fn strike(&mut self, method: &'static str, ctx: &mut Context<Self>) {
        self.timer = None;
        let (answer, answered) = oneshot::channel();
        let received = Instant::now();
        let message =
            TurnMessage { method: method.to_owned(), call: Call::default(), received, answer, running: None };
        // A full mailbox drops the message and its sender, which is no answer either.
        drop(ctx.address().try_send(message));
        let retried = answered.into_actor(self).map(move |answered, activation, ctx| {
            // The clock must not stop because the database was away when it struck.
            if !answered.is_ok_and(|outcome| outcome.is_answer()) && activation.timer.is_none() {
                let timer = Some(Timer { after: TIMER_RETRY, method });
                activation.perform(Effects { timer, ..Effects::default() }, ctx);
            }
        });
        ctx.spawn(retried);
    }

    /// One turn, as a future the mailbox waits for.
    fn run(
        &mut self,
        method: String,
        call: Call,
        received: Instant,
        answer: oneshot::Sender<Outcome>,
        running: Option<TaskTrackerToken>,
    ) -> impl actix::ActorFuture<Self, Output = ()> + 'static {
        let engine = self.engine.take();
        let trace_id = call.traceparent.as_deref().and_then(trace::trace_id).unwrap_or_default();
        let span =
            tracing::info_span!("turn", actor_type = A::TYPE, actor_id = %self.actor_id, %method, trace_id);
        let turn = async move {
            // Always there: the mailbox waits for a turn before it gives out the next message.
            let mut engine = engine?;
            let (outcome, effects) = engine.turn(&method, &call, received.elapsed()).await;
            observe::<A>(&method, &outcome, received);
            Some((engine, outcome, effects))
        };
        let turn = self.surroundings.runtime.spawn(turn.instrument(span));
        turn.into_actor(self).map(|turned, activation, ctx| {
            let Ok(Some((engine, outcome, effects))) = turned else {
                // The turn itself broke (its decisions cannot do that): the next call finds a fresh activation.
                ctx.stop();
                return;
            };
            activation.engine = Some(engine);
            activation.last_turn = Instant::now();
            activation.perform(effects, ctx);
            // Nobody may be waiting any more: the turn was for the actor, not for the caller.
            let _ = answer.send(outcome);
            drop(running);
        })
    }
}

impl<A: Actor> actix::Actor for Activation<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        metrics::ACTIVATIONS.with_label_values(&[A::TYPE]).inc();
        // Dapr passivates idle actors; this is for those a sidecar forgot when it crashed.
        let idle_timeout = self.surroundings.idle_timeout;
        ctx.run_interval(idle_timeout, move |activation, ctx| {
            // Without the engine a turn has just begun.
            if activation.engine.is_some() && activation.last_turn.elapsed() >= idle_timeout {
                ctx.stop();
            }
        });
    }

    fn stopped(&mut self, ctx: &mut Self::Context) {
        self.registry.ended(&self.actor_id, &ctx.address());
        metrics::ACTIVATIONS.with_label_values(&[A::TYPE]).dec();
    }
}

impl<A: Actor> Handler<TurnMessage> for Activation<A> {
    type Result = ();

    fn handle(&mut self, message: TurnMessage, ctx: &mut Self::Context) {
        let TurnMessage { method, call, received, answer, running } = message;
        let turn = self.run(method, call, received, answer, running);
        ctx.wait(turn);
    }
}

impl<A: Actor> Handler<Passivate> for Activation<A> {
    type Result = ();

    fn handle(&mut self, _: Passivate, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

fn observe<A: Actor>(method: &str, outcome: &Outcome, received: Instant) {
    let outcome = match outcome {
        Outcome::Done { .. } => "done",
        Outcome::Refused { .. } => "refused",
        Outcome::Unavailable { .. } => "unavailable",
        Outcome::CommandIdReused => "command_id_reused",
        Outcome::Malformed { .. } => "malformed",
        Outcome::Fault { .. } => "fault",
    };
    // A malformed call may name any method: its name must not become a label.
    let method = if outcome == "malformed" { "" } else { method };
    metrics::TURNS.with_label_values(&[A::TYPE, method, outcome]).inc();
    metrics::TURN_SECONDS.with_label_values(&[A::TYPE]).observe(received.elapsed().as_secs_f64());
}
