//! libvirt's numbers for states and reasons, by the names virsh and KubeVirt use.

use crate::libvirt::State;

pub const SHUTOFF: i32 = 5;
const RUNNING: i32 = 1;
const PAUSED: i32 = 3;
const PAUSED_IO_ERROR: i32 = 5;
const PAUSED_STARTING_UP: i32 = 11;
const SHUTOFF_CRASHED: i32 = 3;

const STATES: [&str; 8] = ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended"];

const REASONS: [&[&str]; 8] = [
    &["unknown"],
    &[
        "unknown",
        "booted",
        "migrated",
        "restored",
        "from_snapshot",
        "unpaused",
        "migration_canceled",
        "save_canceled",
        "wakeup",
        "crashed",
        "postcopy",
        "postcopy_failed",
    ],
    &["unknown"],
    &[
        "unknown",
        "user",
        "migration",
        "save",
        "dump",
        "ioerror",
        "watchdog",
        "from_snapshot",
        "shutting_down",
        "snapshot",
        "crashed",
        "starting_up",
        "postcopy",
        "postcopy_failed",
        "api_error",
    ],
    &["unknown", "user"],
    &["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from_snapshot", "daemon"],
    &["unknown", "panicked"],
    &["unknown"],
];

impl State {
    pub fn is_running(self) -> bool {
        self.state == RUNNING
    }

    /// QEMU stopped it because of its storage.
    pub fn is_io_error(self) -> bool {
        self.state == PAUSED && self.reason == PAUSED_IO_ERROR
    }

    /// Its CPUs were never let go.
    pub fn is_starting(self) -> bool {
        self.state == PAUSED && self.reason == PAUSED_STARTING_UP
    }

    /// QEMU ended without having said so.
    pub fn is_crash(self) -> bool {
        self.state == SHUTOFF && self.reason == SHUTOFF_CRASHED
    }

    pub fn name(self) -> &'static str {
        usize::try_from(self.state).ok().and_then(|index| STATES.get(index)).unwrap_or(&"nostate")
    }

    pub fn reason_name(self) -> &'static str {
        let reasons = usize::try_from(self.state).ok().and_then(|index| REASONS.get(index));
        let reason = usize::try_from(self.reason).ok();
        reasons.zip(reason).and_then(|(names, index)| names.get(index)).unwrap_or(&"unknown")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_libvirt() {
        let name = |state, reason| (State { state, reason }.name(), State { state, reason }.reason_name());
        assert_eq!(name(1, 1), ("running", "booted"));
        assert_eq!(name(PAUSED, PAUSED_IO_ERROR), ("paused", "ioerror"));
        assert_eq!(name(PAUSED, PAUSED_STARTING_UP), ("paused", "starting_up"));
        assert_eq!(name(SHUTOFF, SHUTOFF_CRASHED), ("shutoff", "crashed"));
        assert_eq!(name(RUNNING, 5), ("running", "unpaused"));
        assert_eq!(name(SHUTOFF, 2), ("shutoff", "destroyed"));
        assert_eq!(name(99, -1), ("nostate", "unknown"));
    }
}
