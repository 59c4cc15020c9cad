use super::*;
use crate::{
    api,
    world::{self, Person},
};
use reqwest::StatusCode;
use uuid::Uuid;

const TASKS_EACH: usize = 20;

/// Many people, of whose requests eight in ten read: six lists and two tasks, one new task and one change.
pub(super) struct Mixed {
    people: Vec<(Person, Vec<Uuid>)>,
}

impl Mixed {
    pub(super) async fn prepare(world: &World) -> Result<Self> {
        let mut people = Vec::with_capacity(world.people);
        for person in world.register(world.people).await? {
            let first = world.create(&person, &world::task()).await?;
            people.push((person, world.database.copy_task(first, TASKS_EACH).await?));
        }
        world.database.analyze().await?;
        Ok(Self { people })
    }
}

#[async_trait]
impl Scenario for Mixed {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        // A stride that meets everybody with every kind of request.
        let (person, tasks) = &self.people[number * 7 / 10 % self.people.len()];
        let task = tasks[number / 10 % tasks.len()];
        let path = match number % 10 {
            0..6 => "/tasks?limit=50".to_owned(),
            6 | 7 => format!("/tasks/{task}"),
            8 => {
                world.create(person, &world::task()).await?;
                return Ok(true);
            }
            _ => {
                world.rename(person, task, &format!("Read on, {number}")).await?;
                return Ok(true);
            }
        };
        api::answer(world.api.get(&path).bearer_auth(&person.token), StatusCode::OK).await?;
        Ok(true)
    }
}
