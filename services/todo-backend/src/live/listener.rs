//! The replica's one connection that hears PostgreSQL's notifications.

use std::time::Duration;

use contracts::api::live::USER_EVENTS_CHANNEL;
use domain::UserId;
use platform::Stop;
use sqlx::{
    Executor,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::time::{sleep, timeout};

use super::Live;

/// Silence after which the connection is tried: one that is cut off says nothing either.
const SILENCE: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(500);

/// Wakes the hubs until `stop` is requested. What happened while nobody listened is read once somebody does again.
pub(crate) async fn listen(live: Live, stop: Stop) {
    let listening = async {
        loop {
            if let Err(error) = hear(&live).await {
                tracing::warn!(%error, "live events wait for a connection to listen on");
            }
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = stop.requested() => {}
        () = listening => {}
    }
}

/// Listens as long as the connection lasts.
async fn hear(live: &Live) -> Result<(), sqlx::Error> {
    // A pool of its own for each: the service's must not wait for a connection that does not end.
    let own = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let own = own.connect_lazy_with((*live.0.pool.connect_options()).clone());
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(USER_EVENTS_CHANNEL).await?;
    live.look_everywhere();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(heard))) => match heard.payload().parse() {
                Ok(user) => live.look(UserId(user)),
                Err(_) => tracing::warn!(payload = heard.payload(), "a notification for nobody"),
            },
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let tried = timeout(ANSWER, (&mut listener).execute("SELECT 1")).await;
                tried.map_err(|_| sqlx::Error::PoolTimedOut)??;
            }
        }
    }
}
