//! Accounts, as stored.

use chrono::{DateTime, Utc};
use contracts::api;
use domain::{UserId, UserZone, Zone};
use platform::Problem;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::email::Email;

/// A row of `app_user`.
#[derive(Clone, FromRow)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) time_zone: String,
    pub(crate) zone_version: i32,
    pub(crate) registration_key: Option<String>,
}

impl Account {
    pub(crate) fn user_id(&self) -> UserId {
        UserId(self.id)
    }

    pub(crate) fn user(&self) -> api::User {
        api::User { id: self.id, email: self.email.clone(), time_zone: self.time_zone.clone() }
    }

    pub(crate) fn zone(&self) -> Result<UserZone, Problem> {
        let zone = Zone::parse(&self.time_zone).map_err(Problem::internal)?;
        Ok(UserZone::new(zone, self.zone_version.unsigned_abs()))
    }
}

const COLUMNS: &str = "id, email, password_hash, time_zone, zone_version, registration_key";

pub(crate) async fn by_id(pool: &PgPool, id: UserId) -> Result<Option<Account>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM app_user WHERE id = $1"));
    sqlx::query_as(query).bind(id.0).fetch_optional(pool).await
}

/// The same, unless the session has ended.
pub(crate) async fn of_session(
    pool: &PgPool,
    id: UserId,
    session: Option<Uuid>,
) -> Result<Option<Account>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM app_user
         WHERE id = $1 AND NOT EXISTS (SELECT FROM ended_session WHERE session_id = $2)"
    ));
    sqlx::query_as(query).bind(id.0).bind(session).fetch_optional(pool).await
}

pub(crate) async fn by_email(pool: &PgPool, email: &Email) -> Result<Option<Account>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM app_user WHERE lower(email) = $1"));
    sqlx::query_as(query).bind(email.as_str()).fetch_optional(pool).await
}

/// Stores a new account; false if its address has one already.
pub(crate) async fn insert(
    pool: &PgPool,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO app_user (id, email, password_hash, time_zone, zone_version, registration_key, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (lower(email)) DO NOTHING",
    )
    .bind(account.id)
    .bind(&account.email)
    .bind(&account.password_hash)
    .bind(&account.time_zone)
    .bind(account.zone_version)
    .bind(&account.registration_key)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
