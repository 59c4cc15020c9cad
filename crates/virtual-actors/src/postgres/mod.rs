//! States, answers and the outbox in PostgreSQL.
//!
//! A turn's commit is one statement, so one round trip and one transaction. All of it hangs on a
//! common table expression named `guard`, which gives a row only while the version still matches.

mod answers;
mod commit;
mod epoch;
mod outbox;
mod store;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use sqlx::{PgPool, error::DatabaseError, migrate::MigrateError, postgres::PgDatabaseError};

use crate::store::{BrokenRule, Kind, StoreError};
pub use answers::answered;
use commit::Statements;
pub use epoch::{Place, is_of_lost_future};

/// The PostgreSQL store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PgStore {
    pool: PgPool,
    statements: Arc<Mutex<HashMap<&'static str, Arc<Statements>>>>,
}

impl PgStore {
    /// A store on a database that [`migrate`] was run on.
    pub fn new(pool: PgPool) -> Self {
        Self { pool, statements: Arc::default() }
    }

    /// The texts of this actor type's statements, made once.
    fn statements(&self, kind: &Kind) -> Arc<Statements> {
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(statements.entry(kind.actor_type).or_insert_with(|| Arc::new(Statements::new(kind))))
    }
}

/// Creates or brings up to date the tables the runtime itself needs. The tables of the actors'
/// states are the application's.
///
/// # Errors
/// When the database cannot be reached, or holds migrations this version does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name("actor_migration");
    migrator.run(pool).await
}

/// A statement that takes longer has an unknown outcome: its connection may have gone silent.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Waits for a statement, but not for ever: neither a turn nor a relay may hang on a dead connection.
async fn within<T>(statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(TIMEOUT, statement).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// What an SQL error means to a turn.
enum Failure {
    /// Another transaction came first; deciding again on what it left is right.
    Race,
    /// The actor's rule refused.
    Rule(BrokenRule),
    Error(StoreError),
}

/// The SQLSTATE by which a rule refuses.
const RULE: &str = "VA001";

/// The JSON in an error's `DETAIL`.
fn detail(error: &dyn DatabaseError) -> Value {
    let detail = error.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::detail);
    detail.and_then(|detail| serde_json::from_str(detail).ok()).unwrap_or_default()
}

fn classify(error: &sqlx::Error, table: &str) -> Failure {
    let text = error.to_string();
    let sqlx::Error::Database(database) = error else {
        return Failure::Error(StoreError::Unavailable(text));
    };
    let code = database.code().unwrap_or_default();
    match code.as_ref() {
        // unique_violation on the two keys that fence a turn
        "23505" => match database.constraint() {
            Some(name) if name == "actor_command_once" || name == format!("{table}_pkey") => Failure::Race,
            _ => Failure::Error(StoreError::Rejected(text)),
        },
        RULE => Failure::Rule(BrokenRule(detail(database.as_ref()))),
        // serialization_failure, deadlock_detected
        "40001" | "40P01" => Failure::Race,
        _ if is_passing(error) => Failure::Error(StoreError::Unavailable(text)),
        _ => Failure::Error(StoreError::Rejected(text)),
    }
}

/// Whether the database may take tomorrow what it did not take now. False is for what it will refuse again, unless
/// somebody mends it: a value, a constraint, a right, a table that is not there.
pub fn is_passing(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else { return true };
    let code = database.code().unwrap_or_default();
    // Connection, a standby, rollback, resources, locks, operator intervention, the system, itself.
    ["08", "25006", "40", "53", "55", "57", "58", "XX"].iter().any(|class| code.starts_with(class))
}

fn store_error(error: &sqlx::Error) -> StoreError {
    match classify(error, "") {
        Failure::Race => StoreError::Unavailable(error.to_string()),
        Failure::Rule(_) => StoreError::Rejected(error.to_string()),
        Failure::Error(error) => error,
    }
}
