//! How each piece was read, in English.

use chrono::{NaiveDate, NaiveDateTime};

use super::{Context, Field, pieces::Meaning, reminding::Remind, settle::Fields};
use crate::{
    due::Due,
    task::Priority,
    wall_clock::{Zone, resolve},
};

pub(super) fn tell(meaning: &Meaning, fields: &Fields, context: &Context) -> (Field, String) {
    let due = fields.due.map(|due| due_text(&due)).unwrap_or_default();
    match meaning {
        Meaning::Tag(tag) => (Field::Tags, tag.clone()),
        Meaning::Priority(priority) => (Field::Priority, priority_text(*priority).to_owned()),
        Meaning::Estimate(minutes) => (Field::Estimate, length(*minutes)),
        Meaning::Every(_) => {
            let rule = fields.rule.as_deref().unwrap_or_default();
            (Field::Recurrence, format!("{rule}; first on {due}"))
        }
        Meaning::FromCompletion => (Field::Recurrence, "counted from completion".to_owned()),
        Meaning::Until(_) | Meaning::Times(_) | Meaning::Lasting(_) => {
            (Field::Recurrence, fields.rule.clone().unwrap_or_default())
        }
        Meaning::Start(_) if fields.recurrence.is_some() => (Field::Due, due),
        Meaning::Start(date) => (Field::Start, date_text(*date)),
        Meaning::Remind(remind) => (Field::Reminders, reminder_text(remind, fields, context)),
        Meaning::Date(..) | Meaning::Time(_) | Meaning::Part(_) | Meaning::Moment(_) => (Field::Due, due),
        // It was given back, so nobody asks.
        Meaning::Unclear(why) => (Field::Due, (*why).to_owned()),
    }
}

fn date_text(date: NaiveDate) -> String {
    date.format("%A %-d %B %Y").to_string()
}

fn due_text(due: &Due) -> String {
    match *due {
        Due::AllDay { date } => date_text(date),
        Due::At { local, zone } => local_text(local, zone),
    }
}

/// A time that the clocks skip is told with the one it is then.
fn local_text(local: NaiveDateTime, zone: Zone) -> String {
    let shown = zone.local(resolve(local, zone));
    let text = format!("{} at {}", date_text(local.date()), local.format("%H:%M"));
    if shown == local {
        return text;
    }
    format!("{text}, which the clocks skip: {}", shown.format("%H:%M"))
}

fn reminder_text(remind: &Remind, fields: &Fields, context: &Context) -> String {
    let on_the_wall = |date: NaiveDate, time| local_text(NaiveDateTime::new(date, time), context.user.zone);
    match *remind {
        Remind::Before { days: 0, minutes: 0 } => "when it is due".to_owned(),
        Remind::Before { days, minutes } => {
            let days = match days {
                0 => None,
                1 => Some("1 day".to_owned()),
                days => Some(format!("{days} days")),
            };
            let minutes = (minutes > 0).then(|| length(minutes));
            let parts: Vec<String> = days.into_iter().chain(minutes).collect();
            format!("{} before", parts.join(" "))
        }
        Remind::At { date, time } => on_the_wall(date, time),
        Remind::On { days, time } => match fields.due {
            Some(_) if days > 0 || fields.recurrence.is_some() => {
                let days = match days {
                    0 => "the day".to_owned(),
                    1 => "the day before".to_owned(),
                    days => format!("{days} days before"),
                };
                format!("{days} at {}", time.format("%H:%M"))
            }
            Some(due) => on_the_wall(due.named().date(), time),
            None => time.format("at %H:%M").to_string(),
        },
    }
}

fn length(minutes: u32) -> String {
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let one = |n: u32, unit: &str| match n {
        0 => None,
        1 => Some(format!("1 {unit}")),
        n => Some(format!("{n} {unit}s")),
    };
    let parts: Vec<String> = one(hours, "hour").into_iter().chain(one(minutes, "minute")).collect();
    if parts.is_empty() { "0 minutes".to_owned() } else { parts.join(" ") }
}

fn priority_text(priority: Priority) -> &'static str {
    match priority {
        Priority::None => "none",
        Priority::Low => "low",
        Priority::Medium => "medium",
        Priority::High => "high",
        Priority::Urgent => "urgent",
    }
}
