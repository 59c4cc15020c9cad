//! Tasks as a calendar.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDateTime, Timelike};
use contracts::task::TaskSnapshot;
use domain::{CountedFrom, Due, Lead, Missed, Priority, SeriesLink, Task, Trigger, UserZone, Zone};

use super::{
    ESTIMATE, FROM, MISSED, START,
    lines::{Writer, escape},
    rules, times, zones,
};

/// So many years ahead of a recurring task its zone's changes are listed.
const YEARS_AHEAD: i32 = 10;

/// What a calendar holds.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    pub name: &'a str,
    pub tasks: &'a [TaskSnapshot],
    pub user: &'a UserZone,
}

/// The same tasks give the same text.
pub fn write(calendar: Calendar<'_>) -> String {
    let mut writer = Writer::default();
    writer.component("VCALENDAR", |writer| {
        writer.line("VERSION", "2.0");
        writer.line("PRODID", "-//Almanac//Tasks//EN");
        writer.line("CALSCALE", "GREGORIAN");
        // RFC 7986 sections 5.1 and 5.7, and what was there before it.
        writer.text("NAME", calendar.name);
        writer.text("X-WR-CALNAME", calendar.name);
        writer.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
        writer.line("X-PUBLISHED-TTL", "PT1H");
        for (name, years) in zones_of(calendar.tasks) {
            if let Ok(zone) = Zone::parse(name) {
                zones::write(writer, zone, years);
            }
        }
        for snapshot in calendar.tasks {
            todo(writer, snapshot, calendar.user);
        }
    });
    writer.finish()
}

/// The zones that times are in, by name, with the years of these times.
fn zones_of(tasks: &[TaskSnapshot]) -> BTreeMap<&'static str, (i32, i32)> {
    let mut zones: BTreeMap<&'static str, (i32, i32)> = BTreeMap::new();
    let mut use_zone = |zone: Zone, from: i32, to: i32| {
        if zone != Zone::UTC {
            let years = zones.entry(zone.name()).or_insert((from, to));
            *years = (years.0.min(from), years.1.max(to.min(*domain::wall_clock::YEARS.end())));
        }
    };
    for TaskSnapshot { task, .. } in tasks {
        if let Some(Due::At { local, zone }) = task.due() {
            use_zone(*zone, local.year(), local.year());
        }
        if let Some(link) = task.series()
            && let Some(zone) = rules::zone(link.recurrence.start())
        {
            let year = link.occurrence.year();
            use_zone(zone, year, year + YEARS_AHEAD);
        }
    }
    zones
}

fn todo(writer: &mut Writer, snapshot: &TaskSnapshot, user: &UserZone) {
    let task = &snapshot.task;
    // The open instance stands for its series; those that are done are tasks by themselves.
    let series = task.series().filter(|_| task.completed_at().is_none());
    let planned = series.map(|link| rules::at(link.recurrence.start(), link.occurrence));
    writer.component("VTODO", |writer| {
        common(writer, snapshot);
        let due = planned.as_ref().or(task.due());
        match (series, due) {
            (Some(link), Some(due)) => {
                time(writer, "DTSTART", due);
                time(writer, "DUE", due);
                rule(writer, link, due);
                if let Some(start) = task.start() {
                    writer.line(START, &times::date_text(start));
                }
            }
            (_, due) => {
                start(writer, task, due);
                if let Some(due) = due {
                    time(writer, "DUE", due);
                }
            }
        }
        alarms(writer, task, due, user);
    });
    // An instance that was moved from where the rule has it (section 3.8.4.4).
    if let (Some(planned), Some(due)) = (planned, task.due())
        && planned != *due
    {
        writer.component("VTODO", |writer| {
            common(writer, snapshot);
            time(writer, "RECURRENCE-ID", &planned);
            time(writer, "DTSTART", due);
            time(writer, "DUE", due);
            alarms(writer, task, Some(due), user);
        });
    }
}

fn common(writer: &mut Writer, snapshot: &TaskSnapshot) {
    let task = &snapshot.task;
    writer.line("UID", &task.id().to_string());
    writer.line("DTSTAMP", &times::utc_text(task.updated_at()));
    writer.line("CREATED", &times::utc_text(task.created_at()));
    writer.line("LAST-MODIFIED", &times::utc_text(task.updated_at()));
    writer.line("SEQUENCE", &snapshot.version.to_string());
    writer.text("SUMMARY", task.title().as_str());
    if !task.notes().as_str().is_empty() {
        writer.text("DESCRIPTION", task.notes().as_str());
    }
    match task.priority() {
        Priority::None => {}
        Priority::Low => writer.line("PRIORITY", "7"),
        Priority::Medium => writer.line("PRIORITY", "5"),
        Priority::High => writer.line("PRIORITY", "3"),
        Priority::Urgent => writer.line("PRIORITY", "1"),
    }
    if !task.tags().is_empty() {
        let tags: Vec<String> = task.tags().iter().map(|tag| escape(tag.as_str())).collect();
        writer.line("CATEGORIES", &tags.join(","));
    }
    match task.completed_at() {
        None => writer.line("STATUS", "NEEDS-ACTION"),
        Some(_) if task.is_skipped() => writer.line("STATUS", "CANCELLED"),
        Some(at) => {
            writer.line("STATUS", "COMPLETED");
            writer.line("COMPLETED", &times::utc_text(at));
            writer.line("PERCENT-COMPLETE", "100");
        }
    }
    if let Some(parent) = task.parent() {
        writer.line("RELATED-TO", &parent.to_string());
    }
    // RFC 9253 section 5.
    for blocker in task.blocked_by().iter() {
        writer.line("RELATED-TO;RELTYPE=DEPENDS-ON", &blocker.to_string());
    }
    if let Some(estimate) = task.estimate() {
        writer.line(ESTIMATE, &estimate.to_string());
    }
}

fn time(writer: &mut Writer, name: &str, due: &Due) {
    let (params, value) = times::written(due);
    writer.line(&format!("{name}{params}"), &value);
}

/// DTSTART is of the kind DUE is, and before it (section 3.8.2.3).
fn start(writer: &mut Writer, task: &Task, due: Option<&Due>) {
    let Some(start) = task.start() else { return };
    let begun =
        due.map_or(Due::AllDay { date: start }, |due| rules::at(due, start.and_time(Default::default())));
    if due.is_none_or(|due| begun.named() < due.named()) {
        time(writer, "DTSTART", &begun);
    } else {
        writer.line(START, &times::date_text(start));
    }
}

fn rule(writer: &mut Writer, link: &SeriesLink, due: &Due) {
    let series = &link.recurrence;
    if series.ended().is_some() {
        return;
    }
    // With what is left of COUNT.
    let rest = series.split_at(link.occurrence).map(|(_, rest)| rest);
    let rest = rest.as_ref().unwrap_or(series);
    writer.line("RRULE", &rules::for_file(&rest.rule().to_string(), due));
    let mut left_out: BTreeSet<NaiveDateTime> = series.exdates().clone();
    let mut added: BTreeSet<NaiveDateTime> = series.rdates().clone();
    for (named, to) in series.moved().iter().filter(|(named, _)| **named != link.occurrence) {
        left_out.insert(*named);
        added.insert(*to);
    }
    for (name, times) in [("EXDATE", left_out), ("RDATE", added)] {
        for local in times.into_iter().filter(|local| *local > link.occurrence) {
            time(writer, name, &rules::at(due, local));
        }
    }
    if series.counted_from() == CountedFrom::Completion {
        writer.line(FROM, "COMPLETION");
    }
    if series.missed() == Missed::KeepEach {
        writer.line(MISSED, "KEEP-EACH");
    }
}

fn alarms(writer: &mut Writer, task: &Task, due: Option<&Due>, user: &UserZone) {
    for reminder in task.reminders() {
        let trigger = match (reminder.trigger, due) {
            (Trigger::At(instant), _) => (";VALUE=DATE-TIME", times::utc_text(instant)),
            (Trigger::Before(lead), Some(due)) => (";RELATED=END", before(lead, due, user)),
            // It waits for a due time, which a file cannot say.
            (Trigger::Before(_), None) => continue,
        };
        writer.component("VALARM", |writer| {
            writer.line("UID", &reminder.id.to_string());
            writer.line("ACTION", "DISPLAY");
            writer.text("DESCRIPTION", task.title().as_str());
            writer.line(&format!("TRIGGER{}", trigger.0), &trigger.1);
        });
    }
}

/// A day is due at the person's day start for us, and at its midnight in a file.
fn before(lead: Lead, due: &Due, user: &UserZone) -> String {
    match due {
        Due::At { .. } if lead.days() == 0 && lead.seconds() == 0 => "PT0S".to_owned(),
        Due::At { .. } => format!("-{lead}"),
        Due::AllDay { .. } => {
            let after = i64::from(user.day_start.num_seconds_from_midnight())
                - i64::from(lead.days()) * 86_400
                - i64::from(lead.seconds());
            let sign = if after < 0 { "-" } else { "" };
            let (days, seconds) = (after.abs() / 86_400, after.abs() % 86_400);
            let days = if days > 0 { format!("{days}D") } else { String::new() };
            format!("{sign}P{days}T{}M", seconds / 60)
        }
    }
}
