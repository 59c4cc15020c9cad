//! `almanac-migrate`: brings the database at `DATABASE_URL` up to this version, then exits.

use anyhow::Context;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect(&url)
        .await
        .context("cannot connect to the database at DATABASE_URL")?;
    schema::migrate(&pool).await.context("cannot migrate the database")?;
    Ok(())
}
