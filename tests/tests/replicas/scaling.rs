//! Replicas that come and go in good order.

use std::time::Duration;

use almanac_tests::eventually;
use xtask::{Process, ProcessId, Stack, StateFile};

use crate::{
    REPLICAS,
    load::{Load, under_load},
    tasks_on,
};

const HOST: &str = "todo-actors";
/// A busy machine starts a replica in some seconds.
const STARTED: Duration = Duration::from_secs(60);

fn process(stack: &Stack, app: &str, replica: usize, process: Process) -> ProcessId {
    stack.part(app, replica, process).expect("it is there").process().expect("it runs")
}

/// What `status` would show of these parts.
fn shown(stack: &Stack, replica: &str) -> usize {
    let state =
        StateFile::load(&stack.directory().state_file()).expect("it can be read").expect("it is there");
    let parts = [replica.to_owned(), format!("{replica}-sidecar")];
    state.parts.iter().filter(|part| parts.contains(&part.part)).count()
}

pub(crate) async fn replicas_come_and_go_without_an_error(stack: &mut Stack) {
    let load = under_load(stack, async |stack| {
        for app in ["todo-backend", "audit-service"] {
            stack.scale(app, 2).await.expect("there is one more");
        }
        stack.scale(HOST, REPLICAS + 1).await.expect("there is one more");
        let some = async || tasks_on(stack, "todo-actors-4").await.filter(|count| *count > 0);
        eventually("tasks on the new replica", STARTED, some).await;
        assert_eq!(shown(stack, "todo-actors-4"), 2);

        let last = usize::from(REPLICAS);
        let processes = [Process::App, Process::Sidecar].map(|part| process(stack, HOST, last, part));
        stack.scale(HOST, REPLICAS).await.expect("there is one less");
        assert!(processes.iter().all(|process| !process.is_alive()), "its actors went with it");
        assert_eq!((tasks_on(stack, "todo-actors-4").await, shown(stack, "todo-actors-4")), (None, 0));
        assert!(stack.part(HOST, last, Process::App).is_err());
        for app in ["todo-backend", "audit-service"] {
            stack.scale(app, 1).await.expect("there is one less");
        }
    })
    .await;
    report("replicas that come and go", &load);
}

pub(crate) async fn an_app_is_replaced_without_an_error(stack: &mut Stack) {
    for app in [HOST, "todo-backend"] {
        let count = stack.ports().of(app).len();
        let all = |stack: &Stack| -> Vec<ProcessId> {
            let both =
                |replica| [Process::App, Process::Sidecar].map(|part| process(stack, app, replica, part));
            (0..count).flat_map(both).collect()
        };
        let (before, ports) = (all(stack), format!("{:?}", stack.ports()));
        let load = under_load(stack, async |stack| stack.roll(app, None).await.expect("it rolls")).await;
        report(&format!("{app} replaced"), &load);
        assert!(all(stack).iter().all(|process| !before.contains(process)), "each is another process");
        assert!(before.iter().all(|process| !process.is_alive()), "and none of the old ones is left");
        assert_eq!(format!("{:?}", stack.ports()), ports, "on the same ports");
    }
}

pub(crate) async fn a_version_that_does_not_start_is_taken_back(stack: &mut Stack) {
    let nothing = stack.directory().path().join("nothing");
    let load = under_load(stack, async |stack| {
        let error = stack.roll(HOST, Some(&nothing)).await.expect_err("there is no such program");
        assert!(format!("{error:#}").contains("the old one goes on"), "{error:#}");
    })
    .await;
    report("a version that does not start", &load);
    assert_eq!(stack.ports().of(HOST).len(), usize::from(REPLICAS));
    stack.until_ready().await.expect("all of the old version are there");
    stack.roll("audit-service", Some(&nothing)).await.expect_err("nor there, where one is alone");
    assert_eq!((stack.ports().of("audit-service").len(), shown(stack, "audit-service-2")), (1, 0));
}

/// The figures are for whoever compares: on a busy machine they say little.
fn report(what: &str, Load { calls, longest }: &Load) {
    eprintln!("{what}: {calls} calls, the longest {} ms", longest.as_millis());
}
