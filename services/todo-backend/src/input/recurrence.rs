//! Recurrences as the API takes them.

use domain::{CountedFrom, Missed, NewRecurrence, Preview, Recurrence, Rule, Violations};
use serde_json::Value;

use super::{Found, task};

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
    let mut dates = |name: &str, found: &mut Found| {
        body.take(name).map_or(Some(Vec::new()), |value| found.texts(name, value))
    };
    let (exdates, rdates) = (dates("exdates", &mut found), dates("rdates", &mut found));
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
