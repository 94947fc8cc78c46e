//! denovirt-domain: one virtual machine's libvirt driver, inside that machine's pod.
//!
//! It reads one JSON request from standard input, answers one JSON line on standard output, and if all is well a process
//! of it stays behind in the pod: parent of QEMU, server of `<vm directory>/domain.sock`, DHCP server of the guest. The
//! agent that started it may die; QEMU survives this process too.
//!
//! With the argument `capabilities` it starts no machine, and answers what machines of this node can have; with `pod` it is
//! the container runtime of a machine that has none.

mod adopt;
mod attendant;
mod belonging;
mod beneath;
mod capabilities;
mod cgroup;
mod control;
mod dhcp;
mod disk_files;
mod end;
mod failure;
mod guest;
mod host_proc;
mod image;
mod io_errors;
mod isolation;
mod kernel;
mod launch;
mod libvirt;
mod locks;
mod log;
mod monitor;
mod mounts;
mod names;
mod namespaces;
mod oom_kills;
mod overlay;
mod pid_files;
mod pod_container;
mod pod_runtime;
mod pod_spec;
mod private_root;
mod protocol;
mod qemu_conf;
mod record;
mod report;
mod seccomp;
mod session;
mod spec;
mod template;
mod turn;
mod vmm;
mod write_atomically;

use std::io::{Read, Write};
use std::process::ExitCode;

use failure::{Context, Failure, Outcome};
use report::Report;
use spec::{REQUEST_BYTES_MAX, Request};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let outcome = match arguments.next() {
        Some(mode) if mode == capabilities::MODE => return print(capabilities::ask(arguments)),
        Some(mode) if mode == pod_runtime::MODE => pod_runtime::run(arguments),
        _ => read_request().and_then(|request| match request {
            Request::Launch(request) => launch::launch(*request),
            Request::Adopt(request) => adopt::adopt(request),
            Request::End(request) => end::end(request),
        }),
    };
    let failed = outcome.is_err();
    let _ = std::io::stdout().write_all(&Report::from(outcome).line());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn print(outcome: Outcome<String>) -> ExitCode {
    let printed = outcome.and_then(|text| writeln!(std::io::stdout(), "{text}").context(|| "answer".into()));
    let Err(failure) = printed else { return ExitCode::SUCCESS };
    eprintln!("{failure}");
    ExitCode::FAILURE
}

fn read_request() -> Outcome<Request> {
    let mut bytes = Vec::new();
    std::io::stdin().take(REQUEST_BYTES_MAX).read_to_end(&mut bytes).context(|| "read the request".into())?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::terminal(format!("Cannot understand the request: {error}")))
}

/// Standard input and output belong to the agent, which waits for their end; the session is the agent's too.
fn detach_from_session() -> Outcome<()> {
    let what = || "detach from the agent".into();
    rustix::process::setsid().context(what)?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    rustix::process::chdir("/").context(what)?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null").context(what)?;
    rustix::stdio::dup2_stdin(&null).context(what)?;
    rustix::stdio::dup2_stdout(&null).context(what)
}

/// The threads do everything from here on.
fn park() -> ! {
    loop {
        std::thread::park();
    }
}
