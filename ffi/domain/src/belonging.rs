//! Whether a process is one of a machine. What is recorded in the machine's directory, QEMU's user can write too: it says
//! where to look, and nothing is done to a process before the kernel has said whose it is.

use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, openat2};

use crate::beneath::{Directory, Owner};
use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::{HostProc, Process};
use crate::private_root::VM_PLACE;
use crate::qemu_conf::QEMU_OWNER;

/// Its root shows this very directory as the machine's own, which takes privileges to arrange, and it has none.
/// `directory` as the node sees it.
pub fn check(proc: &HostProc, process: Process, directory: &Path) -> Outcome<()> {
    let pid = process.pid;
    let foreign =
        |why: &str| Failure::retriable(format!("Cannot take process {pid} for one of {}: {why}", directory.display()));
    if !has_only(&proc.read(&format!("{pid}/status"))?, QEMU_OWNER) {
        return Err(foreign("its user is not QEMU's"));
    }
    let what = || format!("look at the root of process {pid}");
    let root = proc.open_at(&format!("{pid}/root"), OFlags::PATH | OFlags::DIRECTORY)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let place = VM_PLACE.trim_start_matches('/');
    let Ok(shown) = openat2(&root, place, flags, Mode::empty(), resolve) else {
        return Err(foreign("it does not have a machine's root"));
    };
    let (shown, own) = (fstat(&shown).context(what)?, fstat(Directory::open(directory)?.fd()).context(what)?);
    if (shown.st_dev, shown.st_ino) != (own.st_dev, own.st_ino) {
        return Err(foreign("it has another machine's root"));
    }
    // All of this was read by number: it is this process's only if it has not ended meanwhile.
    if proc.alive(process) { Ok(()) } else { Err(foreign("it has ended")) }
}

/// The real, effective, saved and file system user of a process, from /proc/<pid>/status.
fn has_only(status: &str, Owner { uid, .. }: Owner) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    line.is_some_and(|users| users.split_whitespace().all(|user| user.parse() == Ok(uid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_only_wants_all_four_users() {
        assert!(has_only("Name:\tqemu\nUid:\t107\t107\t107\t107\n", QEMU_OWNER));
        for status in ["Uid:\t107\t107\t0\t107\n", "Uid:\t0\t0\t0\t0\n", "Name:\tUid:\t107\n", ""] {
            assert!(!has_only(status, QEMU_OWNER), "{status:?}");
        }
    }

    #[test]
    fn check_refuses_a_process_of_the_node() {
        let proc = HostProc::open().unwrap();
        let refused = check(&proc, proc.this().unwrap(), &std::env::temp_dir()).unwrap_err();
        assert!(refused.message.contains("its user is not QEMU's"), "{refused}");
    }
}
