//! What is left in the VM's directory for whoever comes after: which processes run it, and how it ended.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::beneath::Directory;
use crate::disk_files::Sizes;
use crate::failure::{Context, Failure, Outcome};
use crate::guest::Observation;
use crate::host_proc::Process;
use crate::spec::{Dhcp, Lock};
use crate::write_atomically::write_atomically;

const RECORD_NAME: &str = "record.json";
const FINAL_NAME: &str = "final.json";
/// It names processes, DHCP servers and locks.
const RECORD_BYTES_MAX: u64 = 256 * 1024;

/// Written before anything is started and again when QEMU runs: a directory without it was never launched from.
#[derive(Serialize, Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The pod's PID 1.
    pub envelope: Process,
    /// The process that holds libvirt's driver.
    pub domain: Process,
    /// QEMU, once it runs.
    pub vmm: Option<Process>,
    pub started_at_ms: Option<u64>,
    pub dhcp: Vec<Dhcp>,
    /// Of the files behind its disks when it started.
    #[serde(default)]
    pub disk_sizes: Sizes,
    #[serde(default)]
    pub locks: Vec<Lock>,
}

/// The end, as libvirt names it.
#[derive(Serialize, Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Final {
    pub state: String,
    pub reason: String,
    pub emulated: bool,
    pub started_at_ms: Option<u64>,
    pub ended_at_ms: u64,
    #[serde(default)]
    pub oom_killed: bool,
}

impl Record {
    pub fn write(&self, directory: &Path) -> Outcome<()> {
        write(&directory.join(RECORD_NAME), self)
    }

    /// By no link, and not without end; what it says is to be proved: see [`crate::belonging`].
    pub fn read(directory: &Path) -> Outcome<Self> {
        let bytes = Directory::open(directory)?.read(RECORD_NAME, RECORD_BYTES_MAX)?;
        serde_json::from_slice(&bytes).context(|| format!("read {RECORD_NAME} of {}", directory.display()))
    }

    pub fn exists(directory: &Path) -> Outcome<bool> {
        exists(directory, RECORD_NAME)
    }

    pub fn remove(directory: &Path) {
        let _ = fs::remove_file(directory.join(RECORD_NAME));
    }
}

impl Final {
    pub fn observation(&self) -> Observation {
        Observation {
            state: self.state.clone(),
            reason: self.reason.clone(),
            emulated: self.emulated,
            started_at_ms: self.started_at_ms,
            oom_killed: self.oom_killed,
            ..Observation::default()
        }
    }

    pub fn write(&self, directory: &Path) -> Outcome<()> {
        write(&directory.join(FINAL_NAME), self)
    }

    pub fn exists(directory: &Path) -> Outcome<bool> {
        exists(directory, FINAL_NAME)
    }
}

fn exists(directory: &Path, name: &str) -> Outcome<bool> {
    match fs::symlink_metadata(directory.join(name)) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Failure::retriable(format!("Cannot look for {name}: {error}"))),
    }
}

fn write(path: &Path, value: &impl Serialize) -> Outcome<()> {
    let bytes = serde_json::to_vec(value).context(|| format!("write {}", path.display()))?;
    write_atomically(path, &bytes)
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// An agent adopts what another version has started.
    #[test]
    fn record_of_another_version_is_read() {
        let text = r#"{"new":1,"envelope":{"pid":1,"startTicks":2,"new":1},"domain":{"pid":3,"startTicks":4,"new":1},
            "vmm":{"pid":5,"startTicks":6,"new":1},"startedAtMs":7,"diskSizes":{"vda":8},
            "dhcp":[{"new":1,"bridge":"k6t-eth0","mac":"02:00:00:00:00:01","address":"10.0.2.2","prefixLength":24,
            "gateway":"10.0.2.1","nameservers":[],"searchDomains":[],"mtu":1450,"hostname":"vm"}],
            "locks":[{"new":1,"volume":"a","path":"ephemeral/a.qcow2","shared":false}]}"#;
        let record: Record = serde_json::from_str(text).unwrap();
        assert_eq!((record.dhcp[0].mtu, &*record.locks[0].volume), (1450, "a"));
    }

    #[test]
    fn read_follows_no_link() {
        let directory = std::env::temp_dir().join(format!("denovirt-record-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let process = Process { pid: 7, start_ticks: 8 };
        let record = Record {
            envelope: process,
            domain: process,
            vmm: None,
            started_at_ms: None,
            dhcp: Vec::new(),
            disk_sizes: Sizes::new(),
            locks: Vec::new(),
        };
        record.write(&directory).unwrap();
        assert_eq!(Record::read(&directory).unwrap().domain, process);
        fs::rename(directory.join(RECORD_NAME), directory.join("other.json")).unwrap();
        symlink("other.json", directory.join(RECORD_NAME)).unwrap();
        assert!(Record::read(&directory).is_err());
        fs::remove_dir_all(&directory).unwrap();
    }
}
