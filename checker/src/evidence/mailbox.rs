//! The mails that arrived, from mailpit's list of them.

use serde::Deserialize;
use uuid::Uuid;

use super::{GatherError, http};

/// A mail in a recipient's mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub message_id: String,
    pub to: Vec<String>,
}

impl Mail {
    /// The delivery it carries out, which its Message-ID names; after a restored backup with the epoch behind it.
    pub fn delivery(&self) -> Option<Uuid> {
        self.message_id.trim_matches(['<', '>']).split(['.', '@']).next()?.parse().ok()
    }
}

const PAGE: usize = 500;

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(rename = "MessageID")]
    message_id: String,
    to: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    address: String,
}

/// All mails of reminders there are. None may come meanwhile.
pub(super) async fn mails(client: &reqwest::Client, base: &str) -> Result<Vec<Mail>, GatherError> {
    let (mut mails, mut seen) = (Vec::new(), 0);
    loop {
        let url = format!("{base}/api/v1/messages?limit={PAGE}&start={seen}");
        let Page { messages } = http::get(client, &url, None).await?;
        if messages.is_empty() {
            return Ok(mails);
        }
        seen += messages.len();
        let of_reminders = messages.into_iter().filter(|mail| !is_about_an_account(&mail.message_id));
        mails.extend(of_reminders.map(|Message { message_id, to }| Mail {
            message_id,
            to: to.into_iter().map(|Address { address }| address).collect(),
        }));
    }
}

/// Such as the one that confirms an address.
fn is_about_an_account(message_id: &str) -> bool {
    message_id.trim_start_matches('<').starts_with("account-")
}
