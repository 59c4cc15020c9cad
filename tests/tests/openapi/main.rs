//! The API's document, held against the standard and against the running system.
//!
//! Two programs in Python do it, which are fetched by `requirements.txt`; without Python nothing is checked, and that is
//! said. `schemathesis.toml` says what is left out, and why.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use almanac_tests::{Person, Request, Suite};
use xtask::{Pubsub, Python, Stack, StackOptions};

fn main() -> ExitCode {
    let listing = std::env::args().any(|argument| argument == "--list");
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    if !listing && let Err(missing) = runtime.block_on(python()) {
        eprintln!("Not tested: the API's document against the running system: {missing:#}");
        return ExitCode::SUCCESS;
    }
    Suite::on(Pubsub::Redis, || StackOptions::for_test("openapi"))
        .case(the_document_is_openapi)
        .case(the_document_is_true)
        .run(Stack::stop)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi")
}

async fn python() -> anyhow::Result<Python> {
    Python::with(&folder().join("requirements.txt")).await
}

fn document(stack: &Stack) -> String {
    format!("{}/api/openapi.json", stack.backend_url())
}

/// A program's output, if it is content.
async fn content(mut program: tokio::process::Command) {
    let output = program.output().await.expect("it can be started");
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}", said.concat());
}

async fn the_document_is_openapi(stack: &Stack) {
    let file = tempfile::NamedTempFile::with_suffix(".json").expect("a file");
    std::fs::write(file.path(), Request::new("GET", document(stack)).text().await)
        .expect("it can be written");
    let mut validator = python().await.expect("it was there").program("openapi-spec-validator");
    validator.args(["--schema", "3.1", "--validation-errors", "all"]).arg(file.path());
    content(validator).await;
}

async fn the_document_is_true(stack: &Stack) {
    let (somebody, other) = (Person::register(stack).await, Person::register(stack).await);
    let mut schemathesis = python().await.expect("it was there").program("schemathesis");
    schemathesis.current_dir(folder()).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", folder());
    // For what ends the session it is asked in.
    schemathesis.env("OTHER_TOKEN", other.token());
    schemathesis.args(["--config-file", "schemathesis.toml", "run", "--no-color"]).arg(document(stack));
    schemathesis.args(["--header", &format!("Authorization: Bearer {}", somebody.token())]);
    content(schemathesis).await;
}
