//! A client that comes by a link reaches Kafka by that link only.

use std::time::Duration;

use rskafka::client::{
    ClientBuilder,
    partition::{OffsetAt, UnknownTopicHandling},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use xtask::{BrokerLink, Journal, Kafka, KafkaOptions, KafkaPorts, StateDir, Topic, free_port};

/// Passes on what comes to `near`, until it is dropped.
async fn pass_on(BrokerLink { near, far }: BrokerLink) -> JoinSet<()> {
    let listener = TcpListener::bind(("127.0.0.1", near)).await.expect("the port is free");
    let mut passing = JoinSet::new();
    passing.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut client, _)) = listener.accept().await {
            connections.spawn(async move {
                if let Ok(mut broker) = TcpStream::connect(("127.0.0.1", far)).await {
                    // Ends with either side.
                    let _ = copy_bidirectional(&mut client, &mut broker).await;
                }
            });
        }
    });
    passing
}

#[tokio::test]
async fn a_cut_link_cuts_off_who_comes_by_it_and_nobody_else() {
    let directory = StateDir::temporary("link").unwrap();
    let journal = Journal::open(&directory, false).unwrap();
    let (ports, link) =
        (KafkaPorts::free().unwrap(), BrokerLink { near: free_port().unwrap(), far: free_port().unwrap() });
    let topics = vec![Topic { name: "reminders".into(), partitions: 1 }];
    let options = KafkaOptions { ports, topics, links: vec![link] };
    let kafka = Kafka::start(&directory, options, &journal).await.unwrap();
    let passing = pass_on(link).await;

    let reminders = async |port: u16| {
        let client = ClientBuilder::new(vec![format!("127.0.0.1:{port}")]).build().await.unwrap();
        client.partition_client("reminders", 0, UnknownTopicHandling::Error).await.unwrap()
    };
    let (linked, direct) = (reminders(link.near).await, reminders(ports.broker).await);
    for client in [&linked, &direct] {
        assert_eq!(client.get_offset(OffsetAt::Latest).await.unwrap(), 0);
    }
    drop(passing);
    assert_eq!(direct.get_offset(OffsetAt::Latest).await.unwrap(), 0);
    let cut = timeout(Duration::from_secs(2), linked.get_offset(OffsetAt::Latest)).await;
    assert!(!cut.is_ok_and(|answer| answer.is_ok()), "it found another way");

    kafka.stop().await;
    directory.remove().unwrap();
}
