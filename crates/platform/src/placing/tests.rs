use std::sync::{Mutex, atomic::AtomicUsize};

use super::*;

/// Keeps calls to these types waiting, until it is started again.
#[derive(Clone, Default)]
struct Stuck {
    waiting: Arc<Mutex<Vec<&'static str>>>,
    without_placement: bool,
    ends: Arc<AtomicUsize>,
}

impl Stuck {
    fn on(actor_type: &'static str) -> Self {
        Self { waiting: Arc::new(Mutex::new(vec![actor_type])), ..Self::default() }
    }

    fn lets_go(&self) {
        self.waiting.lock().unwrap().clear();
    }

    fn ends(&self) -> usize {
        self.ends.load(Ordering::Relaxed)
    }
}

impl Daprd for Stuck {
    async fn is_placed(&self, _: &[&'static str]) -> bool {
        !self.without_placement
    }

    async fn keeps_waiting(&self, actor_type: &'static str) -> bool {
        let waits = self.waiting.lock().unwrap().contains(&actor_type);
        if waits {
            sleep(PATIENCE).await;
        }
        waits
    }

    async fn shut_down(&self) -> Result<(), SidecarError> {
        self.ends.fetch_add(1, Ordering::Relaxed);
        self.lets_go();
        Ok(())
    }
}

/// A host of clocks that calls tasks.
fn watch(daprd: &Stuck) -> Placing {
    Placing::watch(daprd.clone(), Types { hosted: vec!["Clock"], called: vec!["Task"] })
}

const ONE_LOOK: Duration = PATIENCE.saturating_add(Duration::from_secs(1));
const TWO_LOOKS: Duration = ONE_LOOK.saturating_add(PAUSE).saturating_add(PATIENCE);

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_keeps_calls_to_others_waiting_is_ended_once() {
    let daprd = Stuck::on("Task");
    let placing = watch(&daprd);
    sleep(ONE_LOOK).await;
    assert!(!placing.stuck(), "it may be a round that takes long");
    sleep(TWO_LOOKS - ONE_LOOK).await;
    assert!(placing.stuck() && !placing.hosted_stuck(), "the app is not sick");
    sleep(4 * TWO_LOOKS).await;
    assert!(!placing.stuck());
    assert_eq!(daprd.ends(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_own_actors_wait_is_sick_until_they_moved() {
    let daprd = Stuck::on("Clock");
    let placing = watch(&daprd);
    sleep(TWO_LOOKS).await;
    assert!(placing.hosted_stuck());
    daprd.lets_go();
    sleep(TWO_LOOKS).await;
    assert!(!placing.stuck());
    assert_eq!(daprd.ends(), 0, "its sidecar goes on");
}

#[tokio::test(start_paused = true)]
async fn a_round_that_takes_long_is_no_alarm() {
    let daprd = Stuck::on("Task");
    let placing = watch(&daprd);
    sleep(ONE_LOOK).await;
    daprd.lets_go();
    sleep(TWO_LOOKS).await;
    assert!(!placing.stuck() && daprd.ends() == 0);
}

#[tokio::test(start_paused = true)]
async fn without_placement_nothing_is_cured() {
    let daprd = Stuck { without_placement: true, ..Stuck::on("Task") };
    let placing = watch(&daprd);
    sleep(3 * TWO_LOOKS).await;
    assert!(!placing.stuck() && daprd.ends() == 0);
}
