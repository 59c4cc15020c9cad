//! What every store promises: run against the one in memory and against PostgreSQL.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Answered, Asked, BrokenRule, Changes, CommandId, Commit, Committed, Destination, Entry, Fingerprint,
    Keep, Kind, Lane, Loaded, Outbox, PARTITIONS, Remember, Store,
};

/// States of this kind are kept in the table `counter`.
pub const KIND: Kind = Kind { actor_type: "Counter", table: "counter", rows_sql: "", rule_sql: "" };

/// The same, with a rule that refuses a change whose rows are `{"breaks": …}`, saying what.
pub const RULED: Kind = Kind { actor_type: "Ruled", rule_sql: "contract_rule($8)", ..KIND };

/// Runs every case; each uses actors of its own.
pub async fn run_all<S: Store + Outbox>(store: &S) {
    nothing_is_stored_under_a_new_id(store).await;
    each_commit_raises_the_version_by_one(store).await;
    a_commit_on_an_old_version_stores_nothing(store).await;
    the_first_state_is_inserted_once(store).await;
    an_answer_is_kept_only_at_the_current_version(store).await;
    a_command_is_answered_once(store).await;
    what_breaks_a_rule_is_not_stored(store).await;
    entries_leave_in_order_and_unchanged(store).await;
}

/// How relays share the outbox as time passes, which `elapse` makes it do. Wants an empty outbox.
pub async fn relays_take_over<S: Store + Outbox>(store: &S, elapse: impl AsyncFn(Duration)) {
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let all = PARTITIONS as usize;
    let claim = async |relay| store.claim(relay).await.expect("claims");
    assert_eq!(claim(first).await, all, "alone it takes all");
    claim(second).await;
    assert_eq!((claim(first).await, claim(second).await), (all / 2, all / 2), "two share fairly");

    let topic = Destination::Topic { topic: "t".into(), key: "k".into() };
    let actor = Destination::Actor { actor_type: "A".into(), actor_id: "1".into(), method: "m".into() };
    let entry = |n: i16, destination: &Destination| Entry {
        event_id: Uuid::from_u128(n as u128),
        partition: n,
        version: 1,
        destination: destination.clone(),
        body: json!(n),
    };
    let mut outbox: Vec<Entry> = (0..PARTITIONS).map(|partition| entry(partition, &topic)).collect();
    outbox.push(entry(PARTITIONS, &actor));
    let changes = Changes { state: json!(1), outbox, rows: Value::Null };
    commit(store, Commit { change: Some(changes), ..hold("leases", 0, 1) }).await;

    let ready = async |relay, lane| store.ready(relay, lane, &[], 100).await.expect("reads").len();
    assert_eq!((ready(first, Lane::Topics).await, ready(second, Lane::Topics).await), (all / 2, all / 2));
    assert_eq!(ready(first, Lane::Actors).await, 0, "a message is left to its own host for a moment");
    elapse(Duration::from_secs(2)).await;
    assert_eq!(ready(first, Lane::Actors).await, 1, "which may have died");
    assert_eq!(ready(second, Lane::Actors).await, 0, "one relay has it");

    // The second one freezes; the first goes on.
    elapse(Duration::from_secs(3)).await;
    claim(first).await;
    elapse(Duration::from_secs(2)).await;
    assert_eq!(ready(second, Lane::Topics).await, 0, "its lease has run out");
    assert_eq!(ready(second, Lane::Actors).await, 0, "six seconds are not over");
    assert_eq!(claim(first).await, all);
    let events = store.ready(first, Lane::Topics, &[], 100).await.expect("reads");
    assert_eq!(events.len(), all);

    elapse(Duration::from_secs(2)).await;
    let message = store.ready(second, Lane::Actors, &[], 100).await.expect("reads");
    assert_eq!(message.len(), 1, "whoever took it has died; no partition is needed for it");
    store.deferred(&[events[0].seq]).await.expect("defers");
    assert_eq!(ready(first, Lane::Topics).await, all - 1, "what was deferred waits");
    elapse(Duration::from_secs(1)).await;
    assert_eq!(ready(first, Lane::Topics).await, all);
    store.release(first).await.expect("releases");
    assert_eq!(claim(second).await, all, "what is given back is free");
}

/// A commit of a new state.
pub fn change(id: &str, version: i64, state: Value) -> Commit<'_> {
    let change = Changes { state, outbox: Vec::new(), rows: Value::Null };
    Commit { actor_id: id, version, command: None, change: Some(change) }
}

/// A commit of an answer alone.
pub fn hold(id: &str, version: i64, command: u128) -> Commit<'_> {
    Commit { actor_id: id, version, command: Some(answer(command, "held")), change: None }
}

/// An answer to a command.
pub fn answer(command: u128, outcome: &str) -> Remember {
    let fingerprint = Fingerprint { message: vec![1, 2, 3], asked: Some(Asked(Uuid::from_u128(command))) };
    let answered = Answered { fingerprint, outcome: json!({ "outcome": outcome }) };
    Remember { command: CommandId(Uuid::from_u128(command)), answered, keep: Keep::Long }
}

/// A commit that was stored, and put nothing into the outbox.
pub fn yes(version: i64) -> Committed {
    Committed::Yes { version, seqs: Vec::new() }
}

async fn load<S: Store>(store: &S, id: &str, command: u128) -> Loaded {
    store.load(&KIND, id, Some(CommandId(Uuid::from_u128(command)))).await.expect("loads")
}

async fn commit<S: Store>(store: &S, commit: Commit<'_>) -> Committed {
    store.commit(&KIND, commit).await.expect("commits")
}

async fn nothing_is_stored_under_a_new_id<S: Store>(store: &S) {
    assert_eq!(load(store, "new", 1).await, Loaded::default());
    assert_eq!(store.version(&KIND, "new").await.expect("reads"), 0);
}

async fn each_commit_raises_the_version_by_one<S: Store>(store: &S) {
    for version in 0..3 {
        let committed = commit(store, change("raise", version, json!({ "n": version }))).await;
        assert_eq!(committed, yes(version + 1));
    }
    let loaded = load(store, "raise", 1).await;
    assert_eq!(loaded, Loaded { version: 3, state: Some(json!({ "n": 2 })), answered: None });
    assert_eq!(store.version(&KIND, "raise").await.expect("reads"), 3);
}

async fn a_commit_on_an_old_version_stores_nothing<S: Store>(store: &S) {
    commit(store, change("old", 0, json!("first"))).await;
    commit(store, change("old", 1, json!("second"))).await;
    let stale = Commit { command: Some(answer(1, "stale")), ..change("old", 1, json!("stale")) };
    assert_eq!(commit(store, stale).await, Committed::LostRace);
    let loaded = load(store, "old", 1).await;
    assert_eq!(loaded, Loaded { version: 2, state: Some(json!("second")), answered: None });
}

async fn the_first_state_is_inserted_once<S: Store>(store: &S) {
    assert_eq!(commit(store, change("once", 0, json!(1))).await, yes(1));
    assert_eq!(commit(store, change("once", 0, json!(2))).await, Committed::LostRace);
    assert_eq!(load(store, "once", 1).await.state, Some(json!(1)));
}

async fn an_answer_is_kept_only_at_the_current_version<S: Store>(store: &S) {
    assert_eq!(commit(store, hold("hold", 0, 1)).await, yes(0));
    commit(store, change("hold", 0, json!(1))).await;
    assert_eq!(commit(store, hold("hold", 0, 2)).await, Committed::LostRace, "there is a state by now");
    assert_eq!(commit(store, hold("hold", 2, 2)).await, Committed::LostRace);
    assert_eq!(commit(store, hold("hold", 1, 2)).await, yes(1));
    assert_eq!(load(store, "hold", 1).await.answered, Some(answer(1, "held").answered));
    assert_eq!(load(store, "hold", 2).await.answered, Some(answer(2, "held").answered));
    assert_eq!(load(store, "hold", 3).await.answered, None);
}

async fn a_command_is_answered_once<S: Store>(store: &S) {
    let first = Commit { command: Some(answer(1, "first")), ..change("answer", 0, json!(1)) };
    assert_eq!(commit(store, first).await, yes(1));
    let again = Commit { command: Some(answer(1, "again")), ..change("answer", 1, json!(2)) };
    assert_eq!(commit(store, again).await, Committed::Answered(answer(1, "first").answered));
    assert_eq!(commit(store, hold("answer", 1, 1)).await, Committed::Answered(answer(1, "first").answered));
    assert_eq!(load(store, "answer", 1).await.version, 1);
    assert_eq!(load(store, "other", 1).await.answered, None, "another actor's commands are its own");
}

async fn what_breaks_a_rule_is_not_stored<S: Store + Outbox>(store: &S) {
    let ruled = async |version, rows, command| {
        let entry = Entry {
            event_id: Uuid::from_u128(command),
            partition: 1,
            version: 1,
            destination: Destination::Topic { topic: "t".into(), key: "k".into() },
            body: json!(1),
        };
        let change = Changes { state: json!(version), outbox: vec![entry], rows };
        let command = Some(answer(command, "ruled"));
        store.commit(&RULED, Commit { actor_id: "rule", version, command, change: Some(change) }).await
    };
    let breaks = json!({ "breaks": { "rule": "cycle" } });
    let broken = Committed::Broken(BrokenRule(json!({ "rule": "cycle" })));
    assert_eq!(ruled(0, breaks.clone(), 1).await.expect("answers"), broken);
    assert_eq!(store.version(&RULED, "rule").await.expect("reads"), 0);
    let Committed::Yes { seqs, .. } = ruled(0, json!({}), 1).await.expect("commits") else {
        panic!("it keeps the rule")
    };
    assert_eq!(ruled(1, breaks, 2).await.expect("answers"), broken);
    let refused = Commit { command: Some(answer(2, "refused")), ..hold("rule", 1, 2) };
    assert_eq!(store.commit(&RULED, refused).await.expect("commits"), yes(1), "its answer is not stored yet");
    store.accepted(&seqs).await.expect("removes");
    assert_eq!(store.backlog().await.expect("measures").entries, 0, "nothing was emitted beside");
}

async fn entries_leave_in_order_and_unchanged<S: Store + Outbox>(store: &S) {
    let relay = Uuid::from_u128(7);
    store.claim(relay).await.expect("claims");
    let entry = |version, body, destination| Entry {
        event_id: Uuid::from_u128(version as u128),
        partition: 3,
        version,
        destination,
        body,
    };
    let topic = |name: &str| Destination::Topic { topic: name.to_owned(), key: "k".to_owned() };
    let actor = Destination::Actor { actor_type: "A".into(), actor_id: "1".into(), method: "m".into() };
    let emitted = vec![
        entry(1, json!({ "n": 1 }), topic("one")),
        entry(2, Value::Null, actor.clone()),
        entry(3, json!([{ "deep": "ü" }]), topic("two")),
        entry(4, json!(4), topic("one")),
    ];
    let change = Changes { state: json!(1), outbox: emitted.clone(), rows: Value::Null };
    let committed =
        commit(store, Commit { actor_id: "emit", version: 0, command: None, change: Some(change) }).await;
    let Committed::Yes { seqs, .. } = committed else { panic!("not committed: {committed:?}") };
    assert_eq!(seqs.len(), 4, "the committing host learns where they stand");

    let lane = async |lane, except: &[i64]| store.ready(relay, lane, except, 10).await.expect("reads");
    let topics = lane(Lane::Topics, &[]).await;
    let mut entries: Vec<_> = topics.iter().map(|pending| pending.entry.clone()).collect();
    // A store may add where an event stands.
    entries.iter_mut().filter_map(|entry| entry.body.as_object_mut()).for_each(|event| {
        event.remove("position");
    });
    assert_eq!(entries, [emitted[0].clone(), emitted[2].clone(), emitted[3].clone()]);
    assert_eq!(lane(Lane::Topics, &[topics[0].seq]).await, topics[1..], "those on their way are left out");
    assert_eq!(store.backlog().await.expect("measures").entries, 4);

    assert_eq!([topics[0].seq, topics[1].seq, topics[2].seq], [seqs[0], seqs[2], seqs[3]]);
    store.accepted(&[seqs[0], seqs[2]]).await.expect("removes");
    assert_eq!(lane(Lane::Topics, &[]).await, topics[2..]);
    store.accepted(&[seqs[1], seqs[3]]).await.expect("removes");
    assert_eq!(store.backlog().await.expect("measures").entries, 0);
}
