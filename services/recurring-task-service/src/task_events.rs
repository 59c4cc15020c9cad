//! `POST /events/task-events`: what happens to an instance is told to its series' `Recurrence` actor.

use axum::{Router, extract::State, routing::post};
use contracts::{
    events::TaskChanged,
    recurrence::{Closed, Follows, Instance, InstanceClosed, InstanceReopened, InstanceTrashed},
    reminder_schedule::Never,
};
use platform::{CloudEvent, Delivery, Patience, is_deleted};
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{ActorClient, CallError, CommandId, Message};

use crate::{instances::WorkerHandle, metrics};

#[derive(Clone)]
struct Subscriber {
    pool: PgPool,
    actors: ActorClient,
    worker: WorkerHandle,
    patience: Patience,
}

pub(crate) fn routes(pool: PgPool, actors: ActorClient, worker: WorkerHandle) -> Router {
    Router::new().route("/events/task-events", post(receive)).with_state(Subscriber {
        pool,
        actors,
        worker,
        patience: Patience::default(),
    })
}

async fn receive(
    State(subscriber): State<Subscriber>,
    event: Result<CloudEvent<TaskChanged>, Delivery>,
) -> Delivery {
    let (result, delivery) = match event {
        Err(Delivery::Drop) => ("dropped", Delivery::Drop),
        Err(delivery) => ("retried", delivery),
        Ok(event) => match is_ignored(&subscriber.pool, &event).await {
            Ok(true) => ("ignored", Delivery::Success),
            Ok(false) => subscriber.tell(event).await,
            Err(error) => {
                tracing::warn!(event_id = %event.id, %error, "an event waits for the database");
                ("retried", subscriber.patience.waits(event.id))
            }
        },
    };
    metrics::EVENTS.with_label_values(&[result]).inc();
    delivery
}

/// Most events are of no series: nothing is looked up for them.
async fn is_ignored(pool: &PgPool, event: &CloudEvent<TaskChanged>) -> Result<bool, sqlx::Error> {
    Ok(event.data.series.is_none()
        || event.is_of_lost_future(pool).await?
        || is_deleted(pool, event.data.user_id).await?)
}

type Told = (&'static str, Delivery);

impl Subscriber {
    async fn tell(&self, CloudEvent { id, kind, data, .. }: CloudEvent<TaskChanged>) -> Told {
        let Some((series, instance)) = Instance::of(data) else { return ("ignored", Delivery::Success) };
        match kind.as_str() {
            "task.completed" => {
                self.send(id, series, InstanceClosed { instance, how: Closed::Completed }).await
            }
            "task.skipped" => self.send(id, series, InstanceClosed { instance, how: Closed::Skipped }).await,
            "task.reopened" => self.send(id, series, InstanceReopened { instance }).await,
            "task.deleted" => self.send(id, series, InstanceTrashed { instance, trashed: true }).await,
            "task.restored" => self.send(id, series, InstanceTrashed { instance, trashed: false }).await,
            _ => ("ignored", Delivery::Success),
        }
    }

    /// Under the event's id as the command's, so that one delivered again is answered, not decided again.
    async fn send<M>(&self, event_id: Uuid, series: Uuid, message: M) -> Told
    where
        M: Message<Reply = Follows, Refusal = Never> + Sync,
    {
        match self.actors.call(&series.to_string(), &message).command(CommandId(event_id)).await {
            Ok(_) => {
                self.worker.wake();
                ("told", self.patience.taken(event_id))
            }
            Err(CallError::Refused(never)) => match never {},
            Err(CallError::Unavailable(detail)) => {
                tracing::warn!(%event_id, %series, detail, "an event waits for its series' actor");
                ("retried", self.patience.waits(event_id))
            }
            Err(CallError::Conflict) => {
                tracing::error!(%event_id, %series, "the event's id was used for another event: dropped");
                ("dropped", Delivery::Drop)
            }
            // A defect or a wrong setting, on this side: it may be gone in a moment.
            Err(CallError::Failed(detail)) => {
                tracing::error!(%event_id, %series, detail, "a series' turn failed");
                match self.patience.failed(event_id) {
                    Delivery::Drop => ("dropped", Delivery::Drop),
                    delivery => ("retried", delivery),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
