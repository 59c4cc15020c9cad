//! Mails of reminders: deliveries, which the `Notification` actor's turns queue.

mod claim;
mod mail;
mod outcome;

use sqlx::PgPool;

use super::{
    mail::Mail,
    outcome::Outcome,
    queue::{Queue, Recorded},
};

#[cfg(test)]
pub(super) use self::{claim::claim, mail::compose, outcome::record};
pub(super) use claim::Claimed;

pub(super) struct Reminders {
    /// The right-hand side of Message-IDs.
    pub(super) domain: String,
}

impl Queue for Reminders {
    type Claimed = Claimed;

    async fn claim(&self, pool: &PgPool) -> Result<Option<Claimed>, sqlx::Error> {
        claim::claim(pool).await
    }

    fn mail(&self, claimed: &Claimed) -> Option<Mail> {
        claimed.current.then(|| mail::compose(claimed, &self.domain))
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
