//! Links that were mailed. Each is used once: using it and what it is for are one commit.

use chrono::{DateTime, Utc};
use domain::Violation;
use platform::Problem;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{account_mail::Kind, problems, secret::Secret};

/// A link as it was mailed; locked as long as the transaction that found it.
#[derive(Debug, FromRow)]
pub(crate) struct Link {
    id: Uuid,
    pub(crate) kind: Kind,
    /// None: whoever has the address.
    pub(crate) user_id: Option<Uuid>,
    pub(crate) email: String,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    used_key: Option<String>,
}

/// Reads a token; its violation is put where it stands.
pub(crate) fn token(text: &str) -> Result<Secret, Violation> {
    Secret::decode(text)
        .ok_or_else(|| Violation::new("token", "invalid_token", "Send what follows `token=` in the link."))
}

impl Link {
    /// The link of one of these kinds that carries the token.
    pub(crate) async fn find(
        connection: &mut PgConnection,
        token: &Secret,
        kinds: &[Kind],
    ) -> Result<Self, Problem> {
        let sql = "SELECT id, kind, user_id, email, expires_at, used_at, used_key
                   FROM account_mail JOIN account_mail_token ON mail_id = id
                   WHERE hash = $1 FOR UPDATE OF account_mail";
        let found: Option<Self> = sqlx::query_as(sql).bind(token.hash()).fetch_optional(connection).await?;
        found.filter(|link| kinds.contains(&link.kind)).ok_or_else(invalid)
    }

    /// Whether it was used by this very request, sent again.
    pub(crate) fn was_used_under(&self, key: Option<&str>) -> bool {
        self.used_at.is_some() && key.is_some() && self.used_key.as_deref() == key
    }

    pub(crate) fn was_used(&self) -> bool {
        self.used_at.is_some()
    }

    pub(crate) fn holds(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        if self.used_at.is_some() || self.expires_at <= now { Err(invalid()) } else { Ok(()) }
    }

    /// Uses it up, if it still holds.
    pub(crate) async fn spend(
        &self,
        connection: &mut PgConnection,
        key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        self.holds(now)?;
        sqlx::query("UPDATE account_mail SET used_at = $2, used_key = $3 WHERE id = $1")
            .bind(self.id)
            .bind(now)
            .bind(key)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// The same whether there never was such a link, or it expired, or was used.
pub(crate) fn invalid() -> Problem {
    Problem::new(
        &problems::LINK_INVALID,
        "The link has expired, was used, or is not complete. Ask for a new one.",
    )
}
