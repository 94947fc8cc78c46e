//! A directory that somebody less trusted may write to: what lies in it is reached through a descriptor, and no link is
//! followed, neither out of it nor within.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, ResolveFlags, Uid, fchmod, fchown, fstat, mkdirat, openat, openat2,
    renameat, statat, unlinkat,
};
use rustix::io::Errno;

use crate::failure::{Context, Failure, Outcome};

const RESOLVE: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);
/// Of what is given away, directories within directories.
const DEPTH_MAX: usize = 8;

pub struct Directory(OwnedFd);

impl Directory {
    /// The last part of the path must be the directory itself.
    pub fn open(path: &Path) -> Outcome<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty()).map(Self).context(|| format!("open directory {}", path.display()))
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Opens without waiting for the other end of a FIFO.
    pub fn open_at(&self, relative: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let at_once = if flags.contains(OFlags::PATH) { OFlags::empty() } else { OFlags::NONBLOCK };
        openat2(&self.0, relative, flags | at_once | OFlags::CLOEXEC, Mode::empty(), RESOLVE)
    }

    /// A regular file, for reading.
    pub fn open_file(&self, relative: &str) -> Outcome<File> {
        let what = || format!("open {relative}");
        let fd = self.open_at(relative, OFlags::RDONLY).context(what)?;
        let kind = FileType::from_raw_mode(fstat(&fd).context(what)?.st_mode);
        if kind == FileType::RegularFile {
            return Ok(File::from(fd));
        }
        Err(Failure::terminal(format!("Cannot {}: it must be a regular file: got a {kind:?}", what())))
    }

    /// At most so many bytes of a regular file.
    pub fn read(&self, relative: &str, bytes_max: u64) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = self.open_file(relative)?;
        file.take(bytes_max).read_to_end(&mut bytes).context(|| format!("read {relative}"))?;
        Ok(bytes)
    }

    pub fn make_directory(&self, relative: &str, mode: u32) -> Outcome<Self> {
        let mut made = None;
        for (parent, name) in steps(relative) {
            let what = || format!("make directory {relative}");
            let within = match parent {
                "" => None,
                _ => Some(self.open_at(parent, OFlags::PATH | OFlags::DIRECTORY).context(what)?),
            };
            match mkdirat(within.as_ref().map_or(self.fd(), AsFd::as_fd), name, Mode::from_raw_mode(mode)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error).context(what),
            }
            let path = if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
            made = Some(Self(self.open_at(&path, OFlags::RDONLY | OFlags::DIRECTORY).context(what)?));
        }
        made.ok_or_else(|| Failure::terminal(format!("Cannot make directory {relative:?}: it has no name")))
    }

    /// An empty file, unless there is one.
    pub fn make_file(&self, relative: &str, mode: u32) -> Outcome<()> {
        let what = || format!("make {relative}");
        let (parent, name) = relative.rsplit_once('/').unwrap_or(("", relative));
        let within = if parent.is_empty() { None } else { Some(self.make_directory(parent, 0o755)?) };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let at = within.as_ref().map_or(self.fd(), Self::fd);
        match openat(at, name, flags, Mode::from_raw_mode(mode)) {
            Ok(_) => Ok(()),
            Err(Errno::EXIST) => self.open_file(relative).map(drop),
            Err(error) => Err(error).context(what),
        }
    }

    /// Replaces a file in it as a whole, for its owner alone.
    pub fn write_new(&self, name: &str, bytes: &[u8]) -> Outcome<()> {
        let what = || format!("write {name}");
        let partial = format!("{name}.{}.partial", std::process::id());
        let _ = unlinkat(&self.0, &partial, AtFlags::empty());
        // Made new: what somebody else puts there is not written to.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(&self.0, &partial, flags, Mode::from_raw_mode(0o600)).context(what)?;
        File::from(file).write_all(bytes).context(what)?;
        renameat(&self.0, &partial, &self.0, name).context(what)
    }

    /// Gives everything in a directory to somebody, the directory too.
    pub fn give_all(&self, relative: &str, owner: &Owner) -> Outcome<()> {
        let what = || format!("give {relative} to QEMU's user");
        let fd = self.open_at(relative, OFlags::RDONLY | OFlags::DIRECTORY).context(what)?;
        Self(fd).visit(0, &|fd| owner.give(fd)).context(what)
    }

    /// Lets a group read everything in a directory, and pass through.
    pub fn share_all(&self, relative: &str, owner: &Owner) -> Outcome<()> {
        let what = || format!("let QEMU read {relative}");
        let fd = match self.open_at(relative, OFlags::RDONLY | OFlags::DIRECTORY) {
            Err(Errno::NOENT) => return Ok(()),
            fd => fd.context(what)?,
        };
        Self(fd).visit(0, &|fd| owner.share(fd)).context(what)
    }

    fn visit(&self, depth: usize, act: &dyn Fn(BorrowedFd<'_>) -> Result<(), Errno>) -> Result<(), Errno> {
        act(self.fd())?;
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = FileType::from_raw_mode(statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode);
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            match kind {
                FileType::Directory if depth < DEPTH_MAX => {
                    Self(openat(&self.0, name, flags | OFlags::DIRECTORY, Mode::empty())?).visit(depth + 1, act)?;
                }
                FileType::RegularFile => act(openat(&self.0, name, flags, Mode::empty())?.as_fd())?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// "a/b/c" as ("", "a"), ("a", "b"), ("a/b", "c").
fn steps(relative: &str) -> impl Iterator<Item = (&str, &str)> {
    let normal = Path::new(relative).components().all(|part| matches!(part, Component::Normal(_)));
    let path = if normal { relative.trim_end_matches('/') } else { "" };
    path.match_indices('/').map(|(at, _)| at).chain((!path.is_empty()).then_some(path.len())).map(|end| {
        let until = &path[..end];
        until.rsplit_once('/').unwrap_or(("", until))
    })
}

/// Who runs a guest.
#[derive(Clone, Copy)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

impl Owner {
    pub fn give(self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        fchown(fd, Some(Uid::from_raw(self.uid)), Some(Gid::from_raw(self.gid)))
    }

    fn share(self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        let mode = fstat(fd)?.st_mode;
        let access = if FileType::from_raw_mode(mode) == FileType::Directory { 0o050 } else { 0o040 };
        fchown(fd, None, Some(Gid::from_raw(self.gid)))?;
        fchmod(fd, Mode::from_raw_mode(mode & 0o7777 | access))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("denovirt-beneath-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn steps_name_every_parent() {
        assert_eq!(steps("a/b/c").collect::<Vec<_>>(), [("", "a"), ("a", "b"), ("a/b", "c")]);
        assert_eq!(steps("a/../b").count(), 0);
        assert_eq!(steps("/a").count(), 0);
    }

    #[test]
    fn no_link_is_followed() {
        let path = scratch("links");
        fs::write(path.join("secret"), "s").unwrap();
        symlink("secret", path.join("link")).unwrap();
        symlink("/etc", path.join("etc")).unwrap();
        let directory = Directory::open(&path).unwrap();
        assert_eq!(directory.read("secret", 10).unwrap(), b"s");
        for relative in ["link", "etc/passwd", "../secret", "/etc/passwd"] {
            assert!(directory.open_file(relative).is_err(), "{relative}");
        }
        assert!(directory.make_file("link", 0o600).is_err());
        assert!(directory.make_directory("etc/new", 0o700).is_err());
        symlink(&path, path.with_extension("link")).unwrap();
        assert!(Directory::open(&path.with_extension("link")).is_err());
        fs::remove_file(path.with_extension("link")).unwrap();
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn open_file_neither_waits_for_a_fifo_nor_takes_it() {
        let path = scratch("fifo");
        rustix::fs::mknodat(CWD, path.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        let refused = Directory::open(&path).unwrap().open_file("fifo").unwrap_err();
        assert!(refused.terminal && refused.message.contains("Fifo"), "{refused}");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn write_new_replaces_and_follows_no_link() {
        let path = scratch("new");
        fs::write(path.join("other"), "other").unwrap();
        symlink("other", path.join("file")).unwrap();
        let directory = Directory::open(&path).unwrap();
        for text in ["1", "2"] {
            directory.write_new("file", text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(path.join("file")).unwrap(), text);
        }
        symlink("other", path.join(format!("file.{}.partial", std::process::id()))).unwrap();
        directory.write_new("file", b"3").unwrap();
        assert_eq!(fs::read_to_string(path.join("file")).unwrap(), "3");
        assert_eq!(fs::read_to_string(path.join("other")).unwrap(), "other");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn make_directory_and_file_may_be_repeated() {
        let path = scratch("make");
        let directory = Directory::open(&path).unwrap();
        for _ in 0..2 {
            directory.make_directory("a/b", 0o755).unwrap();
            directory.make_file("a/b/c", 0o644).unwrap();
        }
        assert!(path.join("a/b/c").is_file());
        fs::remove_dir_all(path).unwrap();
    }
}
