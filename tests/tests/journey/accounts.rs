//! What a person does about an account with the mails they get.

use almanac_tests::{Answer, Person, Request};
use serde_json::{Value, json};
use xtask::Stack;

pub(crate) async fn an_address_is_confirmed_and_a_forgotten_password_replaced_by_mail(stack: &Stack) {
    let ada = Person::register(stack).await;
    let token = token_of(&ada.letter("Confirm your e-mail address").await);
    assert_eq!(post(stack, "/auth/verify-email", json!({ "token": token })).await.status, 204);
    let me = ada.request("GET", "/me").until_answered().await;
    assert_eq!(me.body["email_verified"], true, "{me:?}");

    for email in [&ada.email, "nobody@example.org"] {
        assert_eq!(post(stack, "/auth/forgot-password", json!({ "email": email })).await.status, 202);
    }
    let token = token_of(&ada.letter("Choose a new password").await);
    let reset = json!({ "token": token, "password": "new and better" });
    // Under a key: a retry after a lost answer is the same request.
    let reset = async |key: &str| {
        let request = request(stack, "/auth/reset-password", reset.clone()).key(key);
        request.until_answered().await.status
    };
    assert_eq!(reset("first").await, 204);
    assert_eq!(reset("second").await, 410, "it is used once");
    ada.letter("Your password was changed").await;
    for (password, status) in [(Person::PASSWORD, 401), ("new and better", 200)] {
        let login = json!({ "email": ada.email, "password": password });
        assert_eq!(post(stack, "/auth/login", login).await.status, status, "{password}");
    }
}

async fn post(stack: &Stack, path: &str, body: Value) -> Answer {
    request(stack, path, body).until_answered().await
}

fn request(stack: &Stack, path: &str, body: Value) -> Request {
    Request::new("POST", format!("{}/api/v1{path}", stack.backend_url())).json(body)
}

/// Of the link in a mail.
fn token_of(text: &str) -> String {
    let link = text.split_whitespace().find(|word| word.contains("#token=")).expect("a link");
    link.split("#token=").nth(1).expect("a token").to_owned()
}
