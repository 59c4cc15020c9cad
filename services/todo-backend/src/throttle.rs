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
/// By then all failures have faded that are counted at most.
const FORGOTTEN: TimeDelta = TimeDelta::hours(16);
/// How long a place is known for.
const KNOWN: TimeDelta = TimeDelta::days(90);

/// An attempt that was counted as a failure. Unless it is told how it ended, it stays one.
pub(crate) struct Attempt {
    address: Option<Counted>,
    /// The account at the address.
    place: Option<Subject>,
    /// What the account's attempts are counted by here.
    by: Counted,
    at: DateTime<Utc>,
}

/// What an attempt was counted by, and the pause that this began.
struct Counted {
    subject: Subject,
    blocked_until: DateTime<Utc>,
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
        // What others at the address try is no reason to keep out who signed in there before.
        let address = from.filter(|_| !known).map(|from| Subject::of(&["address", &from]));
        let mut subjects = vec![(by, free)];
        subjects.extend(address.map(|address| (address, FREE_BY_ADDRESS)));
        let counted = count(&app.pool, subjects, now).await?;
        let counted = |subject: Subject| {
            let found = counted.iter().find(|(counted, _)| *counted == subject.0);
            Counted { subject, blocked_until: found.map_or(now, |(_, until)| *until) }
        };
        Ok(Self { address: address.map(counted), place, by: counted(by), at: now })
    }

    /// It was them: what was tried on the account before counts no more, and this place is known from now on.
    pub(crate) async fn succeeded(self, app: &App, user: Uuid) -> Result<(), Problem> {
        let now = app.clock.now();
        let mut transaction = app.pool.begin().await?;
        sqlx::query("DELETE FROM login_failures WHERE subject = $1")
            .bind(self.by.subject.0)
            .execute(&mut *transaction)
            .await?;
        if let Some(place) = self.place {
            let sql = "INSERT INTO login_known (subject, user_id, last_at) VALUES ($1, $2, $3)
                       ON CONFLICT (subject) DO UPDATE SET user_id = $2, last_at = $3";
            sqlx::query(sql).bind(place.0).bind(user).bind(now).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        // Others who fail from the same address stay counted.
        take_back(&app.pool, self.address, self.at).await
    }

    /// Judges it. What nobody could judge, since a part did not answer, is no guess: else a busy server would shut
    /// people out who try again.
    pub(crate) async fn judge<T>(
        self,
        app: &App,
        judging: impl Future<Output = Result<T, Problem>>,
    ) -> Result<(Self, T), Problem> {
        match judging.await {
            Ok(judgement) => Ok((self, judgement)),
            Err(problem) => {
                if problem.status().is_server_error() {
                    self.undecided(app).await?;
                }
                Err(problem)
            }
        }
    }

    /// It was no guess: it did not come to be judged.
    pub(crate) async fn undecided(self, app: &App) -> Result<(), Problem> {
        take_back(&app.pool, [Some(self.by), self.address].into_iter().flatten(), self.at).await
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
/// for a subject that is blocked: who waits is let in after the pause. Each quarter of an hour one failure fades, up to
/// which `last_at` stands, so that what strangers do at an address is over some time even if they keep at it; and no
/// more are counted than make the longest pause.
const COUNT: &str = "
    INSERT INTO login_failures AS it (subject, failures, last_at, blocked_until)
    SELECT subject, 1, $3, $3 FROM unnest($1::bytea[]) AS subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET (failures, last_at, blocked_until) = (
        SELECT counted.failures, counted.last_at, CASE WHEN counted.failures > free
            THEN $3 + least(2.0 ^ (counted.failures - free - 1), 900) * interval '1 second' ELSE $3 END
        FROM unnest($1::bytea[], $2::integer[]) AS free (subject, free),
             LATERAL (SELECT greatest(floor(extract(epoch FROM $3 - it.last_at) / 900), 0) AS quarters) AS faded,
             LATERAL (SELECT (least(greatest(it.failures - quarters, 0), free + 10) + 1)::integer AS failures,
                             CASE WHEN quarters < it.failures THEN it.last_at + quarters * interval '15 minutes'
                                  ELSE $3 END AS last_at) AS counted
        WHERE free.subject = it.subject
    )
    WHERE it.blocked_until <= $3
    RETURNING subject, blocked_until";

/// Counts an attempt for each, or for none if one is blocked; the pause that begins with it, if only of no time.
async fn count(
    pool: &PgPool,
    subjects: Vec<(Subject, i32)>,
    now: DateTime<Utc>,
) -> Result<Vec<(Vec<u8>, DateTime<Utc>)>, Problem> {
    let (subjects, free): (Vec<Vec<u8>>, Vec<i32>) =
        subjects.into_iter().map(|(subject, free)| (subject.0.to_vec(), free)).unzip();
    let mut transaction = pool.begin().await?;
    let counted: Vec<(Vec<u8>, DateTime<Utc>)> =
        sqlx::query_as(COUNT).bind(&subjects).bind(&free).bind(now).fetch_all(&mut *transaction).await?;
    if counted.len() == subjects.len() {
        transaction.commit().await?;
        return Ok(counted);
    }
    transaction.rollback().await?;
    let sql = "SELECT max(blocked_until) FROM login_failures WHERE subject = ANY ($1)";
    let until: Option<DateTime<Utc>> = sqlx::query_scalar(sql).bind(&subjects).fetch_one(pool).await?;
    Err(too_many(until.map_or(TimeDelta::zero(), |until| until - now)))
}

/// Undoes a failure that was counted `at` this time, and the pause it began, unless a later one began another.
async fn take_back(
    pool: &PgPool,
    counted: impl IntoIterator<Item = Counted>,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let sql = "UPDATE login_failures
               SET failures = greatest(failures - 1, 0),
                   blocked_until = CASE WHEN blocked_until = $2 THEN $3 ELSE blocked_until END
               WHERE subject = $1";
    for Counted { subject, blocked_until } in counted {
        sqlx::query(sql).bind(subject.0).bind(blocked_until).bind(at).execute(pool).await?;
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
        // One failure has faded by the second of 512.
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512, 900, 900, 900] {
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
    async fn strangers_at_an_address_keep_nobody_out_who_signed_in_there_before(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let begin = async |account: &str| Attempt::begin(&backend.app, account, ip("192.0.2.1")).await;
        begin("ada@example.org").await.unwrap().succeeded(&backend.app, ada.id).await.unwrap();
        let mut n = 0;
        while begin(&format!("{n}@example.org")).await.is_ok() {
            n += 1;
        }
        assert!(begin("ada@example.org").await.is_ok());
        assert!(begin("bob@example.org").await.is_err(), "who did not sign in there waits");
    }

    #[sqlx::test(migrations = false)]
    async fn an_address_recovers_while_people_keep_signing_in_there(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let ada = backend.user("ada@example.org").await;
        let begin = async |account: &str| Attempt::begin(&backend.app, account, ip("192.0.2.1")).await;
        for n in 0..500 {
            if begin(&format!("{n}@example.org")).await.is_err() {
                backend.clock.advance(TimeDelta::minutes(15));
            }
        }
        backend.clock.advance(TimeDelta::minutes(15));
        // Who succeeds keeps nobody waiting; nor does this keep the failures from fading.
        for n in 0..120 {
            let attempt = begin(&format!("new-{n}@example.org")).await;
            attempt.unwrap().succeeded(&backend.app, ada.id).await.unwrap();
            backend.clock.advance(TimeDelta::minutes(5));
        }
        for n in 0..30 {
            assert!(begin(&format!("failing-{n}@example.org")).await.is_ok(), "{n}");
        }
    }

    #[sqlx::test(migrations = false)]
    async fn what_was_no_guess_leaves_no_pause(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let begin = async || Attempt::begin(&backend.app, "ada@example.org", ip("192.0.2.1")).await;
        while begin().await.is_ok() {}
        backend.clock.advance(TimeDelta::minutes(15));
        begin().await.unwrap().undecided(&backend.app).await.unwrap();
        assert!(begin().await.is_ok());
        assert!(begin().await.is_err(), "but a guess does");
    }

    #[sqlx::test(migrations = false)]
    async fn what_a_busy_server_did_not_judge_is_no_guess(pool: PgPool) {
        let backend = Backend::new(pool).await;
        let judged = async |outcome: Result<(), Problem>| {
            let attempt = Attempt::begin(&backend.app, "ada@example.org", ip("192.0.2.1")).await?;
            attempt.judge(&backend.app, std::future::ready(outcome)).await.map(|_| ())
        };
        for _ in 0..2 * FREE_BY_ACCOUNT {
            assert_eq!(judged(Err(Problem::unavailable("busy"))).await.unwrap_err().status(), 503);
        }
        for _ in 0..=FREE_BY_ACCOUNT {
            assert!(judged(Ok(())).await.is_ok(), "judged, and not told to have succeeded");
        }
        assert_eq!(judged(Ok(())).await.unwrap_err().status(), 429);
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
