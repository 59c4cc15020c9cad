//! Many actors are poked, page by page, a few at a time.

use futures::{StreamExt, stream};

const AT_A_TIME: usize = 16;

/// How it went.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pokes {
    pub(super) sent: u64,
    /// Who did not answer.
    pub(super) failed: u64,
    /// The sum of what the others answered.
    pub(super) did: u64,
}

/// Pokes all of whom `page` gives those after the one it is given, in order.
pub(super) async fn poke_all<I, Page, Poke>(
    first: I,
    page: impl Fn(I) -> Page,
    poke: impl Fn(I) -> Poke,
) -> Result<Pokes, sqlx::Error>
where
    I: Clone,
    Page: Future<Output = Result<Vec<I>, sqlx::Error>>,
    Poke: Future<Output = Result<u32, String>>,
{
    let mut pokes = Pokes::default();
    let mut last_failure = None;
    let mut after = first;
    loop {
        let ids = page(after).await?;
        let Some(last) = ids.last() else { break };
        after = last.clone();
        pokes.sent += ids.len() as u64;
        let mut answers = stream::iter(ids).map(&poke).buffer_unordered(AT_A_TIME);
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(did) => pokes.did += u64::from(did),
                Err(detail) => {
                    pokes.failed += 1;
                    last_failure = Some(detail);
                }
            }
        }
    }
    if let Some(last_failure) = last_failure {
        tracing::warn!(failed = pokes.failed, of = pokes.sent, last_failure, "some actors did not answer");
    }
    Ok(pokes)
}
