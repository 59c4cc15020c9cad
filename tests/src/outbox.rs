//! What was committed and waits to be handed over to the broker.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use xtask::Stack;

use crate::eventually;

/// The share of a relay that died or froze is taken over after eight seconds.
const SOON: Duration = Duration::from_secs(30);

/// Waits until the broker has everything that was committed.
pub async fn all_published(stack: &Stack) {
    let url = stack.database_url().expect("it runs");
    let mut database = PgConnection::connect(url).await.expect("it is ready");
    eventually("an empty outbox", SOON, async || {
        let count = sqlx::query_scalar("SELECT count(*) FROM actor_outbox");
        let waiting: i64 = count.fetch_one(&mut database).await.ok()?;
        (waiting == 0).then_some(())
    })
    .await;
}
