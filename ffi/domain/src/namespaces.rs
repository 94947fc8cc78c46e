//! Entering a pod: its cgroups, its namespaces, and a process in its PID namespace whose parent is the pod's PID 1.

use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::cgroup;
use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::{HostProc, Process};

const ZERO: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Open handles of a process of the pod; holding them keeps what they name, whatever happens to the process id.
pub struct Pod {
    process: Process,
    pidfd: OwnedFd,
    namespaces: Vec<(OwnedFd, LinkNameSpaceType)>,
    cgroups: String,
    oom_score_adjustment: String,
}

/// Which of the process's namespaces are joined besides network, UTS, IPC and PID.
#[derive(PartialEq, Eq)]
pub enum MountNamespace {
    /// Ours is copied later.
    Own,
    /// The process's.
    Joined,
}

pub enum Side {
    /// The process that was started by the agent.
    Outside,
    /// A process in the pod's PID namespace, child of its PID 1.
    Inside,
}

impl Pod {
    pub fn open(proc: &HostProc, pid: i32, mount: MountNamespace) -> Outcome<Self> {
        let process = proc.process(pid)?;
        let raw = Pid::from_raw(pid).ok_or_else(|| Failure::terminal("Cannot enter the pod: no process id"))?;
        let pidfd = pidfd_open(raw, PidfdFlags::empty()).context(|| format!("hold process {pid}"))?;
        let mut kinds = vec![
            ("net", LinkNameSpaceType::Network),
            ("uts", LinkNameSpaceType::HostNameAndNISDomainName),
            ("ipc", LinkNameSpaceType::InterProcessCommunication),
            ("pid", LinkNameSpaceType::ProcessID),
        ];
        if mount == MountNamespace::Joined {
            // Last: it changes what every path means.
            kinds.push(("mnt", LinkNameSpaceType::Mount));
        }
        let namespaces = kinds
            .into_iter()
            .map(|(name, kind)| Ok((proc.open_at(&format!("{pid}/ns/{name}"), OFlags::RDONLY)?, kind)))
            .collect::<Outcome<_>>()?;
        let cgroups = proc.read(&format!("{pid}/cgroup"))?;
        let oom_score_adjustment = proc.read(&format!("{pid}/oom_score_adj"))?;
        let pod = Self { process, pidfd, namespaces, cgroups, oom_score_adjustment };
        // Everything above was read by number: it is this process's only if it has not ended meanwhile.
        if !pod.alive()? {
            return Err(Failure::retriable(format!("Cannot enter the pod: process {pid} has ended")));
        }
        Ok(pod)
    }

    pub fn process(&self) -> Process {
        self.process
    }

    fn alive(&self) -> Outcome<bool> {
        let mut polled = [PollFd::new(&self.pidfd, PollFlags::IN)];
        Ok(poll(&mut polled, Some(&ZERO)).context(|| "look at the pod's process".into())? == 0)
    }

    /// Enters and answers twice: outside, and inside in a new process. Only for a process with a single thread.
    pub fn enter(self) -> Outcome<Side> {
        cgroup::join(&self.cgroups)?;
        // The agent is protected from the OOM killer; a guest must have the pod's place in that order, not the agent's.
        std::fs::write("/proc/self/oom_score_adj", self.oom_score_adjustment.trim())
            .context(|| "set oom_score_adj".into())?;
        for (fd, kind) in &self.namespaces {
            move_into_link_name_space(fd.as_fd(), Some(*kind)).context(|| format!("join {kind:?} namespace"))?;
        }
        // The first child is in the PID namespace, but its parent is not. When it ends, its own child is given to the
        // reaper of the namespace they share: the pod's PID 1.
        match fork()? {
            Some(child) => {
                // SAFETY: waits for our own child; a null status is allowed.
                unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
                Ok(Side::Outside)
            }
            None => match fork() {
                Ok(None) => Ok(Side::Inside),
                // SAFETY: ends this intermediate process without running anything of its copied state.
                Ok(Some(_)) | Err(_) => unsafe { libc::_exit(0) },
            },
        }
    }
}

/// Goes on as a second process, and leaves behind one that buries what dies in a PID namespace of which it is PID 1.
/// Unburied, an emulator that libvirt ended looks alive to it, and it waits forty seconds for the end of each. When all
/// went well, the one left behind has the last word: it keeps the privileges that the other gives up.
pub fn leave_burying_to_init(afterwards: impl FnOnce()) -> Outcome<()> {
    let Some(child) = fork()? else { return Ok(()) };
    loop {
        let mut status = 0;
        // SAFETY: waits for any child; the pointer is to a local integer.
        let ended = unsafe { libc::waitpid(-1, &raw mut status, 0) };
        if ended == child {
            let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 1 };
            if code == 0 {
                afterwards();
            }
            std::process::exit(code);
        }
    }
}

pub fn fork() -> Outcome<Option<i32>> {
    // SAFETY: this process has one thread (libvirt is not loaded, no server runs), so the child may go on as usual.
    match unsafe { libc::fork() } {
        -1 => Err(Failure::retriable(format!("Cannot fork: {}", std::io::Error::last_os_error()))),
        0 => Ok(None),
        pid => Ok(Some(pid)),
    }
}
