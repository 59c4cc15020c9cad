//! Texts with rules of their own, as the document describes them.
//!
//! They are schemas only: models hold a `String`, and the backend reads bodies itself, to tell all that is wrong at once.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// What `trim` takes away, and what has no place in a line; both for a character class.
macro_rules! space {
    () => {
        r"\t\n\u000b\u000c\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    };
}
macro_rules! control {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
    };
}

/// One line that is not empty when it is trimmed, without the characters that `without` adds.
macro_rules! line {
    ($without:literal) => {
        concat!(
            "^[",
            space!(),
            "]*[^",
            space!(),
            control!(),
            $without,
            "]([^",
            control!(),
            $without,
            "]*[^",
            space!(),
            control!(),
            $without,
            "])?[",
            space!(),
            "]*$"
        )
    };
}

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident { $($rule:ident: $value:expr),+ $(,)? })+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new().schema_type(Type::String);
                text.description(Some(concat!($($doc),+).trim()))$(.$rule(Some($value)))+.into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

fn named(format: &str) -> SchemaFormat {
    SchemaFormat::Custom(format.to_owned())
}

texts! {
    /// One line of 1 to 500 characters; white space around it is taken off.
    TitleText { min_length: 1, max_length: 500, pattern: line!(""), examples: ["Water the plants"] }
    /// One line of 1 to 200 characters; white space around it is taken off.
    NameText { min_length: 1, max_length: 200, pattern: line!(""), examples: ["Garden"] }
    /// One line of 1 to 1,000 characters.
    QuickLine {
        min_length: 1, max_length: 1000, pattern: line!(""),
        examples: ["Pay rent every month on the last workday at 9 #home !high remind 1 day before"]
    }
    /// What follows `token=` in a link that was mailed.
    LinkToken { format: named("link-token"), min_length: 43, max_length: 43, examples: ["3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] }
    /// Markdown of up to 20,000 characters; of control characters only tabs and line breaks.
    NotesText {
        max_length: 20_000, pattern: r"^([^\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\r\n)*$",
        examples: ["The ficus *only* once a week."]
    }
    /// 1 to 50 characters without comma; white space around it is taken off.
    TagText { min_length: 1, max_length: 50, pattern: line!(","), examples: ["home"] }
    /// Parameters of `GET /api/v1/tasks` but `limit`, `cursor` and `filter`, as they stand in a URI.
    TaskQuery { format: named("task-query"), max_length: 2_000, examples: ["tag=home&sort=due"] }
    /// The IANA name of a time zone.
    TimeZone { format: named("time-zone"), min_length: 1, max_length: 50, examples: ["Europe/Berlin"] }
    /// A day in the years 1970 to 2099.
    Day { format: named("date"), min_length: 10, max_length: 10, examples: ["2026-12-01"] }
    /// A time on the wall in the years 1970 to 2099, without offset.
    LocalTime {
        format: named("local-date-time"), min_length: 19, max_length: 19, examples: ["2026-12-01T09:00:00"]
    }
    /// A time on the wall, or a day if the series is all-day.
    DayOrLocalTime {
        format: named("local-date-or-time"), min_length: 10, max_length: 19, examples: ["2026-12-14T09:00:00"]
    }
    /// An RFC 5545 duration of weeks, days, hours, minutes and seconds, at most 366 days.
    Lead {
        format: named("lead"), min_length: 3, examples: ["PT10M"]
    }
    /// Hours and minutes, from 1 minute to 9,999 hours, as an RFC 5545 duration.
    Estimate { format: named("estimate"), min_length: 3, examples: ["PT45M"] }
    /// An RRULE of RFC 5545 (section 3.3.10), HOURLY at the finest.
    RecurrenceRule {
        format: named("rrule"), min_length: 1, max_length: 1000, examples: ["FREQ=WEEKLY;BYDAY=MO"]
    }
    /// A mailbox of RFC 5321 in ASCII, without quoting; unique whatever its case.
    EmailAddress { format: named("email"), min_length: 3, max_length: 254, examples: ["ada@example.org"] }
    /// What an API token may do; who may write may read.
    TokenScope {
        enum_values: ["tasks:read", "tasks:write", "projects:read", "projects:write", "account:read"]
    }
    /// 8 to 256 characters.
    NewPassword { format: named("password"), min_length: 8, max_length: 256, examples: ["correct horse battery"] }
}
