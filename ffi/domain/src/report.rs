//! The one line that the agent waits for, passed from the process inside the pod to the one outside that the agent started.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use serde::{Deserialize, Serialize};

use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::Process;

const LINE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Serialize, Deserialize, Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<bool>,
}

impl From<Outcome<()>> for Report {
    fn from(outcome: Outcome<()>) -> Self {
        match outcome {
            Ok(()) => Self { ok: true, message: None, terminal: None },
            Err(failure) => Self { ok: false, message: Some(failure.message), terminal: Some(failure.terminal) },
        }
    }
}

impl Report {
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// The inner end: says who it is, then how it went.
pub struct Sender(File);

/// The outer end.
pub struct Receiver(BufReader<File>);

pub fn channel() -> Outcome<(Receiver, Sender)> {
    let (read, write): (OwnedFd, OwnedFd) = pipe_with(PipeFlags::CLOEXEC).context(|| "make a pipe".into())?;
    Ok((Receiver(BufReader::new(read.into())), Sender(write.into())))
}

impl Sender {
    pub fn hello(&mut self, process: Process) {
        self.say(&process);
    }

    pub fn say(&mut self, words: &impl Serialize) {
        let mut line = serde_json::to_vec(words).unwrap_or_default();
        line.push(b'\n');
        // If nobody listens any more the machine starts all the same; the agent finds it by its socket.
        let _ = self.0.write_all(&line);
    }

    pub fn report(mut self, report: &Report) {
        let _ = self.0.write_all(&report.line());
    }
}

impl Receiver {
    pub fn hello(&mut self, deadline: Instant) -> Outcome<Process> {
        serde_json::from_str(&self.line(deadline)?).context(|| "understand the process in the pod".into())
    }

    pub fn report(&mut self, deadline: Instant) -> Outcome<Report> {
        serde_json::from_str(&self.line(deadline)?).context(|| "understand the process in the pod".into())
    }

    pub fn line(&mut self, deadline: Instant) -> Outcome<String> {
        if self.0.buffer().is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut polled = [PollFd::new(self.0.get_ref(), PollFlags::IN)];
            if poll(&mut polled, Some(&timespec(left))).context(|| "wait for the process in the pod".into())? == 0 {
                return Err(Failure::retriable("Cannot launch: it took too long"));
            }
        }
        let mut line = String::new();
        let what = || "hear from the process in the pod".into();
        (&mut self.0).take(LINE_BYTES_MAX).read_line(&mut line).context(what)?;
        if line.ends_with('\n') {
            return Ok(line);
        }
        Err(Failure::retriable("Cannot launch: the process in the pod ended without a word; domain.log may say why"))
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
}
