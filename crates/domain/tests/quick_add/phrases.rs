//! `tests/data/quick-add-phrases.txt`: each line is `text => title | fields`.

use domain::{
    CountedFrom, Due, Priority, Trigger,
    quick_add::{self, Context, QuickAdd},
};

use crate::{at, context};

const TABLE: &str = include_str!("../data/quick-add-phrases.txt");

#[test]
fn two_hundred_phrases_are_read_as_the_table_says() {
    let mut now = context();
    let (mut phrases, mut wrong) = (0, Vec::new());
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with("//")) {
        if let Some(set) = line.strip_prefix("now ") {
            let (local, zone) = set.split_once(' ').unwrap();
            now = at(local, zone);
            continue;
        }
        let (text, expected) = line.split_once(" => ").unwrap_or_else(|| panic!("no arrow: {line}"));
        phrases += 1;
        let told = shown(text, &now);
        if told != expected {
            wrong.push(format!("{text}\n  expected {expected}\n  but read {told}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {phrases} phrases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(phrases >= 200, "only {phrases} phrases");
}

/// `title | due | rule | tags | …`, as the table writes it.
fn shown(text: &str, now: &Context) -> String {
    let read = quick_add::read(text, now);
    let mut told = vec![read.title.clone()];
    told.extend(read.due.map(|due| match due {
        Due::AllDay { date } => format!("due {date}"),
        Due::At { local, .. } => format!("due {}", local.format("%Y-%m-%dT%H:%M")),
    }));
    told.extend(recurrence(&read));
    told.extend(read.start.map(|start| format!("start {start}")));
    told.extend(read.tags.iter().map(|tag| format!("#{tag}")));
    told.extend(priority(read.priority).map(str::to_owned));
    told.extend(read.estimate.map(|estimate| format!("~{}", estimate.minutes())));
    told.extend(read.reminders.iter().map(|reminder| match reminder.trigger {
        Trigger::Before(lead) => format!("remind {lead} before"),
        Trigger::At(instant) => format!("remind at {}", instant.format("%Y-%m-%dT%H:%MZ")),
    }));
    let chars: Vec<char> = text.chars().collect();
    let phrase = |span: std::ops::Range<usize>| chars[span].iter().collect::<String>();
    told.extend(read.unclear.iter().map(|unclear| format!("unclear: {}", phrase(unclear.span.clone()))));
    told.join(" | ")
}

fn recurrence(read: &QuickAdd) -> Option<String> {
    let asked = read.recurrence.as_ref()?;
    let from = match asked.from {
        CountedFrom::Due => "",
        CountedFrom::Completion => " from completion",
    };
    Some(format!("{}{from}", asked.rrule))
}

fn priority(priority: Priority) -> Option<&'static str> {
    match priority {
        Priority::None => None,
        Priority::Low => Some("!low"),
        Priority::Medium => Some("!medium"),
        Priority::High => Some("!high"),
        Priority::Urgent => Some("!urgent"),
    }
}
