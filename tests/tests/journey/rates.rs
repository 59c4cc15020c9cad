//! How many requests there may be, as the headers of answers tell it.

use std::collections::BTreeMap;

use almanac_tests::{Person, Request, WholeAnswer};
use futures::{StreamExt, stream};
use virtual_actors::{Clock, System};
use xtask::{BACKEND, Stack};

/// Of an address without a token, in a minute. So many that no other case, of which some ask often, comes near.
pub(crate) const OF_ADDRESSES: u32 = 2_000;
/// Of a token: without end, but counted.
pub(crate) const OF_TOKENS: u32 = 1_000_000;
/// What replicas give out before they ask each other: a fiftieth, each.
const FREE: u32 = OF_ADDRESSES / 50;
const AT_ONCE: usize = 16;

pub(crate) async fn what_remains_is_told_and_backends_together_give_out_no_more(stack: &Stack) {
    let ada = Person::register(stack).await;
    let backends = stack.ports().of(BACKEND).iter().map(|ports| format!("http://127.0.0.1:{}", ports.app));
    let backends: Vec<String> = backends.collect();
    assert_eq!(backends.len(), 2);
    let hers = ada.by(backends[0].clone()).request("GET", "/me").whole().await;
    assert_eq!(hers.header("ratelimit-policy"), format!(r#""token";q={OF_TOKENS};w=60"#));
    assert!((1..OF_TOKENS).contains(&of(&hers, "r")) && of(&hers, "t") <= 60, "{hers:?}");

    // From one address, at both in turn, until it is one too many.
    let mut given = BTreeMap::<i64, u32>::new();
    let requests = backends.iter().cycle().map(|backend| {
        let request =
            Request::new("GET", format!("{backend}/api/v1/me")).header("x-forwarded-for", "192.0.2.77");
        async move { request.whole().await }
    });
    let mut answers = stream::iter(requests).buffer_unordered(AT_ONCE);
    let refused = loop {
        let answer = answers.next().await.expect("there are always more");
        assert_eq!(answer.header("ratelimit-policy"), format!(r#""address";q={OF_ADDRESSES};w=60"#));
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 401, "{answer:?}");
        *given.entry(window_of(&answer)).or_default() += 1;
    };
    assert_eq!((of(&refused, "r"), refused.json()["type"].as_str()), (0, Some("/api/problems/rate-limited")));
    assert_eq!(refused.header("retry-after"), of(&refused, "t").to_string());
    // What the other one still has of its portion goes, too, and then nothing more.
    let mut rest = answers.take(OF_ADDRESSES as usize / 10);
    while let Some(answer) = rest.next().await {
        if answer.status == 401 {
            *given.entry(window_of(&answer)).or_default() += 1;
        }
    }
    assert!(given.values().all(|given| *given <= OF_ADDRESSES + FREE), "{given:?}");
    assert!(given.values().any(|given| *given >= OF_ADDRESSES / 2), "{given:?}");
    let other =
        Request::new("GET", format!("{}/api/v1/me", backends[0])).header("x-forwarded-for", "192.0.2.78");
    assert_eq!(other.send().await.status, 401, "another address has its own");
}

/// A member of `RateLimit`: what remains, `r`, or seconds until there are more, `t`.
fn of(answer: &WholeAnswer, member: &str) -> u32 {
    let told =
        answer.header("ratelimit").split(';').find_map(|part| part.strip_prefix(member)?.strip_prefix('='));
    told.unwrap_or_else(|| panic!("no {member}: {answer:?}")).parse().expect("a number")
}

/// When the window of an answer ends, in minutes: half of one off is near enough.
fn window_of(answer: &WholeAnswer) -> i64 {
    (System.now().timestamp() + i64::from(of(answer, "t")) + 30) / 60
}
