//! The load tests of `load-tests/k6`: that their scripts are sound, that the short one passes, and that it would not if
//! something were wrong. Nothing here is about speed.
//!
//! Without Go and k6 they are not tested, and without Node not type-checked; that is said.

mod liar;

use std::{path::Path, process::ExitCode};

use almanac_tests::Suite;
use serde_json::Value;
use xtask::{K6, Pubsub, Stack, StackOptions, k6};

use liar::Liar;

fn main() -> ExitCode {
    let listing = std::env::args().any(|argument| argument == "--list");
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    if !listing && let Err(missing) = runtime.block_on(K6::obtain()) {
        eprintln!("Not tested: the load tests: {missing:#}");
        return ExitCode::SUCCESS;
    }
    let options = || {
        let mut options = StackOptions::for_test("load-scripts")?;
        // A minute is what the scripts exchange them before their end: so they do it again and again.
        options.settings.insert("ACCESS_TOKEN_SECONDS", "62".to_owned());
        Ok(options)
    };
    Suite::on(Pubsub::Redis, options)
        .case(the_types_of_every_script_are_right)
        .case(k6_reads_every_script)
        .case(smoke_passes)
        .case(smoke_fails_where_a_reminder_is_shown_twice)
        .at_once(4)
        .run(Stack::stop)
}

async fn the_types_of_every_script_are_right(_: &Stack) {
    if k6::check_types().await.expect("right types").is_none() {
        eprintln!("Not tested: the types of the load tests, which needs Node and npm");
    }
}

async fn k6_reads_every_script(_: &Stack) {
    let k6 = K6::obtain().await.expect("it was there");
    let scripts = k6::scripts().expect("the folder");
    assert!(scripts.contains(&"smoke".to_owned()), "{scripts:?}");
    for script in scripts {
        let output = k6.inspect(&script).output().await.expect("it can be started");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        let options: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(options["thresholds"]["checks"], serde_json::json!(["rate==1"]), "{script}");
    }
}

async fn smoke_passes(stack: &Stack) {
    let (passed, summary) = smoke(stack.backend_url(), 2).await;
    assert!(passed, "{summary:#}");
    let checks = summary["checks"].as_array().expect("checks");
    assert!(!checks.is_empty());
    for check in checks {
        assert_eq!((check["passes"].as_u64(), check["fails"].as_u64()), (Some(2), Some(0)), "{check}");
    }
    assert_eq!(summary["counts"]["iterations"], 2);
    assert_eq!(summary["reminders"]["late"]["count"], 2);
    assert!(summary["counts"]["renewals"].as_u64() >= Some(2), "each person's session goes on: {summary:#}");
    assert!(!summary.to_string().contains("token"), "a summary is shown around: no secrets");
}

async fn smoke_fails_where_a_reminder_is_shown_twice(stack: &Stack) {
    let liar = Liar::before(stack.backend_url()).await;
    let (passed, summary) = smoke(liar.url(), 1).await;
    assert!(!passed, "{summary:#}");
    assert_eq!(summary["counts"]["reminders_doubled"], 1);
    let thresholds = summary["thresholds"].as_array().expect("thresholds");
    let broken: Vec<_> = thresholds.iter().filter(|rule| rule["kept"] == false).collect();
    assert_eq!(broken.len(), 2, "that, and the check of it: {broken:?}");
}

/// Whether it passes, for so many people who come once; and its summary.
async fn smoke(backend: String, people: u32) -> (bool, Value) {
    let output = tempfile::tempdir().expect("a folder");
    let settings = [
        ("BASE_URL", backend),
        ("OUTPUT", output.path().to_str().expect("text").to_owned()),
        ("VUS", people.to_string()),
        ("VISITS", "1".to_owned()),
    ];
    let k6 = K6::obtain().await.expect("it was there");
    let ended = k6.run("smoke", &settings).arg("--quiet").output().await.expect("it can be started");
    let summary = read(&output.path().join("summary.json"))
        .unwrap_or_else(|| panic!("no summary: {}", String::from_utf8_lossy(&ended.stderr)));
    (ended.status.success(), summary)
}

fn read(file: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
