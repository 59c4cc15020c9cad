//! What happens before the backup, and after it in the future that is lost.

use almanac_tests::{Person, all_published, due_in, eventually, fires_at};
use serde_json::{Value, json};
use virtual_actors::{Clock, System};
use xtask::Stack;

use crate::{SOON, database, every_monday, hold_subscribers, resume};

/// What Ada has when the backup is taken.
pub(crate) struct Past {
    pub(crate) ada: Person,
    /// It fired, and was told.
    pub(crate) told: Value,
    /// It fired; the broker has the event, and no subscriber took it.
    pub(crate) unheard: Value,
    /// Due between backup and restore.
    pub(crate) overdue: Value,
    /// Due after the restore.
    pub(crate) later: Value,
    /// Its last change, to version 2, waits in the outbox.
    pub(crate) edited: Value,
    /// The open second instance of a series.
    pub(crate) second: Value,
    /// The completed first instance of another one; no subscriber took the event.
    pub(crate) completed: Value,
}

impl Past {
    /// Leaves the subscribers and the broker held down.
    pub(crate) async fn lived(stack: &Stack) -> Self {
        let ada = Person::register(stack).await;
        let told = ada.create_reminding_in("Told", 1).await;
        let edited = ada.create(json!({ "title": "Version 1" })).await;
        let first = ada.create(every_monday("First series")).await;
        let completed = ada.create(every_monday("Second series")).await;
        ada.act(ada.of_task("POST", &first, "/complete")).await;
        let second = next_of(&ada, &first).await;
        ada.notified(1).await;
        ada.mailed(1).await;
        ada.history_holds(&told, &[("task.created", 1), ("notification.delivered", 2)]).await;
        for task in [&edited, &second, &completed] {
            ada.history_holds(task, &[("task.created", 1)]).await;
        }

        hold_subscribers(stack).await;
        let completed = ada.act(ada.of_task("POST", &completed, "/complete")).await;
        let unheard = ada.create_reminding_in("Unheard", 1).await;
        fired(stack, &unheard).await;
        all_published(stack).await;

        stack.broker().expect("it runs").hold_down().await.expect("it ran");
        // A busy machine with Kafka is up again after 50 seconds.
        let later = ada.create_reminding_in("Later", 70).await;
        let overdue = ada.create_reminding_in("Overdue", 12).await;
        let edit = ada.of_task("PATCH", &edited, "").json(json!({ "title": "Version 2" }));
        let edited = edit.key("kept").until_answered().await.body;
        assert_eq!(edited["version"], 2);
        Self { ada, told, unheard, overdue, later, edited, second, completed }
    }

    /// The future that will be lost. Leaves events at the broker that no subscriber took; gives the task that was made
    /// under the key `lost`.
    pub(crate) async fn live_on(&self, stack: &Stack) -> Value {
        let Self { ada, later, edited, second, completed, .. } = self;
        resume(stack).await;
        // Unheard and overdue are told now, and what follows the completed one is made.
        ada.notified(3).await;
        ada.mailed(3).await;
        let lost_next = next_of(ada, completed).await;
        ada.act(ada.of_task("POST", &lost_next, "/complete")).await;
        // The same reminder, in a generation that is given out again after the restore.
        assert!(System.now() < fires_at(later), "it is not moved in time");
        let moved = json!({ "due": due_in(62) });
        ada.act(ada.of_task("PATCH", later, "").json(moved)).await;
        ada.notified(4).await;
        ada.mailed(4).await;
        retitle(ada, edited, "Lost 3").await;
        ada.history_holds(edited, &[("task.updated", 2)]).await;

        hold_subscribers(stack).await;
        retitle(ada, edited, "Lost 4").await;
        retitle(ada, edited, "Lost 5").await;
        ada.act(ada.of_task("POST", second, "/complete")).await;
        let lost =
            ada.request("POST", "/tasks").key("lost").json(json!({ "title": "Lost" })).until_answered().await;
        let reminding = ada.create_reminding_in("Lost, too", 1).await;
        fired(stack, &reminding).await;
        all_published(stack).await;
        lost.body
    }
}

pub(crate) async fn retitle(person: &Person, task: &Value, title: &str) -> Value {
    person.act(person.of_task("PATCH", task, "").json(json!({ "title": title }))).await
}

/// Waits for the open instance of the series of `task` that is not it.
pub(crate) async fn next_of(person: &Person, task: &Value) -> Value {
    eventually("the next instance", SOON, async || {
        let open = person.all("/tasks?status=open").await;
        open.into_iter().find(|other| {
            other["recurrence"]["series_id"] == task["recurrence"]["series_id"] && other["id"] != task["id"]
        })
    })
    .await
}

/// Waits until the task's reminder has fired, whether anybody was told or not.
async fn fired(stack: &Stack, task: &Value) {
    let database = database(stack).await;
    let sql = "SELECT count(*) FROM reminder WHERE task_id = $1::uuid AND status = 'fired'";
    let id = task["id"].as_str().expect("a task");
    eventually("the firing", SOON, async || {
        let fired: i64 = sqlx::query_scalar(sql).bind(id).fetch_one(&database).await.ok()?;
        (fired == 1).then_some(())
    })
    .await;
}
