//! Tasks as the API takes them.

use chrono::{DateTime, SubsecRound, Timelike, Utc};
use contracts::task::CreateTask;
use domain::{
    Blockers, Due, Estimate, Lead, NewReminder, NewSeries, Notes, Planning, Position, Priority, ReminderId,
    Scope, Tags, Task, TaskPatch, Title, Trigger, UserId, UserZone, Violation, Violations,
};
use serde_json::Value;

use super::{Found, Object, recurrence};

/// Of the forms that UUIDs have, only this one is taken.
const HYPHENATED: usize = uuid::fmt::Hyphenated::LENGTH;

/// Members that a task shows but nobody sets.
const READ_ONLY: [&str; 7] =
    ["id", "version", "status", "skipped", "created_at", "updated_at", "completed_at"];

/// The body of `POST /tasks`.
pub(crate) fn new_task(body: Value, owner: UserId, zone: UserZone) -> Result<CreateTask, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let title = found.required(&mut body, "title", Title::parse);
    let rest = fields(&mut body, &zone, &mut found);
    found.unknown_members(body, &READ_ONLY);
    let title = found.finish(title)?;
    Ok(CreateTask {
        owner,
        title,
        notes: rest.notes.unwrap_or_default(),
        priority: rest.priority.unwrap_or_default(),
        tags: rest.tags.unwrap_or_default(),
        due: rest.due.flatten(),
        planning: Planning {
            project: rest.project.flatten(),
            parent: rest.parent.flatten(),
            position: rest.position.flatten(),
            start: rest.start.flatten(),
            estimate: rest.estimate.flatten(),
            blocked_by: rest.blocked_by.unwrap_or_default(),
        },
        reminders: rest.reminders.unwrap_or_default(),
        zone,
        series: rest.recurrence.flatten().map(NewSeries::Asked),
    })
}

/// The body of `PATCH /tasks/{id}` (RFC 7396): null takes a member back to its default.
pub(crate) fn patch(body: Value, scope: Scope, zone: &UserZone) -> Result<TaskPatch, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let title = match body.take_nullable("title") {
        Some(Some(value)) => found.parsed("title", value, Title::parse),
        Some(None) => {
            found.report("title", "required", "A task has a title.");
            None
        }
        None => None,
    };
    let patch = TaskPatch { title, scope, ..fields(&mut body, zone, &mut found) };
    found.unknown_members(body, &READ_ONLY);
    found.finish(Some(patch))
}

/// All members but the title; absent ones are `None`.
fn fields(body: &mut Object, zone: &UserZone, found: &mut Found) -> TaskPatch {
    let mut patch = TaskPatch::default();
    if let Some(notes) = body.take_nullable("notes") {
        patch.notes = or_default(notes, |value| found.parsed("notes", value, Notes::parse));
    }
    if let Some(priority) = body.take_nullable("priority") {
        patch.priority = or_default(priority, |value| found.parsed("priority", value, self::priority));
    }
    if let Some(tags) = body.take_nullable("tags") {
        patch.tags = or_default(tags, |value| self::tags(value, found));
    }
    if let Some(due) = body.take_nullable("due") {
        patch.due = match due {
            Some(value) => self::due("due", value, Some(zone), found).map(Some),
            None => Some(None),
        };
    }
    patch.start = nullable(body, "start", domain::parse_date, found);
    patch.estimate = nullable(body, "estimate", Estimate::parse, found);
    patch.project = nullable(body, "project_id", id("project"), found);
    patch.parent = nullable(body, "parent_id", id("task"), found);
    patch.position = nullable(body, "position", Position::parse, found);
    if let Some(blockers) = body.take_nullable("blocked_by") {
        patch.blocked_by = or_default(blockers, |value| self::blockers(value, found));
    }
    if let Some(reminders) = body.take_nullable("reminders") {
        patch.reminders = or_default(reminders, |value| self::reminders(value, found));
    }
    if let Some(recurrence) = body.take_nullable("recurrence") {
        patch.recurrence = match recurrence {
            Some(value) => recurrence::asked(value, found).map(Some),
            None => Some(None),
        };
    }
    patch
}

fn or_default<T: Default>(value: Option<Value>, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
    value.map_or_else(|| Some(T::default()), read)
}

/// A member with a text that has to parse, or null.
fn nullable<T>(
    body: &mut Object,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, Violation>,
    found: &mut Found,
) -> Option<Option<T>> {
    match body.take_nullable(name)? {
        Some(value) => found.parsed(name, value, parse).map(Some),
        None => Some(None),
    }
}

/// What is no id names nothing.
fn id<T: std::str::FromStr>(of: &'static str) -> impl Fn(&str) -> Result<T, Violation> {
    let none = move || Violation::new("id", "not_found", format!("There is no such {of}."));
    move |text| {
        Some(text).filter(|text| text.len() == HYPHENATED).and_then(|text| text.parse().ok()).ok_or_else(none)
    }
}

fn blockers(value: Value, found: &mut Found) -> Option<Blockers> {
    let items = found.list("blocked_by", value)?;
    if items.len() > Blockers::MAX {
        let detail = format!("A task waits for at most {} others, not {}.", Blockers::MAX, items.len());
        found.report("blocked_by", "too_many", detail);
        return None;
    }
    let count = items.len();
    let ids = items.into_iter().enumerate();
    let ids: Vec<_> =
        ids.filter_map(|(i, item)| found.parsed(&format!("blocked_by[{i}]"), item, id("task"))).collect();
    if ids.len() == count { found.keep(Blockers::parse(ids)) } else { None }
}

fn priority(text: &str) -> Result<Priority, Violation> {
    Ok(match text {
        "none" => Priority::None,
        "low" => Priority::Low,
        "medium" => Priority::Medium,
        "high" => Priority::High,
        "urgent" => Priority::Urgent,
        _ => {
            let detail = "One of: none, low, medium, high, urgent.";
            return Err(Violation::new("priority", "unknown_value", detail));
        }
    })
}

fn tags(value: Value, found: &mut Found) -> Option<Tags> {
    let texts = found.texts("tags", value)?;
    found.keep(Tags::parse(&texts))
}

/// The member `path`. A local time without zone is one on the caller's wall, if the caller is known.
pub(super) fn due(path: &str, value: Value, zone: Option<&UserZone>, found: &mut Found) -> Option<Due> {
    let mut members = found.object(path, value)?;
    let mut sound = true;
    let mut text = |name: &str, found: &mut Found| {
        let text = members.take(name).map(|value| found.text(&format!("{path}.{name}"), value));
        sound &= text != Some(None);
        text.flatten()
    };
    let (date, at) = (text("date", found), text("at", found));
    let callers = zone.filter(|_| at.is_some()).map(|zone| zone.zone.name().to_owned());
    let zone = text("zone", found).or(callers);
    found.unknown_members(members, &[]);
    if !sound {
        return None;
    }
    let due = Due::parse(date.as_deref(), at.as_deref(), zone.as_deref());
    found.keep(due.map_err(|wrong| wrong.moved("due", path)))
}

fn reminders(value: Value, found: &mut Found) -> Option<Vec<NewReminder>> {
    let items = found.list("reminders", value)?;
    if items.len() > Task::MAX_REMINDERS {
        let detail = format!("A task has at most {} reminders, not {}.", Task::MAX_REMINDERS, items.len());
        found.report("reminders", "too_many", detail);
        return None;
    }
    let read = items
        .into_iter()
        .enumerate()
        .filter_map(|(i, item)| reminder(&format!("reminders[{i}]"), item, found));
    Some(read.collect())
}

fn reminder(path: &str, value: Value, found: &mut Found) -> Option<NewReminder> {
    let mut members = found.object(path, value)?;
    let id = match members.take("id") {
        Some(value) => Some(found.parsed(&members.at("id"), value, reminder_id)?),
        None => None,
    };
    let (at, before) = (members.take("at"), members.take("before"));
    let trigger = match (at, before) {
        (Some(at), None) => found.parsed(&members.at("at"), at, instant).map(Trigger::At),
        (None, Some(before)) => found.parsed(&members.at("before"), before, Lead::parse).map(Trigger::Before),
        _ => {
            found.report(path, "at_or_before", "Give exactly one of `at` and `before`.");
            None
        }
    };
    // It is shown with each reminder, so a list that was read may be sent back as it is.
    members.take("fires_at");
    found.unknown_members(members, &[]);
    Some(NewReminder { id, trigger: trigger? })
}

fn reminder_id(text: &str) -> Result<ReminderId, Violation> {
    text.parse().map_err(|_| Violation::new("id", "unknown_reminder", "The task has no reminder of this id."))
}

/// RFC 3339, to the microsecond, which is what the database keeps.
fn instant(text: &str) -> Result<DateTime<Utc>, Violation> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|instant| instant.to_utc())
        // A leap second, and the years that an offset pushes out of four digits, cannot be stored.
        .filter(|instant| {
            instant.nanosecond() < 1_000_000_000 && (1..=9999).contains(&chrono::Datelike::year(instant))
        })
        .map(|instant| instant.trunc_subsecs(6))
        .ok_or_else(|| Violation::new("at", "invalid_instant", "An instant looks like 2026-12-01T08:00:00Z."))
}

#[cfg(test)]
mod tests {
    use domain::Zone;
    use serde_json::json;

    use super::*;

    fn zone() -> UserZone {
        UserZone::new(Zone::parse("Europe/Berlin").unwrap(), 1)
    }

    fn create(body: Value) -> Result<CreateTask, Violations> {
        new_task(body, UserId(uuid::Uuid::nil()), zone())
    }

    /// What is wrong, as `field rule`.
    fn broken(body: Value) -> Vec<String> {
        let violations = create(body).unwrap_err();
        violations.iter().map(|violation| format!("{} {}", violation.field, violation.rule)).collect()
    }

    #[test]
    fn a_title_is_enough() {
        let task = create(json!({"title": " Water the plants "})).unwrap();
        assert_eq!(task.title.as_str(), "Water the plants");
        assert_eq!((task.priority, task.due, task.reminders.len()), (Priority::None, None, 0));
    }

    #[test]
    fn a_local_time_without_zone_is_on_the_callers_wall() {
        let task = create(json!({"title": "x", "due": {"at": "2026-12-01T09:00:00"}})).unwrap();
        assert_eq!(serde_json::to_value(task.due).unwrap()["zone"], "Europe/Berlin");
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let found = broken(json!({
            "priority": "huge", "estimate": "P1D", "start": "soon", "position": "", "parent_id": 7,
            "project_id": "x", "blocked_by": ["x", 7], "tags": ["ok", 7], "due": {"at": "tomorrow", "zone": "Mars"}, "version": 3, "titel": "x",
            "reminders": [{"before": "PT1M"}, {"before": "soon"}, {}, {"at": "x", "before": "PT1M"}, 5, {"at": 1}],
        }));
        let expected = [
            "title required",
            "priority unknown_value",
            "tags[1] invalid_type",
            "due.at invalid_local_time",
            "due.zone unknown_zone",
            "start invalid_date",
            "estimate invalid_duration",
            "project_id not_found",
            "parent_id invalid_type",
            "position invalid_position",
            "blocked_by[0] not_found",
            "blocked_by[1] invalid_type",
            "reminders[1].before invalid_duration",
            "reminders[2] at_or_before",
            "reminders[3] at_or_before",
            "reminders[4] invalid_type",
            "reminders[5].at invalid_type",
            "titel unknown_member",
            "version read_only",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in [json!([]), json!(null), json!("x"), json!(1)] {
            assert_eq!(broken(body)[0], " invalid_type");
        }
    }

    #[test]
    fn a_patch_tells_null_from_absent() {
        assert_eq!(patch(json!({}), Scope::This, &zone()).unwrap(), TaskPatch::default());
        let cleared = json!({"notes": null, "priority": null, "tags": null, "due": null, "reminders": null,
            "start": null, "estimate": null, "project_id": null, "parent_id": null, "position": null, "blocked_by": null});
        let cleared = patch(cleared, Scope::This, &zone()).unwrap();
        assert_eq!((cleared.due, cleared.start, cleared.estimate), (Some(None), Some(None), Some(None)));
        assert_eq!(
            (cleared.project, cleared.parent, &cleared.position),
            (Some(None), Some(None), &Some(None))
        );
        assert_eq!(cleared.blocked_by, Some(Blockers::default()));
        assert_eq!((cleared.notes.unwrap().as_str(), cleared.priority), ("", Some(Priority::None)));
        assert_eq!((cleared.tags.unwrap().len(), cleared.reminders.unwrap().len()), (0, 0));
        assert!(patch(json!({"title": null}), Scope::This, &zone()).is_err());
    }

    #[test]
    fn reminders_may_be_sent_back_as_they_were_read() {
        let id = uuid::Uuid::from_u128(7);
        let body = json!({"reminders": [{"id": id, "before": "PT10M", "fires_at": "2026-12-01T08:50:00Z"}]});
        let reminders = patch(body, Scope::This, &zone()).unwrap().reminders.unwrap();
        assert_eq!(reminders[0].id, Some(ReminderId(id)));
    }

    #[test]
    fn an_instant_is_one_that_can_be_stored() {
        assert_eq!(
            instant("2026-12-01T09:00:00.1234567+01:00").unwrap().to_rfc3339(),
            "2026-12-01T08:00:00.123456+00:00"
        );
        for text in ["2026-12-01T09:00:00", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59-12:00", "0", ""] {
            assert!(instant(text).is_err(), "{text}");
        }
    }
}
