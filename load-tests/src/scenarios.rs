//! What is measured in rounds: one request each, a file each.
//!
//! A worked example, to measure reopening a task: a file `reopen.rs` with a type that implements [`Scenario`]; a variant
//! of [`Name`]; a line each in `title`, `limit` and `prepare`.

mod activate;
mod bare;
mod burst;
mod complete;
mod complete_cold;
mod complete_recurring;
mod create;
mod create_reminding;
mod get;
mod list;
mod mixed;
mod no_op;
mod search;
mod update;

use anyhow::Result;
use async_trait::async_trait;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::world::World;

/// One kind of request.
#[async_trait]
pub(crate) trait Scenario: Send + Sync {
    /// Sends one; `false` if there is nothing left to send it about. `number` is another one each time.
    async fn send(&self, world: &World, number: usize) -> Result<bool>;

    /// Makes what so many requests use up.
    async fn stock(&self, _world: &World, _requests: usize) -> Result<()> {
        Ok(())
    }
}

/// In the order of a round, limits before what is held against them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Name {
    NoOp,
    Create,
    CreateReminding,
    Update,
    Complete,
    CompleteCold,
    CompleteRecurring,
    BareGet,
    Get,
    BareList,
    List,
    #[value(name = "bare-list-100k")]
    #[serde(rename = "bare-list-100k")]
    BareList100k,
    #[value(name = "list-100k")]
    #[serde(rename = "list-100k")]
    List100k,
    Search,
    Mixed,
    Burst,
    Activate,
}

impl Name {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::NoOp => "no-op actor behind REST",
            Self::Create => "create a task",
            Self::CreateReminding => "create a task with a reminder",
            Self::Update => "update a task",
            Self::Complete => "complete a task",
            Self::CompleteCold => "complete a task whose actor is not in memory",
            Self::CompleteRecurring => "complete a recurring task",
            Self::BareGet => "bare axum + sqlx: get",
            Self::Get => "get a task",
            Self::BareList => "bare axum + sqlx: list 50 of 1,000",
            Self::List => "list 50 of 1,000 tasks",
            Self::BareList100k => "bare axum + sqlx: list 50 of 100,000",
            Self::List100k => "list 50 of 100,000 tasks",
            Self::Search => "search 100,000 tasks",
            Self::Mixed => "mixed, 80 % reads, of many people",
            Self::Burst => "20 creates at once by one person",
            Self::Activate => "no-op actor behind REST, not in memory",
        }
    }

    /// What it is held against, in the same round.
    pub(crate) fn limit(self) -> Option<Self> {
        match self {
            Self::NoOp | Self::BareGet | Self::BareList | Self::BareList100k => None,
            Self::Get => Some(Self::BareGet),
            Self::List => Some(Self::BareList),
            Self::List100k | Self::Search => Some(Self::BareList100k),
            _ => Some(Self::NoOp),
        }
    }

    /// What is asked for with `only`, with the limits of it; all if nothing is.
    pub(crate) fn chosen(only: &[Self], everything: bool) -> Vec<Self> {
        let wanted = |name: &Self| {
            everything || only.contains(name) || only.iter().any(|other| other.limit() == Some(*name))
        };
        Self::value_variants().iter().copied().filter(wanted).collect()
    }

    pub(crate) async fn prepare(self, world: &World) -> Result<Box<dyn Scenario>> {
        Ok(match self {
            Self::NoOp => Box::new(no_op::NoOp::new()),
            Self::Create => Box::new(create::Create),
            Self::CreateReminding => Box::new(create_reminding::CreateReminding),
            Self::Update => Box::new(update::Update::prepare(world).await?),
            Self::Complete => Box::<complete::Complete>::default(),
            Self::CompleteCold => Box::new(complete_cold::CompleteCold::prepare(world).await?),
            Self::CompleteRecurring => Box::<complete_recurring::CompleteRecurring>::default(),
            Self::BareGet => Box::new(bare::Get(world.shelf().await?.clone())),
            Self::Get => Box::new(get::Get(world.shelf().await?.clone())),
            Self::BareList => Box::new(bare::List(world.shelf().await?.clone())),
            Self::List => Box::new(list::List(world.shelf().await?.clone())),
            Self::BareList100k => Box::new(bare::List(world.library().await?.clone())),
            Self::List100k => Box::new(list::List(world.library().await?.clone())),
            Self::Search => Box::new(search::Search(world.library().await?.clone())),
            Self::Mixed => Box::new(mixed::Mixed::prepare(world).await?),
            Self::Burst => Box::new(burst::Burst),
            Self::Activate => Box::new(activate::Activate),
        })
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_comes_with_its_limit() {
        assert_eq!(
            Name::chosen(&[Name::Create, Name::List], false),
            [Name::NoOp, Name::Create, Name::BareList, Name::List]
        );
        assert_eq!(Name::chosen(&[], true).len(), Name::value_variants().len());
        assert_eq!(Name::chosen(&[], false), []);
    }

    #[test]
    fn a_name_is_the_same_in_a_report_and_on_the_command_line() {
        for name in Name::value_variants() {
            assert_eq!(serde_json::to_value(name).unwrap(), name.to_string());
        }
    }
}
