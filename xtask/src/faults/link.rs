//! A TCP proxy on the way between two parts, which can be broken and mended while connections are open.

use std::{io, net::SocketAddr};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What a link does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Pass,
    /// Nothing arrives, on either side, and nobody is told: a network that drops packets. What was sent meanwhile
    /// arrives once the link is mended, as TCP would send it again.
    Hang,
    /// What the client sends arrives and what it is answered does not. A connection that lost an answer is reset when
    /// the link is mended.
    DropReplies,
    /// Open connections are reset, and new ones as soon as they are made.
    Cut,
}

/// A proxy that listens at one address and connects to another.
pub struct Link {
    address: SocketAddr,
    target: SocketAddr,
    flow: watch::Sender<Flow>,
    task: JoinHandle<()>,
}

impl Link {
    /// Listens at `address`; with port 0 at a free one.
    pub async fn open(address: SocketAddr, target: SocketAddr) -> Result<Self> {
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen at {address}"))?;
        let (address, flow) = (listener.local_addr()?, watch::Sender::new(Flow::Pass));
        let task = tokio::spawn(serve(listener, target, flow.subscribe()));
        Ok(Self { address, target, flow, task })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A text that names where the link leads, naming the link.
    pub(crate) fn instead_of(&self, text: &str) -> String {
        text.replace(&self.target.to_string(), &self.address.to_string())
    }

    /// Breaks the link, or mends it with [`Flow::Pass`].
    pub fn set(&self, flow: Flow) {
        self.flow.send_replace(flow);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, flow: watch::Receiver<Flow>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(connect(client, target, flow.clone()))),
                // Out of file descriptors, say: those that end give some back.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection to its end.
async fn connect(mut client: TcpStream, target: SocketAddr, flow: watch::Receiver<Flow>) {
    let carried = async {
        until(&mut flow.clone(), |flow| flow != Flow::Hang).await?;
        let mut server = TcpStream::connect(target).await?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        tokio::try_join!(
            pump(from_client, to_server, flow.clone(), false),
            pump(from_server, to_client, flow.clone(), true),
        )?;
        io::Result::Ok(())
    };
    let mut cut = flow.clone();
    let ended_well = tokio::select! {
        carried = carried => carried.is_ok(),
        _ = cut.wait_for(|flow| *flow == Flow::Cut) => false,
    };
    if !ended_well {
        // What fails here is closed already.
        let _ = client.set_zero_linger();
    }
}

/// Copies one direction until its end. An error resets the connection.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut flow: watch::Receiver<Flow>,
    replies: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        until(&mut flow, |flow| flow != Flow::Hang).await?;
        if replies && *flow.borrow() == Flow::DropReplies {
            until(&mut flow, |flow| flow != Flow::DropReplies).await?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}

async fn until(flow: &mut watch::Receiver<Flow>, wanted: impl Fn(Flow) -> bool) -> io::Result<()> {
    let waited = flow.wait_for(|flow| wanted(*flow)).await;
    waited.map(drop).map_err(|_| io::ErrorKind::ConnectionAborted.into())
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use tokio::time::timeout;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(200);
    const LIMIT: Duration = Duration::from_secs(5);
    const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    /// A server that says back what it hears and tells what that was.
    async fn echo() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
        let listener = TcpListener::bind(ANYWHERE).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, hears) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let heard = heard.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 64];
                    while let Ok(length @ 1..) = client.read(&mut buffer).await {
                        let _ = heard.send(buffer[..length].to_vec());
                        let _ = client.write_all(&buffer[..length]).await;
                    }
                });
            }
        });
        (address, hears)
    }

    async fn answer(client: &mut TcpStream) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 64];
        let length = client.read(&mut buffer).await?;
        Ok(buffer[..length].to_vec())
    }

    #[tokio::test]
    async fn what_hangs_arrives_once_the_link_is_mended() {
        let (server, mut hears) = echo().await;
        let link = Link::open(ANYWHERE, server).await.unwrap();
        let mut client = TcpStream::connect(link.address()).await.unwrap();
        client.write_all(b"one").await.unwrap();
        assert_eq!(answer(&mut client).await.unwrap(), b"one");
        link.set(Flow::Hang);
        client.write_all(b"two").await.unwrap();
        let mut newcomer = TcpStream::connect(link.address()).await.unwrap();
        newcomer.write_all(b"new").await.unwrap();
        assert!(timeout(MOMENT, answer(&mut client)).await.is_err());
        assert_eq!(hears.recv().await.unwrap(), b"one");
        assert!(hears.try_recv().is_err(), "nothing arrived");
        link.set(Flow::Pass);
        assert_eq!(timeout(LIMIT, answer(&mut client)).await.unwrap().unwrap(), b"two");
        assert_eq!(timeout(LIMIT, answer(&mut newcomer)).await.unwrap().unwrap(), b"new");
    }

    #[tokio::test]
    async fn a_request_whose_answer_is_dropped_arrived() {
        let (server, mut hears) = echo().await;
        let link = Link::open(ANYWHERE, server).await.unwrap();
        let mut client = TcpStream::connect(link.address()).await.unwrap();
        link.set(Flow::DropReplies);
        client.write_all(b"commit").await.unwrap();
        assert_eq!(timeout(LIMIT, hears.recv()).await.unwrap().unwrap(), b"commit");
        assert!(timeout(MOMENT, answer(&mut client)).await.is_err());
        link.set(Flow::Pass);
        let lost = timeout(LIMIT, answer(&mut client)).await.unwrap().unwrap_err();
        assert_eq!(lost.kind(), io::ErrorKind::ConnectionReset);
        let mut again = TcpStream::connect(link.address()).await.unwrap();
        again.write_all(b"again").await.unwrap();
        assert_eq!(answer(&mut again).await.unwrap(), b"again");
    }

    #[tokio::test]
    async fn a_cut_resets_open_and_new_connections() {
        let (server, _hears) = echo().await;
        let link = Link::open(ANYWHERE, server).await.unwrap();
        let mut client = TcpStream::connect(link.address()).await.unwrap();
        client.write_all(b"one").await.unwrap();
        assert_eq!(answer(&mut client).await.unwrap(), b"one");
        link.set(Flow::Cut);
        assert!(timeout(LIMIT, answer(&mut client)).await.unwrap().is_err());
        let mut newcomer = TcpStream::connect(link.address()).await.unwrap();
        assert!(timeout(LIMIT, answer(&mut newcomer)).await.unwrap().is_err());
        link.set(Flow::Pass);
        let mut again = TcpStream::connect(link.address()).await.unwrap();
        again.write_all(b"again").await.unwrap();
        assert_eq!(answer(&mut again).await.unwrap(), b"again");
    }
}
