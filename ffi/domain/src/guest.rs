//! The running machine: the one place that asks libvirt, and that notices and records the end.
//!
//! ```text
//! started --(libvirt says shutoff)--> ended: final.json is written, then clients are told
//! ```
//! libvirt's thread only says that something changed; what is true is asked for, here, and asked again every few seconds
//! in case a change went unreported.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde::Serialize;

use crate::failure::Outcome;
use crate::host_proc::Process;
use crate::libvirt::{Domain, State};
use crate::names::SHUTOFF;
use crate::record::{Final, now_ms};

const LOOK_INTERVAL: Duration = Duration::from_secs(5);

pub struct Guest {
    directory: PathBuf,
    domain: Domain,
    vmm: Option<Process>,
    emulated: bool,
    started_at_ms: Option<u64>,
    end: OnceLock<Final>,
    ending: Mutex<()>,
    last: Mutex<Option<State>>,
}

/// What `state` answers; the names are those of `DomainObservation`.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    pub state: String,
    pub reason: String,
    pub emulated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vmm_pid: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at_ms: Option<u64>,
}

impl Guest {
    pub fn new(
        directory: PathBuf,
        domain: Domain,
        vmm: Option<Process>,
        emulated: bool,
        started_at_ms: Option<u64>,
    ) -> Self {
        Self {
            directory,
            domain,
            vmm,
            emulated,
            started_at_ms,
            end: OnceLock::new(),
            ending: Mutex::new(()),
            last: Mutex::new(None),
        }
    }

    pub fn domain(&self) -> Domain {
        self.domain
    }

    pub fn ended(&self) -> bool {
        self.end.get().is_some()
    }

    pub fn observe(&self) -> Outcome<Observation> {
        if let Some(end) = self.end.get() {
            return Ok(Observation {
                state: end.state.clone(),
                reason: end.reason.clone(),
                emulated: end.emulated,
                vmm_pid: None,
                started_at_ms: end.started_at_ms,
            });
        }
        let state = self.domain.state()?;
        if state.state == SHUTOFF {
            self.finish(state)?;
            return self.observe();
        }
        Ok(Observation {
            state: state.name().into(),
            reason: state.reason_name().into(),
            emulated: self.emulated,
            vmm_pid: self.vmm.map(|vmm| vmm.pid),
            started_at_ms: self.started_at_ms,
        })
    }

    /// Records the end before anybody hears of it; several threads may notice it at once.
    fn finish(&self, state: State) -> Outcome<()> {
        let _turn = self.ending.lock();
        if self.ended() {
            return Ok(());
        }
        let end = Final {
            state: state.name().into(),
            reason: state.reason_name().into(),
            emulated: self.emulated,
            started_at_ms: self.started_at_ms,
            ended_at_ms: now_ms(),
        };
        end.write(&self.directory)?;
        let _ = self.end.set(end);
        Ok(())
    }

    /// Looks whenever libvirt reports a change, and tells what is new; never returns.
    pub fn watch(&self, changes: &Receiver<()>, tell: impl Fn(&Observation)) {
        loop {
            match changes.recv_timeout(LOOK_INTERVAL) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                // The sender is never dropped while the driver lives; looking at intervals is enough then.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(LOOK_INTERVAL),
            }
            if let Some(news) = self.news() {
                tell(&news);
            }
        }
    }

    fn news(&self) -> Option<Observation> {
        if self.ended() {
            // Told already, unless a client's own question noticed it first.
            let mut last = self.last.lock().ok()?;
            return last.take().and_then(|_| self.observe().ok());
        }
        let state = match self.domain.state() {
            Ok(state) => state,
            Err(failure) => {
                eprintln!("{failure}");
                return None;
            }
        };
        let before = self.last.lock().ok()?.replace(state);
        if before == Some(state) {
            return None;
        }
        let observation = self.observe().map_err(|failure| eprintln!("{failure}")).ok();
        if self.ended() {
            self.last.lock().ok()?.take();
        }
        observation
    }
}
