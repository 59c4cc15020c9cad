//! One operating system process: how it is described, started, named and told to end.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{LazyLock, mpsc},
    time::Duration,
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// How long a part may take to end. A service gives itself 17 s in all (`crates/platform`).
pub const STOP_LIMIT: Duration = Duration::from_secs(20);

/// What to run as one part of the system.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) part: String,
    executable: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    user: Option<User>,
    /// Asks it to end.
    pub(crate) stop_signal: Signal,
    /// How long it may take to end.
    pub(crate) stop_limit: Duration,
    /// Sent by the kernel when this process dies, whatever the cause.
    orphan_signal: Signal,
    pub(crate) ports: Vec<u16>,
}

/// The user and group a program runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Program {
    /// `part` names it in the console, the logs and the state file.
    pub fn new(part: impl Into<String>, executable: impl Into<PathBuf>) -> Self {
        Self {
            part: part.into(),
            executable: executable.into(),
            args: Vec::new(),
            env: Vec::new(),
            user: None,
            stop_signal: Signal::SIGTERM,
            stop_limit: STOP_LIMIT,
            orphan_signal: Signal::SIGKILL,
            ports: Vec::new(),
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The ports it listens on, for the status table.
    pub fn ports(mut self, ports: impl Into<Vec<u16>>) -> Self {
        self.ports = ports.into();
        self
    }

    pub(crate) fn user(mut self, user: Option<User>) -> Self {
        self.user = user;
        self
    }

    pub(crate) fn stop_signal(mut self, signal: Signal) -> Self {
        (self.stop_signal, self.orphan_signal) = (signal, signal);
        self
    }

    /// Starts the process in a group of its own, so that a Ctrl-C at the terminal reaches only the supervisor.
    pub(crate) async fn spawn(&self) -> io::Result<Child> {
        // setpriv asks the kernel for the orphan signal, then becomes the program.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", self.orphan_signal.as_str().trim_start_matches("SIG"), "--"]);
        command
            .arg(&self.executable)
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(User { uid, gid }) = self.user {
            command.uid(uid).gid(gid).current_dir("/");
        }
        let (reply, child) = oneshot::channel();
        let job = Job { command, runtime: Handle::current(), reply };
        SPAWNER.send(job).map_err(|_| io::Error::other("the spawning thread is gone"))?;
        let child = child.await.map_err(|_| io::Error::other("the spawning thread is gone"))?;
        child.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot run {}: {error}", self.executable.display()))
        })
    }
}

struct Job {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// The orphan signal is tied to the thread that spawned, so all spawning is done by one that never ends.
static SPAWNER: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    std::thread::spawn(move || {
        for mut job in jobs {
            let _inside = job.runtime.enter();
            // Nobody waiting any more means that the start was given up: the child dies on drop.
            let _ = job.reply.send(job.command.spawn());
        }
    });
    sender
});

/// A process by number and start time, so that a number used again is not taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    pub pid: u32,
    /// Clock ticks since boot.
    started: u64,
}

impl ProcessId {
    /// The process with this number, if there is one.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(stat_file(pid)).ok()?;
        Some(Self { pid, started: started(&stat)? })
    }

    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Whether SIGSTOP holds it.
    pub fn is_frozen(self) -> bool {
        let stat = fs::read_to_string(stat_file(self.pid)).unwrap_or_default();
        self.is_alive() && state(&stat) == Some("T")
    }

    /// Sends a signal, unless the process is gone.
    pub fn signal(self, signal: Signal) {
        if self.is_alive() {
            // It may end on its own between the two.
            let _ = signal::kill(Pid::from_raw(self.pid as i32), signal);
        }
    }

    /// Asks it to end, by `signal`; a frozen one thaws to hear it.
    pub(crate) fn ask_to_end(self, signal: Signal) {
        self.signal(signal);
        self.signal(Signal::SIGCONT);
    }

    /// Sends `signal` and, after `limit`, SIGKILL; returns when the process is gone.
    pub async fn end(self, signal: Signal, limit: Duration) {
        self.ask_to_end(signal);
        if !self.gone_within(limit).await {
            self.signal(Signal::SIGKILL);
            self.gone_within(Duration::from_secs(5)).await;
        }
    }

    /// Waits for the end of a process that may not be a child of this one.
    pub async fn gone_within(self, limit: Duration) -> bool {
        const POLL: Duration = Duration::from_millis(20);
        let wait = async {
            while self.is_alive() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(limit, wait).await.is_ok()
    }
}

fn stat_file(pid: u32) -> PathBuf {
    Path::new("/proc").join(pid.to_string()).join("stat")
}

/// The fields of a `/proc/<pid>/stat` line from the third on, the state.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    // The name in parentheses may hold spaces and parentheses itself.
    stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default().split_whitespace()
}

fn state(stat: &str) -> Option<&str> {
    fields(stat).next()
}

/// The start time, field 22; none for a zombie, which has ended.
fn started(stat: &str) -> Option<u64> {
    let started = fields(stat).nth(19)?.parse().ok()?;
    (!matches!(state(stat)?, "Z" | "X")).then_some(started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_read_past_any_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 10";
        assert_eq!(started(stat), Some(987_654));
        assert_eq!(started(&stat.replace(" S ", " Z ")), None);
    }

    #[test]
    fn a_reused_number_is_another_process() {
        let own = ProcessId::of(std::process::id()).unwrap();
        assert!(own.is_alive());
        assert!(!ProcessId { started: own.started + 1, ..own }.is_alive());
    }

    #[tokio::test]
    async fn a_dropped_child_is_killed() {
        let child = Program::new("sleeper", "sleep").arg("60").spawn().await.unwrap();
        let id = ProcessId::of(child.id().unwrap()).unwrap();
        drop(child);
        assert!(id.gone_within(Duration::from_secs(5)).await);
    }
}
