//! Signals as readable bytes: a process with PID 1 gets no default actions, and a handler could not do anything useful.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP and reads them from a descriptor from now on.
    pub fn take() -> io::Result<Self> {
        // SAFETY: `set` is initialised by sigemptyset before use; the calls only touch it and this process's mask.
        let fd = unsafe {
            let mut set = std::mem::zeroed::<libc::sigset_t>();
            libc::sigemptyset(&mut set);
            for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
                libc::sigaddset(&mut set, signal);
            }
            if libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) < 0 {
                return Err(io::Error::last_os_error());
            }
            libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: signalfd just returned this descriptor and nobody else owns it.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    pub fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Reaps whatever ended, and answers whether the process was asked to end.
    pub fn drain(&self) -> bool {
        let mut asked_to_end = false;
        loop {
            // SAFETY: signalfd_siginfo is plain data, valid when zeroed, and read() is given its exact size.
            let (count, info) = unsafe {
                let mut info = std::mem::zeroed::<libc::signalfd_siginfo>();
                let size = std::mem::size_of_val(&info);
                let count = libc::read(self.fd.as_raw_fd(), (&raw mut info).cast(), size);
                (count, info)
            };
            if count <= 0 {
                return asked_to_end;
            }
            if info.ssi_signo == libc::SIGCHLD as u32 {
                reap();
            } else {
                asked_to_end = true;
            }
        }
    }
}

/// Collects every child that has ended: as PID 1 we inherit processes we never started.
fn reap() {
    // SAFETY: a null status is allowed; the call touches no memory of ours.
    while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } > 0 {}
}
