//! With 100,000 tasks in one list, what is read stays about what a page takes.

use chrono::{DateTime, Utc};
use domain::{UserId, UserZone, Violations};
use serde_json::Value;
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::seeded;
use crate::{
    query::Query,
    task_query::{
        MOST_READ, Phase, SORTS,
        filters::Filters,
        gather::{self, Source},
        sql::{self, Asked},
        walk,
    },
    test_support::Backend,
};

/// As many as all of a page's statements may read.
const BOUND: u64 = 3 * MOST_READ as u64;

/// 100,000 tasks of one person, spread over two years, and as many of a thousand others.
async fn seed(pool: &PgPool, user: Uuid) {
    for owner in [format!("'{user}'"), "md5((n % 1000)::text)".to_owned()] {
        let insert = format!(
            r#"INSERT INTO task (id, version, state)
            SELECT md5({owner} || n), 1, jsonb_strip_nulls(jsonb_build_object(
                'id', md5({owner} || n)::uuid, 'owner', {owner}::uuid,
                'title', 'Task ' || (ARRAY['pay rent', 'call Bob', 'water plants'])[1 + n % 3] || ' ' || n,
                'notes', CASE WHEN n % 20000 = 7 THEN 'Bring the umbrella' ELSE 'Nothing special' END,
                'priority', (ARRAY['none', 'low', 'medium', 'high', 'urgent'])[1 + n % 97 / 24],
                'tags', CASE WHEN n % 5000 = 3 THEN '["rare"]' WHEN n % 3 = 0 THEN '["Home"]' ELSE '[]' END::jsonb,
                'due', CASE n % 4
                    WHEN 0 THEN jsonb_build_object('date', (date '2026-01-01' + n % 730)::text)
                    WHEN 1 THEN jsonb_build_object('zone', 'Europe/Berlin', 'at',
                        to_char(timestamp '2026-01-01' + make_interval(mins => n * 10), 'YYYY-MM-DD"T"HH24:MI:SS'))
                    END,
                'start', CASE WHEN n % 50 = 1 THEN (date '2026-01-01' + n % 730)::text END,
                'series', CASE WHEN n % 2000 = 11 THEN '{{}}'::jsonb END,
                'parent', CASE WHEN n % 100 = 2 THEN md5({owner} || n / 1000)::uuid END,
                'blocked_by', CASE WHEN n % 4000 = 9 THEN jsonb_build_array(md5({owner} || 1)::uuid) END,
                'lifecycle', CASE WHEN n % 10 = 9 THEN '{{"status":"done"}}' ELSE '{{"status":"open"}}' END::jsonb,
                'zone', '{{"zone":"Europe/Berlin"}}'::jsonb,
                'created_at', to_char(timestamp '2025-01-01' + make_interval(mins => n), 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            )) FROM generate_series(1, 100000) AS n"#
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).execute(pool).await.unwrap();
    }
    sqlx::query("VACUUM ANALYZE task").execute(pool).await.unwrap();
}

/// What running a statement reads, and how.
#[derive(Default)]
struct Reads {
    rows: u64,
    found: u64,
    complaints: Vec<String>,
}

impl Reads {
    fn judge(&self, what: &str, complaints: &mut Vec<String>) {
        complaints.extend(self.complaints.iter().map(|complaint| format!("{what}: {complaint}")));
        if self.rows > BOUND {
            complaints.push(format!("{what}: {} rows were read", self.rows));
        }
    }

    fn node(&mut self, node: &Value) {
        let number = |name: &str| node[name].as_f64().unwrap_or(0.0);
        let rows = (number("Actual Rows") * number("Actual Loops")) as u64;
        let passed_over = (number("Rows Removed by Filter") + number("Rows Removed by Index Recheck"))
            * number("Actual Loops");
        let kind = node["Node Type"].as_str().unwrap_or_default();
        match kind {
            "Seq Scan" if node["Relation Name"] == "task" => self.complaints.push("a Seq Scan".to_owned()),
            // A bitmap of a search has an entry of a few bytes for each task of the list with these words; of the tasks
            // themselves it reads no more than any other scan.
            "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" => {
                self.rows += rows + passed_over as u64;
            }
            "Sort" | "Incremental Sort" if rows > BOUND => self.complaints.push(format!("a Sort of {rows}")),
            _ => {}
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.node(child);
        }
    }
}

/// With the plans that prepared statements have after a while, too: those know nothing of the values.
async fn explain(pool: &PgPool, statement: QueryBuilder<Postgres>, mode: &str) -> Reads {
    use sqlx::Execute;
    let mut transaction = sql::begin(pool).await.unwrap();
    let set = format!("SET LOCAL plan_cache_mode = {mode}");
    sqlx::query(sqlx::AssertSqlSafe(set)).execute(&mut *transaction).await.unwrap();
    let mut statement = statement;
    let mut query = statement.build();
    let arguments = query.take_arguments().unwrap().unwrap();
    let sql = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}", query.sql().as_str());
    let plan: sqlx::types::Json<Value> = sqlx::query_scalar_with(sqlx::AssertSqlSafe(sql), arguments)
        .persistent(false)
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    let plan = &plan.0[0]["Plan"];
    let mut reads = Reads { found: plan["Actual Rows"].as_f64().unwrap() as u64, ..Reads::default() };
    reads.node(plan);
    reads
}

/// Every statement that a page of this list may run, whichever of them it would need.
async fn check(pool: &PgPool, user: Uuid, phases: &[Phase], what: &str, complaints: &mut Vec<String>) {
    for phase in phases {
        let mut db = pool.acquire().await.unwrap();
        let asked = Asked::new(&mut db, &phase.filters, vec![user]).await.unwrap();
        if asked.is_empty() {
            continue;
        }
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let walked = explain(pool, walk::statement(phase, &asked, None, 51), mode).await;
            walked.judge(&format!("{what}, {mode}: a walk"), complaints);
            if walked.found >= 51 {
                continue;
            }
            for source in Source::of(phase, &asked) {
                let gathered = explain(pool, gather::statement(phase, &asked, source, None, 51), mode).await;
                gathered.judge(&format!("{what}, {mode}: {source:?}"), complaints);
            }
        }
    }
}

fn now() -> DateTime<Utc> {
    "2026-07-01T08:00:00Z".parse().unwrap()
}

fn filters(text: &str, zone: &UserZone) -> Result<Filters, Violations> {
    let mut query = Query::parse(text).unwrap();
    let filters = Filters::read(&mut query, zone, now());
    query.finish().map(|()| filters)
}

#[sqlx::test(migrations = false)]
async fn a_page_of_a_long_list_reads_a_bounded_number_of_rows(pool: PgPool) {
    let backend = Backend::new(pool.clone()).await;
    let ada = UserId(backend.user("ada@example.org").await.id);
    seed(&pool, ada.0).await;
    let mut complaints = Vec::new();
    for common in [
        "",
        "status=done",
        "status=all",
        "project=none",
        "parent=none",
        "tag=home",
        "tag=rare",
        "tag_all=home,rare",
        "tag_none=home",
        "priority=urgent",
        "priority=high,urgent",
        "priority_min=medium",
        "overdue=true",
        "overdue=false",
        "due_from=2026-07-01&due_to=2026-07-07",
        "due_to=2026-07-01",
        "due_from=2027-06-01",
        "created_from=2025-03-01",
        "created_to=2025-01-02",
        "start_to=2026-01-05",
        "start_to=2026-07-01",
        "has_recurrence=true",
        "has_recurrence=false",
        "blocked=true",
        "blocked=false",
        "q=umbrella",
        "q=umb",
        "q=task",
        "q=rent -home",
        "tag=home&priority=urgent&q=bob&due_from=2026-07-01&due_to=2026-07-31",
    ] {
        // An order and its reverse have the same index.
        for (name, (column, direction)) in
            SORTS.iter().filter(|(name, _)| common.is_empty() || !name.starts_with('-'))
        {
            let filters = filters(common, &seeded::zone()).unwrap();
            check(
                &pool,
                ada.0,
                &Phase::all(filters, *column, *direction),
                &format!("{common}&sort={name}"),
                &mut complaints,
            )
            .await;
        }
    }
    assert_eq!(complaints, Vec::<String>::new());
}
