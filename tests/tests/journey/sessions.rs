//! Being signed in, and what it stands on: Dapr's state store and its secret store.

use std::time::Duration;

use almanac_tests::{Answer, Person, Request, eventually};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use platform::state_store::{DaprState, contract};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use virtual_actors::DaprSidecar;
use xtask::{BACKEND, Stack, rotate_key};

pub(crate) async fn the_state_store_keeps_its_contract(stack: &Stack) {
    let sidecar = stack.ports().of(BACKEND)[0].sidecar.grpc;
    let sidecar =
        DaprSidecar::new(&format!("http://127.0.0.1:{sidecar}"), None, "pubsub").expect("an address");
    contract::holds_for(&DaprState::new(sidecar, "statestore")).await;
}

pub(crate) async fn a_session_goes_on_over_a_change_of_keys(stack: &Stack) {
    let ada = Person::register(stack).await;
    let post = async |path: &str, body: Value| {
        let request = Request::new("POST", format!("{}/api/v1{path}", stack.backend_url()));
        request.json(body).until_answered().await
    };
    let me = async |session: &Answer| {
        let request = Request::new("GET", format!("{}/api/v1/me", stack.backend_url()));
        request.token(text(session, "access_token")).until_answered().await.status
    };
    let refresh = async |session: &Answer| {
        post("/auth/refresh", json!({ "refresh_token": text(session, "refresh_token") })).await
    };

    let first = post("/auth/login", json!({ "email": ada.email, "password": Person::PASSWORD })).await;
    let again = refresh(&first).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(refresh(&first).await.body["refresh_token"], again.body["refresh_token"], "a lost answer");

    let from = rotate_key(stack.directory(), false).expect("a new key");
    let name = from.format("%Y%m%dT%H%M%SZ").to_string();
    // It signs after a minute, without a restart; the session goes on meanwhile.
    let going_on = Mutex::new(again);
    let latest = eventually("a token signed by the new key", Duration::from_secs(150), async || {
        let mut session = going_on.lock().await;
        *session = refresh(&session).await;
        assert_eq!(session.status, 200, "{session:?}");
        (kid(&session) == name).then(|| session.clone())
    })
    .await;
    let other = post("/auth/login", json!({ "email": ada.email, "password": Person::PASSWORD })).await;
    assert_eq!((me(&latest).await, me(&other).await), (200, 200));
    assert_eq!(me(&first).await, 200, "what the key before signed holds until it ends");

    let logout = Request::new("POST", format!("{}/api/v1/auth/logout", stack.backend_url()));
    let logout = logout.token(text(&latest, "access_token")).until_answered().await;
    assert_eq!(logout.status, 204, "{logout:?}");
    assert_eq!((me(&latest).await, refresh(&latest).await.status), (401, 401));
    assert_eq!(me(&other).await, 200, "another session");
}

pub(crate) async fn a_refresh_token_used_again_ends_its_session_at_every_backend(stack: &Stack) {
    let ada = Person::register(stack).await;
    let backends =
        stack.ports().of(BACKEND).iter().map(|ports| format!("http://127.0.0.1:{}/api/v1", ports.app));
    let [one, other] = &backends.collect::<Vec<_>>()[..] else { panic!("two backends") };
    let post = async |backend: &str, path: &str, body: Value| {
        Request::new("POST", format!("{backend}{path}")).json(body).until_answered().await
    };
    let login = async || {
        let login = json!({ "email": ada.email, "password": Person::PASSWORD });
        post(one, "/auth/login", login).await
    };
    let refresh = async |backend: &str, session: &Answer| {
        post(backend, "/auth/refresh", json!({ "refresh_token": text(session, "refresh_token") })).await
    };
    let me = async |backend: &str, session: &Answer| {
        let request = Request::new("GET", format!("{backend}/me")).token(text(session, "access_token"));
        request.until_answered().await.status
    };

    let (first, elsewhere) = (login().await, login().await);
    // Two tabs at once, by two backends: one successor.
    let (second, same) = tokio::join!(refresh(one, &first), refresh(other, &first));
    assert_eq!((second.status, same.status), (200, 200), "{second:?} {same:?}");
    assert_eq!(text(&second, "refresh_token"), text(&same, "refresh_token"));
    let third = refresh(other, &second).await;
    assert_eq!(third.status, 200, "{third:?}");
    assert_eq!((me(one, &third).await, me(other, &third).await), (200, 200));

    // Whoever has the first one now is not who has the third.
    let stolen = refresh(one, &first).await;
    assert_eq!((stolen.status, &stolen.body["type"]), (401, &json!("/api/problems/unauthorized")));
    for backend in [one, other] {
        assert_eq!((me(backend, &third).await, refresh(backend, &third).await.status), (401, 401));
        assert_eq!(me(backend, &elsewhere).await, 200, "another session");
    }
    let sessions =
        Request::new("GET", format!("{other}/me/sessions")).token(text(&elsewhere, "access_token"));
    let listed = sessions.until_answered().await;
    let ids: Vec<&Value> =
        listed.body["items"].as_array().expect("items").iter().map(|one| &one["id"]).collect();
    assert!(!ids.contains(&&first.body["session_id"]), "{listed:?}");
    assert!(ids.contains(&&elsewhere.body["session_id"]), "{listed:?}");
}

fn text<'a>(session: &'a Answer, member: &str) -> &'a str {
    session.body[member].as_str().unwrap_or_else(|| panic!("no {member}: {session:?}"))
}

/// The name of the key that signed the access token.
fn kid(session: &Answer) -> String {
    let header = text(session, "access_token").split('.').next().expect("a header");
    let header = URL_SAFE_NO_PAD.decode(header).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a key's name").to_owned()
}
