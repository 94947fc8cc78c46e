//! A machine's directory, where QEMU's user may write as well: what has a name in it may be a link, a FIFO or somebody
//! else's, and be exchanged at any time. So nothing is opened but beneath it, by no link, and looked at when it is held.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, Stat, fcntl_setfl, fstat, ftruncate, openat, openat2};
use rustix::io::Errno;

use crate::reason::{Context, Reason, status};

const RESOLVE: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

#[derive(Debug)]
pub struct SharedDirectory(OwnedFd);

impl SharedDirectory {
    /// The last part of the path must be the directory itself.
    pub fn open(path: &Path) -> Result<Self, Reason> {
        let what = || format!("open {}", path.display());
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        opened(openat(CWD, path, flags, Mode::empty()), &what).map(Self)
    }

    /// More than `bytes_max` bytes are too many.
    pub fn read(&self, name: &str, owner: u32, bytes_max: u64) -> Result<Vec<u8>, Reason> {
        let what = || format!("read {name}");
        let file = opened(self.open_at(name, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY), &what)?;
        let stat = fstat(&file).context(what)?;
        check(&stat, FileType::RegularFile, &what)?;
        check_owner(&stat, owner, &what)?;
        let mut bytes = Vec::new();
        File::from(file).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).context(what)?;
        Ok(bytes)
    }

    /// Without connecting.
    pub fn open_socket(&self, name: &str, owner: u32) -> Result<OwnedFd, Reason> {
        let what = || format!("connect to {name}");
        let socket = opened(self.open_at(name, OFlags::PATH), &what)?;
        let stat = fstat(&socket).context(what)?;
        check(&stat, FileType::Socket, &what)?;
        check_owner(&stat, owner, &what)?;
        Ok(socket)
    }

    /// For appending; one that is too long begins again.
    pub fn open_log(&self, name: &str, bytes_max: u64) -> Result<File, Reason> {
        let what = || format!("open {name}");
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = match self.open_at(name, flags) {
            // Made new or not at all: the kernel may refuse to open somebody else's file with a wish to make it.
            Err(Errno::NOENT) => {
                let flags = flags | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
                openat2(&self.0, name, flags, Mode::from_raw_mode(0o600), RESOLVE)
            }
            file => file,
        };
        let file = opened(file, &what)?;
        let stat = fstat(&file).context(what)?;
        check(&stat, FileType::RegularFile, &what)?;
        fcntl_setfl(&file, OFlags::APPEND).context(what)?;
        if u64::try_from(stat.st_size).is_ok_and(|size| size > bytes_max) {
            ftruncate(&file, 0).context(what)?;
        }
        Ok(File::from(file))
    }

    fn open_at(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        openat2(&self.0, name, flags | OFlags::CLOEXEC, Mode::empty(), RESOLVE)
    }
}

fn opened(outcome: Result<OwnedFd, Errno>, what: &dyn Fn() -> String) -> Result<OwnedFd, Reason> {
    outcome.map_err(|error| match error {
        Errno::NOENT => Reason::new(status::ABSENT, format!("Cannot {}: it does not exist", what())),
        // A link, a way out of the directory, and a FIFO or socket that is opened as a file.
        Errno::LOOP | Errno::XDEV | Errno::NXIO => {
            Reason::new(status::FOREIGN, format!("Cannot {}: it is something else: {error}", what()))
        }
        _ => Reason::error(format!("Cannot {}: {error}", what())),
    })
}

fn check(stat: &Stat, wanted: FileType, what: &dyn Fn() -> String) -> Result<(), Reason> {
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == wanted {
        return Ok(());
    }
    Err(Reason::new(status::FOREIGN, format!("Cannot {}: it must be a {wanted:?}: got a {kind:?}", what())))
}

fn check_owner(stat: &Stat, owner: u32, what: &dyn Fn() -> String) -> Result<(), Reason> {
    if stat.st_uid == owner {
        return Ok(());
    }
    let message = format!("Cannot {}: it must belong to user {owner}: got {}", what(), stat.st_uid);
    Err(Reason::new(status::FOREIGN, message))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use rustix::fs::mknodat;
    use rustix::process::getuid;

    use super::*;

    /// The directory of a test, with "link", "fifo", "directory", and a file beside the directory that "link" means.
    fn with_directory(name: &str, test: impl FnOnce(&Path, &SharedDirectory)) {
        let path: PathBuf = std::env::temp_dir().join(format!("denovirt-shared-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("own/directory")).unwrap();
        fs::write(path.join("secret"), "secret").unwrap();
        symlink("../secret", path.join("own/link")).unwrap();
        mknodat(CWD, path.join("own/fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        test(&path.join("own"), &SharedDirectory::open(&path.join("own")).unwrap());
        fs::remove_dir_all(&path).unwrap();
    }

    const ODD: [&str; 4] = ["link", "fifo", "directory", "../secret"];

    #[test]
    fn read_takes_a_file_of_its_owner_and_nothing_else() {
        with_directory("read", |path, directory| {
            let owner = getuid().as_raw();
            fs::write(path.join("file"), "text").unwrap();
            assert_eq!(directory.read("file", owner, 10).unwrap(), b"text");
            assert_eq!(directory.read("file", owner, 2).unwrap().len(), 3);
            assert_eq!(directory.read("file", owner + 1, 10).unwrap_err().status, status::FOREIGN);
            assert_eq!(directory.read("none", owner, 10).unwrap_err().status, status::ABSENT);
            for name in ODD {
                assert_eq!(directory.read(name, owner, 10).unwrap_err().status, status::FOREIGN, "{name}");
            }
        });
    }

    #[test]
    fn open_socket_takes_a_socket_of_its_owner_and_nothing_else() {
        with_directory("socket", |path, directory| {
            let owner = getuid().as_raw();
            let _listener = UnixListener::bind(path.join("own.sock")).unwrap();
            symlink("own.sock", path.join("link.sock")).unwrap();
            assert!(directory.open_socket("own.sock", owner).is_ok());
            assert_eq!(directory.open_socket("own.sock", owner + 1).unwrap_err().status, status::FOREIGN);
            assert_eq!(directory.open_socket("none", owner).unwrap_err().status, status::ABSENT);
            for name in ODD.into_iter().chain(["link.sock"]) {
                assert_eq!(directory.open_socket(name, owner).unwrap_err().status, status::FOREIGN, "{name}");
            }
        });
    }

    #[test]
    fn open_log_appends_to_a_file_and_neither_follows_nor_waits() {
        use std::io::Write;
        with_directory("log", |path, directory| {
            for word in ["a", "b"] {
                directory.open_log("new.log", 10).unwrap().write_all(word.as_bytes()).unwrap();
            }
            assert_eq!(fs::read(path.join("new.log")).unwrap(), b"ab");
            directory.open_log("new.log", 1).unwrap().write_all(b"c").unwrap();
            assert_eq!(fs::read(path.join("new.log")).unwrap(), b"c");
            for name in ODD {
                assert!(directory.open_log(name, 1).is_err(), "{name}");
            }
            assert_eq!(fs::read(path.join("../secret")).unwrap(), b"secret");
        });
    }
}
