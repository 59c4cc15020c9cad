//! The Dapr resources of the sidecars: the broker, one subscription, and how sidecars find each other.

use std::{fs, path::PathBuf};

use anyhow::Result;
use serde_json::{Value, json};
use virtual_actors::testing::counter::TOPIC;
use xtask::StateDir;

use crate::Subscriber;

/// The app-id of both hosts.
pub(super) const HOSTS: &str = "counters";
pub(super) const SUBSCRIBER: &str = "counter-subscriber";
pub(super) const PUBSUB: &str = "pubsub";

/// The directory of components and subscriptions.
pub(super) fn directory(state: &StateDir) -> PathBuf {
    state.path().join("resources")
}

pub(super) fn config(state: &StateDir) -> PathBuf {
    state.path().join("dapr.yaml")
}

pub(super) fn write(state: &StateDir, redis_port: u16) -> Result<()> {
    let metadata = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    };
    let broker = json!({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": { "name": PUBSUB },
        "spec": { "type": "pubsub.redis", "version": "v1", "metadata": metadata(&[
            ("redisHost", &format!("127.0.0.1:{redis_port}")),
            ("processingTimeout", "10000"),
            ("redeliverInterval", "2000"),
            // One delivery at a time, so that a mark arrives after what was published before it.
            ("concurrency", "1"),
        ]) },
    });
    let subscription = json!({
        "apiVersion": "dapr.io/v2alpha1", "kind": "Subscription", "metadata": { "name": TOPIC },
        "spec": { "pubsubname": PUBSUB, "topic": TOPIC, "routes": { "default": Subscriber::ROUTE } },
        "scopes": [SUBSCRIBER],
    });
    let names = state.path().join("names.db").display().to_string();
    let config = json!({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Configuration", "metadata": { "name": "tests" },
        "spec": { "nameResolution": {
            "component": "sqlite", "version": "v1",
            "configuration": { "connectionString": names, "updateInterval": "6s", "timeout": "3s" },
        } },
    });
    fs::create_dir_all(directory(state))?;
    // JSON is YAML.
    fs::write(directory(state).join("pubsub.yaml"), format!("{broker:#}"))?;
    fs::write(directory(state).join("counted.yaml"), format!("{subscription:#}"))?;
    fs::write(self::config(state), format!("{config:#}"))?;
    Ok(())
}
