//! The mail of a reminder: plain text, in the reader's time zone.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::claim::Claimed;
use crate::delivery::mail::Mail;

/// From this lateness on, the mail mentions it.
const WORTH_MENTIONING: TimeDelta = TimeDelta::minutes(1);

/// The mail of a claimed delivery; `domain` is the right-hand side of its Message-ID.
pub(crate) fn compose(claimed: &Claimed, domain: &str) -> Mail {
    let title = one_line(&claimed.title);
    let mut body = format!("{title}\n\nPlanned for {}.\n", local(claimed.due_at, &claimed.time_zone));
    let late = TimeDelta::milliseconds(claimed.late_ms);
    if late >= WORTH_MENTIONING {
        // Writing to a String cannot fail.
        let _ = writeln!(body, "This reminder is {} late.", in_words(late));
    }
    body.push_str("\nYou set this reminder in Almanac.\n");
    Mail {
        to: claimed.email.clone(),
        subject: format!("Reminder: {title}"),
        message_id: format!("<{}@{domain}>", local_part(claimed)),
        text: body,
        html: None,
    }
}

/// The delivery's id. A generation that was given out again after a restored backup is told apart from the one that the
/// lost future may have mailed; one that the copy knows, and that is mailed again, keeps its name.
fn local_part(Claimed { id, epoch, .. }: &Claimed) -> String {
    if *epoch == 0 { id.to_string() } else { format!("{id}.{epoch}") }
}

/// Titles are single lines by their own rules; here again, because a line break in a subject would
/// let a title write mail headers.
fn one_line(title: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    title.replace(breaks, " ")
}

/// `Tuesday, 1 December 2026, 09:00 (Europe/Berlin)`.
fn local(instant: DateTime<Utc>, zone: &str) -> String {
    // A zone this build does not know is no reason to send nothing.
    let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
    format!("{} ({zone})", instant.with_timezone(&zone).format("%A, %-d %B %Y, %H:%M"))
}

/// The two largest units: `2 hours 5 minutes`.
fn in_words(late: TimeDelta) -> String {
    let units =
        [(late.num_days(), "day"), (late.num_hours() % 24, "hour"), (late.num_minutes() % 60, "minute")];
    let largest = units.iter().position(|(count, _)| *count > 0).unwrap_or(units.len() - 1);
    let named = units[largest..].iter().take(2).filter(|(count, _)| *count > 0);
    named
        .map(|(count, unit)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" }))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use uuid::uuid;

    use super::*;

    fn claimed() -> Claimed {
        Claimed {
            id: uuid!("0199c0de-0000-7000-8000-0000000000d1"),
            epoch: 0,
            user_id: uuid!("0199c0de-0000-7000-8000-000000000001"),
            attempts: 1,
            current: true,
            title: "Water the plants".to_owned(),
            due_at: "2026-12-01T08:00:00Z".parse().unwrap(),
            late_ms: 180,
            email: "ada@example.org".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
        }
    }

    fn shown(claimed: &Claimed) -> String {
        let Mail { to, subject, message_id, text, .. } = compose(claimed, "almanac.local");
        format!("To: {to}\nSubject: {subject}\nMessage-ID: {message_id}\n\n{text}")
    }

    #[test]
    fn a_mail_in_time() {
        insta::assert_snapshot!(shown(&claimed()), @r"
        To: ada@example.org
        Subject: Reminder: Water the plants
        Message-ID: <0199c0de-0000-7000-8000-0000000000d1@almanac.local>

        Water the plants

        Planned for Tuesday, 1 December 2026, 09:00 (Europe/Berlin).

        You set this reminder in Almanac.
        ");
    }

    #[test]
    fn a_late_mail_says_how_late() {
        let late_ms = (2 * 3600 + 5 * 60 + 59) * 1000;
        insta::assert_snapshot!(shown(&Claimed { late_ms, ..claimed() }), @r"
        To: ada@example.org
        Subject: Reminder: Water the plants
        Message-ID: <0199c0de-0000-7000-8000-0000000000d1@almanac.local>

        Water the plants

        Planned for Tuesday, 1 December 2026, 09:00 (Europe/Berlin).
        This reminder is 2 hours 5 minutes late.

        You set this reminder in Almanac.
        ");
    }

    #[test]
    fn a_generation_of_a_later_epoch_is_another_mail() {
        let mail = compose(&Claimed { epoch: 1_790_000_000, ..claimed() }, "almanac.local");
        assert_eq!(mail.message_id, "<0199c0de-0000-7000-8000-0000000000d1.1790000000@almanac.local>");
    }

    #[test]
    fn lateness_in_words() {
        let words = |seconds| in_words(TimeDelta::seconds(seconds));
        assert_eq!(words(60), "1 minute");
        assert_eq!(words(3600), "1 hour");
        assert_eq!(words(3661), "1 hour 1 minute");
        assert_eq!(words(86_400 + 120), "1 day");
        assert_eq!(words(3 * 86_400 + 7200 + 60), "3 days 2 hours");
    }

    #[test]
    fn a_title_cannot_write_headers() {
        let title = "Tea\r\nBcc: all@example.org\u{2028}x".to_owned();
        let mail = compose(&Claimed { title, ..claimed() }, "almanac.local");
        assert_eq!(mail.subject, "Reminder: Tea  Bcc: all@example.org x");
        assert!(!mail.text.contains("\nBcc"));
    }

    #[test]
    fn an_unknown_zone_is_shown_as_utc() {
        let mail = compose(&Claimed { time_zone: "Mars/Olympus".to_owned(), ..claimed() }, "x.org");
        assert!(mail.text.contains("Tuesday, 1 December 2026, 08:00 (UTC)"), "{}", mail.text);
    }
}
