//! Signals as readable bytes: a process with PID 1 gets no default actions, and a handler could not do anything useful.

use rustix::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};

pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP, reads them from a descriptor from now on, and ignores SIGPIPE.
    pub fn take() -> Result<Self, Errno> {
        // SAFETY: `set` is initialised by sigemptyset before use; the calls only touch it and this process's signals.
        let fd = unsafe {
            let mut set = core::mem::zeroed::<libc::sigset_t>();
            libc::sigemptyset(&mut set);
            for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
                libc::sigaddset(&mut set, signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, &set, core::ptr::null_mut());
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if fd < 0 {
            return Err(Errno::NOSYS);
        }
        // SAFETY: signalfd just returned this descriptor and nobody else owns it.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Reaps whatever ended, and answers whether the process was asked to end.
    pub fn drain(&self) -> bool {
        const INFO_BYTES: usize = size_of::<libc::signalfd_siginfo>();
        let mut asked_to_end = false;
        let mut info = [0; INFO_BYTES];
        while let Ok(INFO_BYTES) = rustix::io::read(&self.fd, &mut info) {
            // The signal's number is the first field.
            let number = u32::from_ne_bytes([info[0], info[1], info[2], info[3]]);
            if number == libc::SIGCHLD as u32 {
                reap();
            } else {
                asked_to_end = true;
            }
        }
        asked_to_end
    }
}

/// Collects every child that has ended: as PID 1 we inherit processes we never started.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
