//! Accounts, as stored. Of one that was deleted nothing is found.

use chrono::{DateTime, Utc};
use contracts::api;
use domain::{UserId, UserZone, Zone};
use platform::Problem;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    account_mail::{self, Kind, Letter},
    email::Email,
};

/// A row of `app_user`.
#[derive(Clone, FromRow)]
pub(crate) struct Account {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password_hash: String,
    pub(crate) time_zone: String,
    pub(crate) zone_version: i32,
    pub(crate) registration_key: Option<String>,
    /// When a link that was mailed to the address was followed.
    pub(crate) email_verified_at: Option<DateTime<Utc>>,
    /// Whether signing in takes a code of a second factor.
    pub(crate) totp: bool,
}

impl Account {
    pub(crate) fn user_id(&self) -> UserId {
        UserId(self.id)
    }

    pub(crate) fn user(&self) -> api::User {
        api::User {
            id: self.id,
            email: self.email.clone(),
            email_verified: self.email_verified_at.is_some(),
            totp: self.totp,
            time_zone: self.time_zone.clone(),
        }
    }

    /// The hash of its password; none where people sign in elsewhere.
    pub(crate) fn password(&self) -> Option<String> {
        Some(self.password_hash.clone()).filter(|hash| !hash.is_empty())
    }

    pub(crate) fn zone(&self) -> Result<UserZone, Problem> {
        let zone = Zone::parse(&self.time_zone).map_err(Problem::internal)?;
        Ok(UserZone::new(zone, self.zone_version.unsigned_abs()))
    }
}

const COLUMNS: &str =
    "id, email, password_hash, time_zone, zone_version, registration_key, email_verified_at,
     EXISTS (SELECT FROM account_totp WHERE user_id = app_user.id AND confirmed_at IS NOT NULL) AS totp";

pub(crate) async fn by_id(pool: &PgPool, id: UserId) -> Result<Option<Account>, sqlx::Error> {
    let query =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM app_user WHERE id = $1 AND deleted_at IS NULL"));
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
         WHERE id = $1 AND deleted_at IS NULL
           AND NOT EXISTS (SELECT FROM ended_session WHERE session_id = $2)"
    ));
    sqlx::query_as(query).bind(id.0).bind(session).fetch_optional(pool).await
}

pub(crate) async fn by_email(pool: &PgPool, email: &Email) -> Result<Option<Account>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM app_user WHERE lower(email) = $1"));
    sqlx::query_as(query).bind(email.as_str()).fetch_optional(pool).await
}

/// The account, which nobody else changes until the transaction ends.
pub(crate) async fn lock(connection: &mut PgConnection, id: Uuid) -> Result<Option<Account>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM app_user WHERE id = $1 AND deleted_at IS NULL FOR UPDATE"
    ));
    sqlx::query_as(query).bind(id).fetch_optional(connection).await
}

/// The same for whoever has the address.
pub(crate) async fn lock_by_email(
    connection: &mut PgConnection,
    email: &str,
) -> Result<Option<Account>, sqlx::Error> {
    let query =
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM app_user WHERE lower(email) = $1 FOR UPDATE"));
    sqlx::query_as(query).bind(email).fetch_optional(connection).await
}

/// Stores a new account, and asks by mail whether the address is theirs unless that is known; false if it has an
/// account already.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    account: &Account,
    mail: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO app_user
             (id, email, password_hash, time_zone, zone_version, registration_key, email_verified_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (lower(email)) DO NOTHING",
    )
    .bind(account.id)
    .bind(&account.email)
    .bind(&account.password_hash)
    .bind(&account.time_zone)
    .bind(account.zone_version)
    .bind(&account.registration_key)
    .bind(account.email_verified_at)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    if account.email_verified_at.is_none() {
        let letter =
            Letter { id: mail, kind: Kind::VerifyEmail, user: Some(account.id), email: &account.email };
        account_mail::queue(connection, letter, now).await?;
    }
    Ok(true)
}

/// The address is theirs.
pub(crate) async fn verified(
    connection: &mut PgConnection,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let sql = "UPDATE app_user SET email_verified_at = coalesce(email_verified_at, $2) WHERE id = $1";
    sqlx::query(sql).bind(id).bind(now).execute(connection).await?;
    Ok(())
}

/// Sets another password, tells its owner by mail, and voids links that could still change it.
pub(crate) async fn set_password(
    connection: &mut PgConnection,
    account: &Account,
    hash: &str,
    mail: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE app_user SET password_hash = $2 WHERE id = $1")
        .bind(account.id)
        .bind(hash)
        .execute(&mut *connection)
        .await?;
    let letter =
        Letter { id: mail, kind: Kind::PasswordChanged, user: Some(account.id), email: &account.email };
    account_mail::queue(connection, letter, now).await?;
    account_mail::void_links(connection, account.id, &Email::stored(&account.email), now).await
}
