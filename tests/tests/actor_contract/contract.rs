//! The contract suite of `virtual-actors`, which its test runtime passes too.

use std::time::Duration;

use almanac_tests::ActorHosts;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use virtual_actors::{
    Call, Clock, Outcome, System,
    testing::{
        Fault,
        contract::{Runtime, run_all},
        counter::TOPIC,
    },
};

struct Real<'a>(&'a ActorHosts);

#[async_trait(?Send)]
impl Runtime for Real<'_> {
    async fn invoke(&self, actor_id: &str, method: &str, call: &Call) -> Outcome {
        self.0.hosts[0].until_answered(true, actor_id, method, call).await
    }

    async fn call_host(&self, host: usize, actor_id: &str, method: &str, call: &Call) -> Outcome {
        self.0.hosts[host].call(actor_id, method, call).await
    }

    fn fail_next_commit(&self, host: usize, fault: Fault) {
        self.0.hosts[host].store.fail_next(fault);
    }

    async fn published(&self, actor_id: &str, topic: &str) -> Vec<Value> {
        assert_eq!(topic, TOPIC, "the one that is subscribed");
        self.0.delivered(actor_id).await;
        self.0.subscriber.about(actor_id)
    }

    fn now(&self) -> DateTime<Utc> {
        System.now()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

pub(crate) async fn the_contract_holds(system: &mut ActorHosts) {
    run_all(&Real(system), "contract").await;
}
