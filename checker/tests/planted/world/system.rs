//! What the system does, and what tests look up or take away of it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ADA, Row, World};

impl World {
    /// Commits a task's version, with its event.
    pub(crate) async fn commit(&mut self, kind: &str, fields: &[&str], task: &Row) {
        let version = self.store(task).await;
        let data = json!({
            "task_id": task.id, "user_id": ADA, "version": version, "title": task.title, "fields": fields,
        });
        self.audit("task-events", kind, data).await;
    }

    /// A version without its event; gives it.
    pub(crate) async fn store(&self, task: &Row) -> i64 {
        sqlx::query_scalar(
            "INSERT INTO task (id, version, state) VALUES ($1, 1, $2)
             ON CONFLICT (id) DO UPDATE SET version = task.version + 1, state = excluded.state RETURNING version",
        )
        .bind(task.id.to_string())
        .bind(task.state())
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    pub(crate) async fn audit(&mut self, topic: &str, kind: &str, data: Value) {
        let id_in = |name: &str| data[name].as_str().and_then(|text| text.parse::<Uuid>().ok());
        sqlx::query("INSERT INTO audit.entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(self.id())
            .bind(topic)
            .bind(kind)
            .bind(id_in("task_id"))
            .bind(id_in("user_id"))
            .bind(data["version"].as_i64())
            .bind(self.now())
            .bind(&data)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    pub(crate) async fn remind(
        &self,
        task: Uuid,
        reminder: Uuid,
        generation: i32,
        fires_at: DateTime<Utc>,
        status: &str,
    ) {
        sqlx::query(
            "INSERT INTO reminder (reminder_id, generation, task_id, user_id, title, fires_at, status)
             VALUES ($1, $2, $3, $4, '', $5, $6)",
        )
        .bind(reminder)
        .bind(generation)
        .bind(task)
        .bind(ADA)
        .bind(fires_at)
        .bind(status)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    pub(crate) async fn fires_at(&self, reminder: Uuid, generation: i32) -> DateTime<Utc> {
        let sql = "SELECT fires_at FROM reminder WHERE reminder_id = $1 AND generation = $2";
        sqlx::query_scalar(sql).bind(reminder).bind(generation).fetch_one(&self.pool).await.unwrap()
    }

    /// A reminder that is set fires on time and is audited; nobody is told yet.
    pub(crate) async fn fire(&mut self, reminder: Uuid, generation: i32) {
        let task: Uuid = sqlx::query_scalar(
            "UPDATE reminder SET status = 'fired', fired_at = fires_at + interval '20 ms', late_ms = 20
             WHERE reminder_id = $1 AND generation = $2 RETURNING task_id",
        )
        .bind(reminder)
        .bind(generation)
        .fetch_one(&self.pool)
        .await
        .unwrap();
        let data =
            json!({"reminder_id": reminder, "generation": generation, "task_id": task, "user_id": ADA});
        self.audit("audit-logs", "reminder.fired", data).await;
    }

    /// A firing is told in the inbox, and by mail in as many attempts.
    pub(crate) async fn tell(&mut self, task: Uuid, reminder: Uuid, generation: i32, attempts: i32) {
        let notification = self.id();
        sqlx::query(
            "INSERT INTO notification (id, user_id, kind, task_id, reminder_id, generation, title, due_at, fired_at, late_ms)
             VALUES ($1, $2, 'reminder', $3, $4, $5, '', $6, $6, 20)",
        )
        .bind(notification)
        .bind(ADA)
        .bind(task)
        .bind(reminder)
        .bind(generation)
        .bind(self.now())
        .execute(&self.pool)
        .await
        .unwrap();
        let mut email = Uuid::nil();
        for (channel, attempts) in [("in_app", 1), ("email", attempts)] {
            let delivery = self.id();
            sqlx::query(
                "INSERT INTO delivery (id, notification_id, channel, status, attempts, settled_at)
                 VALUES ($1, $2, $3, 'delivered', $4, $5)",
            )
            .bind(delivery)
            .bind(notification)
            .bind(channel)
            .bind(attempts)
            .bind(self.now())
            .execute(&self.pool)
            .await
            .unwrap();
            let data = json!({
                "delivery_id": delivery, "reminder_id": reminder, "generation": generation, "task_id": task,
                "user_id": ADA, "channel": channel,
            });
            self.audit("audit-logs", "notification.delivered", data).await;
            email = delivery;
        }
        for _ in 0..attempts {
            self.mail(email, "ada@example.org");
        }
    }

    pub(crate) fn mail(&self, delivery: Uuid, to: &str) {
        let mail = (format!("{delivery}@almanac.local"), to.to_owned());
        self.shown.lock().unwrap().mails.push(mail);
    }

    /// What follows an instance, with its event if it came to its end.
    pub(crate) async fn decide(&mut self, series: Uuid, predecessor: Uuid, next: Uuid, status: &str) {
        sqlx::query(
            "INSERT INTO recurrence_ledger (series_id, predecessor, next_id, occurrence, due, version, status)
             VALUES ($1, $2, $3, '2026-01-02 09:00', '{}', 2, $4)",
        )
        .bind(series)
        .bind(predecessor)
        .bind(next)
        .bind(status)
        .execute(&self.pool)
        .await
        .unwrap();
        let kind =
            if status == "over" { "recurrence.over".into() } else { format!("recurrence.instance_{status}") };
        self.audit("audit-logs", &kind, json!({"series_id": series, "task_id": predecessor, "user_id": ADA}))
            .await;
    }
}

/// What tests look up or take away.
impl World {
    /// The mail's delivery of a firing, and its attempts.
    pub(crate) async fn mail_of(&self, reminder: Uuid) -> (Uuid, i32) {
        sqlx::query_as(
            "SELECT delivery.id, attempts FROM delivery JOIN notification ON notification.id = notification_id
             WHERE channel = 'email' AND reminder_id = $1",
        )
        .bind(reminder)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// As if the reminder had fired, and nothing more.
    pub(crate) async fn forget_notification(&self, reminder: Uuid) {
        let (mail, _) = self.mail_of(reminder).await;
        self.shown.lock().unwrap().mails.retain(|(message, _)| !message.starts_with(&mail.to_string()));
        self.sql(format!(
            "DELETE FROM delivery USING notification WHERE notification.id = notification_id AND reminder_id = '{reminder}';
             DELETE FROM notification WHERE reminder_id = '{reminder}';
             DELETE FROM audit.entry WHERE type LIKE 'notification.%' AND data ->> 'reminder_id' = '{reminder}'"
        ))
        .await;
    }

    /// As if it had not even fired, but for its row.
    pub(crate) async fn forget_firing(&self, reminder: Uuid) {
        self.forget_notification(reminder).await;
        self.sql(format!("DELETE FROM audit.entry WHERE data ->> 'reminder_id' = '{reminder}'")).await;
    }
}
