//! A guest that QEMU stopped because its storage failed goes on by itself when the storage is back.
//!
//! ```text
//! running --(QEMU stops it)--> stopped --(after 1 s, 2 s, then every 3 s)--> tried
//!    ^                            ^                                            |
//!    |                            +----------(QEMU stops it again)-------------+
//!    +------------------------------(half a second without that)---------------+
//! ```
//! Whether there is space again only QEMU's own write can tell (quotas, thin pools), so the guest is let go to try it.
//! While it tries it counts as paused: an attempt that fails is no news for anybody.

use std::time::{Duration, Instant};

use crate::libvirt::{DiskError, State};

const FIRST_DELAY: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(3);
/// QEMU makes the failed request again at once when the guest goes on.
const TRIAL: Duration = Duration::from_millis(500);

#[derive(Default)]
pub struct IoErrors {
    stop: Option<Stop>,
}

struct Stop {
    state: State,
    /// Absent until QEMU was asked which disks they are.
    disks: Option<Vec<DiskError>>,
    next_try: Instant,
    delay: Duration,
    trial_until: Option<Instant>,
}

impl IoErrors {
    /// What the guest's state counts as, given what libvirt says now.
    pub fn look(&mut self, state: State, now: Instant) -> State {
        if state.is_io_error() {
            self.stopped(state, now);
            return state;
        }
        match &self.stop {
            Some(stop) if state.is_running() && stop.trial_until.is_some_and(|until| now < until) => stop.state,
            _ => {
                self.stop = None;
                state
            }
        }
    }

    fn stopped(&mut self, state: State, now: Instant) {
        let Some(stop) = &mut self.stop else {
            let next_try = now + FIRST_DELAY;
            self.stop = Some(Stop { state, disks: None, next_try, delay: FIRST_DELAY, trial_until: None });
            return;
        };
        if stop.trial_until.take().is_some() {
            stop.disks = None; // it may be another disk this time
        }
    }

    /// Whether the guest is to be let go now. It is tried at intervals, whatever comes of it.
    pub fn is_try_due(&mut self, now: Instant) -> bool {
        let Some(stop) = &mut self.stop else { return false };
        if stop.trial_until.is_some() || now < stop.next_try {
            return false;
        }
        stop.delay = (stop.delay * 2).min(DELAY_MAX);
        stop.next_try = now + stop.delay;
        stop.trial_until = Some(now + TRIAL);
        true
    }

    /// Whether QEMU is to be asked which disks stopped the guest.
    pub fn are_disks_unknown(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.disks.is_none() && stop.trial_until.is_none())
    }

    pub fn set_disks(&mut self, disks: Vec<DiskError>) {
        if let Some(stop) = &mut self.stop {
            stop.disks = Some(disks);
        }
    }

    pub fn disks(&self) -> Vec<DiskError> {
        self.stop.as_ref().and_then(|stop| stop.disks.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: State = State { state: 1, reason: 5 };
    const IO_ERROR: State = State { state: 3, reason: 5 };
    const BY_USER: State = State { state: 3, reason: 1 };

    fn after(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn look_hides_a_trial_that_fails() {
        let (mut errors, start) = (IoErrors::default(), Instant::now());
        assert_eq!(errors.look(IO_ERROR, start), IO_ERROR);
        assert!(errors.are_disks_unknown());
        errors.set_disks(vec![DiskError { target: "vda".into(), no_space: true }]);
        assert!(!errors.is_try_due(after(start, 900)));
        assert!(errors.is_try_due(after(start, 1000)));
        assert_eq!(errors.look(RUNNING, after(start, 1100)), IO_ERROR);
        assert_eq!(errors.disks()[0].target, "vda");
        assert_eq!(errors.look(IO_ERROR, after(start, 1200)), IO_ERROR);
        assert!(errors.are_disks_unknown());
    }

    #[test]
    fn look_lets_a_guest_go_that_runs_on() {
        let (mut errors, start) = (IoErrors::default(), Instant::now());
        errors.look(IO_ERROR, start);
        assert!(errors.is_try_due(after(start, 1000)));
        assert_eq!(errors.look(RUNNING, after(start, 1499)), IO_ERROR);
        assert_eq!(errors.look(RUNNING, after(start, 1500)), RUNNING);
        assert!(errors.disks().is_empty() && !errors.is_try_due(after(start, 9000)));
    }

    #[test]
    fn is_try_due_at_least_every_three_seconds() {
        let (mut errors, start) = (IoErrors::default(), Instant::now());
        errors.look(IO_ERROR, start);
        let mut tries = Vec::new();
        for ms in (0..20_000).step_by(100) {
            if errors.is_try_due(after(start, ms)) {
                tries.push(ms);
            }
            errors.look(IO_ERROR, after(start, ms + 50));
        }
        assert_eq!(tries, [1000, 3000, 6000, 9000, 12_000, 15_000, 18_000]);
    }

    #[test]
    fn a_users_pause_ends_the_tries() {
        let (mut errors, start) = (IoErrors::default(), Instant::now());
        errors.look(IO_ERROR, start);
        assert_eq!(errors.look(BY_USER, after(start, 100)), BY_USER);
        assert!(!errors.is_try_due(after(start, 5000)));
    }
}
