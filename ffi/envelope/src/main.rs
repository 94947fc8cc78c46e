//! The envelope: the static process that holds a virtual machine's pod (namespaces, cgroup, volumes, place on the node)
//! while the node agent runs the machine inside it.
//!
//! ```text
//! envelope run  --socket PATH   PID 1 of container "compute": reaps, ignores SIGTERM, ends with 0 when told "release"
//! envelope hold --socket PATH   container of a user's image: lends its root, ends with 0 when "compute" has ended
//! envelope install DESTINATION  copies itself, so that images which know nothing of it can run `hold`
//! ```
//! The guest's orderly shutdown takes longer than SIGTERM suggests, and everything in the PID namespace dies with PID 1:
//! so SIGTERM alone ends nothing once the machine may be running.

mod line;
mod listener;
mod signals;
mod watch;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use listener::Listener;
use signals::Signals;
use watch::{Compute, ComputeWatch};

/// How often `hold` looks for a compute container that has not started yet.
const CONNECT_INTERVAL_MS: i32 = 250;
const USAGE: &str = "usage: envelope run --socket PATH | hold --socket PATH | install DESTINATION";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let outcome = match arguments[..] {
        ["run", "--socket", path] => run(Path::new(path)),
        ["hold", "--socket", path] => hold(Path::new(path)),
        ["install", destination] => install(Path::new(destination)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("envelope: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(socket: &Path) -> Result<(), String> {
    let signals = take_signals()?;
    let mut listener = listen(socket)?;
    loop {
        wait(std::iter::once(signals.as_raw_fd()).chain(listener.descriptors()), -1)?;
        signals.drain();
        if listener.serve() {
            return Ok(());
        }
    }
}

fn hold(socket: &Path) -> Result<(), String> {
    let signals = take_signals()?;
    let mut listener = listen(socket)?;
    let mut watch = ComputeWatch::beside(socket);
    loop {
        let compute = watch.check();
        if compute == Compute::Ended {
            return Ok(());
        }
        let timeout_ms = if compute == Compute::NotSeen { CONNECT_INTERVAL_MS } else { -1 };
        let descriptors = std::iter::once(signals.as_raw_fd()).chain(listener.descriptors()).chain(watch.descriptor());
        wait(descriptors, timeout_ms)?;
        // Before compute was seen no machine can be running from this image, so the pod may go at once.
        let asked_to_end = signals.drain() && compute == Compute::NotSeen;
        if listener.serve() || asked_to_end {
            return Ok(());
        }
    }
}

fn install(destination: &Path) -> Result<(), String> {
    let cannot = |error: io::Error| format!("Cannot install to {}: {error}", destination.display());
    let mut partial = destination.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::copy("/proc/self/exe", &partial).map_err(cannot)?;
    fs::set_permissions(&partial, fs::Permissions::from_mode(0o755)).map_err(cannot)?;
    fs::rename(&partial, destination).map_err(cannot)
}

fn take_signals() -> Result<Signals, String> {
    Signals::take().map_err(|error| format!("Cannot take over signals: {error}"))
}

fn listen(socket: &Path) -> Result<Listener, String> {
    Listener::bind(socket).map_err(|error| format!("Cannot listen on {}: {error}", socket.display()))
}

fn wait(descriptors: impl Iterator<Item = RawFd>, timeout_ms: i32) -> Result<(), String> {
    let mut polled: Vec<libc::pollfd> =
        descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    // SAFETY: the pointer and the length describe `polled`, which outlives the call.
    let count = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, timeout_ms) };
    let error = io::Error::last_os_error();
    if count < 0 && error.kind() != io::ErrorKind::Interrupted {
        return Err(format!("Cannot wait for events: {error}"));
    }
    Ok(())
}
