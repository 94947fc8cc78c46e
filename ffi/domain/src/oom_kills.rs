//! Whether the kernel ended a process of the pod for want of memory: libvirt sees only that QEMU is gone. The pod's counter
//! is opened before the pod's mount namespace is entered, where it cannot be found any more.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::cgroup;
use crate::failure::{Context, Outcome};
use crate::host_proc::HostProc;

/// A counter that went up this recently belongs to the end that is looked at; before, it was another process of the pod.
const RECENT: Duration = Duration::from_secs(10);
const FILE_BYTES_MAX: usize = 4096;

pub struct OomKills {
    counter: Option<File>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    count: u64,
    rose_at: Option<Instant>,
}

impl OomKills {
    /// The counter of the memory cgroup that process `pid` is in. A node without one counts nothing.
    pub fn open(proc: &HostProc, pid: i32) -> Outcome<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").context(|| "read /proc/self/mountinfo".into())?;
        let cgroups = proc.read(&format!("{pid}/cgroup"))?;
        let counter = counter_path(&cgroups, &mounts).and_then(|path| File::open(path).ok());
        let kills = Self { counter, seen: Mutex::default() };
        let count = kills.read().unwrap_or(0);
        if let Ok(mut seen) = kills.seen.lock() {
            seen.count = count;
        }
        Ok(kills)
    }

    /// To be asked every few seconds while the guest runs, and at its end.
    pub fn recent(&self) -> bool {
        let (Ok(mut seen), Some(count)) = (self.seen.lock(), self.read()) else { return false };
        if count > seen.count {
            *seen = Seen { count, rose_at: Some(Instant::now()) };
        }
        seen.rose_at.is_some_and(|at| at.elapsed() < RECENT)
    }

    fn read(&self) -> Option<u64> {
        let mut bytes = [0; FILE_BYTES_MAX];
        let count = self.counter.as_ref()?.read_at(&mut bytes, 0).ok()?;
        parse(std::str::from_utf8(&bytes[..count]).ok()?)
    }
}

fn counter_path(cgroups: &str, mounts: &str) -> Option<PathBuf> {
    let in_directory =
        |directory: Option<PathBuf>, name: &str| directory.map(|path: PathBuf| path.join(Path::new(name)));
    in_directory(cgroup::directory_of("memory", cgroups, mounts), "memory.oom_control")
        .or_else(|| in_directory(cgroup::directory_of("", cgroups, mounts), "memory.events"))
}

/// Both files have lines of a name and a number.
fn parse(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")).and_then(|count| count.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_both_hierarchies() {
        assert_eq!(parse("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), Some(3));
        assert_eq!(parse("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n"), Some(1));
        assert_eq!(parse("oom_kill_disable 0\n"), None);
    }

    #[test]
    fn counter_path_prefers_the_memory_controller() {
        let mounts =
            "25 23 0:21 / /cg/memory rw - cgroup cgroup rw,memory\n28 23 0:24 / /cg/unified rw - cgroup2 c rw\n";
        let path = |cgroups| counter_path(cgroups, mounts).map(|path| path.display().to_string());
        assert_eq!(path("4:memory:/pod1/c\n0::/pod1\n").as_deref(), Some("/cg/memory/pod1/c/memory.oom_control"));
        assert_eq!(path("0::/pod1\n").as_deref(), Some("/cg/unified/pod1/memory.events"));
    }
}
