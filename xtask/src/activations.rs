//! How many actors live on which replica, by their metric `actor_activations`.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use serde::Serialize;

use crate::{
    apps::{APPS, App},
    ports::{Ports, instance},
    table,
};

const METRIC: &str = "actor_activations";
const PATIENCE: Duration = Duration::from_secs(2);

/// The activations of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activations {
    pub replica: String,
    /// By actor type; none if the replica does not answer.
    pub count: Option<BTreeMap<String, u64>>,
}

impl Activations {
    /// Asks every replica of a system that hosts actors.
    pub async fn of(ports: &Ports) -> Vec<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap_or_default();
        let client = &client;
        let ask = |app: &'static App, number: u16, port: u16| async move {
            let answer = client.get(format!("http://127.0.0.1:{port}/metrics")).send().await;
            let text = match answer.and_then(|answer| answer.error_for_status()) {
                Ok(answer) => answer.text().await.ok(),
                Err(_) => None,
            };
            Self { replica: instance(app.id, number), count: text.map(|text| count(app, &text)) }
        };
        let hosts = APPS.iter().filter(|app| !app.actor_types.is_empty());
        let replicas = hosts.flat_map(|app| {
            (0..).zip(ports.of(app.id)).map(move |(number, pair)| ask(app, number, pair.app))
        });
        join_all(replicas).await
    }

    /// How many of one type; none if the replica does not answer.
    pub fn of_type(&self, actor_type: &str) -> Option<u64> {
        Some(self.count.as_ref()?.get(actor_type).copied().unwrap_or(0))
    }

    /// The table `status` prints: a column for each actor type, and a dash where there cannot be any.
    pub fn table(all: &[Self]) -> String {
        let types: Vec<&str> = APPS.iter().flat_map(|app| app.actor_types).copied().collect();
        let head = ["ACTIVATIONS"].into_iter().chain(types.iter().copied()).map(str::to_owned);
        let row = |replica: &Self| {
            let cell = |actor_type: &&str| {
                let count = replica.count.as_ref().and_then(|count| count.get(*actor_type));
                count.map_or_else(|| "-".to_owned(), u64::to_string)
            };
            [replica.replica.clone()].into_iter().chain(types.iter().map(cell)).collect()
        };
        let rows: Vec<Vec<String>> = [head.collect()].into_iter().chain(all.iter().map(row)).collect();
        table::columns(&rows)
    }
}

/// What Prometheus' text says of each type the app hosts: a type without an activation yet has no sample.
fn count(app: &App, text: &str) -> BTreeMap<String, u64> {
    let of_type = |actor_type: &&'static str| {
        let sample = format!("{METRIC}{{actor_type=\"{actor_type}\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&sample)?.trim().parse().ok());
        ((*actor_type).to_owned(), value.unwrap_or(0))
    };
    app.actor_types.iter().map(of_type).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_and_shown_by_replica_and_type() {
        let app = App::find("todo-actors").unwrap();
        let text = "# TYPE actor_activations gauge\nactor_activations{actor_type=\"Task\"} 12\n";
        let count = count(app, text);
        let expected = [("Task", 12), ("Project", 0), ("ReminderSchedule", 0)];
        assert_eq!(count, expected.map(|(name, count)| (name.to_owned(), count)).into());
        let all = [
            Activations { replica: "todo-actors".into(), count: Some(count) },
            Activations { replica: "todo-actors-2".into(), count: None },
        ];
        assert_eq!((all[0].of_type("Task"), all[1].of_type("Task")), (Some(12), None));
        let table = Activations::table(&all);
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0][..4], ["ACTIVATIONS", "Task", "Project", "ReminderSchedule"]);
        assert_eq!(rows[1][..5], ["todo-actors", "12", "0", "0", "-"]);
        assert_eq!(rows[2][..3], ["todo-actors-2", "-", "-"]);
    }
}
