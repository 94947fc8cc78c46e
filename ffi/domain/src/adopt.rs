//! Taking over a machine whose domain process died: QEMU runs on, its mount namespace is the one the dead process made,
//! and libvirt's driver finds it again by opening the same root there.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::control;
use crate::failure::{Failure, Outcome};
use crate::guest::Guest;
use crate::host_proc::{HostProc, Process};
use crate::launch::into_outcome;
use crate::libvirt::Connection;
use crate::mounts::VM_PLACE;
use crate::namespaces::{MountNamespace, Pod, Side};
use crate::record::Record;
use crate::report::{self, Report};
use crate::spec::{Adopt, check_directory};
use crate::{log, session};

const ADOPT_TIMEOUT: Duration = Duration::from_secs(30);

pub fn adopt(request: Adopt) -> Outcome<()> {
    let deadline = Instant::now() + ADOPT_TIMEOUT;
    check_directory(&request.vm_directory)?;
    let proc = HostProc::open()?;
    let record = Record::read(&request.vm_directory)?;
    if proc.alive(record.domain) {
        return Err(Failure::retriable(format!("Cannot adopt: the domain process {} lives", record.domain.pid)));
    }
    let vmm = record.vmm.ok_or_else(|| Failure::retriable("Cannot adopt: QEMU was not started"))?;
    let pod = Pod::open(&proc, vmm.pid, MountNamespace::Joined)?;
    if pod.process() != vmm {
        return Err(Failure::retriable(format!("Cannot adopt: QEMU (process {}) has ended", vmm.pid)));
    }
    let (mut receiver, mut sender) = report::channel()?;
    match pod.enter()? {
        Side::Outside => {
            drop(sender);
            receiver.hello(deadline)?;
            receiver.report(deadline).and_then(into_outcome)
        }
        Side::Inside => {
            drop(receiver);
            let started = proc.this().and_then(|this| {
                sender.hello(this);
                inside(record, this)
            });
            let failed = started.is_err();
            sender.report(&Report::from(started));
            if failed {
                std::process::exit(1);
            }
            crate::park()
        }
    }
}

fn inside(mut record: Record, this: Process) -> Outcome<()> {
    let directory = Path::new(VM_PLACE);
    crate::detach_from_session()?;
    log::start(directory)?;
    let connection = Connection::open_embedded(directory)?;
    let (sender, changes) = mpsc::channel();
    connection.watch(sender)?;
    let domain = connection
        .only_domain()?
        .ok_or_else(|| Failure::retriable("Cannot adopt: libvirt finds no domain in this directory"))?;
    record.domain = this;
    record.write(directory)?;
    // A guest that cannot renew its lease for a while still has it; one whose console and state are lost is lost.
    match session::bind_dhcp(&record.dhcp) {
        Ok(servers) => session::start_dhcp(servers)?,
        Err(failure) => eprintln!("{failure}"),
    }
    let guest = Guest::new(directory.to_owned(), domain, record.vmm, domain.emulated()?, record.started_at_ms);
    session::start_control(directory, control::listen(directory)?, guest, changes)
}
