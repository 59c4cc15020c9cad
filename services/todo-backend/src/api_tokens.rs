//! API tokens, as stored: by the hash of their secret. They are for programs, hold until they end or are taken back,
//! and may do what their scopes say.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::api;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::{scope::Scope, secret::Secret};

/// What they begin with, so that people and scanners of leaks know one when they see it.
pub(crate) const PREFIX: &str = "alm_";
/// More would be a mistake.
pub(crate) const MOST: i64 = 100;
/// It is written down no more often than this that a token is used.
const USED_TO_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// A row of `api_token`.
#[derive(Clone, FromRow)]
pub(crate) struct ApiToken {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    scopes: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// Of what its secret follows.
    pub(crate) kid: String,
    pub(crate) seed: Vec<u8>,
}

impl ApiToken {
    pub(crate) fn new(
        (id, user_id): (Uuid, Uuid),
        name: String,
        scopes: &[Scope],
        created_at: DateTime<Utc>,
        expires_at: Option<DateTime<Utc>>,
        kid: &str,
    ) -> Self {
        Self {
            id,
            user_id,
            name,
            scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            created_at,
            expires_at,
            last_used_at: None,
            kid: kid.to_owned(),
            seed: Secret::random().bytes().to_vec(),
        }
    }

    /// Those this version knows.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().filter_map(|name| Scope::parse(name))
    }

    /// What its secret follows from, together with its key.
    pub(crate) fn message(&self) -> Vec<u8> {
        [b"api-token", &self.id.into_bytes()[..], &self.seed].concat()
    }

    /// Whether the same was asked for.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.name, &self.scopes, self.expires_at) == (&other.name, &other.scopes, other.expires_at)
    }

    pub(crate) fn shown(&self) -> api::ApiToken {
        api::ApiToken {
            id: self.id,
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
        }
    }
}

const COLUMNS: &str = "id, user_id, name, scopes, created_at, expires_at, last_used_at, kid, seed";

/// The token of a secret, if it holds now; notes that it is used.
pub(crate) async fn holding(
    pool: &PgPool,
    secret: &str,
    now: DateTime<Utc>,
) -> Result<Option<ApiToken>, sqlx::Error> {
    let Some(secret) = Secret::decode(secret) else { return Ok(None) };
    let query = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM api_token WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)"
    ));
    let found: Option<ApiToken> =
        sqlx::query_as(query).bind(secret.hash()).bind(now).fetch_optional(pool).await?;
    if let Some(token) = &found
        && token.last_used_at.is_none_or(|used| used < now - USED_TO_WITHIN)
    {
        // Of many at once one writes; the others need not wait for it.
        let note = "UPDATE api_token SET last_used_at = $2 WHERE id = (
                        SELECT id FROM api_token WHERE id = $1 AND last_used_at IS NOT DISTINCT FROM $3
                        FOR UPDATE SKIP LOCKED)";
        sqlx::query(note).bind(token.id).bind(now).bind(token.last_used_at).execute(pool).await?;
    }
    Ok(found)
}

/// Stores a new token, unless its id or `MOST` others are there; whether it was.
pub(crate) async fn insert(pool: &PgPool, token: &ApiToken, secret: &Secret) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO api_token (id, user_id, name, scopes, hash, created_at, expires_at, kid, seed)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
         WHERE (SELECT count(*) FROM api_token WHERE user_id = $2) < $10
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(token.id)
    .bind(token.user_id)
    .bind(&token.name)
    .bind(&token.scopes)
    .bind(secret.hash())
    .bind(token.created_at)
    .bind(token.expires_at)
    .bind(&token.kid)
    .bind(&token.seed)
    .bind(MOST)
    .execute(pool)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Gives a token another secret; the one before does not hold any more.
pub(crate) async fn exchange(pool: &PgPool, token: &ApiToken, secret: &Secret) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE api_token SET hash = $2, kid = $3, seed = $4 WHERE id = $1")
        .bind(token.id)
        .bind(secret.hash())
        .bind(&token.kid)
        .bind(&token.seed)
        .execute(pool)
        .await
        .map(drop)
}

/// A person's tokens, the newest first.
pub(crate) async fn list(pool: &PgPool, user: Uuid) -> Result<Vec<ApiToken>, sqlx::Error> {
    let query = sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM api_token WHERE user_id = $1 ORDER BY created_at DESC, id DESC"
    ));
    sqlx::query_as(query).bind(user).fetch_all(pool).await
}

/// Takes a token back; whether there was one.
pub(crate) async fn remove(pool: &PgPool, user: Uuid, id: Uuid) -> Result<bool, sqlx::Error> {
    let removed = sqlx::query("DELETE FROM api_token WHERE user_id = $1 AND id = $2")
        .bind(user)
        .bind(id)
        .execute(pool)
        .await?;
    Ok(removed.rows_affected() == 1)
}
