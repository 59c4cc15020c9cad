//! With a certified provider, `oidc-provider`: real discovery, real keys, real codes. Without Node it is not tested.

use std::process::Stdio;

use chrono::TimeDelta;
use reqwest::{Client, Url, header, redirect::Policy};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::Configured;
use crate::test_support::{Answer, Backend, PASSWORD};

/// Where `cargo xtask test` installed it.
const FOLDER: &str = "ALMANAC_OIDC_PROVIDER";
const PUBLIC_URL: &str = "https://almanac.test";
const PATH: &str = "/api/v1/auth/oidc/house";

/// The provider, and a browser that knows it.
struct House {
    backend: Backend,
    issuer: String,
    browser: Client,
    _process: Child,
}

/// The way there: where the backend sends the browser, with which cookie.
struct Way {
    url: String,
    cookie: String,
}

impl House {
    async fn open(pool: PgPool) -> Option<Self> {
        let Some(folder) = std::env::var_os(FOLDER) else {
            eprintln!("Not tested: signing in at a real provider, which needs Node; {FOLDER} is not set");
            return None;
        };
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .args(["almanac", "a client's secret", &format!("{PUBLIC_URL}{PATH}/callback")])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = lines.next_line().await.unwrap().expect("its issuer");
        let configured =
            Configured { name: "house".to_owned(), issuer: issuer.clone(), client_id: "almanac".to_owned() };
        let backend = Backend::with_oidc(pool, vec![configured], PUBLIC_URL).await;
        // The provider's clock is the machine's.
        backend.clock.set(virtual_actors::Clock::now(&virtual_actors::System));
        let browser = Client::builder().redirect(Policy::none()).build().unwrap();
        Some(Self { backend, issuer, browser, _process: process })
    }

    /// Who signs in there next.
    async fn is_visited_by(&self, person: Value) {
        self.browser.put(format!("{}/test/person", self.issuer)).json(&person).send().await.unwrap();
    }

    async fn rotate(&self) {
        self.browser.post(format!("{}/test/rotate", self.issuer)).send().await.unwrap();
    }

    async fn begin(&self) -> Way {
        let answer = self.backend.request("GET", &format!("{PATH}?time_zone=Europe/Berlin")).send().await;
        assert_eq!(answer.status, 303, "{:?}", answer.body);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/api/v1/auth/oidc"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        Way {
            url: answer.headers["location"].to_str().unwrap().to_owned(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    /// Signs in there, and is sent back: the query it is sent back with.
    async fn visit(&self, url: &str) -> String {
        let (mut url, mut cookies) = (Url::parse(url).unwrap(), Vec::<String>::new());
        loop {
            let request = self.browser.get(url.clone()).header(header::COOKIE, cookies.join("; "));
            let answer = request.send().await.unwrap();
            let set = answer.headers().get_all(header::SET_COOKIE).iter();
            cookies.extend(set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned()));
            let status = answer.status();
            let Some(next) =
                answer.headers().get(header::LOCATION).map(|next| next.to_str().unwrap().to_owned())
            else {
                panic!("{status}: {}", answer.text().await.unwrap())
            };
            url = url.join(&next).unwrap();
            if url.as_str().starts_with(PUBLIC_URL) {
                return url.query().unwrap().to_owned();
            }
        }
    }

    async fn come_back(&self, query: &str, cookie: &str) -> Answer {
        let path = format!("{PATH}/callback?{query}");
        self.backend.request("GET", &path).header("cookie", cookie).send().await
    }

    /// All the way there and back.
    async fn sign_in(&self) -> Answer {
        let way = self.begin().await;
        self.come_back(&self.visit(&way.url).await, &way.cookie).await
    }
}

fn ada() -> Value {
    json!({"sub": "ada-at-house", "email": "Ada@example.org", "email_verified": true})
}

fn refused(answer: &Answer) -> bool {
    (answer.status, answer.kind()) == (401, "/api/problems/oidc-failed")
}

#[sqlx::test(migrations = false)]
async fn who_comes_back_has_an_account_and_is_known_the_next_time(pool: PgPool) {
    let Some(house) = House::open(pool).await else { return };
    house.is_visited_by(ada()).await;
    let first = house.sign_in().await;
    assert_eq!(first.status, 201, "{:?}", first.body);
    let user = &first.body["user"];
    assert_eq!((&user["email"], &user["email_verified"]), (&json!("ada@example.org"), &json!(true)));
    assert_eq!(user["time_zone"], "Europe/Berlin");
    let token = first.body["access_token"].as_str().unwrap();
    assert_eq!(house.backend.request("GET", "/api/v1/me").token(token).send().await.status, 200);

    // By issuer and subject: whatever address they have by now.
    house
        .is_visited_by(json!({"sub": "ada-at-house", "email": "other@example.org", "email_verified": false}))
        .await;
    let second = house.sign_in().await;
    assert_eq!((second.status, &second.body["user"]), (200, user));
    let login = json!({"email": "ada@example.org", "password": ""});
    assert_eq!(house.backend.post("/api/v1/auth/login", login).await.status, 401, "there is no password");
}

#[sqlx::test(migrations = false)]
async fn an_account_is_linked_by_its_address_if_both_sides_confirmed_it(pool: PgPool) {
    let Some(house) = House::open(pool).await else { return };
    let backend = &house.backend;
    let ours = backend.register("ada@example.org").await;
    house.is_visited_by(ada()).await;
    let unconfirmed = house.sign_in().await;
    assert_eq!((unconfirmed.status, unconfirmed.kind()), (409, "/api/problems/email-taken"), "on our side");
    let token = backend.mailed("ada@example.org").await.token;
    backend.post("/api/v1/auth/verify-email", json!({"token": token})).await;
    house
        .is_visited_by(json!({"sub": "ada-at-house", "email": "ada@example.org", "email_verified": false}))
        .await;
    assert!(refused(&house.sign_in().await), "on theirs");
    house.is_visited_by(ada()).await;
    let linked = house.sign_in().await;
    assert_eq!((linked.status, &linked.body["user"]["id"]), (200, &json!(ours.id)));
    backend.signed_in("ada@example.org", PASSWORD).await;
}

#[sqlx::test(migrations = false)]
async fn keys_that_the_provider_changes_are_found(pool: PgPool) {
    let Some(house) = House::open(pool).await else { return };
    house.is_visited_by(ada()).await;
    assert_eq!(house.sign_in().await.status, 201);
    for _ in 0..2 {
        house.rotate().await;
        let changed = house.sign_in().await;
        assert_eq!(changed.status, 200, "{:?}", changed.body);
    }
}

#[sqlx::test(migrations = false)]
async fn only_the_browser_that_began_comes_back_and_once_and_in_time(pool: PgPool) {
    let Some(house) = House::open(pool).await else { return };
    house.is_visited_by(ada()).await;

    let (way, other) = (house.begin().await, house.begin().await);
    let query = house.visit(&way.url).await;
    assert!(refused(&house.come_back(&query, &other.cookie).await), "another browser");
    assert!(refused(&house.come_back(&query, &way.cookie).await), "and then it is over");

    let way = house.begin().await;
    let query = house.visit(&way.url).await;
    assert!(
        refused(&house.come_back(&query.replace("state=", "state=x"), &way.cookie).await),
        "another state"
    );
    assert!(refused(&house.come_back("", &way.cookie).await));
    assert_eq!(house.come_back(&query, &way.cookie).await.status, 201);
    assert!(refused(&house.come_back(&query, &way.cookie).await), "a second time");

    let way = house.begin().await;
    let query = house.visit(&way.url).await;
    house.backend.clock.advance(TimeDelta::minutes(10));
    assert!(refused(&house.come_back(&query, &way.cookie).await), "too late");
}

#[sqlx::test(migrations = false)]
async fn codes_and_tokens_of_other_logins_others_and_other_times_do_not_hold(pool: PgPool) {
    let Some(house) = House::open(pool.clone()).await else { return };
    house.is_visited_by(ada()).await;

    // A code that was stolen and brought in by another login: its verifier is another (PKCE).
    let (theirs, ours) = (house.begin().await, house.begin().await);
    let stolen = house.visit(&theirs.url).await;
    let state = |query: &str| query.split('&').find(|pair| pair.starts_with("state=")).unwrap().to_owned();
    let query = stolen.replace(&state(&stolen), &state(ours.url.split('?').nth(1).unwrap()));
    assert!(refused(&house.come_back(&query, &ours.cookie).await), "another verifier");

    let way = house.begin().await;
    let query = house.visit(&way.url).await;
    sqlx::query("UPDATE oidc_login SET nonce = 'another'").execute(&pool).await.unwrap();
    assert!(refused(&house.come_back(&query, &way.cookie).await), "another nonce");

    let way = house.begin().await;
    let query = house.visit(&way.url).await;
    let (before, _) = query.split_once("&iss=").expect("it says who it is");
    let query = format!("{before}&iss=https%3A%2F%2Fevil.example");
    assert!(refused(&house.come_back(&query, &way.cookie).await), "another issuer");

    house.backend.clock.advance(TimeDelta::days(2));
    assert!(refused(&house.sign_in().await), "expired, by our clock");
}

#[sqlx::test(migrations = false)]
async fn who_is_refused_there_is_refused_here(pool: PgPool) {
    let Some(house) = House::open(pool).await else { return };
    house.is_visited_by(Value::Null).await;
    let answer = house.sign_in().await;
    assert!(refused(&answer), "{:?}", answer.body);
}

#[sqlx::test(migrations = false)]
async fn a_provider_that_is_unknown_or_away_is_told(pool: PgPool) {
    let configured = Configured {
        name: "house".to_owned(),
        issuer: "http://127.0.0.1:9".to_owned(),
        client_id: "almanac".to_owned(),
    };
    let backend = Backend::with_oidc(pool, vec![configured], PUBLIC_URL).await;
    assert_eq!(backend.request("GET", PATH).send().await.status, 503);
    assert_eq!(backend.request("GET", "/api/v1/auth/oidc/nobody").send().await.status, 404);
    let zone = backend.request("GET", &format!("{PATH}?time_zone=Mars")).send().await;
    assert_eq!((zone.status, zone.fields()), (422, vec!["time_zone".to_owned()]));
}
