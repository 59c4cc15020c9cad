//! Free ports, given out so that test runs that start at the same time do not get the same ones.
//!
//! A process takes whole blocks of ports, by a lock on a file it holds until it ends.

use std::{
    env,
    fs::{self, File},
    ops::Range,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use rand::Rng;

use super::is_free;

const FIRST: u16 = 10_000;
const PORTS: u16 = 50;
/// Up to port 30000.
const BLOCKS: u16 = 400;

/// A block this process has for itself, and what is left of it.
struct Block {
    ports: Range<u16>,
    _lock: File,
}

/// A port between 10000 and 30000 that nobody listens on; each is given out only once.
pub fn free_port() -> Result<u16> {
    static OWN: Mutex<Vec<Block>> = Mutex::new(Vec::new());
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if let Some(port) = own.last_mut().and_then(|block| block.ports.find(|port| is_free(*port))) {
            return Ok(port);
        }
        // One for all checkouts of a user.
        own.push(take(&env::temp_dir().join(format!("almanac-ports-{}", nix::unistd::getuid())))?);
    }
}

/// Takes any block that nobody has.
fn take(folder: &Path) -> Result<Block> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let start = rand::rng().random_range(0..BLOCKS);
    let block = |number: u16| {
        let lock = File::create(folder.join(number.to_string())).ok()?;
        lock.try_lock().ok()?;
        let first = FIRST + number * PORTS;
        Some(Block { ports: first..first + PORTS, _lock: lock })
    };
    let mut numbers = (0..BLOCKS).map(|number| (start + number) % BLOCKS);
    numbers.find_map(block).context("no free port between 10000 and 30000")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_gets_a_block_that_another_has() {
        let folder = tempfile::tempdir().unwrap();
        let blocks: Vec<Block> = (0..BLOCKS).map(|_| take(folder.path()).unwrap()).collect();
        let ports: BTreeSet<u16> = blocks.iter().flat_map(|block| block.ports.clone()).collect();
        assert_eq!(ports, (10_000..30_000).collect());
        assert!(take(folder.path()).is_err());
        drop(blocks);
        assert!(take(folder.path()).is_ok());
    }

    #[test]
    fn a_port_is_given_out_once() {
        let ports: BTreeSet<u16> = (0..120).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 120);
    }
}
