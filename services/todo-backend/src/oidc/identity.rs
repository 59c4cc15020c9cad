//! The account of who signed in at a provider: the one that is linked, or that is linked now, or a new one.

use chrono::{DateTime, Utc};
use domain::UserId;
use platform::Problem;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{failed, id_token::Claims};
use crate::{
    accounts::{self, Account},
    email::Email,
    problems,
};

/// `fresh` is the id of an account that is made; whether one was made is told.
///
/// Somebody is known by issuer and subject, and by nothing else. An account is linked by its address once, and only if
/// both sides have confirmed it: else who registers with the address of another would share their account.
pub(crate) async fn account_of(
    pool: &PgPool,
    claims: &Claims,
    time_zone: &str,
    fresh: Uuid,
    now: DateTime<Utc>,
) -> Result<(Account, bool), Problem> {
    if let Some(account) = linked(pool, claims).await? {
        return Ok((account, false));
    }
    let email = claims.verified_email().and_then(|email| Email::parse(email).ok());
    let email = email.ok_or_else(|| failed("The provider has not confirmed your e-mail address."))?;
    let mut transaction = pool.begin().await?;
    let (account, made) = match accounts::lock_by_email(&mut transaction, email.as_str()).await? {
        // A second factor is not to be got around by a mailbox.
        Some(account) if account.email_verified_at.is_some() && !account.totp => (account, false),
        Some(_) => return Err(taken()),
        None => {
            let account = Account {
                id: fresh,
                email: email.as_str().to_owned(),
                password_hash: String::new(),
                time_zone: time_zone.to_owned(),
                zone_version: 1,
                registration_key: None,
                email_verified_at: Some(now),
                totp: false,
            };
            // False: somebody was faster; begun again, it finds that account.
            if !accounts::insert(&mut transaction, &account, Uuid::nil(), now).await? {
                return Err(failed("An account with your address has just been made."));
            }
            (account, true)
        }
    };
    link(&mut transaction, claims, account.id, now).await?;
    transaction.commit().await?;
    tracing::info!(user = %account.id, issuer = claims.issuer, made, "an account was linked to a provider");
    Ok((account, made))
}

async fn linked(pool: &PgPool, claims: &Claims) -> Result<Option<Account>, sqlx::Error> {
    let sql = "SELECT user_id FROM oidc_identity WHERE issuer = $1 AND subject = $2";
    let user: Option<Uuid> =
        sqlx::query_scalar(sql).bind(&claims.issuer).bind(&claims.subject).fetch_optional(pool).await?;
    match user {
        Some(user) => accounts::by_id(pool, UserId(user)).await,
        None => Ok(None),
    }
}

async fn link(
    connection: &mut PgConnection,
    claims: &Claims,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let sql = "INSERT INTO oidc_identity (issuer, subject, user_id, linked_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (issuer, subject) DO NOTHING";
    let linked = sqlx::query(sql)
        .bind(&claims.issuer)
        .bind(&claims.subject)
        .bind(user)
        .bind(now)
        .execute(connection)
        .await?;
    // The same person, twice at once.
    if linked.rows_affected() == 1 { Ok(()) } else { Err(failed("You have just signed in elsewhere.")) }
}

fn taken() -> Problem {
    let detail = "There is an account with your address, which is not confirmed or has a second factor. \
                  Sign in to it with its password.";
    Problem::new(&problems::EMAIL_TAKEN, detail)
}
