//! The topics of a broker of our own: made before anybody wants them, so that each has the partitions it should.

use anyhow::{Context, Result};
use rskafka::client::{
    Client, ClientBuilder,
    error::{Error, ProtocolError},
};

/// A topic and how many partitions it has: at most so many sidecars of an app share its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub name: String,
    pub partitions: u16,
}

const LIMIT_MS: i32 = 5000;

/// A connection to the broker, once it answers.
pub(super) async fn connect(port: u16) -> Result<Client> {
    Ok(ClientBuilder::new(vec![format!("127.0.0.1:{port}")]).build().await?)
}

/// Makes those that are not there; one that is stays as it is.
pub(super) async fn create(port: u16, topics: &[Topic]) -> Result<()> {
    let controller = connect(port).await?.controller_client()?;
    for Topic { name, partitions } in topics {
        match controller.create_topic(name, (*partitions).into(), 1, LIMIT_MS).await {
            Ok(()) | Err(Error::ServerError { protocol_error: ProtocolError::TopicAlreadyExists, .. }) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot make the topic {name}")),
        }
    }
    Ok(())
}
