//! What libvirt and QEMU of this node offer to guests: asked of the embedded driver in a directory of its own, without a
//! guest. Meant to run as PID 1 of a PID namespace, so that no QEMU of a probe can outlive it.
//!
//!   denovirt-domain capabilities <empty directory> <directory of shared probes> <kvm|qemu>

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use crate::failure::{Context, Failure, Outcome};
use crate::libvirt::Connection;
use crate::private_root::{self, VM_PLACE};
use crate::qemu_conf::{self, QEMU_OWNER};
use crate::{isolation, mounts, namespaces};

pub const MODE: &str = "capabilities";
/// A cold driver probes QEMU, which took more than a minute on a machine that was busy.
const TIMEOUT: Duration = Duration::from_secs(180);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// `<domainCapabilities>`
    domain: String,
    /// What QEMU prints of its machine types, a line for each. libvirt tells of them only together with a probe of every
    /// emulator that is installed.
    machines: String,
    /// `<cpu>` with every feature that guests can have spelled out; absent where the node has no host-model.
    cpu: Option<String>,
}

/// One JSON object for standard output.
pub fn ask(arguments: impl Iterator<Item = OsString>) -> Outcome<String> {
    let arguments: Vec<_> = arguments.collect();
    let [root, shared, kind] = <[OsString; 3]>::try_from(arguments)
        .map_err(|given| Failure::terminal(format!("Cannot ask for capabilities: 3 arguments: got {}", given.len())))?;
    let (root, shared) = (PathBuf::from(root), PathBuf::from(shared));
    let kind =
        kind.into_string().map_err(|_| Failure::terminal("Cannot ask for capabilities of a type without name"))?;
    namespaces::leave_burying_to_init(|| qemu_conf::keep_probes(&root, &shared))?;
    // As for a guest: what QEMU may open decides what it can do.
    mounts::prepare(&root, &[])?;
    mounts::give(&root, QEMU_OWNER)?;
    private_root::enter(&root, &shared, QEMU_OWNER)?;
    isolation::confine(QEMU_OWNER)?;
    let root = Path::new(VM_PLACE);
    std::thread::Builder::new().name("deadline".into()).spawn(give_up).context(|| "start a thread".into())?;
    qemu_conf::write(root, false)?;
    qemu_conf::seed_probes(root)?;
    let connection = Connection::open_embedded(root)?;
    let domain = connection.domain_capabilities(&kind)?;
    let cpu = host_model(&domain).map(|model| connection.expanded_cpu(&kind, &model)).transpose()?;
    let answer = Answer { machines: machines(&domain)?, domain, cpu };
    serde_json::to_string(&answer).context(|| "write the answer".into())
}

fn machines(domain_capabilities: &str) -> Outcome<String> {
    let emulator = between(domain_capabilities, "<path>", "</path>")
        .ok_or_else(|| Failure::retriable("Cannot ask for machine types: libvirt names no emulator"))?;
    let what = || format!("ask {emulator} for its machine types");
    let output = Command::new(emulator).args(["-machine", "help"]).stdin(Stdio::null()).output().context(what)?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr)).context(what);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn give_up() {
    std::thread::sleep(TIMEOUT);
    eprintln!("Cannot ask for capabilities: libvirt must answer within {} s", TIMEOUT.as_secs());
    std::process::exit(1);
}

/// The CPU that host-model stands for, as an element that libvirt takes a baseline of.
fn host_model(domain_capabilities: &str) -> Option<String> {
    let body = between(domain_capabilities, "<mode name='host-model' supported='yes'>", "</mode>")?;
    Some(format!("<cpu>{body}</cpu>"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_model_becomes_a_cpu() {
        let xml = "<cpu><mode name='maximum' supported='no'/><mode name='host-model' supported='yes'>\n<model>EPYC</model></mode></cpu>";
        assert_eq!(host_model(xml).as_deref(), Some("<cpu>\n<model>EPYC</model></cpu>"));
        assert_eq!(host_model("<mode name='host-model' supported='no'/>"), None);
    }

    #[test]
    fn ask_wants_three_arguments() {
        assert!(ask(["/x".into()].into_iter()).unwrap_err().terminal);
    }
}
