//! Who is on the way to a provider and back: a row, taken once.
//!
//! The state says which row; the cookie, that it is the same browser, or a link could sign its reader in as somebody
//! else. The nonce binds the ID token to it, and the verifier (PKCE, RFC 7636) the code.

use chrono::{DateTime, TimeDelta, Utc};
use platform::Problem;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgPool};

use super::failed;
use crate::secret::{self, Secret};

/// How long somebody may take at the provider.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

pub(crate) struct Login {
    pub(super) state: Secret,
    pub(super) provider: String,
    pub(super) nonce: String,
    pub(super) code_verifier: String,
    /// Of an account that is made.
    pub(crate) time_zone: String,
    expires_at: DateTime<Utc>,
}

/// What the cookie of the browser holds.
pub(crate) struct Browser(Secret);

impl Browser {
    pub(crate) const LIFETIME: TimeDelta = LIFETIME;

    pub(crate) fn encode(&self) -> String {
        self.0.encode()
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        Secret::decode(text).map(Self)
    }
}

#[derive(FromRow)]
struct Row {
    provider: String,
    browser: Vec<u8>,
    nonce: String,
    code_verifier: String,
    time_zone: String,
    expires_at: DateTime<Utc>,
}

impl Login {
    pub(super) fn begin(provider: &str, time_zone: &str, now: DateTime<Utc>) -> (Self, Browser) {
        let login = Self {
            state: Secret::random(),
            provider: provider.to_owned(),
            nonce: Secret::random().encode(),
            code_verifier: Secret::random().encode(),
            time_zone: time_zone.to_owned(),
            expires_at: now + LIFETIME,
        };
        (login, Browser(Secret::random()))
    }

    pub(super) async fn store(&self, pool: &PgPool, browser: &Browser) -> Result<(), sqlx::Error> {
        let sql =
            "INSERT INTO oidc_login (state, provider, browser, nonce, code_verifier, time_zone, expires_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        sqlx::query(sql)
            .bind(self.state.hash())
            .bind(&self.provider)
            .bind(browser.0.hash())
            .bind(&self.nonce)
            .bind(&self.code_verifier)
            .bind(&self.time_zone)
            .bind(self.expires_at)
            .execute(pool)
            .await?;
        Ok(())
    }

    /// The login that a state belongs to, which is over with that, whether it is for this browser and provider or not.
    pub(crate) async fn take(
        pool: &PgPool,
        provider: &str,
        state: &str,
        browser: Option<&Browser>,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let unknown = || failed("This was not begun here, took too long, or was finished before.");
        let state = Secret::decode(state).ok_or_else(unknown)?;
        let sql = "DELETE FROM oidc_login WHERE state = $1
                   RETURNING provider, browser, nonce, code_verifier, time_zone, expires_at";
        let row: Option<Row> = sqlx::query_as(sql).bind(state.hash()).fetch_optional(pool).await?;
        let row = row.filter(|row| row.provider == provider && row.expires_at > now);
        let row = row.filter(|row| browser.is_some_and(|browser| browser.0.hash() == row.browser));
        let Row { provider, nonce, code_verifier, time_zone, expires_at, .. } = row.ok_or_else(unknown)?;
        Ok(Self { state, provider, nonce, code_verifier, time_zone, expires_at })
    }

    pub(super) fn code_challenge(&self) -> String {
        secret::encode(&Sha256::digest(&self.code_verifier))
    }
}

/// Forgets who never came back.
pub(crate) async fn clean_up(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM oidc_login WHERE expires_at < $1").bind(now).execute(pool).await?;
    Ok(())
}
