//! What must hold at the end of every schedule; the names are those of `docs/model.md`.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use uuid::Uuid;
use virtual_actors::{
    Call, CommandId, Message, Outcome,
    testing::{
        Violation, World,
        counter::{Count, Increment, TOPIC},
    },
};

use crate::Verdict;

/// For an outbox to be emptied once faults have stopped, in virtual time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Sends increments, and keeps what was asked and answered.
#[derive(Clone, Default)]
pub(crate) struct Clients {
    asked: Rc<RefCell<BTreeMap<u128, i64>>>,
    answers: Rc<RefCell<BTreeMap<u128, Vec<Outcome>>>>,
}

impl Clients {
    /// Sends a command to this host once, and keeps the answer if there is one.
    pub(crate) async fn send(&self, world: &World, host: usize, command: u128, by: i64) -> Outcome {
        let call = self.call(command, by);
        self.keep(command, world.call_host(host, Increment::ACTOR, "c", Increment::METHOD, &call).await)
    }

    /// Sends a command wherever placement says, until it is answered.
    pub(crate) async fn insist(&self, world: &World, command: u128, by: i64) -> Outcome {
        let call = self.call(command, by);
        loop {
            let outcome = world.call(Increment::ACTOR, "c", Increment::METHOD, &call).await;
            if outcome.is_answer() {
                return self.keep(command, outcome);
            }
            world.sleep(Duration::from_millis(50)).await;
        }
    }

    fn call(&self, command: u128, by: i64) -> Call {
        self.asked.borrow_mut().insert(command, by);
        Call {
            command_id: Some(CommandId(Uuid::from_u128(command))),
            message: serde_json::to_value(Increment { by }).expect("JSON"),
            ..Call::default()
        }
    }

    fn keep(&self, command: u128, outcome: Outcome) -> Outcome {
        if outcome.is_answer() {
            self.answers.borrow_mut().entry(command).or_default().push(outcome.clone());
        }
        outcome
    }

    /// After the faults: everything that can be said of a counter and its events.
    pub(crate) async fn judge(&self, world: &World) -> Verdict {
        if !world.settle(PATIENCE).await {
            return Err(Violation::new("the outbox empties", format!("{:?}", world.store().outbox())));
        }
        let applied = published(world)?;
        self.one_answer_each()?;
        let stored = world.store().states("Counter");
        let (version, total) = match stored.iter().find(|(id, ..)| id == "c") {
            None => (0, 0),
            Some((_, version, state)) => (*version, state["total"].as_i64().unwrap_or_default()),
        };
        if applied.keys().copied().ne(1..=version) {
            let seen = format!("version {version}, events of {:?}", applied.keys());
            return Err(Violation::new("every version is published, without a gap", seen));
        }
        if applied.values().last().copied().unwrap_or_default() != total {
            return Err(Violation::new("the state is what the events say", format!("{total}: {applied:?}")));
        }
        self.each_applied_as_answered(&applied)
    }

    fn one_answer_each(&self) -> Verdict {
        for (command, answers) in self.answers.borrow().iter() {
            if answers.iter().any(|answer| answer != &answers[0]) {
                let seen = format!("command {command}: {answers:?}");
                return Err(Violation::new("one command has one answer", seen));
            }
        }
        Ok(())
    }

    /// Each change is that of a command nobody else made, and each answered command made its change.
    fn each_applied_as_answered(&self, applied: &BTreeMap<i64, i64>) -> Verdict {
        let mut by = BTreeMap::<i64, i64>::new();
        let mut before = 0;
        for total in applied.values() {
            *by.entry(total - before).or_default() += 1;
            before = *total;
        }
        let asked = self.asked.borrow();
        for (command, amount) in asked.iter().filter(|(_, amount)| **amount != 0) {
            let times = by.get(amount).copied().unwrap_or_default();
            if times > 1 {
                return Err(Violation::new(
                    "a command is applied at most once",
                    format!("{command}: {applied:?}"),
                ));
            }
            let answers = self.answers.borrow();
            let Some(answer) = answers.get(command).and_then(|answers| answers.first()) else { continue };
            let Outcome::Done { reply } = answer else { continue };
            let count: Count = serde_json::from_value(reply.clone()).expect("a count");
            if times == 0 || !applied.values().any(|total| *total == count.total) {
                let seen = format!("{command} was answered {}, committed was {applied:?}", count.total);
                return Err(Violation::new("no answered command is lost", seen));
            }
        }
        let strangers = by.keys().filter(|by| asked.values().all(|amount| amount != *by)).count();
        if strangers > 0 {
            return Err(Violation::new("no update is lost", format!("{applied:?} of {asked:?}")));
        }
        Ok(())
    }
}

/// The total that each version has, by its events; each version under one id.
fn published(world: &World) -> Result<BTreeMap<i64, i64>, Violation> {
    let mut totals = BTreeMap::new();
    let mut ids = BTreeMap::new();
    for event in world.published(TOPIC).into_iter().filter(|event| event["subject"] == "c") {
        let version = event["data"][0].as_i64().expect("a version");
        let (id, total) = (event["id"].clone(), event["data"][1].as_i64().expect("a total"));
        let known = ids.entry(version).or_insert_with(|| id.clone());
        if *known != id || *totals.entry(version).or_insert(total) != total {
            let seen = format!("version {version}: {known} and {event}");
            return Err(Violation::new("a version has one event, under one id", seen));
        }
    }
    Ok(totals)
}
