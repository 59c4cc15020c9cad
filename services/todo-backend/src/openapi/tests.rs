//! What every endpoint's documentation must have. A new endpoint that lacks some of it fails here by name.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::routes;

/// Requests that take no `Idempotency-Key`, each with the reason.
const WITHOUT_KEY: &[(&str, &str)] = &[
    (
        "POST /api/v1/auth/login",
        "answers a token, and tokens are never stored; signing in twice harms nothing",
    ),
    ("POST /api/v1/auth/logout", "without a body, and ending an ended session changes nothing"),
    (
        "POST /api/v1/import",
        "a task's id follows from its UID in the file, so sending it again makes nothing twice",
    ),
    ("POST /api/v1/me/calendar", "answers a secret that is never stored; the next one ends it"),
    ("POST /api/v1/recurrences/preview", "changes nothing"),
    ("POST /api/v1/me/zone/preview", "the same"),
    (
        "POST /api/jobs/check-recurrences",
        "of the cron binding, which repeats nothing; any number of runs are one",
    ),
    ("POST /api/jobs/check-reminders", "the same"),
    ("POST /api/jobs/daily-cleanup", "the same"),
];

/// Every operation: `POST /api/v1/tasks`, and what is said of it.
fn operations() -> Vec<(String, Value)> {
    let document = serde_json::to_value(routes::described().1).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((format!("{} {path}", method.to_uppercase()), operation.clone()));
        }
    }
    assert!(operations.len() > 20);
    operations
}

fn has_header(operation: &Value, name: &str) -> bool {
    let parameters = operation["parameters"].as_array();
    parameters.is_some_and(|all| all.iter().any(|one| one["in"] == "header" && one["name"] == name))
}

#[test]
fn every_post_and_patch_takes_an_idempotency_key_or_says_why_not() {
    let without: BTreeSet<String> = operations()
        .into_iter()
        .filter(|(name, _)| name.starts_with("POST ") || name.starts_with("PATCH "))
        .filter(|(_, operation)| !has_header(operation, "Idempotency-Key"))
        .map(|(name, _)| name)
        .collect();
    let excepted: BTreeSet<String> = WITHOUT_KEY.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(without, excepted, "take `Idempotency` and document it, or add a line with the reason");
}

#[test]
fn every_operation_says_what_it_is_and_how_it_can_fail() {
    let mut lacking = Vec::new();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations() {
        let has = |status: &str| operation["responses"].get(status).is_some();
        let mut wants = |holds: bool, what: &str| {
            if !holds {
                lacking.push(format!("{name}: {what}"));
            }
        };
        wants(
            operation["summary"].as_str().is_some_and(|summary| summary.ends_with('.')),
            "a summary, a sentence",
        );
        wants(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "one tag");
        wants(
            operation["operationId"].as_str().is_some_and(|id| ids.insert(id.to_owned())),
            "an id of its own",
        );
        if name.contains(" /api/problems") {
            continue;
        }
        wants(has("503"), "503: a part may be away");
        if operation["security"].is_array() {
            wants(has("401"), "401: the token may not hold");
        }
        if operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] != "path")) {
            wants(has("422"), "422: a parameter may not be valid");
        }
        if operation["parameters"].as_array().is_some_and(|all| all.iter().any(|one| one["in"] == "path")) {
            wants(has("404"), "404: there may be no such thing");
        }
        if operation["requestBody"].is_object() {
            for (status, why) in
                [("400", "not JSON"), ("413", "too large"), ("415", "another type"), ("422", "not valid")]
            {
                wants(has(status), &format!("{status}: the body may be {why}"));
            }
        }
        if has_header(&operation, "If-Match") {
            wants(has("412"), "412: the version may be another");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_error = status.starts_with('4') || status.starts_with('5');
            let is_problem = response["content"].get("application/problem+json").is_some();
            wants(is_error == is_problem, &format!("{status} is a problem, or no error"));
        }
    }
    assert!(lacking.is_empty(), "these lack:\n{}", lacking.join("\n"));
}
