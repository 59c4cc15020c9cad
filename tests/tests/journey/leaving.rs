//! A person leaves.

use almanac_tests::{Person, Request};
use serde_json::json;
use xtask::Stack;

pub(crate) async fn a_deleted_account_is_gone_and_its_address_free(stack: &Stack) {
    let ada = Person::register(stack).await;
    let task = ada.create(json!({ "title": "Water the plants" })).await;
    ada.history_holds(&task, &[("task.created", 1)]).await;
    let export = ada.request("GET", "/me/export").until_answered().await;
    assert_eq!((export.status, &export.body["tasks"][0]["title"]), (200, &json!("Water the plants")));

    let delete = ada.request("DELETE", "/me").json(json!({ "password": Person::PASSWORD }));
    assert_eq!(delete.until_answered().await.status, 202);
    assert_eq!(delete.until_answered().await.status, 202, "sent again");
    assert_eq!(ada.request("GET", "/me").until_answered().await.status, 401);

    let body = json!({ "email": ada.email, "password": Person::PASSWORD, "time_zone": "Europe/Berlin" });
    let register = Request::new("POST", format!("{}/api/v1/auth/register", stack.backend_url())).json(body);
    assert_eq!(register.until_answered().await.status, 201, "the address is free");
}
