//! Does what the schedule says to the running system, and undoes it.

use std::time::Duration;

use anyhow::{Context, Result};
use checker::log::Writer;
use futures::future::try_join_all;
use tokio::{
    sync::RwLock,
    time::{Instant, sleep, sleep_until, timeout},
};
use xtask::{
    Part, Process, Stack,
    faults::{Flow, SmallDisk},
};

use crate::{
    fault::{ACTOR_HOST, ACTOR_HOSTS, Fault, Kind, Replica},
    schedule::Planned,
};

/// How long a part may take to be ready again.
const RECOVERY: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// What faults are done to.
pub(crate) struct Injector<'a> {
    /// Held by each fault while it lasts, so that nothing comes or goes meanwhile.
    pub(crate) stack: &'a RwLock<Stack>,
    /// What PostgreSQL has its data on, where that could be mounted.
    pub(crate) disk: Option<&'a SmallDisk>,
    pub(crate) log: &'a Writer,
}

impl Injector<'_> {
    /// Carries out the whole schedule; returns when the last fault is over.
    pub(crate) async fn run(&self, schedule: &[Planned], started: Instant) -> Result<()> {
        let all = schedule.iter().map(async |planned| {
            sleep_until(started + planned.at).await;
            let Fault { kind, .. } = planned.fault;
            let subject = planned.fault.subject();
            eprintln!("{:>6.1} s  {} ({subject})", started.elapsed().as_secs_f64(), kind.name());
            let number = self.log.fault_began(kind.name(), &subject)?;
            let injected = match kind {
                Kind::Scale => self.scale(planned.lasts).await,
                _ => self.inject(&*self.stack.read().await, planned).await,
            };
            injected.with_context(|| format!("{} ({subject})", kind.name()))?;
            self.log.fault_ended(number)?;
            anyhow::Ok(())
        });
        try_join_all(all).await.map(drop)
    }

    /// One more actor host for so long.
    async fn scale(&self, lasts: Duration) -> Result<()> {
        self.stack.write().await.scale(ACTOR_HOST, ACTOR_HOSTS + 1).await?;
        let added = Replica { app: ACTOR_HOST, number: ACTOR_HOSTS.into() };
        let metrics = added.metrics(&*self.stack.read().await)?;
        sleep(lasts).await;
        self.stack.write().await.scale(ACTOR_HOST, ACTOR_HOSTS).await?;
        Ok(self.log.replica(&added.to_string(), &metrics, false)?)
    }

    async fn inject(
        &self,
        stack: &Stack,
        Planned { fault: Fault { kind, replica, amount }, lasts, .. }: &Planned,
    ) -> Result<()> {
        let parts = parts(stack, *kind, *replica)?;
        let links = stack.faults(replica.app, replica.number);
        match kind {
            kill if kill.is_kill() => try_join_all(parts.into_iter().map(kill_and_wait)).await.map(drop),
            Kind::CommitsHang => flow(links?.database(), Flow::Hang, *lasts).await,
            Kind::CommitsFail => flow(links?.database(), Flow::Cut, *lasts).await,
            Kind::AnswersLost => flow(links?.database(), Flow::DropReplies, *lasts).await,
            Kind::Partition | Kind::PartitionReset => {
                let links = links?;
                links.set_all(if *kind == Kind::Partition { Flow::Hang } else { Flow::Cut });
                sleep(*lasts).await;
                links.set_all(Flow::Pass);
                Ok(())
            }
            Kind::DiskFull => {
                let disk = self.disk.context("there is no disk to fill")?;
                disk.fill()?;
                sleep(*lasts).await;
                disk.make_room()?;
                // It may have given up, and started again and again while there was no room.
                ready(stack.postgres()?).await
            }
            Kind::Skew => {
                let clock = links?.clock().context("clocks cannot be set")?;
                clock.set(*amount)?;
                sleep(*lasts).await;
                clock.set(0)
            }
            _ => {
                for part in &parts {
                    running(part).await?;
                    part.freeze().await?;
                }
                sleep(*lasts).await;
                parts.iter().for_each(|part| part.thaw());
                Ok(())
            }
        }
    }
}

/// The processes that a fault stops.
fn parts(stack: &Stack, kind: Kind, replica: Replica) -> Result<Vec<&Part>> {
    let process = |process| stack.part(replica.app, replica.number, process);
    let one_of = |members: &[Part]| replica.number % members.len();
    let (placements, schedulers) = (stack.control_plane()?.placements(), stack.control_plane()?.schedulers());
    Ok(match kind {
        Kind::KillApp | Kind::FreezeApp => vec![process(Process::App)?],
        Kind::KillSidecar | Kind::FreezeSidecar => vec![process(Process::Sidecar)?],
        Kind::KillReplica | Kind::FreezeReplica => vec![process(Process::App)?, process(Process::Sidecar)?],
        Kind::KillPlacement | Kind::FreezePlacement => vec![&placements[one_of(placements)]],
        Kind::KillScheduler | Kind::FreezeScheduler => vec![&schedulers[one_of(schedulers)]],
        Kind::KillBroker | Kind::FreezeBroker => vec![stack.broker()?],
        Kind::KillPostgres => vec![stack.postgres()?],
        _ => Vec::new(),
    })
}

/// Breaks a link for so long.
async fn flow(link: &xtask::faults::Link, flow: Flow, lasts: Duration) -> Result<()> {
    link.set(flow);
    sleep(lasts).await;
    link.set(Flow::Pass);
    Ok(())
}

/// Kills a part, which the supervisor starts again.
async fn kill_and_wait(part: &Part) -> Result<()> {
    // It may be on its way up from what another fault did to it.
    running(part).await?;
    part.kill().await?;
    ready(part).await
}

async fn running(part: &Part) -> Result<()> {
    let wait = async {
        while part.process().is_none() {
            sleep(POLL).await;
        }
    };
    timeout(RECOVERY, wait).await.with_context(|| format!("{} is not running", part.name()))
}

/// Waits until a part runs as it should; however often it had to be started.
async fn ready(part: &Part) -> Result<()> {
    let wait = async {
        while part.ready(RECOVERY).await.is_err() {
            sleep(POLL).await;
        }
    };
    timeout(RECOVERY, wait).await.with_context(|| format!("{} does not recover", part.name()))
}
