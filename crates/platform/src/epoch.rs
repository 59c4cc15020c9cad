//! A process lives in one epoch of its database.
//!
//! What it has in memory is of the history it was started in. A restore closes every connection; a process that was
//! frozen or cut off meanwhile connects again, finds another epoch, and must not commit what it remembers.

use std::sync::{Arc, OnceLock};

use sqlx::postgres::PgPoolOptions;

use crate::Stop;

/// Lets a pool connect only while the epoch is the one its first connection found; else asks the process to stop.
pub(crate) fn of_one_epoch(options: PgPoolOptions, stop: Stop) -> PgPoolOptions {
    let lived_in = Arc::new(OnceLock::new());
    options.after_connect(move |connection, _| {
        let (lived_in, stop) = (Arc::clone(&lived_in), stop.clone());
        Box::pin(async move {
            let now = sqlx::query_scalar("SELECT max(epoch) FROM actor_epoch").fetch_one(connection).await?;
            let lived_in: i64 = *lived_in.get_or_init(|| now);
            if now == lived_in {
                return Ok(());
            }
            tracing::error!(lived_in, now, "the database was set back under this process, which stops");
            stop.request();
            Err(sqlx::Error::Configuration("the database was set back".into()))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::PgPool;
    use virtual_actors::postgres::migrate;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn a_process_that_slept_through_a_restore_gets_no_connection_and_stops(pool: PgPool) {
        migrate(&pool).await.unwrap();
        let stop = Stop::default();
        let options = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(2));
        let process =
            of_one_epoch(options, stop.clone()).connect_lazy_with((*pool.connect_options()).clone());
        let before = process.acquire().await.unwrap();
        let restored = "INSERT INTO actor_epoch (epoch, after_seq) VALUES (1790000000, 1)";
        sqlx::query(restored).execute(&pool).await.unwrap();

        assert!(process.acquire().await.is_err(), "it would connect for a second one");
        assert!(stop.is_requested());
        drop(before);
    }
}
