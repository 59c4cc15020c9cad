//! Messages, answers and events as released versions wrote them: see `docs/upgrades.md`.
//!
//! The texts are in the JSON files beside this one. They are only added to.

use std::collections::BTreeSet;

use contracts::{
    events::{DeliveryOutcome, ProjectChanged, ReminderDue, SeriesOutcome, TaskChanged},
    notification::Notify,
    project::{
        AddMember, ChangeRole, CreateProject, DeleteProject, EditProject, PurgeProject, RemoveMember,
        RestoreProject, SweepTasks, TransferProject,
    },
    recurrence::{
        CheckMissed, EditSeries, EndSeries, GetSeries, InstanceAnswer, InstanceClosed, InstanceReopened,
        InstanceTrashed, MakeInstance, MoveInstance, StartSeries,
    },
    reminder_schedule::CheckReminders,
    task::{
        AddComment, CompleteTask, CreateTask, DeleteComment, DeleteTask, EditComment, EditTask,
        EndRecurrence, FollowParent, FollowProject, FollowZone, GetTask, PurgeTask, ReopenTask,
        RestoreInstance, RestoreTask, SkipTask, UndoTask, WithdrawInstance,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use virtual_actors::{
    Message,
    testing::{assert_pinned, assert_pinned_message},
};

/// A file of pinned texts, and those of its members that were looked at.
struct Pinned {
    all: Value,
    seen: BTreeSet<String>,
}

impl Pinned {
    fn read(text: &str) -> Self {
        Self { all: serde_json::from_str(text).expect("JSON"), seen: BTreeSet::new() }
    }

    fn texts(&mut self, name: &str) -> Vec<Value> {
        self.seen.insert(name.to_owned());
        let texts = self.all[name].as_array().unwrap_or_else(|| panic!("nothing is pinned for {name}"));
        assert!(!texts.is_empty(), "nothing is pinned for {name}");
        texts.clone()
    }

    fn texts_of<T: Serialize + DeserializeOwned>(&mut self, name: &str) -> &mut Self {
        self.texts(name).iter().for_each(assert_pinned::<T>);
        self
    }

    fn message<M: Message>(&mut self) -> &mut Self {
        let name = format!("{}/{}", M::ACTOR, M::METHOD);
        self.texts(&name).iter().for_each(assert_pinned_message::<M>);
        self
    }

    /// Nothing that is pinned may be left out because its type is gone.
    fn and_no_more(&mut self) {
        for name in self.all.as_object().expect("an object").keys() {
            assert!(self.seen.contains(name), "{name} is pinned, but nobody reads it any more");
        }
    }
}

#[test]
fn messages_are_written_as_they_were() {
    Pinned::read(include_str!("messages.json"))
        .message::<CreateTask>()
        .message::<EditTask>()
        .message::<CompleteTask>()
        .message::<SkipTask>()
        .message::<EndRecurrence>()
        .message::<WithdrawInstance>()
        .message::<RestoreInstance>()
        .message::<ReopenTask>()
        .message::<DeleteTask>()
        .message::<RestoreTask>()
        .message::<UndoTask>()
        .message::<PurgeTask>()
        .message::<FollowZone>()
        .message::<FollowParent>()
        .message::<GetTask>()
        .message::<FollowProject>()
        .message::<AddComment>()
        .message::<EditComment>()
        .message::<DeleteComment>()
        .message::<CheckReminders>()
        .message::<Notify>()
        .message::<StartSeries>()
        .message::<InstanceClosed>()
        .message::<InstanceReopened>()
        .message::<InstanceTrashed>()
        .message::<EditSeries>()
        .message::<MoveInstance>()
        .message::<EndSeries>()
        .message::<CheckMissed>()
        .message::<GetSeries>()
        .message::<CreateProject>()
        .message::<EditProject>()
        .message::<DeleteProject>()
        .message::<RestoreProject>()
        .message::<AddMember>()
        .message::<ChangeRole>()
        .message::<RemoveMember>()
        .message::<TransferProject>()
        .message::<PurgeProject>()
        .message::<SweepTasks>()
        .and_no_more();
}

#[test]
fn answers_are_read_and_lose_nothing() {
    Pinned::read(include_str!("answers.json"))
        .texts_of::<<CreateTask as Message>::Reply>("Task")
        .texts_of::<<CreateTask as Message>::Refusal>("Task refused")
        .texts_of::<<AddComment as Message>::Reply>("Task comment")
        .texts_of::<<CheckReminders as Message>::Reply>("ReminderSchedule/check")
        .texts_of::<<Notify as Message>::Reply>("Notification/notify")
        .texts_of::<<StartSeries as Message>::Reply>("Recurrence")
        .texts_of::<<CheckMissed as Message>::Reply>("Recurrence/check_missed")
        .texts_of::<<GetSeries as Message>::Reply>("Recurrence/get")
        .texts_of::<<CreateProject as Message>::Reply>("Project")
        .texts_of::<<CreateProject as Message>::Refusal>("Project refused")
        .texts_of::<<SweepTasks as Message>::Reply>("Project/sweep")
        .texts_of::<MakeInstance>("POST instances")
        .texts_of::<InstanceAnswer>("instances answer")
        .and_no_more();
}

#[test]
fn events_are_read_and_lose_nothing() {
    Pinned::read(include_str!("events.json"))
        .texts_of::<TaskChanged>("TaskChanged")
        .texts_of::<ReminderDue>("ReminderDue")
        .texts_of::<DeliveryOutcome>("DeliveryOutcome")
        .texts_of::<SeriesOutcome>("SeriesOutcome")
        .texts_of::<ProjectChanged>("ProjectChanged")
        .and_no_more();
}
