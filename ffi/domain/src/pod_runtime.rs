//! Runs the containers of one pod where there is no container runtime (`denovirt-domain pod`), and waits for their end: one
//! small process per pod, which outlives whoever asked for it.
//!
//!   request -> cgroup, network namespace, names of its own -> init containers, one by one -> containers -> "ok"
//!           -> ... an entry in the record for each that has ended ... -> all have ended: it ends

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use serde::Serialize;

use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::{HostProc, Process};
use crate::mounts::make_directory;
use crate::namespaces::fork;
use crate::pod_container;
use crate::pod_spec::{Container, PodSpec};
use crate::record::now_ms;
use crate::report::Report;
use crate::spec::REQUEST_BYTES_MAX;
use crate::write_atomically::write_atomically;

pub const MODE: &str = "pod";
const REPORT_BYTES_MAX: u64 = 64 * 1024;

/// What is known of the pod, for whoever looks after it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodRecord {
    runtime: Process,
    /// In the order of their start.
    containers: Vec<ContainerRecord>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerRecord {
    name: String,
    process: Process,
    started_at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
struct Ended {
    at_ms: u64,
    /// 128 and the signal's number for one that a signal has ended.
    exit_code: i32,
}

/// Returns in the process that was asked, with what became of the start.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Outcome<()> {
    if arguments.count() > 0 {
        return Err(Failure::terminal("Cannot run the pod: it is read from standard input"));
    }
    let mut bytes = Vec::new();
    std::io::stdin().take(REQUEST_BYTES_MAX).read_to_end(&mut bytes).context(|| "read the request".into())?;
    let spec: PodSpec = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::terminal(format!("Cannot understand the request: {error}")))?;
    spec.check()?;
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).context(|| "make a pipe".into())?;
    if fork()?.is_none() {
        drop(read);
        let mut runtime = None;
        let started = crate::detach_from_session().and_then(|()| Runtime::start(&spec)).map(|one| runtime = Some(one));
        let failed = started.is_err();
        let mut answer = std::fs::File::from(write);
        let _ = answer.write_all(&Report::from(started).line());
        drop(answer);
        if let Some(mut runtime) = runtime {
            runtime.wait_for_all();
        }
        std::process::exit(i32::from(failed));
    }
    drop(write);
    let mut line = Vec::new();
    let what = || "hear of the pod's start".into();
    std::fs::File::from(read).take(REPORT_BYTES_MAX).read_to_end(&mut line).context(what)?;
    let report: Report = serde_json::from_slice(&line).context(what)?;
    crate::launch::into_outcome(report)
}

struct Runtime<'spec> {
    spec: &'spec PodSpec,
    proc: HostProc,
    record: PodRecord,
}

impl<'spec> Runtime<'spec> {
    /// All containers run, or none does.
    fn start(spec: &'spec PodSpec) -> Outcome<Self> {
        let proc = HostProc::open()?;
        for cgroup in &spec.cgroups {
            let own = cgroup.join("runtime");
            make_directory(&own, 0o755)?;
            std::fs::write(own.join("cgroup.procs"), "0").context(|| format!("join cgroup {}", own.display()))?;
        }
        enter_pod(spec)?;
        let record = PodRecord { runtime: proc.this()?, containers: Vec::new() };
        let mut runtime = Self { spec, proc, record };
        let started = runtime.start_all();
        if started.is_err() {
            runtime.kill();
            runtime.wait_for_all();
        }
        started.map(|()| runtime)
    }

    fn start_all(&mut self) -> Outcome<()> {
        for container in &self.spec.init_containers {
            self.start_one(container)?;
            self.wait_for_all();
            let code = self.record.containers.last().and_then(|last| last.ended).map_or(0, |ended| ended.exit_code);
            if code != 0 {
                let message = format!("Cannot start the pod: init container {} ended with {code}", container.name);
                return Err(Failure::retriable(message));
            }
        }
        self.spec.containers.iter().try_for_each(|container| self.start_one(container))
    }

    fn start_one(&mut self, container: &Container) -> Outcome<()> {
        let pid = pod_container::start(self.spec, container)?;
        // It is our child: until it is waited for, its number is nobody else's.
        let process = self.proc.process(pid)?;
        let name = container.name.clone();
        self.record.containers.push(ContainerRecord { name, process, started_at_ms: now_ms(), ended: None });
        self.write()
    }

    fn wait_for_all(&mut self) {
        while self.record.containers.iter().any(|container| container.ended.is_none()) {
            let mut status = 0;
            // SAFETY: waits for any child; the pointer is to a local integer.
            let pid = unsafe { libc::waitpid(-1, &raw mut status, 0) };
            if pid < 0 {
                return; // no child is left
            }
            let known = self.record.containers.iter_mut().find(|container| container.process.pid == pid);
            if let Some(container) = known {
                container.ended = Some(Ended { at_ms: now_ms(), exit_code: exit_code(status) });
                // Whoever looks sees that the process is gone, even if a full disk keeps its code from them.
                let _ = self.write();
            }
        }
    }

    fn kill(&self) {
        for container in self.record.containers.iter().filter(|container| container.ended.is_none()) {
            // SAFETY: a child that was not waited for.
            unsafe { libc::kill(container.process.pid, libc::SIGKILL) };
        }
    }

    fn write(&self) -> Outcome<()> {
        let bytes = serde_json::to_vec(&self.record).context(|| "write the pod's record".into())?;
        write_atomically(&self.spec.record, &bytes)
    }
}

/// The namespaces that all containers of the pod share.
fn enter_pod(spec: &PodSpec) -> Outcome<()> {
    let what = || "enter the pod's namespaces".into();
    let network = open_namespace(&spec.network_namespace)?;
    move_into_link_name_space(std::os::fd::AsFd::as_fd(&network), Some(LinkNameSpaceType::Network)).context(what)?;
    // SAFETY: this process has one thread, and no System V objects.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWUTS | UnshareFlags::NEWIPC) }.context(what)?;
    rustix::system::sethostname(spec.hostname.as_bytes()).context(|| format!("set hostname {:?}", spec.hostname))
}

fn open_namespace(path: &Path) -> Outcome<std::os::fd::OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    rustix::fs::openat(rustix::fs::CWD, path, flags, rustix::fs::Mode::empty())
        .context(|| format!("open {}", path.display()))
}

fn exit_code(status: libc::c_int) -> i32 {
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 128 + libc::WTERMSIG(status) }
}
