//! Hubs on a real database.

use std::time::Duration;

use serde_json::json;
use sqlx::types::Json;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{log::EventId, *};

/// How long a busy machine may take for what should be a moment.
const SOON: Duration = Duration::from_secs(20);

async fn person(pool: &PgPool) -> UserId {
    let id = sqlx::query_scalar(
        "INSERT INTO app_user (id, email, password_hash, time_zone)
         VALUES (gen_random_uuid(), gen_random_uuid()::text, '', 'UTC') RETURNING id",
    );
    UserId(id.fetch_one(pool).await.unwrap())
}

/// Tells a person `count` events, as the notification-service does; `heard` says whether PostgreSQL tells of it.
pub(crate) async fn tell(pool: &PgPool, user: Uuid, count: i64, heard: bool) {
    sqlx::query(
        "WITH head AS (
             INSERT INTO user_event_head AS head (user_id, last) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET last = head.last + $2 RETURNING last
         ), told AS (
             INSERT INTO user_event (user_id, seq, event_id, kind, data)
             SELECT $1, last - $2 + n, gen_random_uuid(), 'task.updated', $3 FROM head, generate_series(1, $2) AS n
         )
         SELECT CASE WHEN $4 THEN pg_notify('user_event', $1::text) END FROM head",
    )
    .bind(user)
    .bind(count)
    .bind(Json(json!({ "at": "2026-12-01T08:00:00Z", "version": 7 })))
    .bind(heard)
    .execute(pool)
    .await
    .unwrap();
}

/// The next thing a stream gives, in short; "end" when it has ended.
async fn next(stream: &mut Stream) -> String {
    match timeout(SOON, stream.events.recv()).await.expect("something comes") {
        Some(Sent::Ready(id)) => format!("ready {id}"),
        Some(Sent::Reset(id)) => format!("reset {id}"),
        Some(Sent::Happened { id, .. }) => id.to_string(),
        None => "end".to_owned(),
    }
}

fn after(epoch: i64, seq: i64) -> Position {
    Position::After(EventId { epoch, seq })
}

async fn migrated(pool: &PgPool) -> Live {
    schema::migrate(pool).await.unwrap();
    Live::new(pool.clone())
}

#[sqlx::test(migrations = false)]
async fn each_stream_of_a_person_gets_everything_from_where_it_stands(pool: PgPool) {
    let live = migrated(&pool).await;
    let (ada, bob) = (person(&pool).await, person(&pool).await);
    tell(&pool, ada.0, 3, false).await;
    let mut new = live.join(ada, Position::Now).unwrap();
    let mut resumed = live.join(ada, after(0, 1)).unwrap();
    let mut his = live.join(bob, Position::Now).unwrap();
    assert_eq!(next(&mut new).await, "ready 0-3");
    assert_eq!((next(&mut resumed).await, next(&mut resumed).await), ("0-2".into(), "0-3".into()));
    assert_eq!(next(&mut his).await, "ready 0-0");

    tell(&pool, ada.0, 2, false).await;
    live.look(ada);
    for stream in [&mut new, &mut resumed] {
        assert_eq!((next(stream).await, next(stream).await), ("0-4".into(), "0-5".into()));
    }
    live.look_everywhere();
    assert!(timeout(Duration::from_millis(200), his.events.recv()).await.is_err(), "nothing is his");
}

#[sqlx::test(migrations = false)]
async fn a_client_that_is_slow_gets_everything_all_the_same(pool: PgPool) {
    let live = migrated(&pool).await;
    let ada = person(&pool).await;
    let mut slow = live.join(ada, Position::Now).unwrap();
    let mut quick = live.join(ada, Position::Now).unwrap();
    assert_eq!((next(&mut slow).await, next(&mut quick).await), ("ready 0-0".into(), "ready 0-0".into()));

    let many = (BUFFER * 5) as i64;
    tell(&pool, ada.0, many, false).await;
    live.look(ada);
    // It is not held up by the one that takes nothing, whose buffer does not grow.
    for seq in 1..=many {
        assert_eq!(next(&mut quick).await, format!("0-{seq}"));
    }
    assert!(slow.events.len() <= BUFFER);
    for seq in 1..=many {
        assert_eq!(next(&mut slow).await, format!("0-{seq}"));
    }
    tell(&pool, ada.0, 1, false).await;
    live.look(ada);
    let last = format!("0-{}", many + 1);
    assert_eq!((next(&mut slow).await, next(&mut quick).await), (last.clone(), last));
}

#[sqlx::test(migrations = false)]
async fn who_was_away_too_long_or_comes_from_a_lost_future_starts_anew(pool: PgPool) {
    let live = migrated(&pool).await;
    let ada = person(&pool).await;
    tell(&pool, ada.0, 9, false).await;
    sqlx::query("DELETE FROM user_event WHERE seq <= 4").execute(&pool).await.unwrap();
    sqlx::query("UPDATE user_event_head SET pruned = 4").execute(&pool).await.unwrap();
    for (position, first) in [
        (after(0, 3), "reset 0-9"),
        (after(0, 4), "0-5"),
        (after(0, 10), "reset 0-9"),
        (after(1_790_000_000, 5), "reset 0-9"),
    ] {
        let mut stream = live.join(ada, position).unwrap();
        assert_eq!(next(&mut stream).await, first, "{position:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_person_has_ten_streams_and_a_hub_as_long_as_one_is_open(pool: PgPool) {
    let live = migrated(&pool).await;
    let (ada, bob) = (person(&pool).await, person(&pool).await);
    let mut streams: Vec<_> = (0..MOST_STREAMS).map(|_| live.join(ada, Position::Now).unwrap()).collect();
    assert_eq!(live.join(ada, Position::Now).err().unwrap().status(), 429);
    assert!(live.join(bob, Position::Now).is_ok(), "others have their own, which has ended by now");
    assert_eq!(live.people(), 1);

    streams.pop();
    let mut another = live.join(ada, Position::Now).unwrap();
    assert_eq!(next(&mut another).await, "ready 0-0");
    drop((streams, another));
    assert_eq!(live.people(), 0);
    // A new hub, not one that is about to finish.
    let mut again = live.join(ada, Position::Now).unwrap();
    assert_eq!(next(&mut again).await, "ready 0-0");
}

#[sqlx::test(migrations = false)]
async fn nothing_is_lost_while_nobody_listens(pool: PgPool) {
    let live = migrated(&pool).await;
    let ada = person(&pool).await;
    let stop = platform::Stop::default();
    let listening = tokio::spawn(listen(live.clone(), stop.clone()));
    let mut stream = live.join(ada, Position::Now).unwrap();
    assert_eq!(next(&mut stream).await, "ready 0-0");
    let mut killed = 0;
    for round in 0..3 {
        killed = listener_other_than(&pool, killed).await;
        tell(&pool, ada.0, 1, true).await;
        assert_eq!(next(&mut stream).await, format!("0-{}", round * 2 + 1));
        // Its connection dies, and something happens before it has another one.
        sqlx::query("SELECT pg_terminate_backend($1)").bind(killed).execute(&pool).await.unwrap();
        tell(&pool, ada.0, 1, false).await;
        assert_eq!(next(&mut stream).await, format!("0-{}", round * 2 + 2));
    }
    stop.request();
    timeout(SOON, listening).await.unwrap().unwrap();
}

/// The connection that listens, once it is another than this one.
async fn listener_other_than(pool: &PgPool, killed: i32) -> i32 {
    let started = Instant::now();
    loop {
        let sql = "SELECT pid FROM pg_stat_activity
                   WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> $1";
        if let Some(pid) = sqlx::query_scalar(sql).bind(killed).fetch_optional(pool).await.unwrap() {
            return pid;
        }
        assert!(started.elapsed() < SOON, "nobody listens");
        sleep(Duration::from_millis(10)).await;
    }
}

#[sqlx::test(migrations = false)]
async fn a_database_that_is_away_for_a_moment_ends_no_stream(pool: PgPool) {
    let live = migrated(&pool).await;
    let ada = person(&pool).await;
    let mut stream = live.join(ada, Position::Now).unwrap();
    assert_eq!(next(&mut stream).await, "ready 0-0");
    let mut away = pool.begin().await.unwrap();
    sqlx::query("ALTER TABLE user_event RENAME TO away").execute(&mut *away).await.unwrap();
    live.look(ada);
    timeout(SOON, somebody_waits_for_a_table(&pool)).await.unwrap();
    // Now it fails: the table it waits for is not there.
    away.commit().await.unwrap();
    sqlx::query("ALTER TABLE away RENAME TO user_event").execute(&pool).await.unwrap();
    tell(&pool, ada.0, 1, false).await;
    assert_eq!(next(&mut stream).await, "0-1", "it looks again by itself");
}

async fn somebody_waits_for_a_table(pool: &PgPool) {
    let sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'relation' AND NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))";
    while !sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.unwrap() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
