//! Of the two processes of a launch, the one inside the pod gives up its privileges, and the sight of the node, before it
//! starts anything. For as long as the launch takes, the one outside does what needs them, when asked: two things.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

use rustix::pipe::{PipeFlags, pipe_with};
use serde::{Deserialize, Serialize};

use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::{HostProc, Process};
use crate::qemu_conf;
use crate::report::{self, Receiver, Report};

const ANSWER_BYTES_MAX: u64 = 4096;

#[derive(Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
enum Question {
    /// What libvirt has probed of QEMU is for others too. Asked before the guest starts.
    KeepProbes,
    /// Which process of the node has this number in the pod?
    Find { pid: i32 },
}

#[derive(Serialize, Deserialize, Default)]
struct Answer {
    found: Option<Process>,
}

/// The process outside.
pub struct Attendant {
    questions: Receiver,
    answers: File,
}

/// The process inside, as long as the other lives.
pub struct Client {
    pub questions: report::Sender,
    answers: BufReader<File>,
}

pub fn channel() -> Outcome<(Attendant, Client)> {
    let (receiver, sender) = report::channel()?;
    let (read, write): (OwnedFd, OwnedFd) = pipe_with(PipeFlags::CLOEXEC).context(|| "make a pipe".into())?;
    let attendant = Attendant { questions: receiver, answers: write.into() };
    Ok((attendant, Client { questions: sender, answers: BufReader::new(read.into()) }))
}

impl Attendant {
    pub fn hello(&mut self, deadline: Instant) -> Outcome<Process> {
        self.questions.hello(deadline)
    }

    /// Serves until the report. A process is looked for among those of the pod only, whatever number is asked for.
    pub fn serve(
        &mut self,
        deadline: Instant,
        proc: &HostProc,
        inner: Process,
        keep: (&Path, &Path),
    ) -> Outcome<Report> {
        loop {
            let line = self.questions.line(deadline)?;
            let Ok(question) = serde_json::from_str::<Question>(&line) else {
                return serde_json::from_str(&line).context(|| "understand the process in the pod".into());
            };
            let found = match question {
                Question::KeepProbes => {
                    qemu_conf::keep_probes(keep.0, keep.1);
                    None
                }
                Question::Find { pid } => proc.find(pid, inner.pid).ok(),
            };
            let mut words = serde_json::to_vec(&Answer { found }).unwrap_or_default();
            words.push(b'\n');
            self.answers.write_all(&words).context(|| "answer the process in the pod".into())?;
        }
    }
}

impl Client {
    /// Returns when it is done, so that a guest that starts after cannot take part in it.
    pub fn keep_probes(&mut self) -> Outcome<()> {
        self.ask(&Question::KeepProbes).map(drop)
    }

    pub fn find(&mut self, pid: i32) -> Outcome<Process> {
        let answer = self.ask(&Question::Find { pid })?;
        answer.found.ok_or_else(|| Failure::retriable(format!("Cannot find process {pid} of the pod on the node")))
    }

    fn ask(&mut self, question: &Question) -> Outcome<Answer> {
        let what = || "ask the process outside of the pod".into();
        self.questions.say(question);
        let mut line = String::new();
        (&mut self.answers).take(ANSWER_BYTES_MAX).read_line(&mut line).context(what)?;
        serde_json::from_str(&line).context(what)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn serve_answers_until_the_report() {
        let (mut attendant, mut client) = channel().unwrap();
        let proc = HostProc::open().unwrap();
        let this = proc.this().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let asking = std::thread::spawn(move || {
            let found = client.find(this.pid).unwrap();
            let missing = client.find(i32::MAX).is_err();
            client.questions.report(&Report::from(Ok(())));
            (found, missing)
        });
        let nowhere = Path::new("/nonexistent");
        assert!(attendant.serve(deadline, &proc, this, (nowhere, nowhere)).unwrap().ok);
        assert_eq!(asking.join().unwrap(), (this, true));
    }
}
