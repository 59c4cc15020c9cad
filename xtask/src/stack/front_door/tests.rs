use std::{collections::BTreeSet, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;
use crate::{ports::free_port, state_dir::StateDir};

async fn door(directory: &tempfile::TempDir) -> (FrontDoor, u16) {
    let directory = StateDir::resolve(Some(directory.path())).unwrap();
    directory.create().unwrap();
    let port = free_port().unwrap();
    (FrontDoor::open(port, &Journal::open(&directory, false).unwrap()).await.unwrap(), port)
}

/// Answers each connection by its own port, then repeats what it is sent.
async fn echo() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                client.write_u16(port).await.unwrap();
                let (mut from, mut to) = client.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    (port, serving)
}

/// Who answers a new client; none if it is turned away.
async fn answers(port: u16) -> Option<(u16, TcpStream)> {
    let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    Some((client.read_u16().await.ok()?, client))
}

#[tokio::test]
async fn clients_are_spread_and_one_that_leaves_gets_no_new_ones() {
    let directory = tempfile::tempdir().unwrap();
    let (door, port) = door(&directory).await;
    assert!(answers(port).await.is_none(), "nobody is there yet");
    let backends = [echo().await.0, echo().await.0];
    backends.iter().for_each(|backend| door.add(*backend));
    let (first, second) = (answers(port).await.unwrap(), answers(port).await.unwrap());
    assert_eq!(BTreeSet::from([first.0, second.0]), BTreeSet::from(backends));

    door.remove(first.0);
    for _ in 0..4 {
        assert_eq!(answers(port).await.unwrap().0, second.0);
    }
    let mut open = first.1;
    open.write_all(b"still there").await.unwrap();
    let mut said = [0; 11];
    open.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"still there");
}

#[tokio::test]
async fn a_backend_that_refuses_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let (door, port) = door(&directory).await;
    door.add(free_port().unwrap());
    let (there, _serving) = echo().await;
    door.add(there);
    for _ in 0..4 {
        assert_eq!(answers(port).await.unwrap().0, there);
    }
}

/// Says 200 to everything.
async fn ready() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let _ = client.read(&mut [0; 1024]).await;
            let _ =
                client.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    });
    port
}

#[tokio::test]
async fn a_backend_that_says_nothing_loses_its_connections_once_another_is_ready() {
    let directory = tempfile::tempdir().unwrap();
    let (door, port) = door(&directory).await;
    // It accepts and repeats, but it knows no HTTP.
    let (mute, _serving) = echo().await;
    door.add(mute);
    let (_, mut open) = answers(port).await.unwrap();
    let mut health = lock(&door.backends).all[0].health();
    timeout(Duration::from_secs(30), health.lost()).await.expect("it is lost");
    open.write_all(b"?").await.unwrap();
    assert_eq!(open.read_u8().await.unwrap(), b'?', "there is no better one");
    door.add(ready().await);
    let ended = timeout(Duration::from_secs(30), open.read_u8()).await.expect("it is cut off");
    assert!(ended.is_err());
}
