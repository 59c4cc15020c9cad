//! Runs the cases of one test file on one system.
//!
//! Rust's own harness runs every test by itself, and has no end at which a system could be stopped.

use std::{any::type_name, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Result;
use futures::{FutureExt, future::BoxFuture};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::{
    runtime::Runtime,
    sync::{OnceCell, RwLock},
    time::timeout,
};
use xtask::{Pubsub, Stack, StackOptions};

/// On a busy machine the longest take three minutes.
const LONGEST_CASE: Duration = Duration::from_secs(300);

/// The cases of a file, and the system of type `S` they run on.
pub struct Suite<S> {
    arguments: Arguments,
    /// Said before the names of the cases, and matched by filters, as `[kafka] …`.
    kind: &'static str,
    system: Arc<System<S>>,
    cases: Vec<Trial>,
}

struct System<S> {
    runtime: Runtime,
    start: Box<dyn Fn() -> BoxFuture<'static, Result<S>> + Send + Sync>,
    /// Started by the first case that runs.
    started: OnceCell<Result<RwLock<S>, String>>,
}

impl<S: Send + Sync + 'static> Suite<S> {
    /// A suite whose system is started by `start`, when a case needs it.
    pub fn new<F>(start: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<S>> + Send + 'static,
    {
        let system = System {
            runtime: Runtime::new().expect("threads can be started"),
            start: Box::new(move || start().boxed()),
            started: OnceCell::new(),
        };
        Self { arguments: Arguments::from_args(), kind: "", system: Arc::new(system), cases: Vec::new() }
    }

    /// Cases are mostly waiting: lets so many run at once, unless the command line says otherwise.
    #[must_use]
    pub fn at_once(mut self, cases: usize) -> Self {
        self.arguments.test_threads.get_or_insert(cases);
        self
    }

    /// A case that others may run beside. Its name is the function's.
    #[must_use]
    pub fn case<C: AsyncFnOnce(&S) + Send + 'static>(mut self, case: C) -> Self {
        let system = Arc::clone(&self.system);
        let trial = Trial::test(name_of::<C>(), move || {
            system.runtime.block_on(async {
                let shared = system.get().await?.read().await;
                in_time(name_of::<C>(), case(&shared)).await
            })
        });
        self.cases.push(trial.with_kind(self.kind));
        self
    }

    /// A case that has the system for itself: it breaks things.
    #[must_use]
    pub fn case_alone<C: AsyncFnOnce(&mut S) + Send + 'static>(mut self, case: C) -> Self {
        let system = Arc::clone(&self.system);
        let trial = Trial::test(name_of::<C>(), move || {
            system.runtime.block_on(async {
                let mut alone = system.get().await?.write().await;
                in_time(name_of::<C>(), case(&mut alone)).await
            })
        });
        self.cases.push(trial.with_kind(self.kind));
        self
    }

    /// Runs what the command line asks for, and stops the system if all is well; after a failure it is dropped,
    /// so that its logs are kept.
    pub fn run<F>(self, stop: impl FnOnce(S) -> F) -> ExitCode
    where
        F: Future<Output = Result<()>>,
    {
        let Self { arguments, system, cases, .. } = self;
        let conclusion = libtest_mimic::run(&arguments, cases);
        let Some(System { runtime, started, .. }) = Arc::into_inner(system) else { return ExitCode::FAILURE };
        let _inside = runtime.enter();
        match started.into_inner() {
            Some(Ok(system)) if !conclusion.has_failed() => {
                if let Err(error) = runtime.block_on(stop(system.into_inner())) {
                    eprintln!("The system does not stop: {error:#}");
                    return ExitCode::FAILURE;
                }
            }
            started => drop(started),
        }
        conclusion.exit_code()
    }
}

impl Suite<Stack> {
    /// A suite on a whole system with this broker.
    pub fn on(
        pubsub: Pubsub,
        options: impl Fn() -> Result<StackOptions> + Clone + Send + Sync + 'static,
    ) -> Self {
        let start = move || {
            let options = options.clone();
            async move { Stack::start(StackOptions { pubsub, ..options()? }).await }
        };
        Self { kind: pubsub.name(), ..Self::new(start) }
    }
}

impl<S> System<S> {
    async fn get(&self) -> Result<&RwLock<S>, Failed> {
        let start = async || (self.start)().await.map(RwLock::new).map_err(|error| format!("{error:#}"));
        self.started.get_or_init(start).await.as_ref().map_err(Failed::from)
    }
}

async fn in_time(name: &str, case: impl Future<Output = ()>) -> Result<(), Failed> {
    let late = |_| Failed::from(format!("{name} is not over after {} s", LONGEST_CASE.as_secs()));
    timeout(LONGEST_CASE, case).await.map_err(late)
}

/// The path of a function within its crate.
fn name_of<C>() -> &'static str {
    let path = type_name::<C>();
    path.split_once("::").map_or(path, |(_, rest)| rest)
}
