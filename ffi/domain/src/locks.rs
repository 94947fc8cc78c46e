//! One writer for each image. QEMU locks what it writes to, for as long as it lives; the domain process locks it too,
//! before QEMU is started, so that of two that start at once one is told, in words, which volume is in use.
//!
//! The locks belong to open files, not to processes, and hold on every node that shares the file system.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;

use rustix::fs::OFlags;

use crate::beneath::Directory;
use crate::failure::{Context, Failure, Outcome};
use crate::spec::Lock;

/// Ours lies behind those of QEMU: a byte for each permission it uses from 100 on, for each that it does not share from 200.
const OWNER_BYTE: libc::off_t = 300;
const QEMU_BYTES: (libc::off_t, libc::off_t) = (100, 200);

/// Whether QEMU's own locks mean that somebody else has the image.
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum Vmm {
    Starts,
    /// They are our own.
    Runs,
}

/// Locks all; they are given up when this process ends.
pub fn take(directory: &Path, locks: &[Lock], vmm: Vmm) -> Outcome<()> {
    let vm = Directory::open(directory)?;
    let files = locks.iter().map(|lock| take_one(&vm, lock, vmm)).collect::<Outcome<Vec<File>>>()?;
    std::mem::forget(files); // closing one would give its lock up
    Ok(())
}

fn take_one(vm: &Directory, lock: &Lock, vmm: Vmm) -> Outcome<File> {
    let what = || format!("lock volume {}", lock.volume);
    let file = File::from(vm.open_at(&lock.path, OFlags::RDWR).context(what)?);
    let kind = if lock.shared { libc::F_RDLCK } else { libc::F_WRLCK };
    let mut owner = range(kind, OWNER_BYTE, 1);
    // SAFETY: fcntl(2) with a pointer to its struct, which outlives the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw mut owner) } < 0 {
        let error = std::io::Error::last_os_error();
        let busy = matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES));
        return Err(if busy { in_use(lock) } else { Failure::retriable(format!("Cannot {}: {error}", what())) });
    }
    if vmm == Vmm::Starts && !lock.shared && is_locked(&file, QEMU_BYTES).context(what)? {
        return Err(in_use(lock));
    }
    Ok(file)
}

fn in_use(Lock { volume, path, .. }: &Lock) -> Failure {
    Failure::retriable(format!(
        "Cannot use volume {volume}: another guest has its image ({path}) and writes to it, or reads what must not change"
    ))
}

fn is_locked(file: &File, (start, length): (libc::off_t, libc::off_t)) -> std::io::Result<bool> {
    let mut other = range(libc::F_WRLCK, start, length);
    // SAFETY: as above; the kernel fills in what is in the way.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut other) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(libc::c_int::from(other.l_type) != libc::F_UNLCK)
}

fn range(kind: libc::c_int, start: libc::off_t, length: libc::off_t) -> libc::flock {
    libc::flock { l_type: kind as i16, l_whence: libc::SEEK_SET as i16, l_start: start, l_len: length, l_pid: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The directory of a test with an image in it; every open of the image is another owner.
    fn with_image(name: &str, test: impl FnOnce(&Directory)) {
        let path = std::env::temp_dir().join(format!("denovirt-locks-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("disk.img"), "x").unwrap();
        test(&Directory::open(&path).unwrap());
        std::fs::remove_dir_all(&path).unwrap();
    }

    fn lock(shared: bool) -> Lock {
        Lock { volume: "data".into(), path: "disk.img".into(), shared }
    }

    #[test]
    fn take_one_lets_nobody_else_write() {
        with_image("one", |vm| {
            let first = take_one(vm, &lock(false), Vmm::Starts).unwrap();
            for shared in [false, true] {
                let refused = take_one(vm, &lock(shared), Vmm::Starts).unwrap_err();
                assert!(!refused.terminal && refused.message.contains("volume data"), "{refused}");
            }
            drop(first);
            assert!(take_one(vm, &lock(false), Vmm::Starts).is_ok());
        });
    }

    #[test]
    fn take_one_lets_those_share_that_say_so() {
        with_image("shared", |vm| {
            let _both =
                [take_one(vm, &lock(true), Vmm::Starts).unwrap(), take_one(vm, &lock(true), Vmm::Starts).unwrap()];
            assert!(take_one(vm, &lock(false), Vmm::Starts).is_err());
        });
    }

    #[test]
    fn take_one_sees_a_vmm_whose_domain_process_is_gone() {
        with_image("vmm", |vm| {
            let vmm = File::from(vm.open_at("disk.img", OFlags::RDWR).unwrap());
            let mut used = range(libc::F_RDLCK, 101, 1);
            // SAFETY: as in take_one().
            assert_eq!(unsafe { libc::fcntl(vmm.as_raw_fd(), libc::F_OFD_SETLK, &raw mut used) }, 0);
            assert!(take_one(vm, &lock(false), Vmm::Starts).is_err());
            assert!(take_one(vm, &lock(false), Vmm::Runs).is_ok());
        });
    }
}
