//! Reads small files of a container without following anything out of it.

use std::fs::File;
use std::io::Read;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::Errno;

use crate::reason::{Context, Reason, status};

pub fn read(pid: u32, path: &str, bytes_max: u64) -> Result<Vec<u8>, Reason> {
    let what = || format!("read {path} of process {pid}");
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = openat(CWD, format!("/proc/{pid}/root"), flags, Mode::empty()).context(what)?;
    // Non-blocking: a FIFO in the container must not hold up the agent before it is seen to be one.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let file = match openat2(&root, path, flags, Mode::empty(), resolve) {
        Err(Errno::NOENT) => return Err(Reason::new(status::ABSENT, format!("Cannot {}: it does not exist", what()))),
        file => file.context(what)?,
    };
    let kind = FileType::from_raw_mode(fstat(&file).context(what)?.st_mode);
    if kind != FileType::RegularFile {
        return Err(Reason::error(format!("Cannot {}: it must be a regular file: got a {kind:?}", what())));
    }
    let mut bytes = Vec::new();
    File::from(file).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).context(what)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_names_what_is_missing_or_odd() {
        let this = std::process::id();
        assert_eq!(read(this, "/nonexistent", 10).unwrap_err().status, status::ABSENT);
        assert!(read(this, "/dev", 10).unwrap_err().message.contains("regular file"));
        assert!(!read(this, "/etc/passwd", 10).unwrap().is_empty());
    }
}
