//! QEMU as a process. Its `stat` in the pod's /proc is held open: that file is this process's, whoever gets its number.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::failure::Outcome;
use crate::host_proc::{HostProc, Process, run_state};

const STAT_BYTES_MAX: usize = 1024;

pub struct Vmm {
    process: Process,
    stat: File,
}

impl Vmm {
    /// `inner` is its number in this process's PID namespace.
    pub fn open(process: Process, inner: i32) -> Outcome<Self> {
        let stat = File::from(HostProc::open()?.open_at(&format!("{inner}/stat"), OFlags::RDONLY)?);
        Ok(Self { process, stat })
    }

    /// In the node's PID namespace.
    pub fn pid(&self) -> i32 {
        self.process.pid
    }

    /// By a signal or a debugger: it does nothing, and libvirt knows nothing of it.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state(), Some('T' | 't'))
    }

    /// Lets it go on when a signal has stopped it. `inner` is its number in this process's PID namespace.
    pub fn let_go_on(&self, inner: i32) {
        let Some(pidfd) = Pid::from_raw(inner).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
            return;
        };
        // While it lives its number is its own: looked at after the descriptor was made.
        if self.is_stopped() {
            let _ = pidfd_send_signal(&pidfd, Signal::CONT);
        }
    }

    fn state(&self) -> Option<char> {
        let mut bytes = [0; STAT_BYTES_MAX];
        let count = self.stat.read_at(&mut bytes, 0).ok()?;
        run_state(&String::from_utf8_lossy(&bytes[..count]))
    }
}
