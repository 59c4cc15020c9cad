//! mailpit: an SMTP server that keeps every mail and shows it on a web page.

use std::time::Duration;

use anyhow::Result;

use crate::{
    journal::Journal, process::Program, readiness::Readiness, state_dir::StateDir, supervisor::Part,
    tools::Tools,
};

/// A running mail sink.
pub struct Mailpit(Part);

impl Mailpit {
    /// Starts it with its mails in the state directory.
    pub async fn start(
        tools: &Tools,
        directory: &StateDir,
        smtp: u16,
        web: u16,
        journal: &Journal,
    ) -> Result<Self> {
        let program = Program::new("mailpit", &tools.mailpit)
            .args(["--smtp", &format!("127.0.0.1:{smtp}"), "--listen", &format!("127.0.0.1:{web}")])
            .args(["--max", "20000", "--disable-version-check", "--smtp-disable-rdns", "--database"])
            .arg(directory.path().join("mailpit.db"))
            .ports([smtp, web]);
        let readiness = Readiness::http(format!("http://127.0.0.1:{web}/readyz"));
        let part = Part::launch(program, readiness, journal)?;
        part.ready(Duration::from_secs(30)).await?;
        Ok(Self(part))
    }

    pub fn part(&self) -> &Part {
        &self.0
    }

    pub async fn stop(self) {
        self.0.stop().await;
    }
}
