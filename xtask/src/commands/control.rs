//! Requests to the supervisor of a running system: JSON lines over a Unix socket in the state directory, one request
//! and its answer a connection. What the supervisor does meanwhile stands in its log.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{UnixListener, UnixStream},
    time::{Instant, interval, sleep, timeout},
};
use xtask::{Stack, StateDir, SystemPhase};

use super::{logs, up};

/// Whoever connects says at once what he wants.
const REQUEST: Duration = Duration::from_secs(5);
/// Between two looks at the log, and between two tries of what cannot fail for long.
const PAUSE: Duration = Duration::from_millis(100);
/// A supervisor says that all is ready a moment before it listens.
const LISTENS: Duration = Duration::from_secs(2);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Request {
    /// By app-id.
    Scale(BTreeMap<String, u16>),
    Roll {
        /// The app-id.
        app: String,
        /// Whether the database is brought to the new version's schema first.
        migrate: bool,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    /// None if all is done.
    error: Option<String>,
}

impl Request {
    pub(crate) async fn perform(self, stack: &mut Stack) -> Result<()> {
        match self {
            Self::Scale(apps) => {
                for (app, count) in apps {
                    stack.scale(&app, count).await?;
                }
                Ok(())
            }
            Self::Roll { app, migrate } => {
                if migrate {
                    stack.migrate_again().await?;
                }
                stack.roll(&app, None).await
            }
        }
    }
}

/// The supervisor's side.
pub(crate) struct Control {
    listener: UnixListener,
    path: PathBuf,
}

/// Who asked, and waits.
pub(crate) struct Asker(Lines<BufReader<UnixStream>>);

impl Control {
    /// Only who may enter the socket's directory and has this user's rights can ask.
    pub(crate) fn listen(directory: &StateDir) -> Result<Self> {
        let path = path(directory);
        // Left by a supervisor that was killed: whoever holds the directory's lock may replace it.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let listener = UnixListener::bind(&path);
        let listener = listener.with_context(|| format!("cannot listen on {}", path.display()))?;
        Ok(Self { listener, path })
    }

    /// The next request that makes sense.
    pub(crate) async fn next(&self) -> (Request, Asker) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // As when too many files are open; it passes.
                sleep(PAUSE).await;
                continue;
            };
            let mut asker = Asker(BufReader::new(stream).lines());
            match asker.request().await {
                Ok(request) => return (request, asker),
                Err(error) => asker.answer(Err(error)).await,
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Else the next supervisor removes it.
        let _ = fs::remove_file(&self.path);
    }
}

impl Asker {
    async fn request(&mut self) -> Result<Request> {
        let line = timeout(REQUEST, self.0.next_line()).await.context("nothing is asked")??;
        Ok(serde_json::from_str(&line.context("nothing is asked")?)?)
    }

    pub(crate) async fn answer(mut self, outcome: Result<()>) {
        let answer = Answer { error: outcome.err().map(|error| format!("{error:#}")) };
        // Who does not wait any more has gone.
        let _ = write_line(self.0.get_mut().get_mut(), &answer).await;
    }
}

/// Asks the supervisor, shows what it reports until it has done that, and returns how it went.
pub(crate) async fn ask(directory: &StateDir, request: &Request) -> Result<ExitCode> {
    match up::running(directory)?.map(|state| state.phase) {
        Some(SystemPhase::Ready) => {}
        Some(SystemPhase::Starting) => bail!("Almanac is still starting"),
        Some(SystemPhase::Stopping) => bail!("Almanac is stopping"),
        None => bail!("Almanac is not running; `cargo xtask up` starts it"),
    }
    let mut log = logs::Reader::at_end(&directory.logs().join("supervisor.log"))?;
    let mut stream = connect(&path(directory)).await?;
    write_line(&mut stream, request).await?;
    let mut answers = BufReader::new(stream).lines();
    let mut looks = interval(PAUSE);
    let answer = loop {
        tokio::select! {
            answer = answers.next_line() => break answer?,
            _ = looks.tick() => log.new_lines()?.iter().for_each(|line| logs::print_report(line)),
        }
    };
    log.new_lines()?.iter().for_each(|line| logs::print_report(line));
    let answer: Answer = serde_json::from_str(&answer.context("the supervisor has ended")?)?;
    answer.error.map_or(Ok(ExitCode::SUCCESS), |error| Err(anyhow!(error)))
}

async fn connect(path: &Path) -> Result<UnixStream> {
    let started = Instant::now();
    loop {
        match UnixStream::connect(path).await {
            Err(_) if started.elapsed() < LISTENS => sleep(PAUSE).await,
            outcome => return outcome.with_context(|| format!("nobody answers at {}", path.display())),
        }
    }
}

async fn write_line(stream: &mut UnixStream, message: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(stream.write_all(&line).await?)
}

fn path(directory: &StateDir) -> PathBuf {
    directory.path().join("control.sock")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_gets_its_answer_and_nonsense_its_own() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        drop(Control::listen(&directory).unwrap());
        let control = Control::listen(&directory).unwrap();
        let say = async |line: &str| {
            let mut stream = UnixStream::connect(path(&directory)).await.unwrap();
            stream.write_all(line.as_bytes()).await.unwrap();
            let answer = BufReader::new(stream).lines().next_line().await.unwrap().unwrap();
            serde_json::from_str::<Answer>(&answer).unwrap().error
        };
        let clients = async {
            (say("nonsense\n").await, say("{\"roll\":{\"app\":\"todo-actors\",\"migrate\":true}}\n").await)
        };
        let supervisor = async {
            let (request, asker) = control.next().await;
            asker.answer(Err(anyhow!("not now"))).await;
            request
        };
        let ((nonsense, roll), request) = tokio::join!(clients, supervisor);
        assert_eq!(request, Request::Roll { app: "todo-actors".into(), migrate: true });
        assert_eq!((nonsense.is_some(), roll.as_deref()), (true, Some("not now")));
    }

    #[tokio::test]
    async fn without_a_supervisor_it_is_said_that_nothing_runs() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDir::resolve(Some(temporary.path())).unwrap();
        let error = ask(&directory, &Request::Scale(BTreeMap::new())).await.unwrap_err().to_string();
        assert!(error.contains("not running"), "{error}");
    }
}
