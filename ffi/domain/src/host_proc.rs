//! The node's /proc, kept open from before the pod's PID namespace is joined: the kernel translates process ids between
//! the two, and a start time tells a process from a later one with the same number.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};

use crate::failure::{Context, Failure, Outcome};

const FILE_BYTES_MAX: u64 = 64 * 1024;

pub struct HostProc {
    directory: OwnedFd,
}

/// A process that can be recognised again, from any PID namespace of the node.
#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// In the node's PID namespace.
    pub pid: i32,
    /// Clock ticks after boot, field 22 of /proc/<pid>/stat.
    pub start_ticks: u64,
}

impl HostProc {
    pub fn open() -> Outcome<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { directory: openat(CWD, "/proc", flags, Mode::empty()).context(|| "open /proc".into())? })
    }

    /// This process, as the node sees it.
    pub fn this(&self) -> Outcome<Process> {
        let link = self.link("self")?;
        let pid = link.parse().context(|| format!("read this process's id from {link:?}"))?;
        self.process(pid)
    }

    pub fn process(&self, pid: i32) -> Outcome<Process> {
        let stat = self.read(&format!("{pid}/stat"))?;
        let start_ticks =
            start_ticks(&stat).ok_or_else(|| Failure::retriable(format!("Cannot read the start of {pid}")))?;
        Ok(Process { pid, start_ticks })
    }

    pub fn alive(&self, process: Process) -> bool {
        let Ok(stat) = self.read(&format!("{}/stat", process.pid)) else { return false };
        start_ticks(&stat) == Some(process.start_ticks) && !is_zombie(&stat)
    }

    /// A descriptor of exactly that process, while it lives.
    pub fn hold(&self, process: Process) -> Option<OwnedFd> {
        let pidfd = pidfd_open(Pid::from_raw(process.pid)?, PidfdFlags::empty()).ok()?;
        // With the descriptor held, the start time proves that it names the process that was meant.
        self.alive(process).then_some(pidfd)
    }

    /// The process that has the id `inner` in the PID namespace of `sibling`.
    pub fn find(&self, inner: i32, sibling: i32) -> Outcome<Process> {
        let namespace = self.link(&format!("{sibling}/ns/pid"))?;
        let missing = || Failure::retriable(format!("Cannot find process {inner} of the pod on the node"));
        let entries = rustix::fs::Dir::read_from(&self.directory).context(|| "list /proc".into())?;
        for entry in entries.flatten() {
            let Some(pid) = entry.file_name().to_str().ok().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let Ok(status) = self.read(&format!("{pid}/status")) else { continue };
            if innermost_pid(&status) == Some(inner)
                && self.link(&format!("{pid}/ns/pid")).is_ok_and(|ns| ns == namespace)
            {
                return self.process(pid);
            }
        }
        Err(missing())
    }

    pub fn read(&self, path: &str) -> Outcome<String> {
        let what = || format!("read /proc/{path}");
        let fd = openat(&self.directory, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).context(what)?;
        let mut text = Vec::new();
        File::from(fd).take(FILE_BYTES_MAX).read_to_end(&mut text).context(what)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    pub fn link(&self, path: &str) -> Outcome<String> {
        let link = readlinkat(&self.directory, path, Vec::new()).context(|| format!("read /proc/{path}"))?;
        Ok(link.to_string_lossy().into_owned())
    }

    pub fn open_at(&self, path: &str, flags: OFlags) -> Outcome<OwnedFd> {
        openat(&self.directory, path, flags | OFlags::CLOEXEC, Mode::empty()).context(|| format!("open /proc/{path}"))
    }
}

/// The command name may hold anything, blanks and parentheses too, so fields are counted from its end.
fn fields_after_name(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}

fn start_ticks(stat: &str) -> Option<u64> {
    fields_after_name(stat)?.nth(19)?.parse().ok()
}

fn is_zombie(stat: &str) -> bool {
    matches!(run_state(stat), Some('Z' | 'X'))
}

/// The letter of the scheduler: R, S, D, T and so on.
pub fn run_state(stat: &str) -> Option<char> {
    fields_after_name(stat)?.next()?.chars().next()
}

fn innermost_pid(status: &str) -> Option<i32> {
    let line = status.lines().find(|line| line.starts_with("NSpid:"))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_ticks_survives_a_hostile_command_name() {
        let stat = "42 (a) b) c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 1";
        assert_eq!(start_ticks(stat), Some(987_654));
        assert!(!is_zombie(stat));
        assert!(is_zombie("42 (qemu) Z 1"));
    }

    #[test]
    fn innermost_pid_takes_the_last_of_the_line() {
        assert_eq!(innermost_pid("Name:\tx\nNSpid:\t4711\t26\nNSpgid:\t1\t1\n"), Some(26));
        assert_eq!(innermost_pid("Name:\tx\n"), None);
    }

    #[test]
    fn this_finds_itself() {
        let proc = HostProc::open().unwrap();
        let this = proc.this().unwrap();
        assert_eq!(this.pid, std::process::id() as i32);
        assert!(proc.alive(this));
        let later = Process { start_ticks: this.start_ticks + 1, ..this };
        assert!(!proc.alive(later));
        assert!(proc.hold(this).is_some() && proc.hold(later).is_none());
        assert_eq!(proc.find(this.pid, this.pid).unwrap(), this);
    }
}
