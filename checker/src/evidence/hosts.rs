//! The replicas that host actors, by their metrics.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clients::Replica;

/// A replica at the end of the run.
#[derive(Debug, Clone, Serialize)]
pub struct Host {
    pub part: String,
    /// Whether it should live.
    pub live: bool,
    /// Activations by actor type; none if it did not answer.
    pub activations: Option<BTreeMap<String, u64>>,
}

/// Asks a replica.
pub(super) async fn ask(client: &reqwest::Client, replica: &Replica) -> Host {
    let Replica { part, metrics, live } = replica;
    let answer = async { client.get(metrics).send().await?.error_for_status()?.text().await };
    let activations = answer.await.ok().map(|text| activations(&text));
    Host { part: part.clone(), live: *live, activations }
}

/// The samples of `actor_activations` in Prometheus' text format.
fn activations(text: &str) -> BTreeMap<String, u64> {
    let sample = |line: &str| {
        let (labels, value) = line.strip_prefix("actor_activations{")?.rsplit_once("} ")?;
        let kind = labels.split("actor_type=\"").nth(1)?.split('"').next()?;
        Some((kind.to_owned(), value.trim().parse::<f64>().ok()? as u64))
    };
    text.lines().filter_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activations_are_read_from_metrics() {
        let text = "# TYPE actor_activations gauge\nactor_activations{actor_type=\"Task\"} 12\n\
                    actor_activations{actor_type=\"ReminderSchedule\",x=\"y\"} 3\nactor_turns_total 7\n";
        let found = activations(text);
        assert_eq!(found.get("Task"), Some(&12));
        assert_eq!(found.get("ReminderSchedule"), Some(&3));
        assert_eq!(found.len(), 2);
    }
}
