//! What a host tells Dapr, and how actors come and go.

use std::time::{Duration, Instant};

use almanac_tests::{ActorHosts, command};
use futures::future::join_all;
use serde_json::json;
use virtual_actors::{Message, testing::counter::Increment};

pub(crate) async fn dapr_is_told_what_is_hosted(system: &mut ActorHosts) {
    let answer = system.hosts[0].request("GET", "/dapr/config").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["entities"], json!(["Counter"]));
    assert_eq!(answer.body["drainRebalancedActors"], true);
    assert_eq!(answer.body["reentrancy"], json!({ "enabled": false }));
    for duration in ["actorIdleTimeout", "drainOngoingCallTimeout"] {
        let text = answer.body[duration].as_str().expect("a duration");
        let number = text.strip_suffix("ms").expect("a Go duration in milliseconds");
        assert!(number.parse::<u64>().is_ok_and(|ms| ms > 0), "{duration}: {text}");
    }
    for host in &system.hosts {
        assert_eq!(host.client.hosts(&["Counter"]).await, Ok(true), "and it was understood");
    }
}

pub(crate) async fn a_deactivated_actor_loads_again(system: &mut ActorHosts) {
    let (host, actor) = (&system.hosts[0], "deactivated");
    let increment = async || {
        host.call(actor, Increment::METHOD, &command(&Increment { by: 1 })).await;
        system.stored(actor).await.1
    };
    assert_eq!(increment().await, 1);
    // Behind the activation's back, and without a new version: only loading can find it.
    let change = "UPDATE counter SET state = jsonb_set(state, '{total}', '40') WHERE id = $1";
    sqlx::query(change).bind(actor).execute(&system.pool).await.expect("it is changed");
    let delete = async |path: &str| host.request("DELETE", path).send().await.status;
    assert_eq!(delete(&format!("/actors/Counter/{actor}")).await, 200);
    assert_eq!(increment().await, 41);
    assert_eq!(delete("/actors/Counter/never-active").await, 200);
    assert_eq!(delete("/actors/Stranger/x").await, 404);
}

pub(crate) async fn the_actors_of_a_dead_sidecar_move(system: &mut ActorHosts) {
    let actors: Vec<String> = (0..24).map(|n| format!("moving-{n}")).collect();
    let increment = async |system: &ActorHosts| {
        let started = Instant::now();
        let calls = actors.iter().map(|actor| async move {
            let (message, id) = (Increment { by: 1 }, command(&Increment { by: 1 }).command_id);
            let client = system.hosts[1].actors();
            let call = client.call(actor, &message).timeout(Duration::from_secs(60));
            call.command(id.expect("an id")).await.expect("it is answered").total
        });
        (join_all(calls).await, started.elapsed())
    };
    let (totals, _) = increment(system).await;
    assert_eq!(totals, [1; 24]);
    let of_first: Vec<&String> = actors.iter().filter(|actor| system.hosts[0].callbacks(actor) > 0).collect();
    assert!((1..24).contains(&of_first.len()), "both hosts have some: {}", of_first.len());

    system.kill_sidecar(0);
    let (totals, took) = increment(system).await;
    assert_eq!(totals, [2; 24], "none was lost, none was doubled");
    assert!(took < Duration::from_secs(30), "it took {took:?}");
    for actor in of_first {
        assert!(system.hosts[1].callbacks(actor) > 0, "{actor} moved");
    }

    system.start_sidecar(0).await;
    assert_eq!(increment(system).await.0, [3; 24]);
}

pub(crate) async fn calls_go_on_when_placement_was_killed(system: &mut ActorHosts) {
    let increment = async |system: &ActorHosts, n: usize| {
        let actor = format!("placed-{n}");
        let call = command(&Increment { by: 1 });
        system.hosts[n % 2].until_answered(true, &actor, Increment::METHOD, &call).await;
        system.stored(&actor).await.1
    };
    assert_eq!(join_all((0..8).map(|n| increment(system, n))).await, [1; 8]);
    system.control_plane.placements()[0].kill().await.expect("it ran");
    // Actors that were placed before, and new ones.
    let totals = join_all((0..16).map(|n| increment(system, n))).await;
    assert_eq!(totals, [[2; 8], [1; 8]].concat());
    system.control_plane.until_ready().await.expect("it is ready again");
}
