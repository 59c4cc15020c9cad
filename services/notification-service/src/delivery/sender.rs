//! Handing a mail to Dapr's output binding.

use std::{collections::HashMap, future::Future, time::Duration};

use dapr::{client::TonicClientWithAuth, dapr::proto::runtime::v1::InvokeBindingRequest};
use tokio::time::timeout;

use super::mail::Mail;

/// The Dapr component that sends mail.
const BINDING: &str = "email";
/// Much shorter than a claim's lease, so that a slow send ends before anybody else takes the delivery.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where mail goes.
pub(crate) trait Sender: Send + Sync + 'static {
    /// Sends one mail; `Ok` once a mail server has accepted it.
    fn send(&self, mail: Mail) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// Why a mail was not accepted, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// The mail server will never take this mail for this reader.
    #[error("refused: {0}")]
    Refused(String),
    /// It may be tried again. The mail may have been accepted all the same.
    #[error("{0}")]
    Failed(String),
}

/// Dapr's `bindings.smtp` component.
///
/// Not for concurrent use: Dapr's stock component keeps the metadata of a call where the next call
/// overwrites it, so two sends at once can swap their recipients.
pub(crate) struct DaprBinding {
    client: TonicClientWithAuth,
}

impl DaprBinding {
    pub(crate) fn new(client: TonicClientWithAuth) -> Self {
        Self { client }
    }
}

impl Sender for DaprBinding {
    async fn send(&self, mail: Mail) -> Result<(), SendError> {
        let metadata = [
            ("emailTo", Some(mail.to)),
            ("subject", Some(mail.subject)),
            ("messageId", Some(mail.message_id)),
            ("contentType", Some("text/plain".to_owned())),
            ("html", mail.html),
        ];
        let metadata = metadata.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let request = InvokeBindingRequest {
            name: BINDING.to_owned(),
            operation: "create".to_owned(),
            data: mail.text.into_bytes(),
            metadata: metadata.collect::<HashMap<_, _>>(),
        };
        match timeout(PATIENCE, self.client.clone().invoke_binding(request)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status)) => Err(classify(status.message())),
            Err(_) => Err(SendError::Failed(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }
}

/// Permanent is only what a mail server says of this reader or this mail, by a 5yz reply (RFC 5321 section
/// 4.2.1) to RCPT TO or to the end of DATA. One to anything else, such as AUTH, tells of our settings.
fn classify(error: &str) -> SendError {
    let refused = ["RCPT TO command: 5", "DATA writer: 5"].iter().any(|reply| error.contains(reply));
    if refused { SendError::Refused(error.to_owned()) } else { SendError::Failed(error.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_says_of_this_mail_is_permanent() {
        for refused in [
            "smtp: send failed: sending SMTP RCPT TO command: 550 \"5.1.0 mailbox unavailable\", affected recipient(s): <x@y>",
            "smtp: send failed: closing SMTP DATA writer: 554 5.7.1 message refused",
        ] {
            assert_eq!(classify(refused), SendError::Refused(refused.to_owned()));
        }
        for passing in [
            "smtp: send failed: sending SMTP RCPT TO command: 450 4.2.1 mailbox busy",
            "smtp: dial failed: SMTP AUTH failed: 535 5.7.8 authentication failed",
            "smtp: send failed: sending SMTP MAIL FROM command: 550 5.7.1 sender not allowed",
            "smtp: dial tcp 127.0.0.1:1025: connect: connection refused",
            "couldn't find output binding email",
        ] {
            assert_eq!(classify(passing), SendError::Failed(passing.to_owned()));
        }
    }
}
