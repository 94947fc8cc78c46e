//! Taking over a machine whose domain process died: QEMU runs on, its mount namespace is the one the dead process made,
//! and libvirt's driver finds it again by opening the same root there. QEMU may have been started and not be recorded yet;
//! then its pid file tells of it.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::control;
use crate::failure::{Failure, Outcome};
use crate::host_proc::{HostProc, Process};
use crate::launch::into_outcome;
use crate::libvirt::{Connection, Domain};
use crate::names::SHUTOFF;
use crate::namespaces::{MountNamespace, Pod, Side};
use crate::oom_kills::OomKills;
use crate::private_root::VM_PLACE;
use crate::qemu_conf::QEMU_OWNER;
use crate::record::{Record, now_ms};
use crate::report::{self, Report};
use crate::spec::{Recorded, check_directory};
use crate::turn::Turn;
use crate::{belonging, isolation, locks, log, pid_files, session};

const ADOPT_TIMEOUT: Duration = Duration::from_secs(30);
/// libvirt gives QEMU ten seconds to end before it forces it.
const START_TIMEOUT: Duration = Duration::from_secs(20);
const START_POLL: Duration = Duration::from_millis(20);

pub fn adopt(request: Recorded) -> Outcome<()> {
    let deadline = Instant::now() + ADOPT_TIMEOUT;
    check_directory(&request.vm_directory)?;
    let turn = Turn::take(&request.vm_directory)?;
    let proc = HostProc::open()?;
    let record = Record::read(&request.vm_directory)?;
    if proc.alive(record.domain) {
        return Err(Failure::retriable(format!("Cannot adopt: the domain process {} lives", record.domain.pid)));
    }
    let vmm = match record.vmm {
        Some(vmm) => vmm,
        None => unrecorded_vmm(&proc, record.envelope, &request.vm_directory)?,
    };
    let pod = Pod::open(&proc, vmm.pid, MountNamespace::Joined)?;
    if pod.process() != vmm {
        return Err(Failure::retriable(format!("Cannot adopt: QEMU (process {}) has ended", vmm.pid)));
    }
    // Nothing of it is entered before: who can write the record must not choose where this process goes.
    belonging::check(&proc, vmm, &request.vm_directory)?;
    let oom_kills = OomKills::resume(&proc, vmm.pid, &request.vm_directory)?;
    let (mut receiver, mut sender) = report::channel()?;
    match pod.enter()? {
        Side::Outside => {
            drop(sender);
            receiver.hello(deadline)?;
            let outcome = receiver.report(deadline).and_then(into_outcome);
            turn.end();
            outcome
        }
        Side::Inside => {
            // What leads out of the root is not kept; the process outside has it until the report.
            drop((receiver, turn));
            let started = proc.this().and_then(|this| {
                sender.hello(this);
                drop(proc); // what is open shows other guests, whatever root we have
                inside(Record { vmm: Some(vmm), domain: this, ..record }, oom_kills)
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

/// QEMU of a launch whose process died before it could record it. One that is not there, any more or yet, leaves no trace
/// behind that it was: then the launch never came to anything.
fn unrecorded_vmm(proc: &HostProc, envelope: Process, directory: &Path) -> Outcome<Process> {
    let vmm = pid_files::processes(proc, envelope, directory).first().copied();
    if vmm.is_none() {
        pid_files::remove(directory);
    }
    vmm.ok_or_else(|| Failure::retriable("Cannot adopt: QEMU was not started"))
}

fn inside(mut record: Record, oom_kills: OomKills) -> Outcome<()> {
    let directory = Path::new(VM_PLACE);
    crate::detach_from_session()?;
    // A guest that cannot renew its lease for a while still has it; one whose console and state are lost is lost.
    let servers = session::bind_dhcp(&record.dhcp).map_err(|failure| eprintln!("{failure}")).unwrap_or_default();
    isolation::confine(QEMU_OWNER)?;
    log::start(directory)?;
    let connection = Connection::open_embedded(directory)?;
    let (sender, changes) = mpsc::channel();
    connection.watch(sender)?;
    let domain = connection
        .only_domain()?
        .ok_or_else(|| Failure::retriable("Cannot adopt: libvirt finds no domain in this directory"))?;
    if record.started_at_ms.is_none() {
        wait_until_started(domain)?;
        record.started_at_ms = Some(now_ms());
    }
    let guest = session::guest(&mut record, directory, (domain, oom_kills))?;
    record.write(directory)?;
    session::start_dhcp(servers)?;
    // QEMU has kept its own locks all the time.
    if let Err(failure) = locks::take(directory, &record.locks, locks::Vmm::Runs) {
        eprintln!("{failure}");
    }
    session::start_control(directory, control::listen(directory)?, guest, changes)
}

/// libvirt kills a QEMU whose start it finds unfinished, and removes its pid file: then there is nothing to adopt.
fn wait_until_started(domain: Domain) -> Outcome<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        let state = domain.state()?;
        if state.state == SHUTOFF {
            return Err(Failure::retriable("Cannot adopt: QEMU was not started to its end, and was killed"));
        }
        if !state.is_starting() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Failure::retriable("Cannot adopt: QEMU's start was not finished, and it does not end"));
        }
        std::thread::sleep(START_POLL);
    }
}
