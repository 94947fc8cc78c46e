//! Whether the kernel ended a process of the pod for want of memory: libvirt sees only that QEMU is gone. The pod's counter
//! is opened before the pod's mount namespace is entered, where it cannot be found any more.
//!
//! Where the kernel has killed everybody who could tell, the agent compares the counter with what is left here: with
//! `memory.json`, which is root's, and with `memory_survived.json`, which says what the guest has survived since.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::beneath::Directory;
use crate::cgroup;
use crate::failure::{Context, Outcome};
use crate::host_proc::HostProc;
use crate::write_atomically::write_atomically;

/// A counter that went up this recently belongs to the end that is looked at; before, it was another process of the pod.
const RECENT: Duration = Duration::from_secs(10);
const FILE_BYTES_MAX: usize = 4096;
const START_NAME: &str = "memory.json";
const SURVIVED_NAME: &str = "memory_survived.json";
/// A path and a number.
const RECORD_BYTES_MAX: u64 = 8192;

/// What the counter said before a guest was started, and where it is.
#[derive(Serialize, Deserialize)]
struct Start {
    counter: PathBuf,
    kills: u64,
}

#[derive(Serialize, Deserialize)]
struct Survived {
    kills: u64,
}

pub struct OomKills {
    counter: Option<File>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    count: u64,
    /// Absent once what it went up by is known to be survived.
    rose_at: Option<Instant>,
}

impl OomKills {
    /// The counter of the memory cgroup that process `pid` is in, for a guest that is to be started. A node without one
    /// counts nothing.
    pub fn start(proc: &HostProc, pid: i32, directory: &Path) -> Outcome<Self> {
        let Some((path, counter)) = open(proc, pid)? else { return Ok(Self::at(None, Seen::default())) };
        let count = read(&counter).unwrap_or(0);
        let start = Start { counter: path, kills: count };
        Directory::open(directory)?.write_new(START_NAME, &to_json(&start)?)?;
        Ok(Self::at(Some(counter), Seen { count, rose_at: None }))
    }

    /// The same for a guest that runs already: what killed the process before this one may be about to kill QEMU.
    pub fn resume(proc: &HostProc, pid: i32, directory: &Path) -> Outcome<Self> {
        let Some(start) = read_json::<Start>(directory, START_NAME) else {
            return Self::start(proc, pid, directory); // another version has started it
        };
        let counter = open(proc, pid)?.map(|(_, counter)| counter);
        let survived = read_json::<Survived>(directory, SURVIVED_NAME).map_or(0, |survived| survived.kills);
        Ok(Self::at(counter, Seen { count: start.kills.max(survived), rose_at: None }))
    }

    fn at(counter: Option<File>, seen: Seen) -> Self {
        Self { counter, seen: Mutex::new(seen) }
    }

    /// Whether it went up not long ago; to be asked at the guest's end.
    pub fn recent(&self) -> bool {
        self.look().1.rose_at.is_some()
    }

    /// To be asked every few seconds while the guest runs: leaves behind what it has survived.
    pub fn note_survived(&self, directory: &Path) {
        let (before, now) = self.look();
        if before.rose_at.is_none() || now.rose_at.is_some() {
            return;
        }
        let written = to_json(&Survived { kills: now.count })
            .and_then(|bytes| write_atomically(&directory.join(SURVIVED_NAME), &bytes));
        if let Err(failure) = written {
            eprintln!("{failure}");
        }
    }

    fn look(&self) -> (Seen, Seen) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *seen;
        let count = self.counter.as_ref().and_then(read).unwrap_or(before.count);
        *seen = before.after(count, Instant::now());
        (before, *seen)
    }
}

impl Seen {
    fn after(self, count: u64, now: Instant) -> Self {
        if count > self.count {
            return Self { count, rose_at: Some(now) };
        }
        Self { rose_at: self.rose_at.filter(|at| now.duration_since(*at) < RECENT), ..self }
    }
}

fn open(proc: &HostProc, pid: i32) -> Outcome<Option<(PathBuf, File)>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context(|| "read /proc/self/mountinfo".into())?;
    let cgroups = proc.read(&format!("{pid}/cgroup"))?;
    Ok(counter_paths(&cgroups, &mounts).into_iter().find_map(|path| {
        let counter = File::open(&path).ok()?;
        read(&counter)?;
        Some((path, counter))
    }))
}

fn read(counter: &File) -> Option<u64> {
    let mut bytes = [0; FILE_BYTES_MAX];
    let count = counter.read_at(&mut bytes, 0).ok()?;
    parse(std::str::from_utf8(&bytes[..count]).ok()?)
}

fn to_json(value: &impl Serialize) -> Outcome<Vec<u8>> {
    serde_json::to_vec(value).context(|| "write what the memory cgroup counts".into())
}

fn read_json<T: for<'de> Deserialize<'de>>(directory: &Path, name: &str) -> Option<T> {
    let bytes = Directory::open(directory).and_then(|vm| vm.read(name, RECORD_BYTES_MAX)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The first that exists counts. On a unified hierarchy the kubelet has all processes of a container killed together
/// (`memory.oom.group`), and its cgroup is removed with them: the pod's counts what lies beneath it, and stays.
fn counter_paths(cgroups: &str, mounts: &str) -> Vec<PathBuf> {
    if let Some(directory) = cgroup::directory_of("memory", cgroups, mounts) {
        return vec![directory.join("memory.oom_control")];
    }
    let Some(container) = cgroup::directory_of("", cgroups, mounts) else { return Vec::new() };
    let is_pod = |path: &&Path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().trim_start_matches("kubepods").contains("pod"))
    };
    let pod = container.parent().filter(is_pod);
    pod.into_iter().chain([&*container]).map(|directory| directory.join("memory.events")).collect()
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
    fn counter_paths_prefer_the_memory_controller_and_the_pod() {
        let mounts =
            "25 23 0:21 / /cg/memory rw - cgroup cgroup rw,memory\n28 23 0:24 / /cg/unified rw - cgroup2 c rw\n";
        let pod = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice";
        for (cgroups, expected) in [
            ("4:memory:/pod1/c\n0::/pod1\n".to_owned(), vec!["/cg/memory/pod1/c/memory.oom_control".to_owned()]),
            ("0::/pod1\n".to_owned(), vec!["/cg/unified/pod1/memory.events".to_owned()]),
            (
                "0::/kubepods/pod1/c\n".to_owned(),
                ["pod1", "pod1/c"].map(|path| format!("/cg/unified/kubepods/{path}/memory.events")).into(),
            ),
            (
                format!("0::{pod}/cri-c.scope\n"),
                ["", "/cri-c.scope"].map(|path| format!("/cg/unified{pod}{path}/memory.events")).into(),
            ),
        ] {
            let paths: Vec<_> = counter_paths(&cgroups, mounts).iter().map(|path| path.display().to_string()).collect();
            assert_eq!(paths, expected, "{cgroups}");
        }
    }

    #[test]
    fn seen_knows_what_was_survived() {
        let start = Instant::now();
        let quiet = Seen { count: 2, rose_at: None };
        assert!(quiet.after(2, start).rose_at.is_none());
        let risen = quiet.after(3, start);
        assert_eq!((risen.count, risen.rose_at), (3, Some(start)));
        assert!(risen.after(3, start + RECENT / 2).rose_at.is_some());
        assert!(risen.after(3, start + RECENT).rose_at.is_none());
        assert_eq!(risen.after(4, start + RECENT).rose_at, Some(start + RECENT));
    }
}
