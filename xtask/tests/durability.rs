//! What a part has accepted is still there after it was killed.

use std::time::Duration;

use chrono::DateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use xtask::{Durability, Journal, Postgres, Redis, StateDir, free_port};

const READY: Duration = Duration::from_secs(30);

async fn ask_redis(port: u16, command: &str) -> std::io::Result<String> {
    let mut redis = TcpStream::connect(("127.0.0.1", port)).await?;
    redis.write_all(format!("{command}\r\n").as_bytes()).await?;
    let mut answer = [0; 256];
    let length = redis.read(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..length]).trim().to_owned())
}

#[tokio::test]
async fn redis_keeps_an_event_it_has_accepted() {
    let directory = StateDir::temporary("redis").unwrap();
    let journal = Journal::open(&directory, false).unwrap();
    let port = free_port().unwrap();
    let redis = Redis::start(&directory, port, &journal).await.unwrap();
    ask_redis(port, "XADD reminders * data 1").await.unwrap();
    redis.part().kill().await.unwrap();
    redis.part().ready(READY).await.unwrap();
    assert_eq!(ask_redis(port, "XLEN reminders").await.unwrap(), ":1");
    redis.stop().await;
    directory.remove().unwrap();
}

#[tokio::test]
async fn redis_offers_again_and_skips_nothing() {
    let directory = StateDir::temporary("redis").unwrap();
    let journal = Journal::open(&directory, false).unwrap();
    let port = free_port().unwrap();
    let redis = Redis::start(&directory, port, &journal).await.unwrap();
    let ask = async |command: &str| ask_redis(port, command).await.unwrap();
    for at in [1000, 5000, 9000] {
        ask(&format!("XADD reminders {at}-0 data 1")).await;
    }
    let read = async |group: &str, count: u32| {
        ask(&format!("XREADGROUP GROUP {group} c COUNT {count} STREAMS reminders >")).await
    };
    for (group, has_read) in [("ahead", 3), ("behind", 1)] {
        ask(&format!("XGROUP CREATE reminders {group} 0")).await;
        read(group, has_read).await;
    }
    ask("SET no-stream 1").await;

    redis.offer_again_since(DateTime::from_timestamp_millis(6000).unwrap()).await.unwrap();
    for (group, offered) in [("ahead", [false, false, true]), ("behind", [false, true, true])] {
        let told = read(group, 10).await;
        let holds = ["1000-0", "5000-0", "9000-0"].map(|id| told.contains(id));
        assert_eq!(holds, offered, "{group}: {told}");
    }
    redis.stop().await;
    directory.remove().unwrap();
}

#[tokio::test]
async fn a_database_cluster_is_made_once_and_used_again() {
    let directory = StateDir::temporary("postgres").unwrap();
    let journal = Journal::open(&directory, false).unwrap();
    let port = free_port().unwrap();
    let postgres = Postgres::start(&directory, port, Durability::Full, &journal).await.unwrap();
    let url = postgres.url().to_owned();
    postgres.part().kill().await.unwrap();
    postgres.part().ready(READY).await.unwrap();
    postgres.stop().await;
    let again = Postgres::start(&directory, port, Durability::Full, &journal).await.unwrap();
    assert_eq!(again.url(), url);
    again.stop().await;
    directory.remove().unwrap();
}
