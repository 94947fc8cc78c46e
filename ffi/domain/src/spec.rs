//! What the agent asks for, parsed and checked once.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};

/// Largest request that is read from standard input; a domain XML is some tens of kilobytes.
pub const REQUEST_BYTES_MAX: u64 = 4 * 1024 * 1024;
pub const MOUNTS_MAX: usize = 512;
pub const OVERLAYS_MAX: usize = 512;
pub const LOCKS_MAX: usize = 512;
pub const DHCP_SERVERS_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Request {
    Launch(Box<Launch>),
    Adopt(Recorded),
    /// Of its domain process.
    End(Recorded),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    /// `<run>/vms/<uid>`, absolute.
    pub vm_directory: PathBuf,
    /// Where QEMU's probed capabilities are kept for all machines of the node.
    pub capabilities_directory: PathBuf,
    pub spec: Spec,
}

/// A machine that was launched before; all else is recorded.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    pub vm_directory: PathBuf,
}

/// `DomainSpec` of `src/hypervisor/hypervisor.ts`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    pub uid: String,
    pub xml: String,
    pub envelope_pid: i32,
    pub mounts: Vec<Mount>,
    pub overlays: Vec<Overlay>,
    pub dhcp: Vec<Dhcp>,
    #[serde(default)]
    pub locks: Vec<Lock>,
    pub paused: bool,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum MountKind {
    File,
    Directory,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mount {
    pub pid: i32,
    pub path: String,
    #[serde(default)]
    pub first_file: bool,
    pub target: String,
    pub read_only: bool,
    pub kind: MountKind,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Overlay {
    pub path: String,
    pub backing: Option<String>,
    pub size_bytes: Option<u64>,
}

/// An image that the guest may write to. Recorded, too, and read by other versions: so it may have fields more.
#[derive(Deserialize, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    pub volume: String,
    pub path: String,
    pub shared: bool,
}

/// Recorded, too, like a lock.
#[derive(Deserialize, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Dhcp {
    pub bridge: String,
    pub mac: String,
    pub address: std::net::Ipv4Addr,
    pub prefix_length: u8,
    pub gateway: std::net::Ipv4Addr,
    pub nameservers: Vec<String>,
    pub search_domains: Vec<String>,
    pub mtu: u16,
    pub hostname: String,
}

impl Launch {
    pub fn check(&self) -> Outcome<()> {
        check_directory(&self.vm_directory)?;
        let spec = &self.spec;
        let uid_ok = spec.uid.len() == 36 && spec.uid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if !uid_ok || !self.vm_directory.ends_with(&spec.uid) {
            return Err(Failure::terminal(format!(
                "Cannot launch: the uid must be that of the directory: got {:?}",
                spec.uid
            )));
        }
        if spec.envelope_pid <= 1 {
            return Err(Failure::terminal(format!("Cannot launch: no envelope process: got {}", spec.envelope_pid)));
        }
        at_most("mounts", spec.mounts.len(), MOUNTS_MAX)?;
        at_most("overlays", spec.overlays.len(), OVERLAYS_MAX)?;
        at_most("locks", spec.locks.len(), LOCKS_MAX)?;
        at_most("DHCP servers", spec.dhcp.len(), DHCP_SERVERS_MAX)?;
        for mount in &spec.mounts {
            beneath(&self.vm_directory, &mount.target)?;
            if !mount.path.starts_with('/') {
                return Err(Failure::terminal(format!(
                    "Cannot mount: the path must be absolute: got {:?}",
                    mount.path
                )));
            }
        }
        for lock in &spec.locks {
            beneath(&self.vm_directory, &lock.path)?;
        }
        for overlay in &spec.overlays {
            beneath(&self.vm_directory, &overlay.path)?;
            if let Some(backing) = &overlay.backing {
                beneath(&self.vm_directory, backing)?;
            }
        }
        Ok(())
    }
}

/// The directory appears unescaped in XML, in qemu.conf and in a URI.
pub fn check_directory(directory: &Path) -> Outcome<()> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.".contains(&b);
    let text = directory.to_str().unwrap_or_default();
    if text.starts_with('/') && text.len() > 1 && text.bytes().all(plain) && !text.contains("..") {
        return Ok(());
    }
    Err(Failure::terminal(format!("Cannot use the directory: plain ASCII and absolute is needed: got {directory:?}")))
}

/// A path of the spec inside the VM's directory: relative, without `..`.
pub fn beneath(directory: &Path, relative: &str) -> Outcome<PathBuf> {
    let path = Path::new(relative);
    let normal = path.components().all(|component| matches!(component, Component::Normal(_)));
    if relative.is_empty() || !normal {
        return Err(Failure::terminal(format!(
            "Cannot use a path: it must lie beneath the VM's directory: got {relative:?}"
        )));
    }
    Ok(directory.join(path))
}

fn at_most(what: &str, count: usize, max: usize) -> Outcome<()> {
    if count > max {
        return Err(Failure::terminal(format!("Cannot launch: at most {max} {what}: got {count}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beneath_refuses_what_leaves_the_directory() {
        let directory = Path::new("/run/vms/x");
        assert!(beneath(directory, "disks/root/base").is_ok());
        for bad in ["", "/etc/passwd", "../y", "disks/../../y", "./x"] {
            assert!(beneath(directory, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn check_directory_refuses_what_needs_escaping() {
        assert!(check_directory(Path::new("/run/denovirt/vms/0a-1")).is_ok());
        for bad in ["relative", "/run/a b", "/run/<x>", "/run/../etc", "/"] {
            assert!(check_directory(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn request_parses_what_the_agent_writes() {
        let text = r#"{"mode":"launch","vmDirectory":"/r/vms/u","capabilitiesDirectory":"/r/c","spec":{"uid":"u","xml":"","envelopePid":7,
            "mounts":[{"pid":7,"path":"/disk","firstFile":true,"target":"disks/a/base","readOnly":true,"kind":"file"}],
            "overlays":[{"path":"ephemeral/a.qcow2","backing":"disks/a/base"}],
            "dhcp":[{"bridge":"k6t-eth0","mac":"02:00:00:00:00:01","address":"10.0.2.2","prefixLength":24,"gateway":"10.0.2.1",
            "nameservers":["10.96.0.10"],"searchDomains":["svc"],"mtu":1450,"hostname":"vm"}],
            "locks":[{"volume":"a","path":"ephemeral/a.qcow2","shared":false}],"paused":false}}"#;
        let Ok(Request::Launch(launch)) = serde_json::from_str(text) else { panic!("not parsed") };
        assert_eq!(launch.spec.dhcp[0].mtu, 1450);
        assert!(launch.spec.mounts[0].first_file);
    }
}
