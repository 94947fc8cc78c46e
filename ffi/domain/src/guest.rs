//! The running machine: the one place that asks libvirt, and that notices and records the end.
//!
//! ```text
//! started --(libvirt says shutoff)--> ended: final.json is written, then clients are told
//! ```
//! libvirt's thread only says that something changed; what is true is asked for, here, and asked again several times a
//! second: nothing tells of a QEMU that was stopped by a signal, or of a disk image that was cut short.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::disk_files::DiskFiles;
use crate::failure::{Failure, Outcome};
use crate::io_errors::IoErrors;
use crate::libvirt::{DiskError, Domain, State};
use crate::log::QemuLog;
use crate::monitor::Monitor;
use crate::names::SHUTOFF;
use crate::oom_kills::OomKills;
use crate::pid_files;
use crate::record::{Final, now_ms};
use crate::vmm::Vmm;

/// What is seen late is seen within half a second all the same.
const LOOK_INTERVAL: Duration = Duration::from_millis(300);
const STOPPED: &str = "a signal has stopped it";

pub struct Guest {
    parts: Parts,
    monitor: Arc<Monitor>,
    io_errors: Mutex<IoErrors>,
    end: OnceLock<Final>,
    ending: Mutex<()>,
    told: Mutex<Option<Observation>>,
}

/// What a guest is made of.
pub struct Parts {
    pub directory: PathBuf,
    pub domain: Domain,
    /// Absent when it had ended before it could be found.
    pub vmm: Option<Vmm>,
    pub emulated: bool,
    pub started_at_ms: Option<u64>,
    pub oom_kills: OomKills,
    pub disk_files: Arc<DiskFiles>,
    pub qemu_log: QemuLog,
}

/// What `state` answers; the names are those of `DomainObservation`.
#[derive(Serialize, Clone, PartialEq, Eq, Default, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    pub state: String,
    pub reason: String,
    pub emulated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vmm_pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at_ms: Option<u64>,
    /// Of a guest that is paused because of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disk_errors: Vec<DiskError>,
    /// Disks of which a part was cut off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub truncated_disks: Vec<String>,
    /// Why QEMU does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unresponsive: Option<String>,
    /// The kernel killed QEMU for want of memory.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub oom_killed: bool,
}

impl Guest {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            monitor: Arc::default(),
            io_errors: Mutex::default(),
            end: OnceLock::new(),
            ending: Mutex::new(()),
            told: Mutex::new(None),
        }
    }

    pub fn observe(&self) -> Outcome<Observation> {
        if let Some(end) = self.end.get() {
            return Ok(end.observation());
        }
        let state = self.parts.domain.state()?;
        if state.state == SHUTOFF {
            self.finish(state)?;
            return self.observe();
        }
        let (state, disk_errors) = self.look_at_io_errors(state);
        Ok(Observation {
            state: state.name().into(),
            reason: state.reason_name().into(),
            emulated: self.parts.emulated,
            vmm_pid: self.parts.vmm.as_ref().map(Vmm::pid),
            started_at_ms: self.parts.started_at_ms,
            disk_errors,
            truncated_disks: self.parts.disk_files.cut(),
            unresponsive: self.unresponsive(),
            oom_killed: false,
        })
    }

    /// Does what QEMU has to answer; refused at once while it cannot.
    pub fn ask(&self, what: &'static str, body: fn(Domain) -> Outcome<()>) -> Outcome<()> {
        if self.is_stopped() {
            return Err(Failure::retriable(format!("Cannot {what}: QEMU does not answer: {STOPPED}")));
        }
        let domain = self.parts.domain;
        self.monitor.call(what, move || body(domain))
    }

    /// Whoever was faster, the guest or we, it is gone: only what is true afterwards counts.
    pub fn destroy(&self) -> Outcome<()> {
        // libvirt asks a process to end, and waits ten seconds before it forces it: a stopped one cannot hear.
        if let (Some(vmm), Some(inner)) = (&self.parts.vmm, self.inner_pid()) {
            vmm.let_go_on(inner);
        }
        let outcome = self.parts.domain.destroy();
        if self.observe()?.state == "shutoff" { Ok(()) } else { outcome }
    }

    /// Looks whenever libvirt reports a change, and tells what is new; never returns.
    pub fn watch(&self, changes: &Receiver<()>, tell: impl Fn(&Observation)) {
        loop {
            match changes.recv_timeout(LOOK_INTERVAL) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                // The sender is never dropped while the driver lives; looking at intervals is enough then.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK_INTERVAL),
            }
            self.parts.oom_kills.note_survived(&self.parts.directory);
            self.parts.qemu_log.bound();
            self.try_to_go_on();
            match self.look() {
                Ok((observation, true)) => tell(&observation),
                Ok((_, false)) => {}
                Err(failure) => eprintln!("{failure}"),
            }
        }
    }

    /// What is seen now, and whether it is news: then it is to be told to everybody, also by who answers a question with it.
    /// A state that one client was answered with and no other look has met would else end without a word.
    pub fn look(&self) -> Outcome<(Observation, bool)> {
        // Held while looking, so that what is told last is what was seen last.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let observation = self.observe()?;
        let is_news = told.as_ref() != Some(&observation);
        if is_news {
            told.replace(observation.clone());
        }
        Ok((observation, is_news))
    }

    /// Which disks they are is asked once, by whoever looks first.
    fn look_at_io_errors(&self, state: State) -> (State, Vec<DiskError>) {
        let mut errors = self.io_errors.lock().unwrap_or_else(PoisonError::into_inner);
        let state = errors.look(state, Instant::now());
        if errors.are_disks_unknown() && !self.is_stopped() {
            let domain = self.parts.domain;
            match self.monitor.call("read the disks' errors", move || domain.disk_errors()) {
                Ok(disks) => errors.set_disks(disks),
                Err(failure) => eprintln!("{failure}"),
            }
        }
        (state, errors.disks())
    }

    fn try_to_go_on(&self) {
        let due = self.io_errors.lock().unwrap_or_else(PoisonError::into_inner).is_try_due(Instant::now());
        if due && let Err(failure) = self.ask("let the guest go on", Domain::resume) {
            eprintln!("{failure}");
        }
    }

    fn unresponsive(&self) -> Option<String> {
        if self.is_stopped() {
            return Some(STOPPED.into());
        }
        self.monitor.overdue().map(|what| format!("it was asked to {what} and has not answered"))
    }

    fn is_stopped(&self) -> bool {
        self.parts.vmm.as_ref().is_some_and(Vmm::is_stopped)
    }

    /// QEMU's number in the pod, as libvirt keeps it.
    fn inner_pid(&self) -> Option<i32> {
        pid_files::of_domain(&self.parts.directory, &self.parts.domain.name()).ok()
    }

    /// Records the end before anybody hears of it; several threads may notice it at once.
    fn finish(&self, state: State) -> Outcome<()> {
        let _turn = self.ending.lock();
        if self.end.get().is_some() {
            return Ok(());
        }
        let end = Final {
            state: state.name().into(),
            reason: state.reason_name().into(),
            emulated: self.parts.emulated,
            started_at_ms: self.parts.started_at_ms,
            ended_at_ms: now_ms(),
            oom_killed: state.is_crash() && self.parts.oom_kills.recent(),
        };
        end.write(&self.parts.directory)?;
        let _ = self.end.set(end);
        Ok(())
    }
}
