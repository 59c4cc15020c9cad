//! Hosts of an older and a newer version of an actor take turns on the same state.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use virtual_actors::{
    Actor, Asked, Call, CommandId, Commit, Engine, Handles, Keep, Kind, Message, Methods, Outcome, Store,
    System, Turn, TurnContext,
    testing::{
        MemoryStore, TestRuntime, World,
        counter::{Counter, Increment, OverLimit},
    },
};

/// A newer version of [`Counter`], with a member more.
struct WithNote;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Noted {
    total: i64,
    #[serde(default)]
    note: Option<String>,
}

/// What only the newer version understands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note(String);

impl Message for Note {
    const ACTOR: &'static str = "Counter";
    const METHOD: &'static str = "note";
    type Reply = Noted;
    type Refusal = OverLimit;
}

impl Actor for WithNote {
    const TYPE: &'static str = "Counter";
    const TABLE: &'static str = "counter";
    type State = Noted;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.handles::<Note>()
    }
}

impl Handles<Note> for WithNote {
    fn handle(
        state: Option<Noted>,
        Note(note): Note,
        _: &TurnContext<'_>,
    ) -> Result<Turn<Self, Noted>, OverLimit> {
        let noted = Noted { note: Some(note), ..state.unwrap_or_default() };
        Ok(Turn::changed(noted.clone(), noted).into())
    }
}

/// The version that stores `sum` where older ones stored `total`.
struct Renamed;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Sum {
    sum: i64,
}

/// Adds, as `Increment` does.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Add {
    by: i64,
}

impl Message for Add {
    const ACTOR: &'static str = "Counter";
    const METHOD: &'static str = "increment";
    type Reply = Sum;
    type Refusal = OverLimit;
}

impl Actor for Renamed {
    const TYPE: &'static str = "Counter";
    const TABLE: &'static str = "counter";
    const SCHEMA: u32 = 2;
    type State = Sum;

    fn methods(methods: Methods<Self>) -> Methods<Self> {
        methods.handles::<Add>()
    }

    fn upcast(_: u32, mut stored: Value) -> Value {
        if let Some(total) = stored.as_object_mut().and_then(|members| members.remove("total")) {
            stored["sum"] = total;
        }
        stored
    }
}

impl Handles<Add> for Renamed {
    fn handle(
        state: Option<Sum>,
        Add { by }: Add,
        _: &TurnContext<'_>,
    ) -> Result<Turn<Self, Sum>, OverLimit> {
        let sum = Sum { sum: state.unwrap_or_default().sum + by };
        Ok(Turn::changed(sum.clone(), sum).into())
    }
}

fn host<A: Actor>(world: &World) -> Engine<A> {
    let store: Arc<dyn Store> = Arc::new(world.store().clone());
    Engine::new("c", Arc::new(Methods::of_actor()), store, Arc::new(System))
}

async fn turn<A: Actor, M: Message>(host: &mut Engine<A>, message: M, command: Option<u128>) -> Outcome {
    let command_id = command.map(|id| CommandId(Uuid::from_u128(id)));
    let message = serde_json::to_value(message).expect("plain data");
    host.turn(M::METHOD, &Call { command_id, message, ..Call::default() }, Duration::ZERO).await.0
}

async fn stored(store: &MemoryStore) -> Value {
    let loaded = store.load(&Kind::of::<Counter>(), "c", None).await.expect("it is in memory");
    loaded.state.expect("it was stored")
}

#[test]
fn an_older_host_keeps_what_a_newer_one_stored() {
    TestRuntime::new(1).host("a").run(|world| async move {
        let (mut newer, mut older) = (host::<WithNote>(&world), host::<Counter>(&world));
        turn(&mut older, Increment { by: 1 }, None).await;
        turn(&mut newer, Note("keep me".into()), None).await;
        // Once after a load, and once from memory.
        for total in [2, 3] {
            assert!(turn(&mut older, Increment { by: 1 }, None).await.is_answer());
            let stored = stored(world.store()).await;
            assert_eq!((&stored["total"], &stored["note"]), (&json!(total), &json!("keep me")));
        }
        // The other way round it is the same.
        turn(&mut older, virtual_actors::testing::counter::SetLimit { limit: Some(9) }, None).await;
        turn(&mut newer, Note("another".into()), None).await;
        assert_eq!(stored(world.store()).await["limit"], 9);
    });
}

#[test]
fn a_state_of_a_newer_schema_is_unavailable_to_an_older_host_and_not_broken() {
    TestRuntime::new(1).host("a").run(|world| async move {
        let (mut newer, mut older) = (host::<Renamed>(&world), host::<Counter>(&world));
        turn(&mut older, Increment { by: 5 }, None).await;
        let outcome = turn(&mut newer, Add { by: 1 }, None).await;
        assert_eq!(outcome, Outcome::Done { reply: json!({ "sum": 6 }) }, "the older state was read");
        let renamed = stored(world.store()).await;
        assert_eq!((&renamed["sum"], &renamed["schema_version"]), (&json!(6), &json!(2)));
        assert_eq!(renamed.get("total"), None);

        for _ in 0..2 {
            let outcome = turn(&mut older, Increment { by: 1 }, Some(7)).await;
            assert!(matches!(outcome, Outcome::Unavailable { .. }), "{outcome:?}");
        }
        assert_eq!(stored(world.store()).await, renamed, "nothing was touched");
        // The same command, sent again to a newer host, is carried out.
        let outcome = turn(&mut newer, Add { by: 1 }, Some(7)).await;
        assert_eq!(outcome, Outcome::Done { reply: json!({ "sum": 7 }) });
    });
}

#[test]
fn an_older_host_repeats_a_newer_hosts_answer_as_it_is() {
    TestRuntime::new(1).host("a").run(|world| async move {
        let call = Call {
            command_id: Some(CommandId(Uuid::from_u128(1))),
            message: json!({ "by": 1 }),
            ..Call::default()
        };
        let answered = virtual_actors::Answered {
            fingerprint: virtual_actors::Fingerprint::of(Increment::METHOD, &call.message),
            outcome: json!({ "outcome": "done", "reply": { "total": 1, "of": "a newer version" } }),
        };
        let remember =
            virtual_actors::Remember { command: call.command_id.unwrap(), answered, keep: Keep::Long };
        let commit = Commit { actor_id: "c", version: 0, command: Some(remember), change: None };
        world.store().commit(&Kind::of::<Counter>(), commit).await.unwrap();
        let (outcome, _) = host::<Counter>(&world).turn(Increment::METHOD, &call, Duration::ZERO).await;
        assert_eq!(outcome, Outcome::Done { reply: json!({ "total": 1, "of": "a newer version" }) });
    });
}

/// An older host stores no digest of what was asked, and an older sender sends none.
#[test]
fn a_command_is_known_by_what_was_asked() {
    TestRuntime::new(1).host("a").run(|world| async move {
        let send = async |by: i64, asked: Option<u128>| {
            let call = Call {
                command_id: Some(CommandId(Uuid::from_u128(1))),
                asked: asked.map(|asked| Asked(Uuid::from_u128(asked))),
                message: json!({ "by": by }),
                ..Call::default()
            };
            // As by a host that has just been given the actor.
            host::<Counter>(&world).turn(Increment::METHOD, &call, Duration::ZERO).await.0
        };
        let first = send(1, Some(7)).await;
        assert!(first.is_answer(), "{first:?}");
        assert_eq!(send(2, Some(7)).await, first, "the sender looked something else up");
        assert_eq!(send(1, None).await, first, "through an older sender");
        assert_eq!(send(2, None).await, Outcome::CommandIdReused);
        assert_eq!(send(1, Some(8)).await, Outcome::CommandIdReused, "another question");
        assert_eq!(stored(world.store()).await["total"], 1);
    });
}

#[test]
fn an_older_host_takes_a_message_with_members_it_does_not_know() {
    TestRuntime::new(1).host("a").run(|world| async move {
        let call = Call { message: json!({ "by": 2, "reason": "newer" }), ..Call::default() };
        let (outcome, _) = host::<Counter>(&world).turn(Increment::METHOD, &call, Duration::ZERO).await;
        assert!(outcome.is_answer(), "{outcome:?}");
        assert_eq!(stored(world.store()).await["total"], 2);
    });
}
