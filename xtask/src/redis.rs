//! A Redis instance of our own: the broker on one machine.

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{
    journal::Journal, packages, process::Program, readiness::Readiness, state_dir::StateDir, supervisor::Part,
};

/// A running instance.
pub struct Redis {
    part: Part,
    port: u16,
}

/// Sets the groups of all topics back to a millisecond, none forward; gives how many. What is a dead letter was told.
const OFFER_AGAIN: &str = "
local count = 0
for _, stream in ipairs(redis.call('KEYS', '*')) do
    if redis.call('TYPE', stream).ok == 'stream' and stream:sub(1, 12) ~= 'dead-letters' then
        for _, group in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
            local of = {}
            for i = 1, #group, 2 do of[group[i]] = group[i + 1] end
            if tonumber(of['last-delivered-id']:match('^%d+')) >= tonumber(ARGV[1]) then
                redis.call('XGROUP', 'SETID', stream, of['name'], ARGV[1] .. '-0')
                count = count + 1
            end
        end
    end
end
return count";

impl Redis {
    /// Starts it with its data in the state directory.
    pub async fn start(directory: &StateDir, port: u16, journal: &Journal) -> Result<Self> {
        let data = directory.path().join("redis");
        fs::create_dir_all(&data)?;
        let settings = [
            ("--port", port.to_string()),
            ("--bind", "127.0.0.1".into()),
            ("--daemonize", "no".into()),
            ("--save", String::new()),
            // The outbox forgets an event once Redis has accepted it, so accepting must mean: on disk.
            ("--appendonly", "yes".into()),
            ("--appendfsync", "always".into()),
            ("--maxmemory-policy", "noeviction".into()),
        ];
        let program = Program::new("redis", packages::redis_server()?)
            .args(settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]))
            .arg("--dir")
            .arg(data)
            .ports([port]);
        let part = Part::launch(program, Readiness::redis(port), journal)?;
        part.ready(Duration::from_secs(60)).await?;
        Ok(Self { part, port })
    }

    pub fn part(&self) -> &Part {
        &self.part
    }

    /// Offers every subscriber again what was accepted since then, also what it took already.
    pub async fn offer_again_since(&self, since: DateTime<Utc>) -> Result<()> {
        let since = since.timestamp_millis().to_string();
        let words = ["EVAL", OFFER_AGAIN, "0", &since];
        let request: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
        let mut redis = TcpStream::connect(("127.0.0.1", self.port)).await?;
        redis.write_all(format!("*{}\r\n{request}", words.len()).as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(redis).read_line(&mut answer).await?;
        ensure!(answer.starts_with(':'), "Redis: {}", answer.trim());
        Ok(())
    }

    pub async fn stop(self) {
        self.part.stop().await;
    }
}
