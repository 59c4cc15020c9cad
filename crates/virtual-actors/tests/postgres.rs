//! The PostgreSQL store keeps the contract, also when several owners and relays are at it at once.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;
use virtual_actors::{
    Changes, Commit, Committed, Destination, Entry, Lane, Outbox, PARTITIONS, Pending, PgStore, Store,
    StoreError,
    postgres::{Place, is_of_lost_future, migrate},
    testing::store_contract::{self, KIND, answer, change, hold, yes},
};

async fn store(pool: &PgPool) -> PgStore {
    migrate(pool).await.expect("migrates");
    sqlx::query("CREATE TABLE counter (id text PRIMARY KEY, version bigint NOT NULL, state jsonb NOT NULL)")
        .execute(pool)
        .await
        .expect("creates");
    sqlx::query(
        "CREATE FUNCTION contract_rule(rows jsonb) RETURNS void LANGUAGE plpgsql AS $$
         BEGIN
             IF rows ? 'breaks' THEN
                 RAISE EXCEPTION USING ERRCODE = 'VA001', DETAIL = (rows -> 'breaks')::text;
             END IF;
         END $$",
    )
    .execute(pool)
    .await
    .expect("creates");
    PgStore::new(pool.clone())
}

async fn emit(store: &PgStore, id: &str, partition: i16) {
    let destination = Destination::Topic { topic: "t".into(), key: id.into() };
    let entry = Entry { event_id: Uuid::nil(), partition, version: 1, destination, body: json!(id) };
    let change = Changes { state: json!(1), outbox: vec![entry], rows: Value::Null };
    let commit = Commit { actor_id: id, version: 0, command: None, change: Some(change) };
    store.commit(&KIND, commit).await.expect("commits");
}

#[sqlx::test(migrations = false)]
async fn it_keeps_the_contract(pool: PgPool) {
    store_contract::run_all(&store(&pool).await).await;
}

#[sqlx::test(migrations = false)]
async fn relays_take_over_as_time_passes(pool: PgPool) {
    // Time passes by making everything older.
    let elapse = async |time: Duration| {
        for older in [
            "UPDATE actor_outbox_share SET leased_until = leased_until - $1 * interval '1 s'",
            "UPDATE actor_relay SET seen_until = seen_until - $1 * interval '1 s'",
            "UPDATE actor_outbox SET not_before = not_before - $1 * interval '1 s'",
        ] {
            sqlx::query(older).bind(time.as_secs_f64()).execute(&pool).await.expect("lets time pass");
        }
    };
    store_contract::relays_take_over(&store(&pool).await, elapse).await;
}

#[sqlx::test(migrations = false)]
async fn migrations_may_be_run_again(pool: PgPool) {
    migrate(&pool).await.expect("migrates");
    migrate(&pool).await.expect("finds nothing to do");
}

#[sqlx::test(migrations = false)]
async fn of_many_first_commits_one_wins(pool: PgPool) {
    let store = store(&pool).await;
    let commits = (0..8).map(|n| {
        let store = &store;
        async move { store.commit(&KIND, change("c", 0, json!(n))).await.expect("commits") }
    });
    let results = join_all(commits).await;
    assert_eq!(results.iter().filter(|result| **result == yes(1)).count(), 1);
    assert_eq!(results.iter().filter(|result| **result == Committed::LostRace).count(), 7);
}

#[sqlx::test(migrations = false)]
async fn owners_that_answer_one_command_at_once_give_one_answer(pool: PgPool) {
    let store = store(&pool).await;
    store.commit(&KIND, change("c", 0, json!(0))).await.expect("commits");
    for round in 0..20_u128 {
        // Half of the owners would refuse, half would change the state.
        let version = store.version(&KIND, "c").await.expect("reads");
        let attempts = (0..6).map(|owner| {
            let store = &store;
            async move {
                let commit = if owner % 2 == 0 {
                    hold("c", version, round)
                } else {
                    Commit { command: Some(answer(round, "changed")), ..change("c", version, json!(owner)) }
                };
                store.commit(&KIND, commit).await.expect("commits")
            }
        });
        let results = join_all(attempts).await;
        let won = results.iter().filter(|result| matches!(result, Committed::Yes { .. })).count();
        assert_eq!(won, 1, "round {round}: {results:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn relays_share_the_partitions_and_take_over_what_runs_out(pool: PgPool) {
    let store = store(&pool).await;
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert_eq!(store.claim(first).await.expect("claims"), PARTITIONS as usize, "alone it takes all");
    store.claim(second).await.expect("claims");
    assert_eq!(store.claim(first).await.expect("claims"), 8, "it gives back more than its share");
    assert_eq!(store.claim(second).await.expect("claims"), 8);

    for partition in 0..PARTITIONS {
        emit(&store, &format!("p{partition}"), partition).await;
    }
    let of = async |relay| store.ready(relay, Lane::Topics, &[], 100).await.expect("reads");
    let (mine, theirs) = (of(first).await, of(second).await);
    assert_eq!((mine.len(), theirs.len()), (8, 8));
    assert!(mine.iter().all(|pending| !theirs.contains(pending)), "no entry has two relays");

    // The second one freezes: its claims run out by the database's clock.
    sqlx::query("UPDATE actor_outbox_share SET leased_until = now() - interval '1 s' WHERE relay = $1")
        .bind(second)
        .execute(&pool)
        .await
        .expect("updates");
    sqlx::query("UPDATE actor_relay SET seen_until = now() - interval '1 s' WHERE relay = $1")
        .bind(second)
        .execute(&pool)
        .await
        .expect("updates");
    assert!(of(second).await.is_empty(), "it reads nothing any more");
    assert_eq!(store.claim(first).await.expect("claims"), PARTITIONS as usize);
    assert_eq!(of(first).await.len(), 16);

    store.release(first).await.expect("releases");
    assert_eq!(store.claim(second).await.expect("claims"), PARTITIONS as usize, "what is given back is free");
}

#[sqlx::test(migrations = false)]
async fn a_deferred_entry_waits_longer_each_time(pool: PgPool) {
    let store = store(&pool).await;
    let relay = Uuid::from_u128(1);
    store.claim(relay).await.expect("claims");
    emit(&store, "a", 0).await;
    let seq = store.ready(relay, Lane::Topics, &[], 10).await.expect("reads")[0].seq;
    let mut waits = Vec::new();
    for _ in 0..12 {
        store.deferred(&[seq]).await.expect("defers");
        let wait: f64 = sqlx::query_scalar(
            "SELECT extract(epoch FROM not_before - clock_timestamp())::float8 FROM actor_outbox",
        )
        .fetch_one(&pool)
        .await
        .expect("reads");
        waits.push(wait);
    }
    assert!(store.ready(relay, Lane::Topics, &[], 10).await.expect("reads").is_empty());
    assert!(waits[1] > waits[0] * 1.5, "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= 30.0), "{waits:?}");
}

#[sqlx::test(migrations = false)]
async fn a_message_to_an_actor_is_left_to_its_own_host_for_a_moment(pool: PgPool) {
    let store = store(&pool).await;
    let relay = Uuid::from_u128(1);
    store.claim(relay).await.expect("claims");
    let destination = Destination::Actor { actor_type: "A".into(), actor_id: "1".into(), method: "m".into() };
    let entry = Entry { event_id: Uuid::nil(), partition: 0, version: 1, destination, body: Value::Null };
    let changes = Changes { state: json!(1), outbox: vec![entry.clone()], rows: Value::Null };
    let commit = Commit { actor_id: "a", version: 0, command: None, change: Some(changes) };
    store.commit(&KIND, commit).await.expect("commits");
    assert!(store.ready(relay, Lane::Actors, &[], 10).await.expect("reads").is_empty());
    sqlx::query("UPDATE actor_outbox SET not_before = not_before - interval '1 s'")
        .execute(&pool)
        .await
        .expect("lets time pass");
    let ready = store.ready(relay, Lane::Actors, &[], 10).await.expect("reads");
    assert_eq!(ready[0].entry, entry, "its host may have died");
    let other = Uuid::from_u128(2);
    assert!(store.ready(other, Lane::Actors, &[], 10).await.expect("reads").is_empty(), "one relay has it");
    sqlx::query("UPDATE actor_outbox SET not_before = not_before - interval '7 s'")
        .execute(&pool)
        .await
        .expect("lets time pass");
    let again = store.ready(other, Lane::Actors, &[], 10).await.expect("reads");
    assert_eq!(again[0].entry, entry, "whoever claims no partition finds it too, if that relay died");
}

#[sqlx::test(migrations = false)]
async fn a_database_that_is_gone_is_unavailable_and_a_wrong_statement_is_not(pool: PgPool) {
    let store = store(&pool).await;
    let missing = virtual_actors::Kind { actor_type: "Missing", table: "missing", ..KIND };
    let refused = store.load(&missing, "x", None).await.expect_err("there is no such table");
    assert!(matches!(refused, StoreError::Rejected(_)), "{refused}");
    pool.close().await;
    let gone = store.load(&KIND, "x", None).await.expect_err("there is no connection");
    assert!(matches!(gone, StoreError::Unavailable(_)), "{gone}");
}

/// The places, ids and numbers of the events that are ready.
async fn published(store: &PgStore) -> Vec<(Place, Uuid, i64)> {
    let relay = Uuid::from_u128(1);
    store.claim(relay).await.expect("claims");
    let ready = store.ready(relay, Lane::Topics, &[], 100).await.expect("reads");
    let number = |value: &Value| value.as_str().map(|text| text.parse::<i64>().expect("a number"));
    ready
        .iter()
        .map(|Pending { entry: Entry { body, .. }, .. }| {
            let epoch = number(&body["epoch"]).unwrap_or_default();
            let id = body["id"].as_str().expect("an id").parse().expect("an id");
            (
                Place { epoch, position: number(&body["position"]) },
                id,
                body["data"].as_i64().expect("a number"),
            )
        })
        .collect()
}

#[sqlx::test(migrations = false)]
async fn a_version_given_out_again_after_a_restore_is_another_event(pool: PgPool) {
    let store = store(&pool).await;
    let emit = async |id: &str, data: i64| {
        let destination = Destination::Topic { topic: "t".into(), key: id.into() };
        // As the runtime makes it: the id follows from actor, version and position.
        let event_id = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes());
        let body = json!({ "id": event_id, "data": data });
        let entry = Entry { event_id, partition: 0, version: 1, destination, body };
        let change = Changes { state: json!(data), outbox: vec![entry], rows: Value::Null };
        store.commit(&KIND, Commit { actor_id: id, version: 0, command: None, change: Some(change) }).await
    };
    emit("a", 1).await.expect("commits");
    let backup = published(&store).await;
    emit("b", 2).await.expect("commits");
    let lost = published(&store).await[1];
    assert!(!is_of_lost_future(&pool, lost.0).await.expect("answers"));

    // Set back to before `b`.
    for statement in [
        "DELETE FROM counter WHERE id = 'b'",
        "DELETE FROM actor_outbox WHERE seq > 1",
        "INSERT INTO actor_epoch (epoch, after_seq) VALUES (1790000000, 1)",
    ] {
        sqlx::query(statement).execute(&pool).await.expect("is done");
    }
    assert_eq!(
        published(&store).await,
        backup,
        "what the copy has not handed over is the same fact as before"
    );
    emit("b", 3).await.expect("commits");
    let now = published(&store).await;
    assert_eq!((now.len(), now[0], now[1].2), (2, backup[0], 3));
    assert_ne!(now[1].1, lost.1, "the same actor and version, but another event");
    for (place, is_lost) in [(lost.0, true), (now[0].0, false), (now[1].0, false)] {
        assert_eq!(is_of_lost_future(&pool, place).await.expect("answers"), is_lost, "{place:?}");
    }
    for unknown in [Place { epoch: 0, position: None }, Place { epoch: 1_780_000_000, position: Some(1) }] {
        assert!(is_of_lost_future(&pool, unknown).await.expect("answers"), "{unknown:?}");
    }
}
