//! What a list may be narrowed to. Every filter goes with every other; a task must pass all that are given.

use chrono::{DateTime, NaiveDate, Utc};
use domain::{Tag, UserZone, Violation};
use uuid::Uuid;

use super::{
    bound::{Bound, only_date},
    words::Search,
};
use crate::query::Query;

/// As many of each as a task may have.
const MOST_TAGS: usize = 20;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pub(crate) status: Statuses,
    pub(crate) project: Project,
    /// `Some(None)`: those that are no subtask.
    pub(crate) parent: Option<Option<Uuid>>,
    pub(crate) any_tag: Vec<String>,
    pub(crate) all_tags: Vec<String>,
    pub(crate) no_tag: Vec<String>,
    /// Ranks, as the `priority` column has them.
    pub(crate) priorities: Option<Vec<i16>>,
    pub(crate) due_from: Vec<Bound>,
    pub(crate) due_before: Vec<Bound>,
    /// Open ones that are due before this are left out.
    pub(crate) open_not_due_before: Option<Bound>,
    pub(crate) created_from: Option<Bound>,
    pub(crate) created_before: Option<Bound>,
    pub(crate) start_from: Option<NaiveDate>,
    pub(crate) start_to: Option<NaiveDate>,
    pub(crate) recurring: Option<bool>,
    pub(crate) blocked: Option<bool>,
    pub(crate) search: Option<Search>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Statuses {
    #[default]
    Open,
    Done,
    All,
    /// Done, and something that only open ones are.
    Nothing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Project {
    #[default]
    Any,
    None,
    One(Uuid),
}

const BOOLEANS: &[(&str, bool)] = &[("true", true), ("false", false)];
const PRIORITIES: &[(&str, i16)] = &[("none", 0), ("low", 1), ("medium", 2), ("high", 3), ("urgent", 4)];

impl Filters {
    /// All that a list takes.
    pub(crate) fn read(query: &mut Query, zone: &UserZone, now: DateTime<Utc>) -> Self {
        let statuses = &[("open", Statuses::Open), ("done", Statuses::Done), ("all", Statuses::All)];
        let status = query.choice("status", statuses);
        let mut filters = Self { status: status.unwrap_or_default(), ..Self::read_common(query, zone) };
        filters.due_from.extend(query.parsed("due_from", |text| Bound::from(text, zone)));
        filters.due_before.extend(query.parsed("due_to", |text| Bound::to(text, zone)));
        filters.start_to = query.parsed("start_to", only_date);
        match query.choice("overdue", BOOLEANS) {
            Some(true) => {
                filters.due_before.push(Bound::now(now, zone));
                filters.status = filters.status.only_open();
            }
            Some(false) => filters.open_not_due_before = Some(Bound::now(now, zone)),
            None => {}
        }
        if filters.start_to.is_some() {
            filters.status = filters.status.only_open();
        }
        filters
    }

    /// What a view takes too, which says by itself when its tasks are due.
    pub(crate) fn read_common(query: &mut Query, zone: &UserZone) -> Self {
        Self {
            project: query
                .parsed("project", |text| id_or_none(text).map(|id| id.map_or(Project::None, Project::One)))
                .unwrap_or_default(),
            parent: query.parsed("parent", id_or_none),
            any_tag: query.several("tag", MOST_TAGS, tag),
            all_tags: query.several("tag_all", MOST_TAGS, tag),
            no_tag: query.several("tag_none", MOST_TAGS, tag),
            priorities: priorities(query),
            created_from: query.parsed("created_from", |text| Bound::from(text, zone)),
            created_before: query.parsed("created_to", |text| Bound::to(text, zone)),
            recurring: query.choice("has_recurrence", BOOLEANS),
            blocked: query.choice("blocked", BOOLEANS),
            search: query.parsed("q", Search::parse),
            ..Self::default()
        }
    }

    /// Whether only tasks that are due at some time can pass.
    pub(super) fn wants_due(&self) -> bool {
        !self.due_from.is_empty() || !self.due_before.is_empty()
    }

    /// Whether every task of the lists and the status passes.
    pub(super) fn pass_all(&self) -> bool {
        *self == Self { status: self.status, project: self.project, ..Self::default() }
    }
}

impl Statuses {
    pub(super) fn done(self) -> &'static [bool] {
        match self {
            Self::Open => &[false],
            Self::Done => &[true],
            Self::All => &[false, true],
            Self::Nothing => &[],
        }
    }

    fn only_open(self) -> Self {
        if matches!(self, Self::Open | Self::All) { Self::Open } else { Self::Nothing }
    }
}

fn priorities(query: &mut Query) -> Option<Vec<i16>> {
    let named = query.several("priority", PRIORITIES.len(), |word| {
        let found = PRIORITIES.iter().find(|(known, _)| *known == word);
        found.map(|(_, rank)| *rank).ok_or_else(|| {
            Violation::new(
                "",
                "unknown_value",
                "Some of: none, low, medium, high, urgent, with commas between.",
            )
        })
    });
    let least = query.choice("priority_min", PRIORITIES);
    match (named.is_empty(), least) {
        (true, None) => None,
        (true, Some(least)) => Some((least..=4).collect()),
        (false, least) => Some(named.into_iter().filter(|rank| *rank >= least.unwrap_or(0)).collect()),
    }
}

fn id_or_none(text: &str) -> Result<Option<Uuid>, Violation> {
    if text == "none" {
        return Ok(None);
    }
    // As ids are written everywhere: with hyphens.
    let id = Uuid::parse_str(text).ok().filter(|_| text.len() == 36);
    id.map(Some).ok_or_else(|| Violation::new("", "invalid_id", "An id, or `none`."))
}

fn tag(text: &str) -> Result<String, Violation> {
    Tag::parse(text).map(|tag| tag.to_string())
}
