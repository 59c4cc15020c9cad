//! From pieces to the fields of one task; what does not fit the others is given back.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::{Context, amounts::Unit, pieces::Meaning, recurring::Every, reminding::Remind};
use crate::{
    due::Due,
    estimate::Estimate,
    lead::Lead,
    recurrence::{CountedFrom, Missed, NewRecurrence, Recurrence},
    reminder::{NewReminder, Trigger},
    task::{AskedRecurrence, Priority},
    wall_clock::{YEARS, resolve},
};

/// The fields that pieces say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) priority: Priority,
    pub(super) tags: Vec<String>,
    pub(super) due: Option<Due>,
    pub(super) start: Option<NaiveDate>,
    pub(super) estimate: Option<Estimate>,
    pub(super) reminders: Vec<NewReminder>,
    pub(super) recurrence: Option<AskedRecurrence>,
    /// The rule in English.
    pub(super) rule: Option<String>,
}

/// Pieces that cannot be taken. Without a reason they are nothing but words where they stand.
pub(super) type Rejected = Vec<(usize, Option<String>)>;

struct Slots<'a> {
    meanings: &'a [Meaning],
    rejected: Rejected,
}

impl<'a> Slots<'a> {
    /// The value that all such pieces agree on, and where the first of them is.
    fn one<T: PartialEq>(
        &mut self,
        what: &str,
        read: impl Fn(&'a Meaning) -> Option<T>,
    ) -> Option<(usize, T)> {
        let found: Vec<(usize, T)> = self.all(read);
        let agreed = found.windows(2).all(|two| two[0].1 == two[1].1);
        if !agreed {
            let why = format!("There is more than one {what}.");
            self.rejected.extend(found.iter().map(|(at, _)| (*at, Some(why.clone()))));
            return None;
        }
        found.into_iter().next()
    }

    fn all<T>(&self, read: impl Fn(&'a Meaning) -> Option<T>) -> Vec<(usize, T)> {
        let found = self.meanings.iter().enumerate();
        found.filter_map(|(at, meaning)| Some((at, read(meaning)?))).collect()
    }

    fn reject(&mut self, at: usize, why: impl Into<String>) {
        self.rejected.push((at, Some(why.into())));
    }

    /// They are of no meaning here.
    fn ignore<T>(&mut self, found: &[(usize, T)]) {
        self.rejected.extend(found.iter().map(|(at, _)| (*at, None)));
    }
}

pub(super) fn settle(meanings: &[Meaning], context: &Context) -> Result<Fields, Rejected> {
    let mut slots = Slots { meanings, rejected: Vec::new() };
    let mut fields = Fields::default();
    let unclear = slots.all(|meaning| match meaning {
        Meaning::Unclear(why) => Some(*why),
        _ => None,
    });
    for (at, why) in unclear {
        slots.reject(at, why);
    }
    tags(&mut slots, &mut fields);
    let priority = slots.one("priority", |meaning| match meaning {
        Meaning::Priority(priority) => Some(*priority),
        _ => None,
    });
    fields.priority = priority.map_or(Priority::None, |(_, priority)| priority);
    let estimate = slots.one("length", |meaning| match meaning {
        Meaning::Estimate(minutes) => Some(*minutes),
        _ => None,
    });
    if let Some((at, minutes)) = estimate {
        match Estimate::try_from(minutes) {
            Ok(estimate) => fields.estimate = Some(estimate),
            Err(wrong) => slots.reject(at, wrong.detail),
        }
    }
    due(&mut slots, context, &mut fields);
    if slots.rejected.is_empty() {
        reminders(&mut slots, context, &mut fields);
    }
    if slots.rejected.is_empty() { Ok(fields) } else { Err(slots.rejected) }
}

fn tags(slots: &mut Slots<'_>, fields: &mut Fields) {
    let tags = slots.all(|meaning| match meaning {
        Meaning::Tag(tag) => Some(tag.clone()),
        _ => None,
    });
    let texts: Vec<String> = tags.iter().map(|(_, tag)| tag.clone()).collect();
    match crate::Tags::parse(&texts) {
        Ok(tags) => fields.tags = tags.iter().map(ToString::to_string).collect(),
        Err(wrong) => tags.iter().for_each(|(at, _)| slots.reject(*at, wrong.to_string())),
    }
}

/// When it is due, when it starts and how it recurs, which depend on each other.
fn due(slots: &mut Slots<'_>, context: &Context, fields: &mut Fields) {
    let every = slots.one("rule of repetition", |meaning| match meaning {
        Meaning::Every(every) => Some(every),
        _ => None,
    });
    let moment = slots.one("time", |meaning| match meaning {
        Meaning::Moment(minutes) => Some(*minutes),
        _ => None,
    });
    let date = slots.one("date", |meaning| match meaning {
        Meaning::Date(date, _) => Some(*date),
        _ => None,
    });
    let start = slots.one("start", |meaning| match meaning {
        Meaning::Start(date) => Some(*date),
        _ => None,
    });
    let time = time_of_day(slots);
    let ends = slots.all(|meaning| match meaning {
        Meaning::Until(_) | Meaning::Times(_) | Meaning::Lasting(_) => Some(meaning),
        _ => None,
    });
    if every.is_none() {
        let counted = slots.all(|meaning| (*meaning == Meaning::FromCompletion).then_some(()));
        slots.ignore(&ends);
        slots.ignore(&counted);
    } else if ends.len() > 1 {
        ends.iter().for_each(|(at, _)| slots.reject(*at, "There is more than one end."));
    }
    if let Some((at, _)) = moment
        && (date.is_some() || time.is_some() || every.is_some())
    {
        slots.reject(at, "There is more than one time.");
    }
    let years = [date, start].into_iter().flatten();
    for (at, date) in years.filter(|(_, date)| !YEARS.contains(&date.year())) {
        slots.reject(at, format!("{} lies outside the calendar.", date.year()));
    }
    if !slots.rejected.is_empty() {
        return;
    }
    if let Some((at, every)) = every {
        let date = match (date, start) {
            (Some((_, date)), Some((at, start))) if date != start => {
                return slots.reject(at, format!("It begins on {date} already."));
            }
            (date, start) => date.or(start).map(|(_, date)| date),
        };
        match series(every, slots, date, time, ends.first().copied(), context) {
            Ok((due, asked, text)) => {
                (fields.due, fields.recurrence, fields.rule) = (Some(due), Some(asked), Some(text));
            }
            Err((wrong, why)) => slots.reject(wrong.unwrap_or(at), why),
        }
        return;
    }
    fields.start = start.map(|(_, date)| date);
    let at = |local| Due::At { local, zone: context.user.zone };
    let now = context.now;
    fields.due = match (moment, date, time) {
        // In real time, whatever the clocks do until then.
        (Some((_, minutes)), ..) => {
            let instant = resolve(now, context.user.zone) + TimeDelta::minutes(minutes.into());
            Some(at(context.user.zone.local(instant)))
        }
        (_, Some((_, date)), Some(time)) => Some(at(date.and_time(time))),
        (_, Some((_, date)), None) => Some(Due::AllDay { date }),
        (_, None, Some(time)) => Some(at(next(time, now))),
        (_, None, None) => None,
    };
}

/// The next time that a clock shows this.
fn next(time: NaiveTime, now: NaiveDateTime) -> NaiveDateTime {
    let today = now.date().and_time(time);
    if today > now { today } else { today + TimeDelta::days(1) }
}

/// By the clock if one is named, within the part of the day if one is.
fn time_of_day(slots: &mut Slots<'_>) -> Option<NaiveTime> {
    let clock = slots.one("time", |meaning| match meaning {
        Meaning::Time(clock) => Some(*clock),
        _ => None,
    });
    let part = slots.one("part of the day", |meaning| match meaning {
        Meaning::Part(part) | Meaning::Date(_, Some(part)) => Some(*part),
        Meaning::Every(every) => every.part,
        _ => None,
    });
    match (clock, part) {
        (None, None) => None,
        (Some((_, clock)), None) => Some(clock.time),
        (None, Some((_, part))) => Some(part.time()),
        (Some((clock_at, clock)), Some((part_at, part))) => {
            let time = clock.within(part);
            if time.is_none() {
                for at in [clock_at, part_at] {
                    slots.reject(at, "The time does not lie in that part of the day.");
                }
            }
            time
        }
    }
}

type Series = (Due, AskedRecurrence, String);

/// The first instance is the first time the rule names from `date` on, or from now.
fn series(
    every: &Every,
    slots: &Slots<'_>,
    date: Option<NaiveDate>,
    time: Option<NaiveTime>,
    end: Option<(usize, &Meaning)>,
    context: &Context,
) -> Result<Series, (Option<usize>, String)> {
    let (now, zone) = (context.now, context.user.zone);
    let begun = date.unwrap_or(now.date());
    let start = match time {
        Some(time) if date.is_none() && begun.and_time(time) <= now => {
            Due::At { local: begun.and_time(time) + TimeDelta::days(1), zone }
        }
        Some(time) => Due::At { local: begun.and_time(time), zone },
        None if every.freq == "HOURLY" && date.is_none() => {
            let hour = now.with_minute(0).unwrap_or(now);
            Due::At { local: hour + TimeDelta::hours(1), zone }
        }
        None => Due::AllDay { date: begun },
    };
    let wrong = |violations: crate::Violations| {
        (None, violations.iter().map(|one| one.detail.clone()).collect::<Vec<_>>().join(" "))
    };
    let from = match slots.meanings.contains(&Meaning::FromCompletion) || every.from_completion {
        true => CountedFrom::Completion,
        false => CountedFrom::Due,
    };
    let read = |rrule: &str, start: Due| {
        let new = NewRecurrence { rrule, start, exdates: &[], rdates: &[], from, missed: Missed::Skip };
        Recurrence::parse(new).map_err(wrong)
    };
    // `every other friday` begins with the next Friday, so the interval does not count yet.
    let first = read(&every.rrule(1), start)?.occurrences(&context.user, None, 1);
    let due = first.first().ok_or((None, "No day is ever like that.".to_owned()))?.due;
    let mut rrule = every.rrule(every.interval);
    let day = due.named().date();
    let last = match end {
        Some((_, Meaning::Times(n))) => {
            rrule.push_str(&format!(";COUNT={n}"));
            None
        }
        Some((at, Meaning::Until(date))) => Some((at, Some(*date))),
        Some((at, Meaning::Lasting(length))) => Some((
            at,
            length.after(day).and_then(|date| date.pred_opt()).filter(|_| length.unit != Unit::Workday),
        )),
        _ => None,
    };
    if let Some((at, last)) = last {
        match last.filter(|last| *last >= day && YEARS.contains(&last.year())) {
            Some(last) => rrule.push_str(&format!(";UNTIL={}", last.format("%Y%m%d"))),
            None => return Err((Some(at), "It would end before it begins, or never.".to_owned())),
        }
    }
    let text = read(&rrule, due)?.text();
    let asked =
        AskedRecurrence { rrule, exdates: Vec::new(), rdates: Vec::new(), from, missed: Missed::Skip };
    Ok((due, asked, text))
}

fn reminders(slots: &mut Slots<'_>, context: &Context, fields: &mut Fields) {
    let asked = slots.all(|meaning| match meaning {
        Meaning::Remind(remind) => Some(remind),
        _ => None,
    });
    let mut triggers: Vec<Trigger> = Vec::new();
    for (at, remind) in &asked {
        match trigger(remind, context, fields) {
            Ok(trigger) if triggers.contains(&trigger) => {}
            Ok(trigger) => triggers.push(trigger),
            Err(why) => slots.reject(*at, why),
        }
    }
    if triggers.len() > crate::Task::MAX_REMINDERS {
        asked.iter().for_each(|(at, _)| slots.reject(*at, "There are too many reminders."));
    }
    fields.reminders = triggers.into_iter().map(|trigger| NewReminder { id: None, trigger }).collect();
}

fn trigger(remind: &Remind, context: &Context, fields: &Fields) -> Result<Trigger, String> {
    let instant = |local| Trigger::At(resolve(local, context.user.zone));
    let due = fields.due.map(|due| due.on_the_wall(&context.user).0);
    let needed = || due.ok_or_else(|| "Nothing says when it is due.".to_owned());
    match *remind {
        Remind::Before { days, minutes } => {
            needed()?;
            lead(days.into(), minutes.into())
        }
        Remind::At { date, time } => Ok(instant(date.and_time(time))),
        Remind::On { days: 0, time } if due.is_none() => Ok(instant(next(time, context.now))),
        Remind::On { days, time } => {
            let due = needed()?;
            let same_day = (due.time() - time).num_minutes();
            match (fields.recurrence.is_some(), same_day < 0) {
                (false, _) => {
                    let day = due.date().checked_sub_days(chrono::Days::new(days.into()));
                    day.map(|day| instant(day.and_time(time))).ok_or_else(|| "That is too early.".to_owned())
                }
                // Later instances have only what is relative.
                (true, false) => lead(days.into(), same_day),
                (true, true) if days > 0 => lead(i64::from(days) - 1, same_day + 24 * 60),
                (true, true) => Err("A task that recurs reminds before it is due.".to_owned()),
            }
        }
    }
}

fn lead(days: i64, minutes: i64) -> Result<Trigger, String> {
    Lead::parse(&format!("P{days}DT{minutes}M")).map(Trigger::Before).map_err(|wrong| wrong.detail)
}
