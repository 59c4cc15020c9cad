//! A calendar as items. VTODOs are tasks; all else is told as ignored.

use std::collections::HashMap;

use chrono::{NaiveDateTime, SecondsFormat, TimeDelta, Timelike};
use domain::{Due, Estimate, Lead, Rule, Tag, Tags, Task, UserZone, wall_clock::resolve};
use serde_json::{Value, json};

use super::{
    ESTIMATE, FROM, MISSED, START,
    lines::{Component, Property, components, texts},
    rules,
    times::{self, Zones},
};
use crate::{Item, MAX_ITEMS, Unreadable};

pub fn read(file: &str, user: UserZone) -> Result<Vec<Item>, Unreadable> {
    let read = components(file);
    let calendars: Vec<&Component> = read.iter().filter(|component| component.name == "VCALENDAR").collect();
    if calendars.is_empty() {
        return Err(Unreadable::new("not_a_calendar", "There is no BEGIN:VCALENDAR."));
    }
    let mut items: Vec<Item> = Vec::new();
    let mut by_uid: HashMap<String, usize> = HashMap::new();
    let mut unnamed: HashMap<String, usize> = HashMap::new();
    for calendar in calendars {
        let zones = Zones::of(calendar);
        for todo in calendar.components.iter().filter(|component| component.name == "VTODO") {
            if let Some(id) = todo.property("RECURRENCE-ID") {
                let uid = todo.property("UID").map(|uid| uid.text());
                if let Some(series) = uid.and_then(|uid| by_uid.get(&uid)).map(|at| &mut items[*at]) {
                    let detail = "An instance that was moved is taken where its rule has it.";
                    series.ignore(Some(id.line), "RECURRENCE-ID", "moved_instance", detail);
                    continue;
                }
            }
            if items.len() == MAX_ITEMS {
                return Err(Unreadable::too_many());
            }
            let uid = todo.property("UID").map(|uid| uid.text()).filter(|uid| !uid.trim().is_empty());
            let uid = uid.unwrap_or_else(|| {
                let summary = todo.property("SUMMARY").map(|summary| summary.text()).unwrap_or_default();
                let nth = unnamed.entry(summary.clone()).or_default();
                *nth += 1;
                format!("without uid/{nth}/{summary}")
            });
            by_uid.entry(uid.clone()).or_insert(items.len());
            items.push(item(todo, uid, &zones, &user));
        }
    }
    Ok(items)
}

fn item(todo: &Component, uid: String, zones: &Zones, user: &UserZone) -> Item {
    let mut item = Item::new(Some(todo.line), uid);
    item.set_title(&todo.property("SUMMARY").map(Property::text).unwrap_or_default());
    notes(todo, &mut item);
    tags(todo, &mut item);
    if let Some(priority) = todo.property("PRIORITY") {
        match priority.value.trim() {
            "0" => {}
            "1" => item.set("priority", "urgent"),
            "2" | "3" | "4" => item.set("priority", "high"),
            "5" => item.set("priority", "medium"),
            "6" | "7" | "8" | "9" => item.set("priority", "low"),
            _ => item.ignore(Some(priority.line), "PRIORITY", "out_of_range", "A priority is from 0 to 9."),
        }
    }
    let status = todo.property("STATUS").map(|status| status.value.trim().to_ascii_uppercase());
    item.done = matches!(status.as_deref(), Some("COMPLETED" | "CANCELLED"))
        || (status.is_none() && todo.property("COMPLETED").is_some());
    if let Some(estimate) = todo.property(ESTIMATE).or_else(|| todo.property("ESTIMATED-DURATION")) {
        match Estimate::parse(estimate.value.trim()) {
            Ok(value) => item.set("estimate", value.to_string()),
            Err(wrong) => item.ignore(Some(estimate.line), &estimate.name, "invalid_duration", wrong.detail),
        }
    }
    relations(todo, &mut item);
    let times = Times::of(todo, zones, user, &mut item);
    alarms(todo, &times, user, &mut item);
    for name in ["ATTACH", "ATTENDEE", "ORGANIZER", "GEO", "RESOURCES", "CONTACT", "EXRULE"] {
        for property in todo.all(name) {
            item.ignore(Some(property.line), name, "unsupported", "A task has nothing of the kind.");
        }
    }
    item
}

/// What has no member of its own is written below the notes, so that it is not lost.
fn notes(todo: &Component, item: &mut Item) {
    let mut notes: Vec<String> = todo.all("DESCRIPTION").map(Property::text).collect();
    for (name, label) in [("LOCATION", "Location"), ("URL", "Link"), ("COMMENT", "Comment")] {
        notes.extend(todo.all(name).map(|property| format!("{label}: {}", property.text())));
    }
    let notes = notes.join("\n").replace('\r', "");
    let printable: String = notes.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    if !printable.is_empty() {
        item.set("notes", printable);
    }
}

fn tags(todo: &Component, item: &mut Item) {
    let mut tags: Vec<String> = Vec::new();
    for property in todo.all("CATEGORIES") {
        for text in texts(&property.value) {
            let text = text.trim();
            match Tag::parse(text) {
                _ if text.is_empty() => {}
                Ok(_) if tags.len() == Tags::MAX => {
                    let detail = format!("A task has at most {} tags; {text} is left out.", Tags::MAX);
                    item.ignore(Some(property.line), "CATEGORIES", "too_many", detail);
                }
                Ok(tag) => tags.push(tag.to_string()),
                Err(wrong) => item.ignore(Some(property.line), "CATEGORIES", "invalid_tag", wrong.detail),
            }
        }
    }
    if !tags.is_empty() {
        item.set("tags", tags);
    }
}

fn relations(todo: &Component, item: &mut Item) {
    for related in todo.all("RELATED-TO") {
        let kind = related.param("RELTYPE").unwrap_or("PARENT").to_ascii_uppercase();
        match kind.as_str() {
            "PARENT" if item.parent.is_none() => item.parent = Some(related.text()),
            "DEPENDS-ON" => item.blocked_by.push(related.text()),
            _ => {
                let detail = format!("The relation {kind} is not known.");
                item.ignore(Some(related.line), "RELATED-TO", "unsupported", detail);
            }
        }
    }
}

/// When it begins, is due and recurs.
#[derive(Default)]
struct Times {
    start: Option<Due>,
    due: Option<Due>,
    recurs: bool,
}

impl Times {
    fn of(todo: &Component, zones: &Zones, user: &UserZone, item: &mut Item) -> Self {
        let mut read = |name: &str| {
            let property = todo.property(name)?;
            match times::due(property, zones, user) {
                Ok(due) => Some(due),
                Err((rule, detail)) => {
                    item.ignore(Some(property.line), name, rule, detail);
                    None
                }
            }
        };
        let (start, due) = (read("DTSTART"), read("DUE"));
        let due = due
            .or_else(|| lasting(todo, start.as_ref()))
            .or(start.filter(|_| todo.property("RRULE").is_some()));
        if let Some(due) = &due {
            item.set("due", due_value(due));
        }
        let named = todo.property(START).and_then(|start| times::due(start, zones, user).ok());
        let begun =
            named.or(start.filter(|start| Some(start) != due.as_ref() && todo.property("RRULE").is_none()));
        if let Some(begun) = begun {
            let date = begun.named().date();
            if due.is_none_or(|due| date <= due.named().date()) {
                item.set("start", date.to_string());
            } else {
                let line = todo.property("DTSTART").map(|start| start.line);
                item.ignore(line, "DTSTART", "after_due", "It starts after it is due.");
            }
        }
        let recurs = due.is_some_and(|due| recurrence(todo, start.as_ref(), &due, zones, user, item));
        Times { start, due, recurs }
    }
}

/// DUE by DTSTART and DURATION.
fn lasting(todo: &Component, start: Option<&Due>) -> Option<Due> {
    let (length, start) = (todo.property("DURATION")?, start?);
    let length = Lead::parse(length.value.trim()).ok()?;
    let by = TimeDelta::days(length.days().into()) + TimeDelta::seconds(length.seconds().into());
    Some(rules::at(start, start.named().checked_add_signed(by)?)).filter(|due| due.check().is_ok())
}

fn due_value(due: &Due) -> Value {
    match due {
        Due::AllDay { date } => json!({"date": date.to_string()}),
        Due::At { local, zone } => json!({"at": local_text(*local), "zone": zone.name()}),
    }
}

fn local_text(local: NaiveDateTime) -> String {
    local.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Whether it recurs.
fn recurrence(
    todo: &Component,
    start: Option<&Due>,
    due: &Due,
    zones: &Zones,
    user: &UserZone,
    item: &mut Item,
) -> bool {
    let Some(rule) = todo.property("RRULE") else { return false };
    if item.done {
        item.ignore(Some(rule.line), "RRULE", "done", "A task that is done is taken by itself.");
        return false;
    }
    if start.is_some_and(|start| start.named() != due.named()) {
        let detail = "The rule is about the start, and a task here recurs by when it is due.";
        item.ignore(Some(rule.line), "RRULE", "unsupported", detail);
        return false;
    }
    let rrule = match Rule::parse(&rules::from_file(&rule.value, due)) {
        Ok(rrule) => rrule,
        Err(wrong) => {
            item.ignore(Some(rule.line), "RRULE", "unsupported", wrong.detail);
            return false;
        }
    };
    for more in todo.all("RRULE").skip(1) {
        item.ignore(Some(more.line), "RRULE", "too_many", "A task has one rule.");
    }
    let exdates = dates(todo, "EXDATE", due, zones, user, item);
    let rdates = dates(todo, "RDATE", due, zones, user, item);
    let is = |name: &str, value: &str| {
        todo.property(name).is_some_and(|property| property.value.trim().eq_ignore_ascii_case(value))
    };
    item.set(
        "recurrence",
        json!({
            "rrule": rrule.to_string(), "exdates": exdates, "rdates": rdates,
            "from": if is(FROM, "COMPLETION") { "completion" } else { "due" },
            "missed": if is(MISSED, "KEEP-EACH") { "keep-each" } else { "skip" },
        }),
    );
    true
}

/// Dates of a series, on its own wall.
fn dates(
    todo: &Component,
    name: &str,
    due: &Due,
    zones: &Zones,
    user: &UserZone,
    item: &mut Item,
) -> Vec<String> {
    let mut dates = Vec::new();
    for property in todo.all(name) {
        let reader = times::Reader::of(property, zones, user);
        for value in property.value.split(',') {
            match reader.due(value) {
                Ok(date) => dates.push(match (due, date) {
                    (Due::AllDay { .. }, date) => date.named().date().to_string(),
                    (Due::At { zone, .. }, Due::At { local, zone: other }) if other != *zone => {
                        local_text(zone.local(resolve(local, other)))
                    }
                    // A day where a time is expected is the time of that day.
                    (Due::At { local, .. }, Due::AllDay { date }) => local_text(date.and_time(local.time())),
                    (_, date) => local_text(date.named()),
                }),
                Err((rule, detail)) => item.ignore(Some(property.line), name, rule, detail),
            }
        }
    }
    dates
}

fn alarms(todo: &Component, times: &Times, user: &UserZone, item: &mut Item) {
    let mut reminders: Vec<Value> = Vec::new();
    for alarm in todo.components.iter().filter(|component| component.name == "VALARM") {
        let Some(trigger) = alarm.property("TRIGGER") else { continue };
        match reminder(trigger, times, user) {
            Ok(reminder) if reminders.contains(&reminder) => {}
            Ok(_) if reminders.len() == Task::MAX_REMINDERS => {
                item.ignore(Some(alarm.line), "VALARM", "too_many", "A task has at most 20 reminders.");
            }
            Ok(reminder) => reminders.push(reminder),
            Err((rule, detail)) => item.ignore(Some(trigger.line), "TRIGGER", rule, detail),
        }
        if let Some(repeat) = alarm.property("REPEAT") {
            item.ignore(Some(repeat.line), "REPEAT", "unsupported", "A reminder fires once.");
        }
    }
    if !reminders.is_empty() {
        item.set("reminders", reminders);
    }
}

fn reminder(trigger: &Property, times: &Times, user: &UserZone) -> Result<Value, times::Wrong> {
    let value = trigger.value.trim();
    if value.ends_with(['Z', 'z']) {
        let instant = times::instant(value)?;
        return Ok(json!({"at": instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)}));
    }
    let (negative, length) = match value.strip_prefix('-') {
        Some(length) => (true, length),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    let length = Lead::parse(length).map_err(|wrong| ("invalid_duration", wrong.detail))?;
    // RELATED=START unless told otherwise; a task without start has its due time only.
    let of_end = trigger.param("RELATED").is_some_and(|related| related.eq_ignore_ascii_case("END"));
    let anchor = if of_end { times.due } else { times.start.or(times.due) };
    let (Some(anchor), Some(due)) = (anchor, times.due) else {
        return Err(("no_due", "Nothing says when it is due.".to_owned()));
    };
    if anchor == due && negative && matches!(due, Due::At { .. }) {
        return Ok(json!({"before": length.to_string()}));
    }
    let by = TimeDelta::days(length.days().into()) + TimeDelta::seconds(length.seconds().into());
    let by = if negative { -by } else { by };
    // A day begins at midnight in a file, and at the person's day start for us.
    let day_start = TimeDelta::seconds(user.day_start.num_seconds_from_midnight().into());
    let early = match due {
        Due::AllDay { .. } => day_start - by,
        Due::At { .. } => -by,
    };
    if anchor == due && early >= TimeDelta::zero() {
        let seconds = early.num_seconds();
        let text = format!("P{}DT{}S", seconds / 86_400, seconds % 86_400);
        let lead = Lead::parse(&text).map_err(|wrong| ("too_long", wrong.detail))?;
        return Ok(json!({"before": lead.to_string()}));
    }
    if times.recurs {
        return Err(("after_due", "A task that recurs reminds before it is due.".to_owned()));
    }
    let zone = rules::zone(&anchor).unwrap_or(user.zone);
    let instant = resolve(anchor.named(), zone).checked_add_signed(by);
    let instant = instant.ok_or_else(|| ("out_of_range", "It lies outside the calendar.".to_owned()))?;
    Ok(json!({"at": instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)}))
}
