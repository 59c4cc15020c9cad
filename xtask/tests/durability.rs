//! What a part has accepted is still there after it was killed.

use std::time::Duration;

use chrono::DateTime;
use rskafka::{
    client::{
        ClientBuilder,
        partition::{Compression, PartitionClient, UnknownTopicHandling},
    },
    record::Record,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use xtask::{
    Durability, Journal, Kafka, KafkaOptions, KafkaPorts, Postgres, Redis, StateDir, Topic, free_port,
};

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

async fn reminders(broker: u16) -> PartitionClient {
    let client = ClientBuilder::new(vec![format!("127.0.0.1:{broker}")]).build().await.expect("it runs");
    client.partition_client("reminders", 0, UnknownTopicHandling::Error).await.expect("the topic is there")
}

#[tokio::test]
async fn kafka_keeps_an_event_it_has_accepted() {
    let directory = StateDir::temporary("kafka").unwrap();
    let journal = Journal::open(&directory, false).unwrap();
    let ports = KafkaPorts::free().unwrap();
    let topics = vec![Topic { name: "reminders".into(), partitions: 3 }];
    let options = KafkaOptions { ports, topics, links: vec![] };
    let kafka = Kafka::start(&directory, options.clone(), &journal).await.unwrap();
    let (key, value, headers) = (None, Some(b"1".to_vec()), [].into());
    #[expect(clippy::disallowed_methods, reason = "Kafka refuses another time, and forgets what is old")]
    let record = Record { key, value, headers, timestamp: chrono::Utc::now() };
    reminders(ports.broker).await.produce(vec![record], Compression::NoCompression).await.unwrap();
    kafka.part().kill().await.unwrap();
    kafka.part().ready(READY).await.unwrap();
    let kept = async || reminders(ports.broker).await.fetch_records(0, 1..1000, 100).await.unwrap().0;
    assert_eq!(kept().await[0].record.value, Some(b"1".to_vec()));
    kafka.stop().await;
    // Its data and topics are made once.
    let kafka = Kafka::start(&directory, options, &journal).await.unwrap();
    assert_eq!(kept().await.len(), 1);
    kafka.stop().await;
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
