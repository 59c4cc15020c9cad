//! `cargo xtask rotate-key`: lets another key sign access tokens, while everything runs.

use std::process::ExitCode;

use anyhow::Result;
use xtask::{StateDir, rotate_key};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Forget all other keys, because somebody may have them: access tokens end now, sessions go on
    #[arg(long)]
    forget_others: bool,
}

pub(crate) async fn run(directory: &StateDir, options: Options) -> Result<ExitCode> {
    let from = rotate_key(directory, options.forget_others)?;
    println!("The new key signs from {}", from.format("%Y-%m-%d %H:%M:%S UTC"));
    Ok(ExitCode::SUCCESS)
}
