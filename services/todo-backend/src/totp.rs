//! The second factor: codes of an authenticator (RFC 6238), or recovery codes for whoever lost it. Each is used once.

use argon2::password_hash::rand_core::{OsRng, RngCore};
use chrono::{DateTime, Utc};
use platform::Problem;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;

use crate::{accounts::Account, app::App, sealed};

const ISSUER: &str = "Almanac";
/// RFC 4226 section 4.
const SECRET_BYTES: usize = 20;
const STEP_SECONDS: i64 = 30;
const RECOVERY_CODES: usize = 10;
/// 80 bits: beyond guessing, and beyond finding from the hash.
const RECOVERY_BYTES: usize = 10;

/// What an authenticator is told.
pub(crate) struct Enrolment {
    /// Base 32, for typing.
    pub(crate) secret: String,
    /// For a QR code.
    pub(crate) uri: String,
}

/// Begins anew with another secret, which counts once a code confirms it; `None` if one counts already.
pub(crate) async fn enrol(app: &App, account: &Account) -> Result<Option<Enrolment>, Problem> {
    let mut secret = [0; SECRET_BYTES];
    OsRng.fill_bytes(&mut secret);
    let sealed = sealed::seal(&app.secrets, account.id, &secret).await?;
    let sql = "INSERT INTO account_totp (user_id, secret) VALUES ($1, $2)
               ON CONFLICT (user_id) DO UPDATE SET secret = $2, last_step = 0 WHERE account_totp.confirmed_at IS NULL";
    let stored = sqlx::query(sql).bind(account.id).bind(sealed).execute(&app.pool).await?;
    if stored.rows_affected() == 0 {
        return Ok(None);
    }
    let totp = totp(&secret, &account.email)?;
    Ok(Some(Enrolment { secret: totp.secret().to_base32(), uri: totp.to_url().map_err(Problem::internal)? }))
}

/// Takes a code of the authenticator as the sign that its owner has the secret, and gives ten new recovery codes, in
/// the place of those before. `None` if the code does not hold.
pub(crate) async fn confirm(
    app: &App,
    account: &Account,
    code: &str,
) -> Result<Option<Vec<String>>, Problem> {
    let now = app.clock.now();
    let Some(step) = step(app, account, code, now).await? else { return Ok(None) };
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(code)).collect();
    let mut transaction = app.pool.begin().await?;
    if !take_step(&mut transaction, account.id, &step).await? {
        return Ok(None);
    }
    let sql = "UPDATE account_totp SET confirmed_at = coalesce(confirmed_at, $2) WHERE user_id = $1";
    sqlx::query(sql).bind(account.id).bind(now).execute(&mut *transaction).await?;
    sqlx::query("DELETE FROM account_recovery_code WHERE user_id = $1")
        .bind(account.id)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO account_recovery_code (user_id, hash) SELECT $1, unnest($2::bytea[])")
        .bind(account.id)
        .bind(hashes)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Some(codes))
}

/// Whether the code holds, of either kind; if so, it never does again.
pub(crate) async fn spend(app: &App, account: &Account, code: &str) -> Result<bool, Problem> {
    if let Some(step) = step(app, account, code, app.clock.now()).await? {
        return Ok(take_step(&mut *app.pool.acquire().await?, account.id, &step).await?);
    }
    let sql = "UPDATE account_recovery_code SET used_at = $3
               WHERE user_id = $1 AND hash = $2 AND used_at IS NULL";
    let spent =
        sqlx::query(sql).bind(account.id).bind(hash(code)).bind(app.clock.now()).execute(&app.pool).await?;
    Ok(spent.rows_affected() == 1)
}

/// Back to the password alone.
pub(crate) async fn remove(pool: &PgPool, user: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM account_totp WHERE user_id = $1").bind(user).execute(pool).await?;
    Ok(())
}

/// The time step a code is of, and the secret it was made with, as it is stored.
struct Step {
    number: i64,
    sealed: Vec<u8>,
}

/// The step of a code, if it is of this one or one beside it.
async fn step(app: &App, account: &Account, code: &str, now: DateTime<Utc>) -> Result<Option<Step>, Problem> {
    let sql = "SELECT secret FROM account_totp WHERE user_id = $1";
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(sql).bind(account.id).fetch_optional(&app.pool).await?;
    let Some(sealed) = sealed else { return Ok(None) };
    let totp = totp(&sealed::open(&app.secrets, account.id, &sealed).await?, &account.email)?;
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = totp.check(&digits, now.timestamp().unsigned_abs());
    Ok(step.and_then(|step| i64::try_from(step).ok()).map(|number| Step { number, sealed }))
}

/// Uses the code of this step up: it, and those of the steps before, hold no more. One of two at once gets it,
/// and none does if there is another secret by now.
async fn take_step(connection: &mut PgConnection, user: Uuid, step: &Step) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE account_totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2 AND secret = $3";
    let taken = sqlx::query(sql).bind(user).bind(step.number).bind(&step.sealed).execute(connection).await?;
    Ok(taken.rows_affected() == 1)
}

fn totp(secret: &[u8], email: &str) -> Result<Totp, Problem> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_step_duration(STEP_SECONDS.unsigned_abs())
        .with_issuer(Some(ISSUER))
        .with_account_name(email)
        .build()
        .map_err(Problem::internal)
}

/// `ABCD-EFGH-IJKL-MNOP`.
fn recovery_code() -> String {
    let mut bytes = vec![0; RECOVERY_BYTES];
    OsRng.fill_bytes(&mut bytes);
    let text = Secret::new(bytes.into()).to_base32();
    text.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
}

/// Whatever its case, and with or without hyphens.
fn hash(code: &str) -> Vec<u8> {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Sha256::digest(code.to_ascii_uppercase()).to_vec()
}

/// The code an authenticator shows.
#[cfg(test)]
pub(crate) fn shown(secret: &str, now: DateTime<Utc>) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    totp(secret.as_bytes(), "ada@example.org").unwrap().generate(now.timestamp().unsigned_abs()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{accounts, test_support::Backend};

    #[sqlx::test(migrations = false)]
    async fn a_code_does_not_count_for_a_secret_that_came_after_it(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let (app, now) = (&backend.app, backend.app.clock.now());
        let ada = backend.user("ada@example.org").await;
        let ada = accounts::by_id(&app.pool, domain::UserId(ada.id)).await.unwrap().unwrap();
        let enrolment = enrol(app, &ada).await.unwrap().unwrap();
        let step = step(app, &ada, &shown(&enrolment.secret, now), now).await.unwrap().unwrap();
        let take = async || take_step(&mut app.pool.acquire().await.unwrap(), ada.id, &step).await.unwrap();
        enrol(app, &ada).await.unwrap();
        assert!(!take().await);
        let sql = "UPDATE account_totp SET secret = $1";
        sqlx::query(sql).bind(&step.sealed).execute(&app.pool).await.unwrap();
        assert!(take().await, "with its own it does");
    }
}
