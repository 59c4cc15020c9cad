//! Mails about accounts: rows of `account_mail`, which todo-backend commits with what they are about.

mod claim;
mod letter;
mod outcome;
#[cfg(test)]
mod tests;

use sqlx::PgPool;

use self::claim::Claimed;
use super::{
    mail::Mail,
    outcome::Outcome,
    queue::{Queue, Recorded},
};

pub(super) struct Accounts {
    /// The right-hand side of Message-IDs.
    pub(super) domain: String,
    /// What links begin with.
    pub(super) public_url: String,
}

impl Queue for Accounts {
    type Claimed = Claimed;

    async fn claim(&self, pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
        claim::claim(pool).await
    }

    fn mail(&self, claimed: &Claimed) -> Option<Mail> {
        let letter = letter::of(claimed, &self.public_url);
        claimed.current.then(|| Mail {
            to: claimed.email.clone(),
            subject: letter.subject.to_owned(),
            // Told apart from those of deliveries.
            message_id: format!("<account-{}@{}>", claimed.id, self.domain),
            text: letter.text(),
            html: Some(letter.html()),
        })
    }

    async fn record(
        &self,
        pool: &PgPool,
        claimed: &Claimed,
        outcome: &Outcome,
    ) -> Result<Recorded, sqlx::Error> {
        outcome::record(pool, claimed, outcome).await
    }
}
