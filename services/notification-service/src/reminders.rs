//! `POST /events/reminders`: a reminder that came due goes to its user's `Notification` actor.

use axum::{Router, extract::State, routing::post};
use contracts::{events::ReminderDue, notification::Notify};
use platform::{CloudEvent, Delivery, Patience, is_deleted};
use sqlx::PgPool;
use virtual_actors::{ActorClient, CallError, CommandId};

use crate::{delivery::WorkerHandle, metrics};

#[derive(Clone)]
struct Subscriber {
    pool: PgPool,
    actors: ActorClient,
    worker: WorkerHandle,
    patience: Patience,
}

pub(crate) fn routes(pool: PgPool, actors: ActorClient, worker: WorkerHandle) -> Router {
    Router::new().route("/events/reminders", post(receive)).with_state(Subscriber {
        pool,
        actors,
        worker,
        patience: Patience::default(),
    })
}

async fn receive(
    State(subscriber): State<Subscriber>,
    event: Result<CloudEvent<ReminderDue>, Delivery>,
) -> Delivery {
    let delivery = match event {
        Err(delivery) => delivery,
        Ok(event) => match is_ignored(&subscriber.pool, &event).await {
            Ok(true) => Delivery::Success,
            Ok(false) => subscriber.notify(event).await,
            Err(error) => {
                tracing::warn!(event_id = %event.id, %error, "a reminder waits for the database");
                subscriber.patience.waits(event.id)
            }
        },
    };
    if delivery == Delivery::Drop {
        metrics::EVENTS_DROPPED.inc();
    }
    delivery
}

async fn is_ignored(pool: &PgPool, event: &CloudEvent<ReminderDue>) -> Result<bool, sqlx::Error> {
    Ok(event.is_of_lost_future(pool).await? || is_deleted(pool, event.data.user_id).await?)
}

impl Subscriber {
    async fn notify(&self, event: CloudEvent<ReminderDue>) -> Delivery {
        if event.kind != "reminder.due" {
            tracing::error!(event_id = %event.id, kind = event.kind, "an event of another type: dropped");
            return Delivery::Drop;
        }
        let user = event.data.user_id.to_string();
        let notify = Notify { reminder: event.data };
        match self.actors.call(&user, &notify).command(CommandId(event.id)).await {
            Ok(_) => {
                self.worker.wake();
                self.patience.taken(event.id)
            }
            Err(CallError::Refused(never)) => match never {},
            Err(CallError::Unavailable(detail)) => {
                tracing::warn!(event_id = %event.id, detail, "a reminder waits for its actor");
                self.patience.waits(event.id)
            }
            Err(CallError::Conflict) => {
                tracing::error!(event_id = %event.id, "the event's id was used for another event: dropped");
                Delivery::Drop
            }
            // A defect or a wrong setting, on this side: it may be gone in a moment.
            Err(CallError::Failed(detail)) => {
                tracing::error!(event_id = %event.id, detail, "a reminder's turn failed");
                self.patience.failed(event.id)
            }
        }
    }
}

#[cfg(test)]
mod tests;
