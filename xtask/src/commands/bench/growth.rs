//! The same measured again with more tasks, and with more replicas.

use std::path::Path;

use anyhow::Result;
use xtask::Stack;

use super::{Options, driver::Driver};

const TASKS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const REPLICAS: [u16; 3] = [1, 2, 4];
/// Those that people wait for.
const APPS: [&str; 2] = ["todo-backend", "todo-actors"];
/// None of these makes many tasks for itself.
const SCENARIOS: &str = "no-op,create,update,complete,get,list";

/// Leaves a report for each in a folder of `output`, and prints them side by side.
pub(super) async fn measure(
    stack: &mut Stack,
    driver: &Driver,
    options: &Options,
    output: &Path,
) -> Result<bool> {
    let only = if options.only.is_empty() { SCENARIOS.to_owned() } else { options.only.join(",") };
    let only = ["--only".to_owned(), only];
    let mut passed = true;
    for tasks in TASKS {
        let mut arguments = only.to_vec();
        arguments.extend(["--tasks".to_owned(), tasks.to_string()]);
        passed &= driver.measure(stack, options, &arguments, &output.join(format!("tasks-{tasks}"))).await?;
    }
    for count in REPLICAS {
        for app in APPS {
            stack.scale(app, count).await?;
        }
        passed &= driver.measure(stack, options, &only, &output.join(format!("replicas-{count}"))).await?;
    }
    driver.growth(output).await?;
    Ok(passed)
}
