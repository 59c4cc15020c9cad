//! The whole database: the actor runtime's tables, then Almanac's own.
//!
//! Migrations run forward only, under a lock, and may be run again at any time:
//!
//! ```no_run
//! # async fn f() -> anyhow::Result<()> {
//! let pool = sqlx::PgPool::connect("postgres://almanac@127.0.0.1/almanac").await?;
//! schema::migrate(&pool).await?;
//! # Ok(()) }
//! ```

use sqlx::{PgPool, migrate::MigrateError};

/// Brings the database up to this version.
///
/// # Errors
/// When it cannot be reached, or holds migrations this version does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    virtual_actors::postgres::migrate(pool).await?;
    sqlx::migrate!("../../migrations").run(pool).await
}
