//! A host in a process of its own, which dies in the middle of its first commit.
//!
//! The process is the test's own program, run again with [`ROLE`] set.

use std::{env, process::ExitStatus, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use virtual_actors::{
    CommandId, Commit, Committed, Kind, Loaded, PgStore, Statement, Store, StoreError, testing::Fault,
};
use xtask::free_port;

use super::{connect, counter_host};
use crate::{Request, eventually};

/// The environment variable that makes the program a host; its value says which.
const ROLE: &str = "ALMANAC_TESTS_DOOMED_HOST";

/// The running process.
pub struct DoomedHost {
    process: Child,
    port: u16,
}

impl DoomedHost {
    pub(super) async fn start(database_url: &str, grpc_port: u16, fault: Fault) -> Self {
        let port = free_port().expect("a port is free");
        let role = json!({
            "database_url": database_url, "grpc_port": grpc_port, "port": port,
            "after_commit": fault == Fault::AfterCommit,
        });
        let mut command = Command::new(env::current_exe().expect("a program knows where it is"));
        command.env(ROLE, role.to_string()).kill_on_drop(true);
        let process = command.spawn().expect("it starts");
        let host = Self { process, port };
        eventually("the host to listen", Duration::from_secs(20), async || {
            let listening = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            listening.is_ok().then_some(())
        })
        .await;
        host
    }

    /// A call that this host does not survive; how it died.
    pub async fn last_call(mut self, actor: &str, method: &str, call: &virtual_actors::Call) -> ExitStatus {
        let url = format!("http://127.0.0.1:{}/actors/Counter/{actor}/method/{method}", self.port);
        let body = serde_json::to_value(call).expect("a call has a JSON form");
        let answer = Request::new("PUT", url).json(body).attempt().await;
        assert!(answer.is_err(), "it lived to answer {answer:?}");
        self.process.wait().await.expect("it is a child of this process")
    }

    /// Becomes such a host if this process was started as one, and does not return then.
    pub fn become_one_if_asked() -> Result<()> {
        let Ok(role) = env::var(ROLE) else { return Ok(()) };
        let role: Value = serde_json::from_str(&role)?;
        tokio::runtime::Runtime::new()?.block_on(serve(&role))
    }
}

async fn serve(role: &Value) -> Result<()> {
    let number = |name| role[name].as_u64().and_then(|number| u16::try_from(number).ok()).context(name);
    let pool = connect(role["database_url"].as_str().context("database_url")?).await?;
    let store = DoomedStore { inner: PgStore::new(pool), after_commit: role["after_commit"] == true };
    let host = counter_host::host(Arc::new(store), &counter_host::client(number("grpc_port")?)?, None)?;
    counter_host::serve(number("port")?, host.routes()).await?;
    std::future::pending().await
}

/// Ends the process at once, before its first commit or after it.
struct DoomedStore {
    inner: PgStore,
    after_commit: bool,
}

#[async_trait]
impl Store for DoomedStore {
    async fn load(&self, kind: &Kind, actor: &str, command: Option<CommandId>) -> Result<Loaded, StoreError> {
        self.inner.load(kind, actor, command).await
    }

    async fn version(&self, kind: &Kind, actor: &str) -> Result<i64, StoreError> {
        self.inner.version(kind, actor).await
    }

    async fn commit(&self, kind: &Kind, commit: Commit<'_>) -> Result<Committed, StoreError> {
        if self.after_commit {
            self.inner.commit(kind, commit).await?;
        }
        std::process::abort()
    }

    async fn execute(&self, kind: &Kind, actor: &str, statement: Statement) -> Result<Value, StoreError> {
        self.inner.execute(kind, actor, statement).await
    }
}
