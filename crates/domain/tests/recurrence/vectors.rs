//! Cases on which five independent engines agree.

use domain::{Due, Freq, Recurrence, Rule, UserZone, Zone};
use serde::Deserialize;
use serde_json::json;

use crate::given::shown;

#[derive(Deserialize)]
struct Vector {
    id: String,
    tz: String,
    dtstart_local: String,
    rrule: String,
    exdates: Vec<String>,
    skip: usize,
    n: usize,
    expected: Vec<String>,
    gap_affected: bool,
}

impl Vector {
    /// As stored state, for which the limits on what a person may ask do not hold.
    fn series(&self) -> Recurrence {
        let start = json!({ "at": self.dtstart_local, "zone": self.tz });
        let stored = json!({ "rrule": self.rrule, "start": start, "exdates": self.exdates });
        serde_json::from_value(stored).expect("a stored series")
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../data/recurrence-vectors.json")).expect("the vectors")
}

#[test]
fn every_vector_is_expanded_as_five_engines_do() {
    let utc = UserZone::new(Zone::UTC, 0);
    let mut wrong = Vec::new();
    for vector in vectors() {
        let preview = vector.series().preview(&utc, vector.skip, vector.n);
        let listed: Vec<String> = preview.occurrences.iter().map(shown).collect();
        let ends = vector.expected.len() < vector.n;
        let has_shifted = preview.occurrences.iter().any(|occurrence| occurrence.shifted);
        // A gap may lie beyond what is listed, but none is where the vector says so.
        if listed != vector.expected || (ends && !preview.ends) || (has_shifted && !vector.gap_affected) {
            wrong.push(format!("{}: {listed:#?} is not {:#?}", vector.id, vector.expected));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_next_after_each_of_a_vector_is_the_one_after_it() {
    let utc = UserZone::new(Zone::UTC, 0);
    for vector in vectors() {
        let series = vector.series();
        let listed = series.preview(&utc, vector.skip, vector.n).occurrences;
        for pair in listed.windows(2) {
            assert_eq!(series.next_after(&utc, pair[0].instant), Some(pair[1]), "{}", vector.id);
        }
    }
}

#[test]
fn a_person_may_have_each_but_those_finer_than_hourly() {
    for vector in vectors() {
        let stored: Rule = serde_json::from_value(json!(vector.rrule)).unwrap();
        match Rule::parse(&vector.rrule) {
            Ok(rule) => assert_eq!(rule, stored),
            Err(violation) => {
                assert_eq!(
                    (violation.rule.as_ref(), stored.freq() > Freq::Hourly),
                    ("unsupported_freq", true)
                );
            }
        }
    }
}

#[test]
fn only_gaps_shift() {
    let utc = UserZone::new(Zone::UTC, 0);
    for vector in vectors() {
        for occurrence in vector.series().preview(&utc, vector.skip, vector.n).occurrences {
            let Due::At { local: named, .. } = occurrence.due else { panic!("{}", vector.id) };
            assert_eq!(occurrence.shifted, occurrence.at().naive_local() != named, "{}", vector.id);
        }
    }
}
