//! Whose turn it is with a machine: whoever launches it, adopts it or removes it. An agent may die while the process that
//! it has started works on; until that one has recorded what it did, its successor would find nothing and start another.
//!
//! The machine's directory is what is locked: it is there before anything else, and an open directory that was removed
//! meanwhile is known to be.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock, fstat, lstat};
use rustix::io::Errno;

use crate::beneath::Directory;
use crate::failure::{Context, Failure, Outcome};

/// An agent that looks whether a machine is being launched holds it for a moment: that keeps nobody from launching it.
const LOOK_MAX: Duration = Duration::from_millis(500);
const RETRY: Duration = Duration::from_millis(5);

/// Held by all processes that have it, until the last one drops it or one ends it.
pub struct Turn(Directory);

impl Turn {
    pub fn take(directory: &Path) -> Outcome<Self> {
        let what = || format!("lock {}", directory.display());
        let held = Directory::open(directory)?;
        let started = Instant::now();
        loop {
            match flock(held.fd(), FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) if started.elapsed() < LOOK_MAX => std::thread::sleep(RETRY),
                Err(Errno::WOULDBLOCK) => {
                    return Err(Failure::retriable(
                        "Cannot begin: the domain is being launched, adopted or removed already",
                    ));
                }
                locked => break locked.context(what)?,
            }
        }
        let own = fstat(held.fd()).context(what)?;
        match lstat(directory) {
            Ok(there) if (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino) => Ok(Self(held)),
            _ => Err(Failure::retriable("Cannot begin: the domain has been removed")),
        }
    }

    /// For every process that has it. What this process did is recorded, or undone.
    pub fn end(self) {
        let _ = flock(self.0.fd(), FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn scratch(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("denovirt-turn-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn take_is_for_one_until_it_ends() {
        let path = scratch("one");
        let first = Turn::take(&path).unwrap();
        let refused = Turn::take(&path).err().unwrap();
        assert!(!refused.terminal && refused.message.contains("already"), "{refused}");
        first.end();
        drop(Turn::take(&path).unwrap());
        assert!(Turn::take(&path).is_ok());
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn take_refuses_a_directory_that_is_gone() {
        let path = scratch("gone");
        let held = Directory::open(&path).unwrap();
        fs::remove_dir(&path).unwrap();
        assert!(Turn::take(&path).is_err());
        drop(held);
    }
}
