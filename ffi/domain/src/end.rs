//! Ending a domain process that does not end by itself; QEMU is not touched.

use rustix::process::{Signal, pidfd_send_signal};

use crate::belonging;
use crate::failure::{Context, Outcome};
use crate::host_proc::HostProc;
use crate::record::Record;
use crate::spec::{Recorded, check_directory};

pub fn end(Recorded { vm_directory }: Recorded) -> Outcome<()> {
    check_directory(&vm_directory)?;
    let proc = HostProc::open()?;
    let process = Record::read(&vm_directory)?.domain;
    let Some(pidfd) = proc.hold(process) else { return Ok(()) };
    belonging::check(&proc, process, &vm_directory)?;
    pidfd_send_signal(&pidfd, Signal::KILL).context(|| format!("end the domain process {}", process.pid))
}
