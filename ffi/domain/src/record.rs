//! What is left in the VM's directory for whoever comes after: which processes run it, and how it ended.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::disk_files::Sizes;
use crate::failure::{Context, Failure, Outcome};
use crate::guest::Observation;
use crate::host_proc::Process;
use crate::spec::{Dhcp, Lock};
use crate::write_atomically::write_atomically;

const RECORD_NAME: &str = "record.json";
const FINAL_NAME: &str = "final.json";

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

    pub fn read(directory: &Path) -> Outcome<Self> {
        let path = directory.join(RECORD_NAME);
        let what = || format!("read {}", path.display());
        serde_json::from_slice(&fs::read(&path).context(what)?).context(what)
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
        match fs::symlink_metadata(directory.join(FINAL_NAME)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Failure::retriable(format!("Cannot look for {FINAL_NAME}: {error}"))),
        }
    }
}

fn write(path: &Path, value: &impl Serialize) -> Outcome<()> {
    let bytes = serde_json::to_vec(value).context(|| format!("write {}", path.display()))?;
    write_atomically(path, &bytes)
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
