//! A disk of its own for one directory, in memory, which can be made full.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
    sys::statvfs::statvfs,
};

/// A mounted disk; it is taken away when dropped, with what is on it.
pub struct SmallDisk {
    path: PathBuf,
    bytes: u64,
}

impl SmallDisk {
    /// Mounts an empty one of so many bytes at `path`, which is made if it is not there. None where this process may not
    /// mount: it is not root, or in a container that lets nobody.
    pub fn mount(path: PathBuf, bytes: u64) -> Result<Option<Self>> {
        std::fs::create_dir_all(&path)?;
        match tmpfs(&path, MsFlags::empty(), bytes) {
            Ok(()) => Ok(Some(Self { path, bytes })),
            Err(Errno::EPERM | Errno::EACCES) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot mount a disk at {}", path.display())),
        }
    }

    /// Leaves no room at all: the disk shrinks to what is on it.
    pub fn fill(&self) -> Result<()> {
        const TRIES: usize = 20;
        let shrink = || -> Result<()> {
            let disk = statvfs(&self.path)?;
            let used = (disk.blocks() - disk.blocks_free()) * disk.fragment_size();
            Ok(tmpfs(&self.path, MsFlags::MS_REMOUNT, used)?)
        };
        // It cannot be made smaller than what was written since it was measured.
        (1..TRIES).find_map(|_| shrink().ok()).map_or_else(shrink, Ok).context("the disk cannot be filled")
    }

    /// Gives back the room that [`SmallDisk::fill`] took.
    pub fn make_room(&self) -> Result<()> {
        tmpfs(&self.path, MsFlags::MS_REMOUNT, self.bytes).context("the disk cannot be made larger")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached at once; the memory is given back when the last user has gone. Nobody is left to tell of a failure.
        let _ = umount2(&self.path, MntFlags::MNT_DETACH);
    }
}

fn tmpfs(path: &Path, flags: MsFlags, bytes: u64) -> nix::Result<()> {
    mount(Some("almanac"), path, Some("tmpfs"), flags, Some(format!("size={bytes}").as_str()))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::ErrorKind};

    use super::*;

    #[test]
    fn a_full_disk_takes_nothing_until_there_is_room() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk");
        let Some(disk) = SmallDisk::mount(path.clone(), 1 << 20).unwrap() else {
            eprintln!("Not tested: disks may not be mounted here");
            return;
        };
        fs::write(path.join("kept"), vec![1; 100_000]).unwrap();
        disk.fill().unwrap();
        let refused = fs::write(path.join("more"), vec![2; 100_000]).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::StorageFull);
        assert_eq!(fs::read(path.join("kept")).unwrap(), vec![1; 100_000]);
        disk.make_room().unwrap();
        fs::write(path.join("more"), vec![2; 100_000]).unwrap();
        drop(disk);
        assert!(!path.join("kept").exists());
    }
}
