//! Changes of plain rows that are carried out once under their idempotency key, as commands to actors are.
//!
//! The answer is committed with the change, in the table where actors remember theirs; so it is forgotten like theirs.
//! A crash before the commit leaves neither.

use platform::Problem;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool, types::Json};
use virtual_actors::CommandId;

use crate::commands::key_reused;

/// As `kept_until` of commands under a key.
const KEPT: &str = "30 days";

/// Whose change of what it is, and which.
pub(crate) struct Change<'a> {
    pub(crate) kind: &'a str,
    pub(crate) owner: String,
    /// None without a key: then nobody can repeat it.
    pub(crate) command: Option<CommandId>,
}

/// Carries a change out, or gives the answer it got before. A refusal is an answer too.
pub(crate) async fn once<T, W>(
    pool: &PgPool,
    change: Change<'_>,
    asked: &impl Serialize,
    work: W,
) -> Result<T, Problem>
where
    T: Serialize + DeserializeOwned + Send + Unpin + 'static,
    W: AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
{
    let mut db = pool.begin().await?;
    let Change { kind, owner, command } = change;
    let Some(command) = command else {
        let answer = work(&mut db).await?;
        db.commit().await?;
        return Ok(answer);
    };
    let fingerprint = Sha256::digest(serde_json::to_vec(asked).map_err(Problem::internal)?).to_vec();
    // Who sends the same at the same time waits here until the other has committed.
    let claimed = sqlx::query(sqlx::AssertSqlSafe(format!(
        "INSERT INTO actor_command (actor_type, actor_id, command_id, fingerprint, outcome, kept_until)
         VALUES ($1, $2, $3, $4, 'null', now() + interval '{KEPT}') ON CONFLICT DO NOTHING"
    )))
    .bind(kind)
    .bind(&owner)
    .bind(command.0)
    .bind(&fingerprint)
    .execute(&mut *db)
    .await?;
    if claimed.rows_affected() == 0 {
        let (first, answer): (Vec<u8>, Json<T>) = sqlx::query_as(
            "SELECT fingerprint, outcome FROM actor_command
             WHERE actor_type = $1 AND actor_id = $2 AND command_id = $3",
        )
        .bind(kind)
        .bind(&owner)
        .bind(command.0)
        .fetch_one(&mut *db)
        .await?;
        return if first == fingerprint { Ok(answer.0) } else { Err(key_reused()) };
    }
    let answer = work(&mut db).await?;
    sqlx::query(
        "UPDATE actor_command SET outcome = $4 WHERE actor_type = $1 AND actor_id = $2 AND command_id = $3",
    )
    .bind(kind)
    .bind(&owner)
    .bind(command.0)
    .bind(Json(&answer))
    .execute(&mut *db)
    .await?;
    db.commit().await?;
    Ok(answer)
}
