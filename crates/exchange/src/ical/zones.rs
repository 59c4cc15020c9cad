//! VTIMEZONE (section 3.6.5): the changes of a zone's offset over some years, listed one by one.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use domain::Zone;

use super::lines::Writer;

/// Offsets are in seconds east of UTC.
fn offset(zone: Zone, instant: DateTime<Utc>) -> i64 {
    (zone.local(instant) - instant.naive_utc()).num_seconds()
}

/// Each change between these years, with the offsets before and after.
fn changes(zone: Zone, years: (i32, i32)) -> Vec<(DateTime<Utc>, i64, i64)> {
    // No zone changes twice within a week.
    const STEP: TimeDelta = TimeDelta::days(7);
    let at = |year: i32| {
        NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(Default::default()).and_utc()
    };
    let (mut from, end) = (at(years.0), at(years.1 + 1));
    let mut found = Vec::new();
    while from < end {
        let to = from + STEP;
        let (before, after) = (offset(zone, from), offset(zone, to));
        if before != after {
            let (mut low, mut high) = (from, to);
            while high - low > TimeDelta::seconds(1) {
                let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
                if offset(zone, middle) == before { low = middle } else { high = middle }
            }
            found.push((high, before, after));
        }
        from = to;
    }
    found
}

/// The zone, for times in these years.
pub(super) fn write(writer: &mut Writer, zone: Zone, years: (i32, i32)) {
    let years = (years.0.min(years.1) - 1, years.1.max(years.0) + 1);
    let mut kinds: BTreeMap<(i64, i64), Vec<DateTime<Utc>>> = BTreeMap::new();
    for (instant, before, after) in changes(zone, years) {
        kinds.entry((before, after)).or_default().push(instant);
    }
    writer.component("VTIMEZONE", |writer| {
        writer.line("TZID", zone.name());
        let start = NaiveDate::from_ymd_opt(years.0, 1, 1).unwrap_or_default().and_time(Default::default());
        let first = offset(zone, start.and_utc());
        observance(writer, (first, first), &format!("{:04}0101T000000", start.year()), &[]);
        for ((before, after), instants) in kinds {
            // The wall just before the change, as section 3.6.5 has it.
            let local = |instant: &DateTime<Utc>| {
                (instant.naive_utc() + TimeDelta::seconds(before)).format("%Y%m%dT%H%M%S").to_string()
            };
            let times: Vec<String> = instants.iter().map(local).collect();
            if let Some((first, others)) = times.split_first() {
                observance(writer, (before, after), first, others);
            }
        }
    });
}

fn observance(writer: &mut Writer, (before, after): (i64, i64), first: &str, others: &[String]) {
    let name = if after > before { "DAYLIGHT" } else { "STANDARD" };
    writer.component(name, |writer| {
        writer.line("DTSTART", first);
        writer.line("TZOFFSETFROM", &offset_text(before));
        writer.line("TZOFFSETTO", &offset_text(after));
        if !others.is_empty() {
            writer.line("RDATE", &others.join(","));
        }
    });
}

fn offset_text(seconds: i64) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let exact = if seconds > 0 { format!("{seconds:02}") } else { String::new() };
    format!("{sign}{hours:02}{minutes:02}{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changes_of_a_year_are_those_of_the_zone_table() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let told: Vec<_> = changes(berlin, (2026, 2026)).iter().map(|(at, ..)| at.to_rfc3339()).collect();
        assert_eq!(told, ["2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00"]);
        assert!(changes(Zone::parse("Asia/Tokyo").unwrap(), (2020, 2030)).is_empty());
    }

    #[test]
    fn a_zone_is_written_with_each_change() {
        let mut writer = Writer::default();
        write(&mut writer, Zone::parse("Europe/Berlin").unwrap(), (2026, 2026));
        let file = writer.finish();
        assert!(file.contains("TZID:Europe/Berlin\r\n"));
        let summer = "BEGIN:DAYLIGHT\r\nDTSTART:20250330T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n\
                      RDATE:20260329T020000,20270328T020000\r\nEND:DAYLIGHT\r\n";
        assert!(file.contains(summer), "{file}");
    }

    #[test]
    fn odd_offsets_are_written_as_they_are() {
        assert_eq!(
            [offset_text(20_700), offset_text(-12_600), offset_text(-2_670)],
            ["+0545", "-0330", "-004430"]
        );
    }
}
