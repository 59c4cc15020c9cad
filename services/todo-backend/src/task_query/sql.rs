//! Filters as SQL. Everything given by a person is a bound parameter.

use chrono::TimeDelta;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Transaction};
use uuid::Uuid;

use super::{
    Bound, Column, Filters, Phase,
    cursor::TaskCursor,
    order::Key,
    words::{self, Lexeme, Lexemes},
};

/// An all-day task counts from its day start in the zone of whoever made it; this is how far that can be from the
/// same day of anybody else.
const ZONES_APART: TimeDelta = TimeDelta::hours(26);

/// Filters, and what was looked up for them.
pub(super) struct Asked<'a> {
    pub(super) filters: &'a Filters,
    /// The lists the person may read, of those that are asked for.
    pub(super) lists: Vec<Uuid>,
    /// `tsquery`s: for what it is found by, for both, and for the words alone, as comments have them.
    marks: Asking,
    words: Asking,
    pub(super) wanted: Option<String>,
    pub(super) of_comments: Asking,
}

/// What must be there, and what must not.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking {
    pub(super) wanted: Option<String>,
    unwanted: Option<String>,
}

impl Asking {
    fn of(lexemes: &Lexemes, scopes: &[String]) -> Self {
        Self { wanted: lexemes.wanted(scopes), unwanted: lexemes.unwanted(scopes) }
    }
}

/// Begins to read a page: all from one snapshot.
///
/// The planner goes by what most lists are like. Where one is a thousand times longer, it would sort all of it, or read
/// the whole table; so both are out of the question here.
pub(super) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
         SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; SET LOCAL enable_seqscan = off;
         SET LOCAL jit = off",
    )
    .await
}

impl<'a> Asked<'a> {
    pub(super) async fn new(
        db: &mut PgConnection,
        filters: &'a Filters,
        lists: Vec<Uuid>,
    ) -> Result<Self, sqlx::Error> {
        let scopes: Vec<String> = lists
            .iter()
            .flat_map(|list| filters.status.done().iter().map(|done| words::scope(*list, *done)))
            .collect();
        let (marks, words) = (marks(db, filters).await?, words(db, filters).await?);
        Ok(Self {
            marks: Asking::of(&marks, &scopes),
            words: Asking::of(&words, &scopes),
            of_comments: Asking::of(&words, &[String::new()]),
            wanted: marks.and(words).wanted(&scopes),
            filters,
            lists,
        })
    }

    /// Whether nothing can be found.
    pub(super) fn is_empty(&self) -> bool {
        self.branches() == 0 || self.filters.priorities.as_ref().is_some_and(Vec::is_empty)
    }

    /// How many parts of an index hold it all.
    pub(super) fn branches(&self) -> usize {
        self.lists.len() * self.filters.status.done().len()
    }

    /// The lists and statuses as a table `branch`.
    pub(super) fn push_branches(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("unnest(").push_bind(self.lists.clone()).push("::uuid[]) AS lists (list), unnest(");
        query.push_bind(self.filters.status.done().to_vec()).push("::boolean[]) AS statuses (done)");
    }

    /// `t` is in this branch.
    pub(super) fn push_in_branch(query: &mut QueryBuilder<Postgres>) {
        query.push("t.list = lists.list AND t.done = statuses.done AND NOT t.deleted");
    }

    /// What an index on the column can tell of the filters. It may be less than they ask for, never more.
    pub(super) fn push_range(&self, query: &mut QueryBuilder<Postgres>, column: Column) {
        let filters = self.filters;
        match column {
            Column::Created => self.push_created(query),
            Column::Due => {
                let apart = |bound: &Bound| bound.day.map_or(TimeDelta::zero(), |_| ZONES_APART);
                for bound in &filters.due_from {
                    query.push(" AND t.due_at >= ").push_bind(bound.at - apart(bound));
                }
                for bound in &filters.due_before {
                    query.push(" AND t.due_at < ").push_bind(bound.at + apart(bound));
                }
            }
            Column::Priority => {
                let ranks = filters.priorities.iter().flatten();
                if let (Some(least), Some(most)) = (ranks.clone().min(), ranks.max()) {
                    query.push(" AND t.priority BETWEEN ").push_bind(*least).push(" AND ").push_bind(*most);
                }
            }
            Column::Start => self.push_start(query),
            Column::Title | Column::Position => {}
        }
    }

    /// All of the filters, but for lists and status.
    pub(super) fn push_filters(&self, query: &mut QueryBuilder<Postgres>) {
        let filters = self.filters;
        query.push("true");
        match filters.parent {
            Some(Some(parent)) => query.push(" AND t.parent_id = ").push_bind(parent),
            Some(None) => query.push(" AND t.parent_id IS NULL"),
            None => query,
        };
        if let Some(ranks) = &filters.priorities {
            query.push(" AND t.priority = ANY (").push_bind(ranks.clone()).push(")");
        }
        for bound in &filters.due_from {
            query.push(" AND NOT ");
            push_due_before(query, bound);
        }
        for bound in &filters.due_before {
            query.push(" AND ");
            push_due_before(query, bound);
        }
        if let Some(bound) = &filters.open_not_due_before {
            query.push(" AND (t.done OR ");
            push_due_before(query, bound);
            query.push(" IS NOT TRUE)");
        }
        self.push_created(query);
        if filters.start_from.is_some() || filters.start_to.is_some() {
            self.push_start(query);
        }
        match filters.recurring {
            Some(true) => query.push(" AND t.state ? 'series'"),
            Some(false) => query.push(" AND NOT t.state ? 'series'"),
            None => query,
        };
        if let Some(blocked) = filters.blocked {
            query.push(if blocked { " AND " } else { " AND NOT " }).push(
                "EXISTS (SELECT FROM jsonb_array_elements_text(t.state -> 'blocked_by') AS by (id)
                         JOIN task AS other USING (id) WHERE NOT other.done AND NOT other.deleted)",
            );
        }
        push_matches(query, &self.marks);
        if filters.search.is_some() {
            self.push_search(query);
        }
    }

    /// The words are all in the task, or all in one comment on it. What is not wanted is in neither.
    fn push_search(&self, query: &mut QueryBuilder<Postgres>) {
        let phrases = |query: &mut QueryBuilder<Postgres>, text: &str| {
            for phrase in self.filters.search.iter().flat_map(|search| &search.phrases) {
                query
                    .push(" AND position(folded(")
                    .push_bind(phrase.clone())
                    .push(format!(") IN folded({text})) > 0"));
            }
        };
        query.push(" AND (true");
        if let Some(wanted) = &self.words.wanted {
            query.push(" AND t.search @@ ").push_bind(wanted.clone()).push("::tsquery");
            phrases(query, "(t.state ->> 'title') || ' ' || coalesce(t.state ->> 'notes', '')");
            query.push(
                " OR EXISTS (SELECT FROM task_comment AS c WHERE c.task_id = t.id::uuid AND c.search @@ ",
            );
            query.push_bind(self.of_comments.wanted.clone()).push("::tsquery");
            phrases(query, "c.text");
            query.push(")");
        }
        query.push(")");
        if let Some(unwanted) = &self.words.unwanted {
            query.push(" AND NOT t.search @@ ").push_bind(unwanted.clone()).push(
                "::tsquery AND NOT EXISTS (SELECT FROM task_comment AS c WHERE c.task_id = t.id::uuid AND c.search @@ ",
            );
            query.push_bind(self.of_comments.unwanted.clone()).push("::tsquery)");
        }
    }

    fn push_created(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(bound) = &self.filters.created_from {
            query.push(" AND t.created_at >= ").push_bind(bound.at);
        }
        if let Some(bound) = &self.filters.created_before {
            query.push(" AND t.created_at < ").push_bind(bound.at);
        }
    }

    /// The index on it has open tasks only.
    fn push_start(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" AND t.start_on IS NOT NULL AND NOT t.done");
        if let Some(day) = self.filters.start_from {
            query.push(" AND t.start_on >= ").push_bind(day);
        }
        if let Some(day) = self.filters.start_to {
            query.push(" AND t.start_on <= ").push_bind(day);
        }
    }
}

/// Behind the cursor, in the part of the list that is read.
pub(super) fn push_place(query: &mut QueryBuilder<Postgres>, phase: &Phase, after: Option<&TaskCursor>) {
    let (column, beyond) = (phase.column.sql(), phase.direction.beyond());
    if phase.column == Column::Due {
        query.push(if phase.without { " AND t.due_at IS NULL" } else { " AND t.due_at IS NOT NULL" });
    }
    let Some(TaskCursor { key, id, .. }) = after else { return };
    let id = id.to_string();
    if *key == Key::Nothing {
        query.push(format!(" AND t.id {beyond} ")).push_bind(id);
        return;
    }
    query.push(format!(" AND (t.{column}, t.id) {beyond} ("));
    match key {
        Key::Instant(at) => query.push_bind(*at),
        Key::Day(day) => query.push_bind(*day),
        Key::Number(number) => query.push_bind(*number),
        Key::Text(text) => query.push_bind(text.clone()),
        Key::Nothing => query,
    };
    query.push(", ").push_bind(id).push(")");
}

fn push_due_before(query: &mut QueryBuilder<Postgres>, bound: &Bound) {
    match bound.day {
        Some(day) => {
            query.push("(CASE WHEN t.due_on IS NULL THEN t.due_at < ").push_bind(bound.at);
            query.push(" ELSE t.due_on < ").push_bind(day).push(" END)");
        }
        None => {
            query.push("(t.due_at < ").push_bind(bound.at).push(")");
        }
    }
}

fn push_matches(query: &mut QueryBuilder<Postgres>, asking: &Asking) {
    if let Some(wanted) = &asking.wanted {
        query.push(" AND t.search @@ ").push_bind(wanted.clone()).push("::tsquery");
    }
    if let Some(unwanted) = &asking.unwanted {
        query.push(" AND NOT t.search @@ ").push_bind(unwanted.clone()).push("::tsquery");
    }
}

/// What tasks are found by beside their words.
async fn marks(db: &mut PgConnection, filters: &Filters) -> Result<Lexemes, sqlx::Error> {
    let mut lexemes = Lexemes::default();
    let tags = |tags: Vec<String>| tags.into_iter().map(|tag| Lexeme::whole(format!("#{tag}")));
    lexemes.all.extend(tags(words::lower(db, &filters.all_tags).await?));
    let any: Vec<_> = tags(words::lower(db, &filters.any_tag).await?).collect();
    lexemes.any.extend(Some(any).filter(|any| !any.is_empty()));
    lexemes.none.extend(tags(words::lower(db, &filters.no_tag).await?).map(|tag| vec![tag]));
    if filters.recurring == Some(true) {
        lexemes.all.push(Lexeme::whole("!recurring"));
    }
    if filters.blocked == Some(true) {
        lexemes.all.push(Lexeme::whole("!blocked"));
    }
    Ok(lexemes)
}

async fn words(db: &mut PgConnection, filters: &Filters) -> Result<Lexemes, sqlx::Error> {
    let mut lexemes = Lexemes::default();
    let Some(search) = &filters.search else { return Ok(lexemes) };
    // Of a phrase the words too: the phrase itself is looked for in what these find. Its last may be half a word.
    for texts in [&search.words, &search.phrases] {
        for words in words::lexemes(db, texts).await? {
            lexemes.all.extend(words.into_iter().map(|text| Lexeme { text, prefix: true }));
        }
    }
    for words in words::lexemes(db, &search.without).await? {
        let none: Vec<Lexeme> = words.into_iter().map(Lexeme::whole).collect();
        lexemes.none.extend(Some(none).filter(|none| !none.is_empty()));
    }
    Ok(lexemes)
}
