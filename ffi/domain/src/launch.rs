//! Launching, step by step:
//!
//! 1. outside: hold the pod's namespaces and cgroups, clone the mounts of the spec out of its containers
//! 2. join cgroups, then network, UTS, IPC and PID namespaces; fork into the pod
//! 3. inside: private mount namespace; record who we are, so that a successor knows what to look for
//! 4. check bases, make overlays, fill in the XML, configure the driver
//! 5. bind DHCP servers and the control socket, open the driver, start the domain, record QEMU
//! 6. report, and serve until told to exit

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::control;
use crate::disk_files::Sizes;
use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::{HostProc, Process};
use crate::image::Format;
use crate::libvirt::{Connection, Domain};
use crate::mounts::{self, Detached, VM_PLACE};
use crate::namespaces::{MountNamespace, Pod, Side};
use crate::oom_kills::OomKills;
use crate::qemu_conf::{self, QEMU_OWNER};
use crate::record::{Final, Record, now_ms};
use crate::report::{self, Report};
use crate::session;
use crate::spec::{Launch, Spec};
use crate::{kernel, log, overlay, template};

/// From the first step to the report. A cold driver probes QEMU; that once took 69 s.
const LAUNCH_TIMEOUT: Duration = Duration::from_secs(100);

/// Runs in the process the agent started, and in the one it becomes inside the pod (which never returns when all is well).
pub fn launch(request: Launch) -> Outcome<()> {
    let deadline = Instant::now() + LAUNCH_TIMEOUT;
    request.check()?;
    if Final::exists(&request.vm_directory)? {
        return Err(Failure::terminal("Cannot launch: this domain has already ended"));
    }
    let proc = HostProc::open()?;
    let pod = Pod::open(&proc, request.spec.envelope_pid, MountNamespace::Own)?;
    let envelope = pod.process();
    let oom_kills = OomKills::open(&proc, envelope.pid)?;
    let detached = mounts::detach(&proc, envelope.pid, &request.spec.mounts)?;
    let (mut receiver, mut sender) = report::channel()?;
    match pod.enter()? {
        Side::Outside => {
            drop(sender);
            let inner = receiver.hello(deadline)?;
            let outcome = receiver.report(deadline).and_then(into_outcome);
            if outcome.is_err() {
                clean_up(&proc, inner, envelope, &request.vm_directory);
            }
            outcome
        }
        Side::Inside => {
            drop(receiver);
            let started = proc.this().and_then(|this| {
                sender.hello(this);
                inside(&request, &proc, (this, envelope), detached, oom_kills)
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

pub fn into_outcome(report: Report) -> Outcome<()> {
    if report.ok {
        return Ok(());
    }
    let message = report.message.unwrap_or_else(|| "Cannot launch: no reason was given".into());
    Err(Failure { message, terminal: report.terminal.unwrap_or(false) })
}

fn inside(
    request: &Launch,
    proc: &HostProc,
    (this, envelope): (Process, Process),
    detached: Vec<Detached>,
    oom_kills: OomKills,
) -> Outcome<()> {
    let spec = &request.spec;
    crate::detach_from_session()?;
    mounts::build(&request.vm_directory, detached, &QEMU_OWNER)?;
    let directory = Path::new(VM_PLACE);
    log::start(directory)?;
    let mut record = Record {
        envelope,
        domain: this,
        vmm: None,
        started_at_ms: None,
        dhcp: spec.dhcp.clone(),
        disk_sizes: Sizes::new(),
    };
    record.write(directory)?;
    let xml = prepare(directory, spec)?;
    qemu_conf::write(directory)?;
    qemu_conf::seed_probes(directory, &request.capabilities_directory)?;
    let servers = session::bind_dhcp(&spec.dhcp)?;
    session::start_dhcp(servers)?;
    let connection = Connection::open_embedded(directory)?;
    let (sender, changes) = mpsc::channel();
    connection.watch(sender)?;
    let domain = start(connection, &xml, spec.paused)?;
    qemu_conf::keep_probes(directory, &request.capabilities_directory);
    record.started_at_ms = Some(now_ms());
    // A guest that has ended already is a result like any other, not a failure of the launch.
    record.vmm = vmm(proc, this, directory, domain).map_err(|failure| eprintln!("{failure}")).ok();
    let guest = session::guest(&mut record, directory, (proc, domain, oom_kills))?;
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
        let shown = Path::new(kernel).strip_prefix(directory).unwrap_or(Path::new(kernel));
        kernel::inspect(&mut overlay::open_untrusted(Path::new(kernel))?, &shown.display().to_string())?;
    }
    Ok(xml)
}

/// The text of the first element of that name; these names occur once in a domain.
fn element<'xml>(xml: &'xml str, name: &str) -> Option<&'xml str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}

fn start(connection: Connection, xml: &str, paused: bool) -> Outcome<Domain> {
    let domain = connection.define(xml)?;
    if let Err(failure) = domain.start(paused) {
        let _ = domain.undefine();
        return Err(failure);
    }
    Ok(domain)
}

/// QEMU as the node sees it: libvirt's pid file has its number in the pod's PID namespace.
pub fn vmm(proc: &HostProc, sibling: Process, directory: &Path, domain: Domain) -> Outcome<Process> {
    let path = directory.join("run/qemu").join(format!("{}.pid", domain.name()));
    find_by_pid_file(proc, sibling, &path)
}

fn find_by_pid_file(proc: &HostProc, sibling: Process, path: &Path) -> Outcome<Process> {
    let what = || format!("read {}", path.display());
    let inner = fs::read_to_string(path).context(what)?.trim().parse().context(what)?;
    proc.find(inner, sibling.pid)
}

/// QEMU of a machine whose domain's name is not known; `directory` as the node sees it.
pub fn find_vmm(proc: &HostProc, envelope: Process, directory: &Path) -> Option<Process> {
    pid_files(directory).iter().find_map(|path| find_by_pid_file(proc, envelope, path).ok())
}

/// Once their processes are known to be gone.
pub fn remove_pid_files(directory: &Path) {
    for path in pid_files(directory) {
        let _ = fs::remove_file(path);
    }
}

fn pid_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory.join("run/qemu")) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "pid")).collect()
}

/// Leaves nothing behind of a launch that failed: neither the inner process nor a QEMU that it may have started.
fn clean_up(proc: &HostProc, inner: Process, envelope: Process, directory: &Path) {
    if proc.alive(inner) {
        kill(proc, inner);
    }
    if let Some(process) = find_vmm(proc, envelope, directory) {
        kill(proc, process);
    }
    control::remove_socket(directory);
    Record::remove(directory);
}

fn kill(proc: &HostProc, process: Process) {
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    let Ok(pidfd) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    // With the descriptor held, the start time proves that it names the process that was meant.
    if proc.alive(process) {
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
