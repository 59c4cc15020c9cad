//! A query, and what it should give.

use chrono::{DateTime, NaiveDate, Utc};
use domain::Due;
use proptest::{option, prelude::*, sample::select};
use uuid::Uuid;

use super::seeded::{self, PRIORITIES, Seeded, TAGS, WORDS};

#[derive(Debug, Clone)]
pub(super) struct Asked {
    status: &'static str,
    sort: &'static str,
    project: Option<Option<Uuid>>,
    parent: Option<Option<Uuid>>,
    tag: Vec<&'static str>,
    tag_all: Vec<&'static str>,
    tag_none: Vec<&'static str>,
    priority: Vec<usize>,
    priority_min: Option<usize>,
    due_from: Option<NaiveDate>,
    due_to: Option<NaiveDate>,
    created_from: Option<DateTime<Utc>>,
    created_to: Option<NaiveDate>,
    start_to: Option<NaiveDate>,
    overdue: Option<bool>,
    recurring: Option<bool>,
    blocked: Option<bool>,
    word: Option<&'static str>,
}

/// Few filters at a time, or nothing is found.
fn seldom<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.15, strategy)
}

pub(super) fn asked(parents: Vec<Uuid>, projects: Vec<Uuid>) -> impl Strategy<Value = Asked> {
    let tags = || prop::sample::subsequence(TAGS.to_vec(), 1..3);
    let sorts = vec![
        "created",
        "-created",
        "due",
        "-due",
        "priority",
        "-priority",
        "title",
        "-title",
        "position",
        "-position",
    ];
    let instant = seeded::day().prop_map(|day| day.and_hms_opt(14, 0, 0).unwrap().and_utc());
    let which = (
        select(vec!["open", "open", "done", "all"]),
        select(sorts),
        seldom(option::of(select(parents))),
        seldom(option::of(select(projects))),
    );
    let tags = (seldom(tags()), seldom(tags()), seldom(tags()));
    let ranks = (seldom(prop::sample::subsequence(vec![0_usize, 1, 2, 3, 4], 1..4)), seldom(0_usize..5));
    let times = (
        seldom(seeded::day()),
        seldom(seeded::day()),
        seldom(instant),
        seldom(seeded::day()),
        seldom(seeded::day()),
    );
    let rest =
        (seldom(any::<bool>()), seldom(any::<bool>()), seldom(any::<bool>()), seldom(select(WORDS.to_vec())));
    (which, tags, ranks, times, rest).prop_map(|(which, tags, ranks, times, rest)| Asked {
        status: which.0,
        sort: which.1,
        parent: which.2,
        project: which.3,
        tag: tags.0.unwrap_or_default(),
        tag_all: tags.1.unwrap_or_default(),
        tag_none: tags.2.unwrap_or_default(),
        priority: ranks.0.unwrap_or_default(),
        priority_min: ranks.1,
        due_from: times.0,
        due_to: times.1,
        created_from: times.2,
        created_to: times.3,
        start_to: times.4,
        overdue: rest.0,
        recurring: rest.1,
        blocked: rest.2,
        word: rest.3,
    })
}

impl Asked {
    pub(super) fn query(&self) -> String {
        let mut query = vec![format!("status={}", self.status), format!("sort={}", self.sort)];
        let mut add =
            |name: &str, value: Option<String>| query.extend(value.map(|value| format!("{name}={value}")));
        let list = |tags: &[&str]| (!tags.is_empty()).then(|| tags.join(",").to_lowercase());
        add("project", self.project.map(|project| project.map_or("none".to_owned(), |id| id.to_string())));
        add("parent", self.parent.map(|parent| parent.map_or("none".to_owned(), |id| id.to_string())));
        add("tag", list(&self.tag));
        add("tag_all", list(&self.tag_all));
        add("tag_none", list(&self.tag_none));
        let ranks: Vec<&str> = self.priority.iter().map(|rank| PRIORITIES[*rank]).collect();
        add("priority", list(&ranks));
        add("priority_min", self.priority_min.map(|rank| PRIORITIES[rank].to_owned()));
        add("due_from", self.due_from.map(|day| day.to_string()));
        add("due_to", self.due_to.map(|day| day.to_string()));
        add("created_from", self.created_from.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()));
        add("created_to", self.created_to.map(|day| day.to_string()));
        add("start_to", self.start_to.map(|day| day.to_string()));
        add("overdue", self.overdue.map(|value| value.to_string()));
        add("has_recurrence", self.recurring.map(|value| value.to_string()));
        add("blocked", self.blocked.map(|value| value.to_string()));
        // Its beginning.
        add("q", self.word.map(|word| word[..word.len().min(4)].to_owned()));
        query.join("&")
    }

    /// Ids in order.
    pub(super) fn answer(
        &self,
        tasks: &[Seeded],
        user: Uuid,
        projects: &[Uuid],
        now: DateTime<Utc>,
    ) -> Vec<Uuid> {
        // A task is in its project, or else with whoever made it.
        let readable =
            |task: &Seeded| task.project.map_or(task.owner == user, |project| projects.contains(&project));
        let mut found: Vec<&Seeded> = tasks
            .iter()
            .filter(|task| readable(task) && !task.deleted && self.wants(task, tasks, now))
            .collect();
        found.sort_by_key(|task| (self.key(task), task.id.to_string()));
        if self.sort.starts_with('-') {
            found.reverse();
        }
        // Whichever way: what has no due time comes last.
        if self.sort.ends_with("due") {
            found.sort_by_key(|task| task.due.is_none());
        }
        found.into_iter().map(|task| task.id).collect()
    }

    /// As a text that is compared by its bytes.
    fn key(&self, task: &Seeded) -> String {
        match self.sort.trim_start_matches('-') {
            "created" => task.created.to_rfc3339(),
            "due" => task.due_instant().map_or(String::new(), |at| at.to_rfc3339()),
            "priority" => task.priority.to_string(),
            "title" => task.title.clone(),
            _ => task.position(),
        }
    }

    fn wants(&self, task: &Seeded, tasks: &[Seeded], now: DateTime<Utc>) -> bool {
        // The day in the person's zone.
        let day = |at: DateTime<Utc>| seeded::zone().zone.local(at).date();
        let due_day = task.due.map(|due| match due {
            Due::AllDay { date } => date,
            Due::At { .. } => day(due.instant(&seeded::zone())),
        });
        let overdue = !task.done
            && task.due.is_some_and(|due| match due {
                Due::AllDay { date } => date < day(now),
                Due::At { .. } => due.instant(&seeded::zone()) < now,
            });
        let waits =
            tasks.iter().any(|other| task.blocked_by.contains(&other.id) && !other.done && !other.deleted);
        let has = |tag: &&&str| task.tags.contains(*tag);
        let text = format!("{} {}", task.title, task.notes);
        (self.status == "all" || (self.status == "done") == task.done)
            && self.project.is_none_or(|project| task.project == project)
            && self.parent.is_none_or(|parent| task.parent == parent)
            && (self.tag.is_empty() || self.tag.iter().any(|tag| has(&tag)))
            && self.tag_all.iter().all(|tag| has(&tag))
            && !self.tag_none.iter().any(|tag| has(&tag))
            && (self.priority.is_empty() || self.priority.contains(&task.priority))
            && self.priority_min.is_none_or(|least| task.priority >= least)
            && self.due_from.is_none_or(|from| due_day.is_some_and(|day| day >= from))
            && self.due_to.is_none_or(|to| due_day.is_some_and(|day| day <= to))
            && self.created_from.is_none_or(|from| task.created >= from)
            && self.created_to.is_none_or(|to| day(task.created) <= to)
            && self.start_to.is_none_or(|to| !task.done && task.start.is_some_and(|start| start <= to))
            && self.overdue.is_none_or(|wanted| overdue == wanted)
            && self.recurring.is_none_or(|wanted| task.recurring == wanted)
            && self.blocked.is_none_or(|wanted| waits == wanted)
            && self
                .word
                .is_none_or(|word| text.split(' ').any(|other| other.starts_with(&word[..word.len().min(4)])))
    }
}
