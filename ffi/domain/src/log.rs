//! Standard error ends in `<vm directory>/domain.log`, which cannot grow without bound: libvirt writes there too, and
//! what it complains about can be the guest's doing.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::pipe::{PipeFlags, pipe_with};

use crate::failure::{Context, Outcome};

const LOG_NAME: &str = "domain.log";
const OLD_LOG_NAME: &str = "domain.log.old";
const LOG_BYTES_MAX: u64 = 256 * 1024;

/// Takes over standard error of this process and of what it starts.
pub fn start(directory: &Path) -> Outcome<()> {
    let what = || "take over standard error".into();
    let (read, write): (OwnedFd, OwnedFd) = pipe_with(PipeFlags::CLOEXEC).context(what)?;
    rustix::stdio::dup2_stderr(&write).context(what)?;
    let directory = directory.to_owned();
    let copy = move || copy(File::from(read), &directory);
    std::thread::Builder::new().name("log".into()).spawn(copy).map(drop).context(what)
}

fn copy(mut from: File, directory: &Path) {
    let path = directory.join(LOG_NAME);
    let mut bytes = [0; 4096];
    let mut log: Option<File> = None;
    loop {
        let Ok(count) = from.read(&mut bytes) else { continue };
        if count == 0 {
            return;
        }
        if log.as_ref().and_then(|file| file.metadata().ok()).is_none_or(|metadata| metadata.len() > LOG_BYTES_MAX) {
            if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
                let _ = fs::rename(&path, directory.join(OLD_LOG_NAME));
            }
            log = OpenOptions::new().create(true).append(true).open(&path).ok();
        }
        if let Some(file) = &mut log {
            let _ = file.write_all(&bytes[..count]);
        }
    }
}
