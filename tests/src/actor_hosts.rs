//! Two hosts of `Counter` actors in this process, each with a real daprd, and what they stand on.

mod counter_host;
mod doomed;
mod resources;

use std::{fs::File, time::Duration};

use anyhow::Result;
use serde_json::json;
use sqlx::{PgPool, postgres::PgPoolOptions};
use virtual_actors::{Clock, IdSource, Publication, Sidecar as _, System, testing::counter::TOPIC};
use xtask::{
    ControlPlane, ControlPlanePorts, Durability, Journal, Members, Postgres, Redis, Sidecar, SidecarOptions,
    SidecarPorts, StateDir, Tools, free_port,
};

use crate::{Subscriber, eventually};
pub use counter_host::{CounterHost, command};
pub use doomed::DoomedHost;

/// How long deliveries may take on a busy machine.
const ARRIVES: Duration = Duration::from_secs(60);

/// The running system. Dropping it kills every process and keeps the logs.
pub struct ActorHosts {
    pub hosts: [CounterHost; 2],
    pub subscriber: Subscriber,
    pub pool: PgPool,
    subscriber_sidecar: Sidecar,
    redis: Option<Redis>,
    redis_port: u16,
    pub control_plane: ControlPlane,
    postgres: Postgres,
    tools: Tools,
    journal: Journal,
    directory: Directory,
    _lock: File,
}

/// Says where the logs are when it is dropped; after a stop in good order nothing is left to say.
struct Directory(StateDir);

/// What a sidecar needs to start.
struct Surroundings<'a> {
    tools: &'a Tools,
    directory: &'a StateDir,
    journal: &'a Journal,
    control_plane: &'a ControlPlane,
}

impl ActorHosts {
    pub async fn start() -> Result<Self> {
        xtask::packages::ensure_installed().await?;
        let (tools, directory) = (Tools::obtain().await?, StateDir::temporary("actors")?);
        let lock = directory.lock()?;
        let journal = Journal::open(&directory, false)?;
        let (redis_port, control_plane_ports) = (free_port()?, ControlPlanePorts::free(Members::One)?);
        resources::write(&directory, redis_port)?;
        let (postgres, redis, control_plane) = tokio::try_join!(
            Postgres::start(&directory, free_port()?, Durability::Processes, &journal),
            Redis::start(&directory, redis_port, &journal),
            ControlPlane::start(&tools, &directory, &control_plane_ports, &journal),
        )?;
        let pool = connect(postgres.url()).await?;
        virtual_actors::postgres::migrate(&pool).await?;
        sqlx::query(
            "CREATE TABLE counter (id text PRIMARY KEY, version bigint NOT NULL, state jsonb NOT NULL)",
        )
        .execute(&pool)
        .await?;

        let subscriber_port = free_port()?;
        let subscriber = Subscriber::serve(subscriber_port).await?;
        let options = SidecarOptions {
            part: "subscriber-sidecar".into(),
            app_id: resources::SUBSCRIBER.into(),
            app_port: subscriber_port,
            ports: SidecarPorts::free()?,
            actor_types: vec![],
            resources: vec![resources::directory(&directory)],
            config: Some(resources::config(&directory)),
            detour: None,
        };
        let mut hosts =
            [CounterHost::serve(0, postgres.url()).await?, CounterHost::serve(1, postgres.url()).await?];
        let [first, second] = &mut hosts;
        let surroundings = Surroundings {
            tools: &tools,
            directory: &directory,
            journal: &journal,
            control_plane: &control_plane,
        };
        let (subscriber_sidecar, (), ()) = tokio::try_join!(
            Sidecar::start(&tools, &control_plane, options, &journal),
            first.start_sidecar(&surroundings),
            second.start_sidecar(&surroundings),
        )?;
        Ok(Self {
            hosts,
            subscriber,
            pool,
            subscriber_sidecar,
            redis: Some(redis),
            redis_port,
            control_plane,
            postgres,
            tools,
            journal,
            directory: Directory(directory),
            _lock: lock,
        })
    }

    /// Kills a host's sidecar, which stays down.
    pub fn kill_sidecar(&mut self, host: usize) {
        self.hosts[host].sidecar = None;
    }

    /// Starts a killed sidecar again.
    pub async fn start_sidecar(&mut self, host: usize) {
        let Self { tools, directory, journal, control_plane, .. } = self;
        let surroundings = Surroundings { tools, directory: &directory.0, journal, control_plane };
        self.hosts[host].start_sidecar(&surroundings).await.expect("it starts again");
    }

    /// Kills Redis, which stays down.
    pub fn kill_redis(&mut self) {
        self.redis = None;
    }

    /// Starts a killed Redis again, on its data.
    pub async fn start_redis(&mut self) {
        let redis = Redis::start(&self.directory.0, self.redis_port, &self.journal).await;
        self.redis = Some(redis.expect("it starts again"));
    }

    /// Entries about these actors that wait in the outbox.
    pub async fn backlog(&self, actors: &[String]) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM actor_outbox WHERE body ->> 'subject' = ANY ($1)")
            .bind(actors)
            .fetch_one(&self.pool)
            .await
            .expect("the outbox can be read")
    }

    /// The version and total of a counter as they are stored.
    pub async fn stored(&self, actor: &str) -> (i64, i64) {
        sqlx::query_as("SELECT version, (state ->> 'total')::bigint FROM counter WHERE id = $1")
            .bind(actor)
            .fetch_one(&self.pool)
            .await
            .expect("the counter is stored")
    }

    /// Waits until everything about this actor has left the outbox and was delivered.
    pub async fn delivered(&self, actor: &str) {
        let actors = [actor.to_owned()];
        eventually("an empty outbox", ARRIVES, async || (self.backlog(&actors).await == 0).then_some(()))
            .await;
        // What was accepted by the broker before this mark is delivered before it: one at a time.
        let mark = System.next_id().to_string();
        let event = json!({
            "specversion": "1.0", "id": mark, "source": "/tests", "type": "mark", "subject": mark,
            "time": System.now(), "datacontenttype": "application/json", "data": null,
        });
        let publication = Publication { event, key: mark.clone() };
        let accepted = self.hosts[1].client.publish(TOPIC, vec![publication]).await;
        assert_eq!(accepted.expect("the broker is up"), [true]);
        let arrived = async || (!self.subscriber.about(&mark).is_empty()).then_some(());
        eventually("the mark to be delivered", ARRIVES, arrived).await;
    }

    /// A host in a process of its own that dies by its own hand.
    pub async fn doomed_host(&self, fault: virtual_actors::testing::Fault) -> DoomedHost {
        DoomedHost::start(self.postgres.url(), self.hosts[0].sidecar_ports.grpc, fault).await
    }

    /// Stops everything in order, and leaves nothing.
    pub async fn stop(self) -> Result<()> {
        let Self { hosts, subscriber_sidecar, redis, control_plane, postgres, pool, directory, .. } = self;
        for host in hosts {
            host.stop().await;
        }
        pool.close().await;
        tokio::join!(subscriber_sidecar.stop(), control_plane.stop(), postgres.stop());
        if let Some(redis) = redis {
            redis.stop().await;
        }
        directory.0.remove()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.0.path().exists() {
            eprintln!("The logs of the system that was not stopped are in {}", self.0.logs().display());
        }
    }
}

async fn connect(database_url: &str) -> Result<PgPool> {
    Ok(PgPoolOptions::new().max_connections(10).connect(database_url).await?)
}
