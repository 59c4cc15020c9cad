//! Taking one mail about an account under a lease, with a token of its own for the link.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use crate::delivery::queue::{Claim, LEASE, interval};

/// What a mail is about, as `account_mail.kind` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "kebab-case")]
pub(super) enum Kind {
    VerifyEmail,
    ChangeEmail,
    ResetPassword,
    PasswordChanged,
    EmailChanged,
}

#[derive(Clone)]
pub(crate) struct Claimed {
    pub(super) id: Uuid,
    pub(super) kind: Kind,
    pub(super) email: String,
    pub(super) attempts: i32,
    /// Whether to send it: its link still has a use, its account exists.
    pub(super) current: bool,
    /// What the link of this attempt carries, if the mail has a link; only its hash is stored.
    pub(super) token: String,
}

/// Without the token.
impl fmt::Debug for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claimed").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Claim for Claimed {
    fn id(&self) -> Uuid {
        self.id
    }

    fn attempts(&self) -> i32 {
        self.attempts
    }
}

const CLAIM: &str = "
    WITH next AS (
        SELECT id, kind, user_id, email, expires_at > now() AND used_at IS NULL AS holds FROM account_mail
        WHERE status IN ('pending', 'sending') AND claimable_at <= now()
        ORDER BY claimable_at
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ), checked AS (
        SELECT next.id, kind, holds AND CASE kind
            WHEN 'verify-email' THEN holder.id = user_id AND holder.email_verified_at IS NULL
            WHEN 'change-email' THEN holder.id IS NULL
            WHEN 'reset-password' THEN holder.id IS NOT NULL
            ELSE true
        END IS TRUE AS current
        FROM next LEFT JOIN app_user AS holder ON lower(holder.email) = next.email
    ), minted AS (
        INSERT INTO account_mail_token (hash, mail_id)
        SELECT $2, id FROM checked
        WHERE current AND kind IN ('verify-email', 'change-email', 'reset-password')
    )
    UPDATE account_mail AS mail
    SET status = 'sending', attempts = attempts + current::integer, claimable_at = now() + $1
    FROM checked
    WHERE mail.id = checked.id
    RETURNING mail.id, mail.kind, mail.email, mail.attempts, current";

pub(super) async fn claim(pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
    let secret = rand::random::<[u8; 32]>();
    let token = URL_SAFE_NO_PAD.encode(secret);
    let claimed: Option<(Uuid, Kind, String, i32, bool)> = sqlx::query_as(CLAIM)
        .bind(interval(LEASE))
        .bind(&Sha256::digest(secret)[..])
        .fetch_optional(pool)
        .await?;
    Ok(claimed.map(|(id, kind, email, attempts, current)| Claimed {
        id,
        kind,
        email,
        attempts,
        current,
        token,
    }))
}
