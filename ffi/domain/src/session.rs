//! What launching and adopting have in common once a domain runs: its guest and its servers.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::control::Control;
use crate::dhcp::Server;
use crate::disk_files::DiskFiles;
use crate::failure::{Context, Outcome};
use crate::guest::{Guest, Parts};
use crate::libvirt::Domain;
use crate::log::QemuLog;
use crate::oom_kills::OomKills;
use crate::pid_files;
use crate::record::Record;
use crate::spec::Dhcp;
use crate::vmm::Vmm;

pub fn bind_dhcp(servers: &[Dhcp]) -> Outcome<Vec<Server>> {
    servers.iter().map(Server::bind).collect()
}

pub fn start_dhcp(servers: Vec<Server>) -> Outcome<()> {
    for server in servers {
        spawn("dhcp", move || server.run())?;
    }
    Ok(())
}

/// Who watches over the guest that `record` speaks of; files that `record` does not know yet are added to it.
pub fn guest(record: &mut Record, directory: &Path, (domain, oom_kills): (Domain, OomKills)) -> Outcome<Guest> {
    let xml = domain.xml()?;
    let disk_files = DiskFiles::of(&xml);
    if record.disk_sizes.is_empty() {
        record.disk_sizes = disk_files.sizes();
    }
    disk_files.watch(record.disk_sizes.clone())?;
    // One that has ended already cannot be held.
    let inner = pid_files::of_domain(directory, &domain.name()).ok();
    let vmm = record.vmm.zip(inner).and_then(|(process, inner)| Vmm::open(process, inner).ok());
    Ok(Guest::new(Parts {
        directory: directory.to_owned(),
        domain,
        vmm,
        emulated: xml.split('>').next().is_some_and(|head| head.contains("type='qemu'")),
        started_at_ms: record.started_at_ms,
        oom_kills,
        disk_files,
        qemu_log: QemuLog::new(directory, &domain.name()),
    }))
}

/// Serves the control socket; the watching thread and the accepting one live as long as the process.
pub fn start_control(directory: &Path, listener: UnixListener, guest: Guest, changes: Receiver<()>) -> Outcome<()> {
    let control = Arc::new(Control::new(directory, guest));
    let watching = control.clone();
    spawn("watch", move || watching.guest().watch(&changes, |observation| watching.tell(observation)))?;
    spawn("control", move || control.serve(&listener))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Outcome<()> {
    std::thread::Builder::new().name(name.into()).spawn(body).map(drop).context(|| format!("start thread {name}"))
}
