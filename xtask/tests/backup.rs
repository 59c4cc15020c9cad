//! A backup is exact though everything goes on, and a restore happens whole or not at all.

#![allow(clippy::unwrap_used, reason = "unwrapping is how a test fails")]

use std::{path::Path, time::Duration};

use xtask::{Cluster, Durability, Journal, Postgres, Profile, StateDir, back_up, free_port, restore};

const DATABASE: &str = "almanac";
const COUNTS: &str = "SELECT count(*), coalesce(max(seq), 0) FROM actor_outbox";

/// Commits one outbox entry.
const EMIT: &str = "INSERT INTO actor_outbox (event_id, partition, version, destination, topic, body)
     VALUES (gen_random_uuid(), 0, 1, 'topic', 't', '{}')";

/// A system's directory with a database that has Almanac's schema.
struct System {
    directory: StateDir,
    journal: Journal,
}

impl System {
    async fn new(label: &str) -> Self {
        let directory = StateDir::temporary(label).expect("a directory");
        let journal = Journal::open(&directory, false).expect("a log");
        let system = Self { directory, journal };
        let postgres = system.postgres().await;
        let mut migrate =
            tokio::process::Command::new(xtask::workspace::binary(Profile::Dev, "almanac-migrate"));
        assert!(migrate.env("DATABASE_URL", postgres.url()).status().await.expect("it is built").success());
        postgres.stop().await;
        system
    }

    async fn postgres(&self) -> Postgres {
        let port = free_port().expect("a port");
        Postgres::start(&self.directory, port, Durability::Full, &self.journal).await.expect("it starts")
    }

    async fn restore(&self, file: &Path) -> anyhow::Result<xtask::Restored> {
        restore(&self.directory, file, Profile::Dev, &self.journal).await
    }

    /// Asks while nothing else runs.
    async fn ask(&self, sql: &str) -> String {
        let postgres = self.postgres().await;
        let answer = postgres.cluster().ask(DATABASE, sql).await.expect("it answers");
        postgres.stop().await;
        answer
    }

    /// How many outbox entries there are, and in which epoch.
    async fn state(&self) -> (u32, i64) {
        let state = self.ask("SELECT count(*), (SELECT max(epoch) FROM actor_epoch) FROM actor_outbox").await;
        let (count, epoch) = state.split_once('|').expect("two columns");
        (count.parse().expect("a number"), epoch.parse().expect("a number"))
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

async fn emit(cluster: &Cluster, times: usize) {
    for _ in 0..times {
        cluster.ask(DATABASE, EMIT).await.expect("it commits");
    }
}

#[tokio::test]
async fn a_backup_says_exactly_which_positions_it_holds() {
    let system = System::new("cut").await;
    let postgres = system.postgres().await;
    let cluster = postgres.cluster();
    // Transactions that take a position and commit it later, in another order.
    let write = format!("BEGIN; {EMIT}; SELECT pg_sleep(random() * 0.02); COMMIT");
    let writer = async || {
        loop {
            cluster.ask(DATABASE, &write).await.unwrap();
        }
    };
    let file = system.file("copy");
    let backup = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        back_up(cluster, &file).await.unwrap();
    };
    tokio::select! {
        _ = futures::future::join_all((0..6).map(|_| writer())) => {}
        () = backup => {}
    }
    let everything = cluster.ask(DATABASE, COUNTS).await.unwrap();
    postgres.stop().await;

    let restored = system.restore(&file).await.unwrap();
    assert!(restored.taken_at.is_some());
    let last = system.ask("SELECT last_seq FROM actor_backup").await;
    assert_ne!(last, "0");
    assert_eq!(system.ask(COUNTS).await, format!("{last}|{last}"), "all up to it, and none beyond");
    assert_ne!(everything, format!("{last}|{last}"), "writers went on");
    let epochs = system.ask("SELECT epoch, after_seq FROM actor_epoch ORDER BY epoch").await;
    assert_eq!(epochs, format!("0|0\n{}|{last}", restored.epoch));
    system.directory.remove().unwrap();
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_old_or_the_new_and_can_be_repeated() {
    let system = System::new("killed").await;
    let postgres = system.postgres().await;
    emit(postgres.cluster(), 1).await;
    let file = system.file("copy");
    back_up(postgres.cluster(), &file).await.unwrap();
    emit(postgres.cluster(), 1).await;
    postgres.stop().await;

    let started = std::time::Instant::now();
    let first = system.restore(&file).await.unwrap();
    let took = started.elapsed();
    assert_eq!(system.state().await, (1, first.epoch));
    let postgres = system.postgres().await;
    emit(postgres.cluster(), 2).await;
    postgres.stop().await;

    for part in [1, 3, 5, 6, 7] {
        // Dropping it kills every program it started, as its own end would.
        let killed = tokio::time::timeout(took * part / 8, system.restore(&file)).await;
        match system.state().await {
            (count, epoch) if epoch == first.epoch => assert_eq!(count, 3, "after {part}/8: {killed:?}"),
            (count, epoch) => {
                assert!(
                    count == 1 && epoch > first.epoch,
                    "after {part}/8: {killed:?}, {count}, epoch {epoch}"
                );
                break;
            }
        }
    }
    let again = system.restore(&file).await.unwrap();
    assert!(again.epoch > first.epoch);
    assert_eq!(system.state().await, (1, again.epoch));
    system.directory.remove().unwrap();
}

#[tokio::test]
async fn what_is_no_backup_changes_nothing() {
    let system = System::new("refused").await;
    let postgres = system.postgres().await;
    let cluster = postgres.cluster();
    let (whole, cut_off, other) = (system.file("whole"), system.file("cut-off"), system.file("other"));
    back_up(cluster, &whole).await.unwrap();
    emit(cluster, 1).await;
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&cut_off, &bytes[..bytes.len() * 2 / 3]).unwrap();
    std::fs::write(&other, "something else").unwrap();
    postgres.stop().await;

    for file in [cut_off, other, system.file("absent")] {
        assert!(system.restore(&file).await.is_err(), "{}", file.display());
        assert_eq!(system.ask(COUNTS).await, "1|1");
        assert_eq!(system.ask("SELECT count(*) FROM actor_epoch").await, "1");
    }
    system.directory.remove().unwrap();
}
