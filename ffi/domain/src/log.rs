//! Standard error ends in `<vm directory>/domain.log`, which cannot grow without bound: libvirt writes there too, and
//! what it complains about can be the guest's doing. So can what QEMU writes to its own log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::pipe::{PipeFlags, pipe_with};

use crate::failure::{Context, Outcome};

const LOG_NAME: &str = "domain.log";
const OLD_LOG_NAME: &str = "domain.log.old";
const LOG_BYTES_MAX: u64 = 256 * 1024;

/// QEMU's own log, which it appends to through a descriptor that libvirt gave it.
pub struct QemuLog {
    path: PathBuf,
}

impl QemuLog {
    pub fn new(directory: &Path, domain_name: &str) -> Self {
        Self { path: directory.join("log/qemu").join(format!("{domain_name}.log")) }
    }

    /// Keeps one old part beside it; to be called often.
    pub fn bound(&self) {
        if fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX)
            && let Err(error) = self.start_again()
        {
            eprintln!("Cannot bound {}: {error}", self.path.display());
        }
    }

    /// QEMU keeps its descriptor, so the file stays and its content goes.
    fn start_again(&self) -> io::Result<()> {
        let mut log = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let mut old = File::create(self.path.with_extension("log.old"))?;
        let copied = io::copy(&mut (&mut log).take(LOG_BYTES_MAX), &mut old);
        log.set_len(0).and(copied).map(drop)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bound_keeps_the_writers_descriptor() {
        let directory = std::env::temp_dir().join(format!("qemu-log-{}", std::process::id()));
        fs::create_dir_all(directory.join("log/qemu")).unwrap();
        let log = QemuLog::new(&directory, "a");
        let path = directory.join("log/qemu/a.log");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        writer.write_all(&vec![b'x'; LOG_BYTES_MAX as usize]).unwrap();
        log.bound();
        assert_eq!(fs::metadata(&path).unwrap().len(), LOG_BYTES_MAX);
        writer.write_all(b"y").unwrap();
        log.bound();
        writer.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(directory.join("log/qemu/a.log.old")).unwrap().len(), LOG_BYTES_MAX);
        fs::remove_dir_all(&directory).unwrap();
    }
}
