//! The files of the pod that a guest needs, and the directory of the VM that they are shown in.

use std::ffi::{CStr, CString};
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fchmod, fchown, fstat, fstatfs, openat, openat2};
use rustix::io::Errno;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::beneath::{Directory, Owner};
use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::HostProc;
use crate::private_root::{FILES_ONLY, LIBVIRT_PLACES, VM_PLACE, restrict};
use crate::spec::{Mount, MountKind};

const DIRECTORY_ENTRIES_MAX: usize = 4096;
/// What a container's /proc and /sys are.
const KERNEL_FILES: [libc::__fsword_t; 4] =
    [libc::PROC_SUPER_MAGIC, libc::SYSFS_MAGIC, libc::CGROUP_SUPER_MAGIC, libc::CGROUP2_SUPER_MAGIC];
const MISSING: [Errno; 4] = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG];
const LOG_NAME: &str = "domain.log";
/// What the agent has made of secrets: read by QEMU, changed by nobody.
const SEEDS: &str = "seeds";
/// Who runs the guest may make files here, but not touch those of root.
const STICKY: u32 = 0o1770;

/// A file or directory of a container, cloned out of its mount namespace and not attached anywhere yet.
pub struct Detached {
    tree: OwnedFd,
    target: String,
    kind: MountKind,
}

/// Clones what the spec names out of the containers' mount namespaces. A path is resolved beneath the container's root
/// and can be anything its image says: no link leads out of it. The clone is taken inside that mount namespace because
/// the kernel refuses to clone a mount of another one.
pub fn detach(proc: &HostProc, pod_pid: i32, mounts: &[Mount]) -> Outcome<Vec<Detached>> {
    let own = proc.open_at("self/ns/mnt", OFlags::RDONLY)?;
    let pod_network = proc.link(&format!("{pod_pid}/ns/net"))?;
    let mut detached = Vec::with_capacity(mounts.len());
    for one in mounts {
        if proc.link(&format!("{}/ns/net", one.pid))? != pod_network {
            return Err(Failure::retriable(format!(
                "Cannot mount {}: process {} is not of the pod",
                one.path, one.pid
            )));
        }
        let theirs = proc.open_at(&format!("{}/ns/mnt", one.pid), OFlags::RDONLY)?;
        enter_mount_namespace(&theirs)?;
        let tree = clone_tree(one);
        enter_mount_namespace(&own)?;
        detached.push(Detached { tree: tree?, target: one.target.clone(), kind: one.kind });
    }
    Ok(detached)
}

fn enter_mount_namespace(namespace: &OwnedFd) -> Outcome<()> {
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Mount))
        .context(|| "change mount namespace".into())
}

fn clone_tree(one: &Mount) -> Outcome<OwnedFd> {
    let what = || format!("use {} of the pod", one.path);
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let path = OFlags::PATH | OFlags::CLOEXEC;
    let root = openat(CWD, "/", path | OFlags::DIRECTORY, Mode::empty()).context(what)?;
    let mut found = openat2(&root, &*one.path, path, Mode::empty(), resolve).map_err(|error| Failure {
        message: format!("Cannot {}: {error}", what()),
        terminal: MISSING.contains(&error), // an image does not change any more
    })?;
    if one.first_file && FileType::from_raw_mode(fstat(&found).context(what)?.st_mode) == FileType::Directory {
        found = first_file(&found, one)?;
    }
    let actual = FileType::from_raw_mode(fstat(&found).context(what)?.st_mode);
    let wanted = match one.kind {
        MountKind::File => FileType::RegularFile,
        MountKind::Directory => FileType::Directory,
    };
    if actual != wanted {
        return Err(Failure::terminal(format!("Cannot {}: it must be a {wanted:?}: got a {actual:?}", what())));
    }
    if KERNEL_FILES.contains(&fstatfs(&found).context(what)?.f_type) {
        return Err(Failure::terminal(format!("Cannot {}: it must be stored data: got a file of the kernel", what())));
    }
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(&found, "", flags).context(what)?;
    let read_only = if one.read_only { libc::MOUNT_ATTR_RDONLY } else { 0 };
    // Nothing of a container is ever executed, entered as device or trusted with set-user-id on the node.
    restrict(&tree, FILES_ONLY | read_only).context(what)?;
    Ok(tree)
}

/// The first regular file in byte order: what a containerDisk without a path means.
fn first_file(directory: &OwnedFd, one: &Mount) -> Outcome<OwnedFd> {
    let what = || format!("list {} of the pod", one.path);
    let open = |name: &CStr, flags| openat(directory, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    let listed = open(c".", OFlags::RDONLY | OFlags::DIRECTORY).context(what)?;
    let mut first: Option<CString> = None;
    for entry in Dir::read_from(&listed).context(what)?.take(DIRECTORY_ENTRIES_MAX) {
        let entry = entry.context(what)?;
        let is_file = match entry.file_type() {
            FileType::Unknown => {
                let at = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
                let stat = rustix::fs::statat(&listed, entry.file_name(), at).context(what)?;
                FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            }
            kind => kind == FileType::RegularFile,
        };
        if is_file && first.as_deref().is_none_or(|name| entry.file_name() < name) {
            first = Some(entry.file_name().to_owned());
        }
    }
    let first =
        first.ok_or_else(|| Failure::terminal(format!("Cannot use {} of the pod: no file is in it", one.path)))?;
    open(&first, OFlags::PATH).context(what)
}

/// Makes the VM's directory ready while nothing of the pod is attached to it: later, a path could lead through what the
/// pod controls. Who runs the guest gets what libvirt keeps its state in.
pub fn prepare(directory: &Path, detached: &[Detached]) -> Outcome<()> {
    let vm = Directory::open(directory)?;
    for one in detached {
        match one.kind {
            MountKind::Directory => vm.make_directory(&one.target, 0o755).map(drop)?,
            MountKind::File => vm.make_file(&one.target, 0o644)?,
        }
    }
    for (_, part) in LIBVIRT_PLACES {
        vm.make_directory(part, 0o700)?;
    }
    vm.make_file(LOG_NAME, 0o600)
}

/// Gives the prepared directory away. Nothing of it is written by root any more.
pub fn give(directory: &Path, owner: Owner) -> Outcome<()> {
    let vm = Directory::open(directory)?;
    let what = || format!("let QEMU into {}", directory.display());
    for (_, part) in LIBVIRT_PLACES {
        vm.give_all(part, &owner)?;
    }
    owner.give(vm.open_at(LOG_NAME, OFlags::RDONLY).context(what)?.as_fd()).context(what)?;
    vm.share_all(SEEDS, &owner)?;
    let group = Some(rustix::fs::Gid::from_raw(owner.gid));
    fchown(vm.fd(), None, group).context(what)?;
    fchmod(vm.fd(), Mode::from_raw_mode(STICKY)).context(what)
}

/// Mounts what was cloned out of the pod, in the domain's own root.
pub fn attach(detached: Vec<Detached>) -> Outcome<()> {
    let vm = Directory::open(Path::new(VM_PLACE))?;
    for Detached { tree, target, .. } in detached {
        let what = || format!("mount {target}");
        let place = vm.open_at(&target, OFlags::PATH).context(what)?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        move_mount(&tree, "", &place, "", flags).context(what)?;
    }
    Ok(())
}

pub fn make_directory(path: &Path, mode: u32) -> Outcome<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .context(|| format!("make directory {}", path.display()))
}
