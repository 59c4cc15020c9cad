//! Recurrences as the API takes them.

use domain::{
    AskedRecurrence, CountedFrom, Missed, NewRecurrence, Preview, Recurrence, Rule, Violation, Violations,
};
use serde_json::Value;

use super::{Found, Object, task};

const DEFAULT_COUNT: usize = 5;

/// A series, and which part of it is asked for.
#[derive(Debug)]
pub(crate) struct PreviewOf {
    pub(crate) series: Recurrence,
    pub(crate) skip: usize,
    pub(crate) count: usize,
}

/// The body of `POST /recurrences/preview`.
pub(crate) fn preview(body: Value) -> Result<PreviewOf, Violations> {
    let mut found = Found::default();
    let Some(mut body) = found.object("", body) else { return found.finish(None) };
    let start = match body.take("start") {
        Some(value) => task::due("start", value, None, &mut found),
        None => {
            found.report("start", "required", "This is missing.");
            None
        }
    };
    let rrule = found.required(&mut body, "rrule", |text| Ok(text.to_owned()));
    let exdates = dates(&mut body, "exdates", &mut found);
    let rdates = dates(&mut body, "rdates", &mut found);
    let mut number = |name: &str, or: usize, most: usize, found: &mut Found| {
        body.take(name).map_or(Some(or), |value| found.number(name, &value, most))
    };
    let skip = number("skip", 0, Preview::MAX_SKIP, &mut found);
    let count = number("count", DEFAULT_COUNT, Preview::MAX_COUNT, &mut found);
    found.unknown_members(body, &[]);

    let series = match (start, &rrule, &exdates, &rdates) {
        (Some(start), Some(rrule), Some(exdates), Some(rdates)) => {
            let (from, missed) = (CountedFrom::Due, Missed::Skip);
            let series = Recurrence::parse(NewRecurrence { rrule, start, exdates, rdates, from, missed });
            found.keep(series.map_err(|wrong| wrong.moved("recurrence.", "")))
        }
        // What can be told of the rule is told, whatever else is wrong.
        (_, Some(rrule), ..) => {
            found.keep(Rule::parse(rrule));
            None
        }
        _ => None,
    };
    let asked = (|| Some(PreviewOf { series: series?, skip: skip?, count: count? }))();
    found.finish(asked)
}

/// The member `recurrence` of a task.
pub(super) fn asked(value: Value, found: &mut Found) -> Option<AskedRecurrence> {
    let mut members = found.object("recurrence", value)?;
    // Checked here already, so that one that would cost much goes no further.
    let rrule = found.required(&mut members, "rrule", |text| Rule::parse(text).map(|_| text.to_owned()));
    let exdates = dates(&mut members, "exdates", found);
    let rdates = dates(&mut members, "rdates", found);
    let from = choice(
        &mut members,
        "from",
        &[("due", CountedFrom::Due), ("completion", CountedFrom::Completion)],
        found,
    );
    let missed =
        choice(&mut members, "missed", &[("skip", Missed::Skip), ("keep-each", Missed::KeepEach)], found);
    // They are shown with each recurrence, so one that was read may be sent back as it is.
    for shown in ["series_id", "occurrence", "ended", "text"] {
        members.take(shown);
    }
    found.unknown_members(members, &[]);
    Some(AskedRecurrence { rrule: rrule?, exdates: exdates?, rdates: rdates?, from: from?, missed: missed? })
}

fn dates(members: &mut Object, name: &str, found: &mut Found) -> Option<Vec<String>> {
    let path = members.at(name);
    members.take(name).map_or(Some(Vec::new()), |value| found.texts(&path, value))
}

/// One of a few words; absent, the default.
fn choice<T: Copy + Default>(
    members: &mut Object,
    name: &str,
    words: &[(&str, T)],
    found: &mut Found,
) -> Option<T> {
    let path = members.at(name);
    let Some(value) = members.take(name) else { return Some(T::default()) };
    found.parsed(&path, value, |text| {
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            Violation::new(name, "unknown_value", format!("One of: {}.", words.join(", ")))
        })
    })
}
