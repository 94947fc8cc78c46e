//! Starts denovirt-domain so that it owes the agent nothing, and waits for its one line in a thread of its own.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

use crate::reason::{Context, Reason, status};
use crate::shared_directory::SharedDirectory;

const LOG_NAME: &str = "domain.log";
/// The process keeps its log bounded while it runs; this bounds what many short runs leave behind.
const LOG_BYTES_MAX: u64 = 256 * 1024;
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

pub struct Launch {
    answer: Arc<OnceLock<Result<Vec<u8>, String>>>,
}

impl Launch {
    pub fn start(program: &Path, directory: &Path, input: Vec<u8>) -> Result<Self, Reason> {
        let what = || format!("start {}", program.display());
        let log = SharedDirectory::open(directory)?.open_log(LOG_NAME, LOG_BYTES_MAX)?;
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        // SAFETY: between fork and exec only async-signal-safe system calls are made, and no memory is allocated.
        unsafe { command.pre_exec(detach) };
        let mut child = command.spawn().context(what)?;
        let answer = Arc::new(OnceLock::new());
        let filled = answer.clone();
        std::thread::Builder::new()
            .name("domain-start".into())
            .spawn(move || {
                let _ = filled.set(converse(&mut child, &input));
            })
            .context(what)?;
        Ok(Self { answer })
    }

    pub fn poll(&self) -> Result<Vec<u8>, Reason> {
        match self.answer.get() {
            None => Err(Reason::new(status::PENDING, "")),
            Some(Ok(line)) => Ok(line.clone()),
            Some(Err(message)) => Err(Reason::error(message.clone())),
        }
    }
}

/// A session of its own, so that no signal meant for the agent arrives; and none of the agent's descriptors, which other
/// libraries in its process may have opened without close-on-exec.
fn detach() -> std::io::Result<()> {
    // SAFETY: both are plain system calls without pointers.
    unsafe {
        if libc::setsid() < 0 {
            return Err(std::io::Error::last_os_error());
        }
        let closed = libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        if closed < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// The process bounds its own time and answers before it ends.
fn converse(child: &mut Child, input: &[u8]) -> Result<Vec<u8>, String> {
    // A process that ends early breaks this pipe; what it printed says more about why.
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let mut answer = Vec::new();
    let read = child.stdout.take().map(|stdout| stdout.take(ANSWER_BYTES_MAX).read_to_end(&mut answer));
    let status = child.wait().map_err(|error| format!("Cannot wait for denovirt-domain: {error}"))?;
    match (written, read) {
        (_, Some(Ok(_))) if answer.ends_with(b"\n") => Ok(answer),
        (Some(Err(error)), _) | (_, Some(Err(error))) => {
            Err(format!("Cannot talk to denovirt-domain: {error} ({status})"))
        }
        _ => Err(format!("Cannot run denovirt-domain: it ended without an answer ({status}); domain.log may say why")),
    }
}
