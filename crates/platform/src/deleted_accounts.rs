//! What is still on its way for somebody whose account is deleted is ignored.

use sqlx::PgPool;
use uuid::Uuid;

/// Whether this is the id of an account that was deleted. One that never was is none.
///
/// # Errors
/// When the database does not answer.
pub async fn is_deleted(pool: &PgPool, user: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM app_user WHERE id = $1 AND deleted_at IS NOT NULL)")
        .bind(user)
        .fetch_one(pool)
        .await
}
