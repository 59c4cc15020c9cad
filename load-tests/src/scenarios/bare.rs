//! The limits of reads: see the program `load-limits`.

use super::*;
use crate::{api, world::Shelf};
use reqwest::{Method, StatusCode};

pub(super) struct Get(pub(super) Shelf);

#[async_trait]
impl Scenario for Get {
    async fn send(&self, world: &World, number: usize) -> Result<bool> {
        let Shelf { reader, tasks } = &self.0;
        let path = format!("/task/{}/{}", reader.id, tasks[number % tasks.len()]);
        api::answer(world.api.limit(Method::GET, &path), StatusCode::OK).await?;
        Ok(true)
    }
}

pub(super) struct List(pub(super) Shelf);

#[async_trait]
impl Scenario for List {
    async fn send(&self, world: &World, _: usize) -> Result<bool> {
        let path = format!("/list/{}", self.0.reader.id);
        api::answer(world.api.limit(Method::GET, &path), StatusCode::OK).await?;
        Ok(true)
    }
}
