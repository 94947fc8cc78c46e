//! Launching, step by step:
//!
//! 1. outside: take the machine's turn, hold the pod's namespaces and cgroups, clone the mounts of the spec out of its containers
//! 2. join cgroups, then network, UTS, IPC and PID namespaces; fork into the pod
//! 3. inside: bind DHCP servers; a root of our own; give up every privilege. The process outside attends until step 7
//! 4. record who we are, so that a successor knows what to look for; with that our turn is over
//! 5. check bases, make overlays, fill in the XML, configure the driver
//! 6. open the driver, start the domain, record QEMU, bind the control socket
//! 7. report, and serve until told to exit

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Signal, pidfd_send_signal};

use crate::beneath::Directory;
use crate::dhcp::Server;
use crate::disk_files::Sizes;
use crate::failure::{Failure, Outcome};
use crate::host_proc::{HostProc, Process};
use crate::image::Format;
use crate::libvirt::{Connection, Domain};
use crate::mounts::{self, Detached};
use crate::namespaces::{MountNamespace, Pod, Side};
use crate::oom_kills::OomKills;
use crate::private_root::{self, VM_PLACE};
use crate::qemu_conf::{self, QEMU_OWNER};
use crate::record::{Final, Record, now_ms};
use crate::report::Report;
use crate::spec::{Launch, Spec};
use crate::turn::Turn;
use crate::{attendant, control, isolation, kernel, libvirt, locks, log, overlay, pid_files, session, template};

/// From the first step to the report. A cold driver probes QEMU; that once took 69 s.
const LAUNCH_TIMEOUT: Duration = Duration::from_secs(100);

/// What the process inside takes along.
struct Started {
    servers: Vec<Server>,
    oom_kills: OomKills,
    turn: Turn,
}

/// Runs in the process the agent started, and in the one it becomes inside the pod (which never returns when all is well).
pub fn launch(request: Launch) -> Outcome<()> {
    let deadline = Instant::now() + LAUNCH_TIMEOUT;
    request.check()?;
    let turn = Turn::take(&request.vm_directory)?;
    check_is_new(&request.vm_directory)?;
    let proc = HostProc::open()?;
    let pod = Pod::open(&proc, request.spec.envelope_pid, MountNamespace::Own)?;
    let envelope = pod.process();
    let oom_kills = OomKills::start(&proc, envelope.pid, &request.vm_directory)?;
    let detached = mounts::detach(&proc, envelope.pid, &request.spec.mounts)?;
    let (mut attendant, mut client) = attendant::channel()?;
    match pod.enter()? {
        Side::Outside => {
            drop((client, detached));
            let inner = attendant.hello(deadline)?;
            let keep = (&*request.vm_directory, &*request.capabilities_directory);
            let outcome = attendant.serve(deadline, &proc, inner, keep).and_then(into_outcome);
            if outcome.is_err() {
                clean_up(&proc, inner, envelope, &request.vm_directory);
            }
            turn.end();
            outcome
        }
        Side::Inside => {
            drop(attendant);
            let started = proc.this().and_then(|this| {
                client.questions.hello(this);
                drop(proc); // what is open shows other guests, whatever root we have
                let servers = confine(&request, detached)?;
                inside(&request, &mut client, (this, envelope), Started { servers, oom_kills, turn })
            });
            let failed = started.is_err();
            client.questions.report(&Report::from(started));
            if failed {
                std::process::exit(1);
            }
            crate::park()
        }
    }
}

/// Asked for once nobody else can launch it: the agent has looked before, and another one may have launched it since.
fn check_is_new(directory: &Path) -> Outcome<()> {
    if Final::exists(directory)? {
        return Err(Failure::terminal("Cannot launch: this domain has already ended"));
    }
    if Record::exists(directory)? {
        return Err(Failure::retriable("Cannot launch: this domain was launched meanwhile"));
    }
    Ok(())
}

pub fn into_outcome(report: Report) -> Outcome<()> {
    if report.ok {
        return Ok(());
    }
    let message = report.message.unwrap_or_else(|| "Cannot launch: no reason was given".into());
    Err(Failure { message, terminal: report.terminal.unwrap_or(false) })
}

/// Everything that needs privileges, then none are left.
fn confine(request: &Launch, detached: Vec<Detached>) -> Outcome<Vec<Server>> {
    crate::detach_from_session()?;
    let servers = session::bind_dhcp(&request.spec.dhcp)?;
    mounts::prepare(&request.vm_directory, &detached)?;
    mounts::give(&request.vm_directory, QEMU_OWNER)?;
    private_root::enter(&request.vm_directory, &request.capabilities_directory, QEMU_OWNER)?;
    mounts::attach(detached)?;
    isolation::confine(QEMU_OWNER)?;
    Ok(servers)
}

fn inside(
    request: &Launch,
    attendant: &mut attendant::Client,
    (this, envelope): (Process, Process),
    Started { servers, oom_kills, turn }: Started,
) -> Outcome<()> {
    let spec = &request.spec;
    let directory = Path::new(VM_PLACE);
    log::start(directory)?;
    let mut record = Record {
        envelope,
        domain: this,
        vmm: None,
        started_at_ms: None,
        dhcp: spec.dhcp.clone(),
        disk_sizes: Sizes::new(),
        locks: spec.locks.clone(),
    };
    record.write(directory)?;
    // From here on the record says whose it is, and nothing that leads out of the root stays open.
    drop(turn);
    let xml = prepare(directory, spec)?;
    locks::take(directory, &spec.locks, locks::Vmm::Starts)?;
    libvirt::load()?;
    qemu_conf::write(directory, qemu_conf::is_processor_read_briefly(&xml, libvirt::version()))?;
    qemu_conf::seed_probes(directory)?;
    session::start_dhcp(servers)?;
    let connection = Connection::open_embedded(directory)?;
    let (sender, changes) = mpsc::channel();
    connection.watch(sender)?;
    let domain = connection.define(&xml)?;
    attendant.keep_probes()?;
    start(domain, spec.paused)?;
    record.started_at_ms = Some(now_ms());
    // A guest that has ended already is a result like any other, not a failure of the launch.
    let inner = pid_files::of_domain(directory, &domain.name());
    record.vmm = inner.and_then(|pid| attendant.find(pid)).map_err(|failure| eprintln!("{failure}")).ok();
    let guest = session::guest(&mut record, directory, (domain, oom_kills))?;
    record.write(directory)?;
    // The socket appears when everything behind it is true.
    session::start_control(directory, control::listen(directory)?, guest, changes)
}

fn prepare(directory: &Path, spec: &Spec) -> Outcome<String> {
    let mut formats: BTreeMap<String, Format> = overlay::make_all(directory, &spec.overlays)?;
    let format_of = |path: &str| Ok(overlay::inspect_base(directory, path)?.format);
    let xml = template::fill(&spec.xml, directory, &mut formats, format_of)?;
    if let Some(emulator) = element(&xml, "emulator")
        && let Err(error) = fs::metadata(emulator)
    {
        return Err(Failure::retriable(format!(
            "Cannot start the domain: QEMU is missing (package qemu-system-x86): {emulator}: {error}"
        )));
    }
    if let Some(kernel) = element(&xml, "kernel") {
        let place = Path::new(kernel).strip_prefix(directory).unwrap_or(Path::new(kernel)).to_string_lossy();
        // Whoever wrote the spec knows its path in the image.
        let mount = spec.mounts.iter().find(|mount| mount.target == place);
        let shown = mount.map_or(&*place, |mount| &mount.path);
        kernel::inspect(&mut Directory::open(directory)?.open_file(&place)?, shown)?;
    }
    Ok(xml)
}

/// The text of the first element of that name; these names occur once in a domain.
fn element<'xml>(xml: &'xml str, name: &str) -> Option<&'xml str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}

fn start(domain: Domain, paused: bool) -> Outcome<()> {
    domain.start(paused).inspect_err(|_| {
        let _ = domain.undefine();
    })
}

/// Leaves nothing behind of a launch that failed: neither the inner process nor a QEMU that it may have started.
fn clean_up(proc: &HostProc, inner: Process, envelope: Process, directory: &Path) {
    kill(proc, inner);
    for process in pid_files::processes(proc, envelope, directory) {
        kill(proc, process);
    }
    control::remove_socket(directory);
    Record::remove(directory);
}

fn kill(proc: &HostProc, process: Process) {
    if let Some(pidfd) = proc.hold(process) {
        let _ = pidfd_send_signal(&pidfd, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_is_read_from_the_xml() {
        assert_eq!(element("<devices><emulator> /usr/bin/q </emulator></devices>", "emulator"), Some("/usr/bin/q"));
        assert_eq!(element("<devices/>", "emulator"), None);
    }
}
