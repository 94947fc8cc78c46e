//! The agent's side of an envelope's socket. The socket lies in a directory that the pod may write to, so nothing about
//! it is believed except what the kernel says: which process listens, and which cgroup that process is in.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::reason::{Context, Reason, status};

const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Envelope {
    pid: u32,
    process: OwnedFd,
    socket: OwnedFd,
    stream: Mutex<UnixStream>,
}

impl Envelope {
    pub fn connect(path: &Path, pod_uid: &str) -> Result<Self, Reason> {
        let what = || format!("connect to the envelope at {}", path.display());
        check_uid(pod_uid)?;
        let (socket, stream) = connect_socket(path)?;
        let credentials = rustix::net::sockopt::socket_peercred(&stream).context(what)?;
        let process = pidfd_open(credentials.pid, PidfdFlags::empty()).map_err(|error| {
            Reason::new(status::ABSENT, format!("Cannot {}: its process has ended: {error}", what()))
        })?;
        let pid = Pid::as_raw(Some(credentials.pid)) as u32;
        let cgroups = fs::read_to_string(format!("/proc/{pid}/cgroup")).context(what)?;
        let envelope = Self { pid, process, socket, stream: Mutex::new(stream) };
        // The cgroup was read by number: it is the listener's only if that has not ended meanwhile.
        if !envelope.alive() {
            return Err(Reason::new(status::ABSENT, format!("Cannot {}: its process has ended", what())));
        }
        if !names_pod(&cgroups, pod_uid) {
            let message = format!("Cannot {}: process {pid} listens there and is not of pod {pod_uid}", what());
            return Err(Reason::new(status::FOREIGN, message));
        }
        Ok(envelope)
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    pub fn alive(&self) -> bool {
        let mut polled = [PollFd::new(&self.process, PollFlags::IN)];
        matches!(poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
    }

    /// Means the socket that this one is connected to, whatever is put into its place, until this is dropped.
    pub fn socket_path(&self) -> String {
        path_of(&self.socket)
    }

    pub fn release(&self) -> Result<(), Reason> {
        let what = || format!("release the envelope (process {})", self.pid);
        let mut stream = self.stream.lock().map_err(|_| Reason::error("Cannot release the envelope: it is in use"))?;
        stream.set_read_timeout(Some(RELEASE_TIMEOUT)).context(what)?;
        stream.set_write_timeout(Some(RELEASE_TIMEOUT)).context(what)?;
        let mut answer = [0; 3];
        match stream.write_all(b"release\n").and_then(|()| stream.read_exact(&mut answer)) {
            Ok(()) if answer == *b"ok\n" => Ok(()),
            Ok(()) => Err(Reason::error(format!("Cannot {}: it does not know the command", what()))),
            Err(_) if !self.alive() => Ok(()), // it had ended: nothing is left to release
            Err(error) => Err(Reason::error(format!("Cannot {}: {error}", what()))),
        }
    }
}

fn connect_socket(path: &Path) -> Result<(OwnedFd, UnixStream), Reason> {
    let what = || format!("connect to the envelope at {}", path.display());
    let absent = |error: &dyn std::fmt::Display| Reason::new(status::ABSENT, format!("Cannot {}: {error}", what()));
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let socket = match openat(CWD, path, flags, Mode::empty()) {
        Err(error) if matches!(error, Errno::NOENT | Errno::NOTDIR) => return Err(absent(&error)),
        socket => socket.context(what)?,
    };
    if FileType::from_raw_mode(fstat(&socket).context(what)?.st_mode) != FileType::Socket {
        return Err(Reason::new(status::FOREIGN, format!("Cannot {}: it is not a socket", what())));
    }
    // Through the descriptor: the path may be longer than a socket address, and may change under our hands.
    match UnixStream::connect(path_of(&socket)) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Err(absent(&error)),
        stream => Ok((socket, stream.context(what)?)),
    }
}

fn path_of(socket: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", socket.as_raw_fd())
}

fn check_uid(pod_uid: &str) -> Result<(), Reason> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if pod_uid.len() >= 8 && pod_uid.len() <= 64 && pod_uid.bytes().all(plain) {
        return Ok(());
    }
    Err(Reason::error(format!("Cannot connect to an envelope: the pod's UID is not one: got {pod_uid:?}")))
}

/// The kubelet names a pod's cgroup "pod<uid>", as a systemd slice "…-pod<uid with underscores>.slice"; mirror pods have
/// a UID without dashes. A part of the path must be exactly that, not merely contain it.
fn names_pod(cgroups: &str, pod_uid: &str) -> bool {
    let plain = format!("pod{pod_uid}");
    let slice = format!("pod{}.slice", pod_uid.replace('-', "_"));
    cgroups
        .lines()
        .filter_map(|line| line.splitn(3, ':').nth(2))
        .flat_map(|path| path.split('/'))
        .any(|part| part == plain || part == slice || part.strip_suffix(&slice).is_some_and(|rest| rest.ends_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0a1b2c3d-1111-4222-8333-444455556666";

    #[test]
    fn names_pod_knows_both_cgroup_drivers() {
        let cgroupfs = format!("4:memory:/kubepods/burstable/pod{UID}/0123abcd\n");
        assert!(names_pod(&cgroupfs, UID));
        let slice = format!("kubepods-burstable-pod{}.slice", UID.replace('-', "_"));
        assert!(names_pod(
            &format!("0::/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-0123.scope\n"),
            UID
        ));
    }

    #[test]
    fn names_pod_refuses_others_that_look_alike() {
        assert!(!names_pod("4:memory:/kubepods/podffffffff-1111-4222-8333-444455556666/x\n", UID));
        assert!(!names_pod(&format!("4:memory:/user/notapod{UID}x/x\n"), UID));
        assert!(!names_pod(&format!("4:memory:/kubepods/pod{UID}5/x\n"), UID));
        assert!(!names_pod("0::/\n", UID));
    }

    #[test]
    fn connect_says_that_nobody_is_there() {
        let error = Envelope::connect(Path::new("/nonexistent/compute.sock"), UID).unwrap_err();
        assert_eq!(error.status, status::ABSENT);
        let error = Envelope::connect(Path::new("/dev/null"), UID).unwrap_err();
        assert_eq!(error.status, status::FOREIGN);
    }
}
