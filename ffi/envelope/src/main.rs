//! The envelope: the static process that holds a virtual machine's pod (namespaces, cgroup, volumes, place on the node)
//! while the node agent runs the machine inside it.
//!
//! ```text
//! envelope run  --socket PATH   PID 1 of container "compute": reaps, tells of SIGTERM, ends with 0 when told "release"
//! envelope hold --socket PATH   container of a user's image: lends its root, ends with 0 when "compute" has ended
//! envelope install DESTINATION  copies itself, so that images which know nothing of it can run `hold`
//! ```
//! The guest's orderly shutdown takes longer than SIGTERM suggests, and everything in the PID namespace dies with PID 1:
//! so SIGTERM alone ends nothing once the machine may be running. The agent learns of it, shuts the guest down and releases
//! the envelope.

#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code))]

extern crate alloc;

mod line;
mod listener;
#[cfg(not(test))]
mod runtime;
mod signals;
mod watch;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::fs::{CWD, Mode, OFlags, fchmod, openat, rename};
use rustix::io::{Errno, read, write};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use listener::Listener;
use signals::Signals;
use watch::{Compute, ComputeWatch};

/// How often `hold` looks for a compute container that has not started yet.
const CONNECT_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
const USAGE: &str = "usage: envelope run --socket PATH | hold --socket PATH | install DESTINATION\n";

const SUCCESS: i32 = 0;
const FAILURE: i32 = 1;
const MISUSE: i32 = 2;

fn run_command(arguments: &[&str]) -> i32 {
    let outcome = match *arguments {
        ["run", "--socket", path] => run(path),
        ["hold", "--socket", path] => hold(path),
        ["install", destination] => install(destination),
        _ => {
            say(USAGE);
            return MISUSE;
        }
    };
    match outcome {
        Ok(()) => SUCCESS,
        Err(message) => {
            say(&format!("envelope: {message}\n"));
            FAILURE
        }
    }
}

fn run(socket: &str) -> Result<(), String> {
    // The guest's processes have this one's user, and must not look through it at what else the pod has.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| format!("Cannot hide from the guest: {error}"))?;
    let signals = take_signals()?;
    let mut listener = listen(socket)?;
    loop {
        wait(core::iter::once(signals.fd()).chain(listener.descriptors()), None)?;
        if signals.drain() {
            listener.tell_stopping();
        }
        if listener.serve() {
            return Ok(());
        }
    }
}

fn hold(socket: &str) -> Result<(), String> {
    let signals = take_signals()?;
    let mut listener = listen(socket)?;
    let mut watch = ComputeWatch::beside(socket);
    loop {
        let compute = watch.check();
        if compute == Compute::Ended {
            return Ok(());
        }
        let timeout = (compute == Compute::NotSeen).then_some(&CONNECT_INTERVAL);
        wait(core::iter::once(signals.fd()).chain(listener.descriptors()).chain(watch.descriptor()), timeout)?;
        let told_to_stop = signals.drain();
        if told_to_stop {
            listener.tell_stopping();
        }
        // Before compute was seen no machine can be running from this image, so the pod may go at once.
        let asked_to_end = told_to_stop && compute == Compute::NotSeen;
        if listener.serve() || asked_to_end {
            return Ok(());
        }
    }
}

/// Whoever looks finds the whole program at the destination, or nothing.
fn install(destination: &str) -> Result<(), String> {
    let partial = format!("{destination}.partial");
    copy_self(&partial)
        .and_then(|()| rename(&*partial, destination))
        .map_err(|error| format!("Cannot install to {destination}: {error}"))
}

fn copy_self(to: &str) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(0o755);
    let from = openat(CWD, "/proc/self/exe", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let to = openat(CWD, to, OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC, mode)?;
    let mut bytes = [0; 16 * 1024];
    loop {
        let count = read(&from, &mut bytes)?;
        if count == 0 {
            return fchmod(&to, mode);
        }
        let mut left = &bytes[..count];
        while !left.is_empty() {
            left = &left[write(&to, left)?..];
        }
    }
}

fn take_signals() -> Result<Signals, String> {
    Signals::take().map_err(|error| format!("Cannot take over signals: {error}"))
}

fn listen(socket: &str) -> Result<Listener, String> {
    Listener::bind(socket).map_err(|error| format!("Cannot listen on {socket}: {error}"))
}

fn wait<'fd>(descriptors: impl Iterator<Item = BorrowedFd<'fd>>, timeout: Option<&Timespec>) -> Result<(), String> {
    let mut polled: Vec<PollFd<'fd>> = descriptors.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
    match poll(&mut polled, timeout) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(format!("Cannot wait for events: {error}")),
    }
}

fn say(text: &str) {
    // SAFETY: descriptor 2 is never closed by this program.
    let stderr = unsafe { rustix::stdio::stderr() };
    let _ = write(stderr, text.as_bytes());
}
