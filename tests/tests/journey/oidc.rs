//! Signing in at an OpenID provider: a certified one, `oidc-provider`, which Node runs.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use almanac_tests::{Request, WholeAnswer};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use virtual_actors::{IdSource, System};
use xtask::{Stack, StackOptions};

/// Where `cargo xtask test` installed it.
const FOLDER: &str = "ALMANAC_OIDC_PROVIDER";
const CLIENT: (&str, &str) = ("almanac", "a client's secret");
/// Where browsers find Almanac, as far as the provider knows.
const PUBLIC_URL: &str = "http://127.0.0.1:8000";
const PATH: &str = "/api/v1/auth/oidc/house";

/// It ends when the tests do, whose end closes its input.
struct House {
    issuer: String,
    _process: Child,
}

static HOUSE: LazyLock<Option<House>> = LazyLock::new(|| {
    let folder = env::var_os(FOLDER)?;
    let mut node = Command::new("node");
    node.args(["provider.mjs", CLIENT.0, CLIENT.1, &format!("{PUBLIC_URL}{PATH}/callback")]);
    node.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = node.spawn().expect("Node runs");
    let mut issuer = String::new();
    let output = process.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut issuer).expect("its issuer");
    Some(House { issuer: issuer.trim().to_owned(), _process: process })
});

/// A system whose people may sign in at the provider, if there is one.
pub(crate) fn with_provider(mut options: StackOptions) -> Result<StackOptions> {
    let Some(house) = HOUSE.as_ref() else {
        eprintln!("Not tested: signing in at a real provider, which needs Node; {FOLDER} is not set");
        return Ok(options);
    };
    let configured = json!([{ "name": "house", "issuer": house.issuer, "client_id": CLIENT.0 }]);
    options.settings.insert("OIDC_PROVIDERS", configured.to_string());
    options.settings.insert("PUBLIC_URL", PUBLIC_URL.to_owned());
    options.directory.keep_secret("oidc-house", CLIENT.1).context("the client's secret")?;
    Ok(options)
}

pub(crate) async fn who_signs_in_at_a_provider_has_an_account_and_finds_their_tasks_again(stack: &Stack) {
    let Some(house) = HOUSE.as_ref() else { return };
    let email = format!("{}@example.org", System.next_id().simple());
    let person = json!({ "sub": email, "email": email, "email_verified": true });
    Request::new("PUT", format!("{}/test/person", house.issuer)).json(person).send().await;

    let first = sign_in(stack).await;
    assert_eq!(first.status, 201, "{first:?}");
    let user = &first.json()["user"];
    assert_eq!((&user["email"], &user["email_verified"]), (&json!(email), &json!(true)));
    assert_eq!(user["time_zone"], "Europe/Berlin");
    let of_session = |session: &WholeAnswer, method: &str, path: &str| {
        let session = session.json();
        let token = session["access_token"].as_str().expect("a token");
        Request::new(method, format!("{}/api/v1{path}", stack.backend_url())).token(token)
    };
    let task = of_session(&first, "POST", "/tasks").key("one").json(json!({"title": "Water the plants"}));
    let task = task.until_answered().await;
    assert_eq!(task.status, 201, "{task:?}");

    let second = sign_in(stack).await;
    assert_eq!((second.status, &second.json()["user"]), (200, user));
    let tasks = of_session(&second, "GET", "/tasks").until_answered().await;
    assert_eq!(tasks.body["items"], json!([task.body]));

    Request::new("PUT", format!("{}/test/person", house.issuer)).json(Value::Null).send().await;
    let refused = sign_in(stack).await;
    assert_eq!((refused.status, &refused.json()["type"]), (401, &json!("/api/problems/oidc-failed")));
}

/// All the way there and back, as a browser goes it: where the answers lead, with the cookies each of both gave it.
async fn sign_in(stack: &Stack) -> WholeAnswer {
    let begun = Request::new("GET", format!("{}{PATH}?time_zone=Europe/Berlin", stack.backend_url()));
    let begun = begun.whole().await;
    assert_eq!(begun.status, 303, "{begun:?}");
    let (mut url, mut cookies) = (begun.header("location").to_owned(), Vec::new());
    loop {
        let there = Request::new("GET", url.clone()).header("cookie", cookies.join("; ")).whole().await;
        cookies.extend(cookies_of(&there));
        let next = there.header("location");
        assert!(!next.is_empty(), "{there:?}");
        if let Some(back) = next.strip_prefix(PUBLIC_URL) {
            let back = Request::new("GET", format!("{}{back}", stack.backend_url()));
            return back.header("cookie", cookies_of(&begun).join("; ")).whole().await;
        }
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        url = if next.starts_with('/') { format!("{origin}{next}") } else { next.to_owned() };
    }
}

/// Names and values of the cookies that an answer sets.
fn cookies_of(answer: &WholeAnswer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    let pairs = set.map(|cookie| cookie.to_str().expect("a text").split(';').next().unwrap_or_default());
    pairs.map(str::to_owned).collect()
}
