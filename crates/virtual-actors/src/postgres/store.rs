//! Loading and committing.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{Failure, PgStore, classify, store_error, within};
use crate::{
    call::{Asked, CommandId, Fingerprint},
    statement::Statement,
    store::{Answered, Commit, Committed, Kind, Loaded, Remember, Store, StoreError, partition_of},
};

#[async_trait]
impl Store for PgStore {
    async fn load(
        &self,
        kind: &Kind,
        actor_id: &str,
        command: Option<CommandId>,
    ) -> Result<Loaded, StoreError> {
        let statements = self.statements(kind);
        let query = sqlx::query(AssertSqlSafe(statements.load.clone()))
            .bind(actor_id)
            .bind(kind.actor_type)
            .bind(command.map(|id| id.0));
        let row = within(query.fetch_one(&self.pool)).await.map_err(|error| store_error(&error))?;
        let read = || -> Result<Loaded, sqlx::Error> {
            Ok(Loaded {
                version: row.try_get::<Option<i64>, _>("version")?.unwrap_or(0),
                state: row.try_get::<Option<Json<Value>>, _>("state")?.map(|state| state.0),
                answered: answered(&row)?,
            })
        };
        read().map_err(|error| store_error(&error))
    }

    async fn version(&self, kind: &Kind, actor_id: &str) -> Result<i64, StoreError> {
        let statements = self.statements(kind);
        let query = sqlx::query_scalar(AssertSqlSafe(statements.version.clone())).bind(actor_id);
        let version = within(query.fetch_optional(&self.pool)).await.map_err(|error| store_error(&error))?;
        Ok(version.unwrap_or(0))
    }

    async fn commit(&self, kind: &Kind, commit: Commit<'_>) -> Result<Committed, StoreError> {
        let statements = self.statements(kind);
        let text = match (&commit.change, commit.version) {
            (None, _) => &statements.hold,
            (Some(_), 0) => &statements.insert,
            (Some(_), _) => &statements.update,
        };
        let keep = commit.command.as_ref().map(|remember| remember.keep.duration().as_secs_f64());
        let (command_id, fingerprint, asked, outcome) = match commit.command {
            None => (None, None, None, None),
            Some(Remember { command, answered: Answered { fingerprint, outcome }, .. }) => {
                (Some(command.0), Some(fingerprint.message), fingerprint.asked, Some(Json(outcome)))
            }
        };
        let mut query = sqlx::query(AssertSqlSafe(text.clone()))
            .bind(commit.actor_id)
            .bind(commit.version)
            .bind(kind.actor_type)
            .bind(command_id)
            .bind(fingerprint)
            .bind(outcome);
        if let Some(change) = commit.change {
            query = query.bind(Json(change.state)).bind(Json(change.rows)).bind(Json(change.outbox));
        }
        query = query.bind(keep).bind(asked.map(|asked| asked.0));
        let read = |row: PgRow| -> Result<Committed, sqlx::Error> {
            Ok(match (answered(&row)?, row.try_get::<Option<i64>, _>("version")?) {
                (Some(answered), _) => Committed::Answered(answered),
                (None, Some(version)) => Committed::Yes { version, seqs: row.try_get("seqs")? },
                (None, None) => Committed::LostRace,
            })
        };
        match within(query.fetch_one(&self.pool)).await.and_then(read) {
            Ok(committed) => Ok(committed),
            Err(error) => match classify(&error, kind.table) {
                Failure::Race => Ok(Committed::LostRace),
                Failure::Rule(broken) => Ok(Committed::Broken(broken)),
                Failure::Error(error) => Err(error),
            },
        }
    }

    async fn execute(&self, kind: &Kind, actor_id: &str, statement: Statement) -> Result<Value, StoreError> {
        let query = sqlx::query_scalar::<_, Json<Value>>(statement.sql)
            .bind(actor_id)
            .bind(Json(statement.args))
            .bind(partition_of(kind.actor_type, actor_id));
        within(query.fetch_one(&self.pool)).await.map(|row| row.0).map_err(|error| store_error(&error))
    }
}

fn answered(row: &PgRow) -> Result<Option<Answered>, sqlx::Error> {
    let message: Option<Vec<u8>> = row.try_get("fingerprint")?;
    let asked = row.try_get::<Option<Uuid>, _>("asked")?.map(Asked);
    let outcome: Option<Json<Value>> = row.try_get("outcome")?;
    Ok(message.zip(outcome).map(|(message, outcome)| Answered {
        fingerprint: Fingerprint { message, asked },
        outcome: outcome.0,
    }))
}
