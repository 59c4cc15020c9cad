//! Guessing passwords and codes becomes slower the more often it fails, and nobody is shut out for good.
//!
//! An attempt is counted before it is judged, in PostgreSQL, so that attempts at once, at any replica, are not one. It
//! counts twice: for the account that was named, whether there is one or not, and for the client's address. Where an
//! account was signed in to before, its attempts are counted apart: what strangers try elsewhere does not keep its
//! owner out there.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderValue, header};
use platform::Problem;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{app::App, problems};

/// Of one account; of one account where it was signed in to before; from one address, where many may live.
const FREE_BY_ACCOUNT: i32 = 5;
const FREE_WHERE_KNOWN: i32 = 10;
const FREE_BY_ADDRESS: i32 = 50;
/// After so long without an attempt the count begins anew.
const FORGOTTEN: TimeDelta = TimeDelta::hours(12);
/// How long a place is known for.
const KNOWN: TimeDelta = TimeDelta::days(90);

/// An attempt that was counted as a failure. Unless it is told how it ended, it stays one.
pub(crate) struct Attempt {
    address: Option<Subject>,
    /// The account at the address.
    place: Option<Subject>,
    /// What the account's attempts are counted by here.
    by: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Subject([u8; 32]);

impl Subject {
    fn of(parts: &[&str]) -> Self {
        Self(Sha256::digest(parts.join("\n")).into())
    }
}

impl Attempt {
    /// Counts an attempt on the account that is named so; refused while the pause after earlier ones lasts.
    pub(crate) async fn begin(app: &App, account: &str, from: Option<IpAddr>) -> Result<Self, Problem> {
        let (now, name) = (app.clock.now(), account.trim().to_lowercase());
        let from = from.map(network);
        let place = from.as_ref().map(|from| Subject::of(&["place", &name, from]));
        let account = Subject::of(&["account", &name]);
        let known = match place {
            Some(place) => is_known(&app.pool, place, now).await?,
            None => false,
        };
        let (by, free) = match place.filter(|_| known) {
            Some(place) => (place, FREE_WHERE_KNOWN),
            None => (account, FREE_BY_ACCOUNT),
        };
        let address = from.as_ref().map(|from| Subject::of(&["address", from]));
        let mut counted = vec![(by, free)];
        counted.extend(address.map(|address| (address, FREE_BY_ADDRESS)));
        count(&app.pool, counted, now).await?;
        Ok(Self { address, place, by })
    }

    /// It was them: what was tried on the account before counts no more, and this place is known from now on.
    pub(crate) async fn succeeded(self, app: &App, user: Uuid) -> Result<(), Problem> {
        let now = app.clock.now();
        let mut transaction = app.pool.begin().await?;
        sqlx::query("DELETE FROM login_failures WHERE subject = $1")
            .bind(self.by.0)
            .execute(&mut *transaction)
            .await?;
        if let Some(place) = self.place {
            let sql = "INSERT INTO login_known (subject, user_id, last_at) VALUES ($1, $2, $3)
                       ON CONFLICT (subject) DO UPDATE SET user_id = $2, last_at = $3";
            sqlx::query(sql).bind(place.0).bind(user).bind(now).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        // Others who fail from the same address stay counted.
        take_back(&app.pool, self.address).await
    }

    /// It was no guess: it did not come to be judged.
    pub(crate) async fn undecided(self, app: &App) -> Result<(), Problem> {
        take_back(&app.pool, [Some(self.by), self.address].into_iter().flatten()).await
    }
}

/// An address as it is counted: of IPv6, what one customer has at least.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

async fn is_known(pool: &PgPool, place: Subject, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let sql = "SELECT EXISTS (SELECT FROM login_known WHERE subject = $1 AND last_at > $2)";
    sqlx::query_scalar(sql).bind(place.0).bind(now - KNOWN).fetch_one(pool).await
}

/// The pause doubles from one second to a quarter of an hour, from the first failure that is not free. Nothing is counted
/// for a subject that is blocked: who waits is let in after the pause.
const COUNT: &str = "
    INSERT INTO login_failures AS it (subject, failures, last_at, blocked_until)
    SELECT subject, 1, $3, $3 FROM unnest($1::bytea[]) AS subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET (failures, last_at, blocked_until) = (
        SELECT failures, $3, CASE WHEN failures > free
            THEN $3 + least(2.0 ^ least(failures - free - 1, 20), 900) * interval '1 second' ELSE $3 END
        FROM (SELECT CASE WHEN it.last_at < $4 THEN 1 ELSE least(it.failures, 1000000) + 1 END AS failures) AS counted,
             unnest($1::bytea[], $2::integer[]) AS free (subject, free)
        WHERE free.subject = it.subject
    )
    WHERE it.blocked_until <= $3
    RETURNING subject";

async fn count(pool: &PgPool, subjects: Vec<(Subject, i32)>, now: DateTime<Utc>) -> Result<(), Problem> {
    let (subjects, free): (Vec<Vec<u8>>, Vec<i32>) =
        subjects.into_iter().map(|(subject, free)| (subject.0.to_vec(), free)).unzip();
    let mut transaction = pool.begin().await?;
    let counted = sqlx::query(COUNT)
        .bind(&subjects)
        .bind(&free)
        .bind(now)
        .bind(now - FORGOTTEN)
        .fetch_all(&mut *transaction)
        .await?;
    if counted.len() == subjects.len() {
        return Ok(transaction.commit().await?);
    }
    transaction.rollback().await?;
    let sql = "SELECT max(blocked_until) FROM login_failures WHERE subject = ANY ($1)";
    let until: Option<DateTime<Utc>> = sqlx::query_scalar(sql).bind(&subjects).fetch_one(pool).await?;
    Err(too_many(until.map_or(TimeDelta::zero(), |until| until - now)))
}

async fn take_back(pool: &PgPool, subjects: impl IntoIterator<Item = Subject>) -> Result<(), Problem> {
    for subject in subjects {
        sqlx::query("UPDATE login_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0")
            .bind(subject.0)
            .execute(pool)
            .await?;
    }
    Ok(())
}

fn too_many(pause: TimeDelta) -> Problem {
    let seconds = pause.num_milliseconds().max(1).div_euclid(1000) + 1;
    Problem::new(&problems::TOO_MANY_ATTEMPTS, format!("Try again in {seconds} s."))
        .header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// Forgets what counts no more.
pub(crate) async fn clean_up(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    for (sql, before) in [
        ("DELETE FROM login_failures WHERE last_at < $1 AND blocked_until < $1", now - FORGOTTEN),
        ("DELETE FROM login_known WHERE last_at < $1", now - KNOWN),
    ] {
        sqlx::query(sql).bind(before).execute(pool).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::Backend;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// Seconds to wait, if it is not let in.
    async fn pause(backend: &Backend, account: &str, from: Option<IpAddr>) -> Option<i64> {
        let problem = Attempt::begin(&backend.app, account, from).await.err()?;
        assert_eq!(problem.status(), 429);
        Some(problem.body().detail.split(' ').nth(3)?.parse().unwrap())
    }

    #[sqlx::test(migrations = false)]
    async fn the_pause_doubles_to_a_quarter_of_an_hour_and_ends(pool: PgPool) {
        let backend = Backend::new(pool).await;
        for _ in 0..=FREE_BY_ACCOUNT {
            assert_eq!(pause(&backend, "ada@example.org", None).await, None);
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            let wait = pause(&backend, "ADA@example.org ", None).await.unwrap();
            assert!((expected..=expected + 1).contains(&wait), "{wait} for {expected}");
            backend.clock.advance(TimeDelta::seconds(wait));
            assert_eq!(pause(&backend, "ada@example.org", None).await, None, "who waits is let in");
        }
        assert_eq!(pause(&backend, "bob@example.org", None).await, None, "another account");
        backend.clock.advance(FORGOTTEN + TimeDelta::hours(1));
        for _ in 0..=FREE_BY_ACCOUNT {
            assert_eq!(pause(&backend, "ada@example.org", None).await, None, "it is forgotten");
        }
    }

    #[sqlx::test(migrations = false)]
    async fn attempts_at_once_are_each_counted(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let attempts = (0..40).map(|_| pause(&backend, "ada@example.org", None));
        let outcomes = futures::future::join_all(attempts).await;
        let let_in = outcomes.iter().filter(|pause| pause.is_none()).count();
        assert_eq!(let_in, 6);
    }

    #[sqlx::test(migrations = false)]
    async fn an_address_that_tries_many_accounts_is_slowed_down(pool: PgPool) {
        let backend = Backend::new(pool).await;
        for n in 0..=FREE_BY_ADDRESS {
            let from = ip(&format!("2001:db8::{n:x}"));
            assert_eq!(pause(&backend, &format!("{n}@example.org"), from).await, None);
        }
        assert!(pause(&backend, "x@example.org", ip("2001:db8::ffff")).await.is_some(), "of one network");
        assert_eq!(pause(&backend, "x@example.org", ip("2001:db8:0:1::1")).await, None);
    }

    #[sqlx::test(migrations = false)]
    async fn strangers_do_not_keep_an_owner_out_where_they_signed_in_before(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let begin = |from| Attempt::begin(&backend.app, "ada@example.org", ip(from));
        begin("192.0.2.1").await.unwrap().succeeded(&backend.app, ada.id).await.unwrap();
        while begin("203.0.113.9").await.is_ok() {}

        assert!(begin("198.51.100.7").await.is_err(), "elsewhere");
        for _ in 0..=FREE_WHERE_KNOWN {
            assert!(begin("192.0.2.1").await.is_ok());
        }
        assert!(begin("192.0.2.1").await.is_err(), "but it is counted");
    }

    #[sqlx::test(migrations = false)]
    async fn signing_in_ends_the_count_of_the_account_but_not_of_the_address(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.user("ada@example.org").await;
        for _ in 0..4 {
            Attempt::begin(&backend.app, "ada@example.org", ip("192.0.2.1")).await.unwrap();
        }
        let attempt = Attempt::begin(&backend.app, "ada@example.org", ip("192.0.2.1")).await.unwrap();
        attempt.succeeded(&backend.app, ada.id).await.unwrap();
        let attempt = Attempt::begin(&backend.app, "ada@example.org", ip("192.0.2.1")).await.unwrap();
        attempt.undecided(&backend.app).await.unwrap();
        let counts: Vec<i32> = sqlx::query_scalar("SELECT failures FROM login_failures ORDER BY failures")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(counts, [0, 4]);
    }

    #[sqlx::test(migrations = false)]
    async fn what_counts_no_more_is_removed(pool: PgPool) {
        let backend = Backend::new(pool.clone()).await;
        let ada = backend.user("ada@example.org").await;
        let attempt = Attempt::begin(&backend.app, "ada@example.org", ip("192.0.2.1")).await.unwrap();
        attempt.succeeded(&backend.app, ada.id).await.unwrap();
        let rows = async || -> (i64, i64) {
            sqlx::query_as("SELECT (SELECT count(*) FROM login_failures), (SELECT count(*) FROM login_known)")
                .fetch_one(&pool)
                .await
                .unwrap()
        };
        clean_up(&pool, backend.app.clock.now()).await.unwrap();
        assert_eq!(rows().await, (1, 1));
        clean_up(&pool, backend.app.clock.now() + TimeDelta::days(91)).await.unwrap();
        assert_eq!(rows().await, (0, 0));
    }
}
