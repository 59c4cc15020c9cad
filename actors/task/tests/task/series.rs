//! What a recurring task's commands tell its series, and what its events carry.

use contracts::{
    events::TaskChanged,
    recurrence::{EditSeries, EndSeries, Instance, InstanceClosed, MoveInstance, StartSeries, series_id},
    task::{
        CompleteTask, CreateTask, DeleteTask, EditTask, EndRecurrence, FollowZone, ReopenTask,
        RestoreInstance, SkipTask, TaskRefusal, WithdrawInstance,
    },
};
use domain::{
    AskedRecurrence, CountedFrom, Due, Missed, NewSeries, Notes, Priority, Scope, SeriesLink, Tags,
    TaskPatch, Title, UserZone, Zone,
};
use serde::de::DeserializeOwned;
use sqlx::PgPool;

use crate::support::{Task, World, at, before, zone};

fn asked(rrule: &str) -> AskedRecurrence {
    let (from, missed) = (CountedFrom::Due, Missed::Skip);
    AskedRecurrence { rrule: rrule.to_owned(), exdates: vec![], rdates: vec![], from, missed }
}

fn monday(time: &str) -> Due {
    let at = format!("2026-12-07T{time}:00");
    Due::parse(None, Some(&at), Some("Europe/Berlin")).expect("a due time")
}

fn create(world: &World, series: Option<NewSeries>) -> CreateTask {
    CreateTask {
        owner: world.user,
        title: Title::parse("Water the plants").expect("a title"),
        notes: Notes::default(),
        priority: Priority::High,
        tags: Tags::default(),
        due: Some(monday("09:00")),
        planning: Default::default(),
        reminders: vec![before("PT10M"), at(chrono::TimeDelta::days(1))],
        zone: zone(),
        series,
    }
}

async fn weekly(world: &World) -> Task {
    let mut task = world.task();
    let message = create(world, Some(NewSeries::Asked(asked("FREQ=WEEKLY"))));
    task.send(&message).await.expect("creates");
    task
}

/// What links the instance that follows the first of a weekly series to it.
async fn next_of(world: &World, first: &Task) -> SeriesLink {
    let (_, start) = told::<StartSeries>(world, "start").await;
    SeriesLink {
        series: domain::SeriesId(series_id(first.id)),
        occurrence: start.instance.occurrence + chrono::TimeDelta::weeks(1),
        recurrence: start.instance.recurrence,
        edited_at: None,
        untouched: false,
    }
}

async fn edit(world: &World, task: &mut Task, patch: TaskPatch) {
    let edit = EditTask { user: world.user, via: None, if_version: None, zone: zone(), patch };
    task.send(&edit).await.expect("edits");
}

/// The latest message of this method in the outbox, and whom it is for.
async fn told<M: DeserializeOwned>(world: &World, method: &str) -> (String, M) {
    let (id, body): (String, serde_json::Value) = sqlx::query_as(
        "SELECT actor_id, body FROM actor_outbox WHERE method = $1 AND actor_type = 'Recurrence'
         ORDER BY seq DESC LIMIT 1",
    )
    .bind(method)
    .fetch_one(&world.pool)
    .await
    .expect("it was told");
    (id, serde_json::from_value(body).expect("the message's type"))
}

/// The latest event's series and instance.
async fn latest_event(world: &World) -> Option<(uuid::Uuid, Instance)> {
    let data: serde_json::Value = sqlx::query_scalar(
        "SELECT body -> 'data' FROM actor_outbox WHERE body ->> 'type' LIKE 'task.%' ORDER BY seq DESC LIMIT 1",
    )
    .fetch_one(&world.pool)
    .await
    .expect("an event");
    Instance::of(serde_json::from_value::<TaskChanged>(data).expect("a change of a task"))
}

#[sqlx::test(migrations = false)]
async fn creating_the_first_instance_starts_the_series(pool: PgPool) {
    let world = World::new(pool).await;
    let task = weekly(&world).await;
    let (id, start) = told::<StartSeries>(&world, "start").await;
    assert_eq!(id, series_id(task.id).to_string());
    assert_eq!((start.instance.task_id, start.instance.version), (task.id, 1));
    assert_eq!(start.instance.occurrence, monday("09:00").named());
    assert_eq!(start.template.priority, Priority::High);
    assert_eq!(start.template.reminders, [before("PT10M")], "one at an instant does not carry over");
    let (series, instance) = latest_event(&world).await.expect("it recurs");
    assert_eq!((series, instance), (series_id(task.id), start.instance));
}

#[sqlx::test(migrations = false)]
async fn closing_and_opening_are_told_by_events_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = weekly(&world).await;
    let user = world.user;
    task.send(&SkipTask { user, via: None, if_version: Some(1) }).await.expect("skips");
    task.send(&ReopenTask { user, via: None, if_version: None, zone: zone() }).await.expect("reopens");
    let done = task.send(&CompleteTask { user, via: None, if_version: None }).await.expect("completes");
    let (_, instance) = latest_event(&world).await.expect("it recurs");
    assert_eq!((instance.version, Some(instance.at)), (4, done.task.completed_at()));
    task.send(&DeleteTask { user, via: None, if_version: None }).await.expect("deletes");
    let mut outbox = world.outbox().await;
    outbox.retain(|entry| entry != "check");
    let expected =
        ["task.created", "start", "task.skipped", "task.reopened", "task.completed", "task.deleted"];
    assert_eq!(outbox, expected);
}

#[sqlx::test(migrations = false)]
async fn edits_are_told_by_their_scope(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = weekly(&world).await;
    let later = TaskPatch { due: Some(Some(monday("10:00"))), ..Default::default() };
    edit(&world, &mut task, later).await;
    assert_eq!(told::<MoveInstance>(&world, "move").await.1.to, monday("10:00").named());

    let title = Title::parse("Feed the cat").expect("a title");
    let patch = TaskPatch { title: Some(title.clone()), scope: Scope::All, ..Default::default() };
    edit(&world, &mut task, patch).await;
    let edited = told::<EditSeries>(&world, "edit").await.1;
    assert_eq!((edited.template.expect("one").title, edited.instance.version), (title, 3));
    assert!(edited.instance.edited_at.is_some());

    let patch = TaskPatch { recurrence: Some(Some(asked("FREQ=DAILY"))), ..Default::default() };
    edit(&world, &mut task, patch).await;
    let edited = told::<EditSeries>(&world, "edit").await.1;
    assert_eq!((edited.instance.recurrence.text().as_str(), edited.anew), ("every day", true));
    assert_eq!(*edited.instance.recurrence.start(), monday("10:00"));

    task.send(&EndRecurrence { user: world.user, via: None, if_version: None }).await.expect("ends");
    let ended = told::<EndSeries>(&world, "end").await.1;
    assert!(ended.instance.recurrence.ended().is_some());
    edit(&world, &mut task, TaskPatch { recurrence: Some(None), ..Default::default() }).await;
    let removed = told::<EndSeries>(&world, "end").await.1;
    assert!(removed.instance.edited_at > ended.instance.edited_at);
    assert_eq!(latest_event(&world).await, None);
}

#[sqlx::test(migrations = false)]
async fn a_done_task_that_begins_to_recur_is_followed_at_once(pool: PgPool) {
    let world = World::new(pool).await;
    let mut task = world.task();
    task.send(&create(&world, None)).await.expect("creates");
    task.send(&CompleteTask { user: world.user, via: None, if_version: None }).await.expect("completes");
    edit(&world, &mut task, TaskPatch { recurrence: Some(Some(asked("FREQ=DAILY"))), ..Default::default() })
        .await;
    assert_eq!(told::<InstanceClosed>(&world, "closed").await.1.instance.version, 3);
}

#[sqlx::test(migrations = false)]
async fn an_instance_that_followed_its_owners_zone_is_still_untouched(pool: PgPool) {
    let world = World::new(pool).await;
    let first = weekly(&world).await;
    let link = next_of(&world, &first).await;
    let mut next = world.task();
    let message = CreateTask {
        due: Some(Due::parse(Some("2050-12-05"), None, None).expect("a day")),
        ..create(&world, Some(NewSeries::Follows(Box::new(link))))
    };
    next.send(&message).await.expect("creates");
    let (user, zone) = (world.user, UserZone::new(Zone::UTC, 2));
    assert_eq!(next.send(&FollowZone { user, zone }).await.expect("follows").version, 2);
    assert!(next.send(&WithdrawInstance { user }).await.expect("answers").task.is_deleted());
}

#[sqlx::test(migrations = false)]
async fn an_instance_that_nobody_touched_is_withdrawn_and_comes_back(pool: PgPool) {
    let world = World::new(pool).await;
    let first = weekly(&world).await;
    let link = next_of(&world, &first).await;
    let mut next = world.task();
    next.send(&create(&world, Some(NewSeries::Follows(Box::new(link))))).await.expect("creates");
    let told = world.outbox().await.iter().filter(|entry| *entry == "start").count();
    assert_eq!(told, 1, "its series knows it already");

    let user = world.user;
    let withdraw = WithdrawInstance { user };
    assert!(next.send(&withdraw).await.expect("answers").task.is_deleted());
    assert_eq!(next.send(&withdraw).await.expect("answers").version, 2, "again changes nothing");
    let back = next.send(&RestoreInstance { user, zone: zone() }).await.expect("comes back");
    assert!(!back.task.is_deleted());
    assert!(next.send(&withdraw).await.expect("answers").task.is_deleted());
    next.send(&RestoreInstance { user, zone: zone() }).await.expect("comes back");
    let patch = TaskPatch { priority: Some(Priority::Low), ..Default::default() };
    edit(&world, &mut next, patch).await;
    assert!(!next.send(&withdraw).await.expect("answers").task.is_deleted(), "somebody touched it");
    assert_eq!(world.task().send(&withdraw).await, Err(TaskRefusal::NotFound));
}
