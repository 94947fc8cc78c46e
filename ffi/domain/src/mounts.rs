//! The domain's own view of the file system: the host's, with this VM's directories where libvirt keeps its own, a /proc
//! of the pod's PID namespace, and the files of the pod that the guest needs.

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_bind, mount_change, move_mount,
    open_tree,
};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::failure::{Context, Failure, Outcome};
use crate::host_proc::HostProc;
use crate::spec::{Mount, MountKind, beneath};

/// libvirt's places, and the part of the embedded driver's root that stands for them. A driver that receives a live
/// migration cannot be embedded and uses the left ones: the state it leaves must name paths that both see.
const LIBVIRT_PLACES: [(&str, &str); 5] = [
    ("/run/libvirt", "run"),
    ("/var/lib/libvirt", "lib"),
    ("/var/log/libvirt", "log"),
    ("/var/cache/libvirt", "cache"),
    ("/etc/libvirt", "etc"),
];
/// Where the VM's directory is seen from inside, whatever the agent calls it: libvirt makes sockets deep below it whose
/// addresses may have 107 bytes, and a machine that moves to another node finds the same paths there.
pub const VM_PLACE: &str = "/run/denovirt/vm";
const DIRECTORY_ENTRIES_MAX: usize = 4096;
const MISSING: [Errno; 4] = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP, Errno::NAMETOOLONG];
const KVM_DEVICE: &str = "/dev/kvm";

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
    let root = rustix::fs::openat(CWD, "/", path | OFlags::DIRECTORY, Mode::empty()).context(what)?;
    let mut found = openat2(&root, &*one.path, path, Mode::empty(), resolve).map_err(|error| Failure {
        message: format!("Cannot {}: {error}", what()),
        terminal: MISSING.contains(&error), // an image does not change any more
    })?;
    if one.first_file && FileType::from_raw_mode(fstat(&found).context(what)?.st_mode) == FileType::Directory {
        let name = first_file(&root, one)?;
        found = openat2(&root, format!("{}/{name}", one.path), path, Mode::empty(), resolve).context(what)?;
    }
    let actual = FileType::from_raw_mode(fstat(&found).context(what)?.st_mode);
    let wanted = match one.kind {
        MountKind::File => FileType::RegularFile,
        MountKind::Directory => FileType::Directory,
    };
    if actual != wanted {
        return Err(Failure::terminal(format!("Cannot {}: it must be a {wanted:?}: got a {actual:?}", what())));
    }
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(&found, "", flags).context(what)?;
    restrict(&tree, one.read_only).context(what)?;
    Ok(tree)
}

/// The first regular file in byte order: what a containerDisk without a path means.
fn first_file(root: &OwnedFd, one: &Mount) -> Outcome<String> {
    let what = || format!("list {} of the pod", one.path);
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = openat2(root, &*one.path, flags, Mode::empty(), resolve).context(what)?;
    let mut first: Option<CString> = None;
    for entry in Dir::read_from(&directory).context(what)?.take(DIRECTORY_ENTRIES_MAX) {
        let entry = entry.context(what)?;
        let is_file = match entry.file_type() {
            FileType::Unknown => {
                let at = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
                let stat = rustix::fs::statat(&directory, entry.file_name(), at).context(what)?;
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
    first
        .into_string()
        .map_err(|_| Failure::terminal(format!("Cannot use {} of the pod: a name is not UTF-8", one.path)))
}

/// Nothing of a container is ever executed, entered as device or trusted with set-user-id on the node.
fn restrict(tree: &OwnedFd, read_only: bool) -> std::io::Result<()> {
    #[repr(C)]
    struct MountAttributes {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let mut set = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;
    if read_only {
        set |= libc::MOUNT_ATTR_RDONLY;
    }
    let attributes = MountAttributes { set, clear: 0, propagation: libc::MS_PRIVATE, user_namespace: 0 };
    // SAFETY: mount_setattr(2) with an empty path, a pointer to its struct and the struct's size.
    let status = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    if status < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// Where QEMU runs as; see qemu_conf.
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// Makes the private mount namespace of this process and everything in it.
pub fn build(directory: &Path, detached: Vec<Detached>, owner: &Owner) -> Outcome<()> {
    // Targets are made before anything of the pod is attached: later, a path could lead through what the pod controls.
    for one in &detached {
        make_target(&beneath(directory, &one.target)?, one.kind)?;
    }
    share_with(directory, owner)?;
    // SAFETY: this process has one thread and shares nothing with others that its paths could surprise.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }.context(|| "make a mount namespace".into())?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).context(|| "make mounts private".into())?;
    let hardened = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let place = Path::new(VM_PLACE);
    make_directory(place, 0o755)?;
    mount_bind(directory, place).context(|| format!("bind {} to {VM_PLACE}", directory.display()))?;
    let directory = place;
    mount("proc", "/proc", "proc", hardened, None).context(|| "mount /proc of the pod's PID namespace".into())?;
    for (place, part) in LIBVIRT_PLACES {
        let source = directory.join(part);
        make_directory(&source, 0o755)?;
        make_directory(Path::new(place), 0o755)?;
        mount_bind(&source, place).context(|| format!("bind {} to {place}", source.display()))?;
    }
    give_kvm(directory, owner)?;
    give_names(directory, owner)?;
    give_host_name(directory)?;
    for one in detached {
        let target = beneath(directory, &one.target)?;
        move_mount(&one.tree, "", CWD, &target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .context(|| format!("mount {}", target.display()))?;
    }
    Ok(())
}

fn make_target(path: &Path, kind: MountKind) -> Outcome<()> {
    match kind {
        MountKind::Directory => make_directory(path, 0o755),
        MountKind::File => {
            if let Some(parent) = path.parent() {
                make_directory(parent, 0o755)?;
            }
            fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .open(path)
                .map(drop)
                .context(|| format!("make {}", path.display()))
        }
    }
}

pub fn make_directory(path: &Path, mode: u32) -> Outcome<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .context(|| format!("make directory {}", path.display()))
}

/// Lets QEMU's group through the VM's directory and read what was prepared in it (a cloud-init image), nobody else.
fn share_with(directory: &Path, owner: &Owner) -> Outcome<()> {
    const DEPTH_MAX: usize = 4;
    fn share(path: &Path, owner: &Owner, depth: usize) -> std::io::Result<()> {
        let metadata = fs::symlink_metadata(path)?;
        if metadata.is_symlink() || (!metadata.is_dir() && !metadata.is_file()) {
            return Ok(());
        }
        chown(path, None, Some(owner.gid))?;
        let access = if metadata.is_dir() { 0o010 } else { 0o040 };
        fs::set_permissions(path, fs::Permissions::from_mode(metadata.permissions().mode() & 0o7777 | access))?;
        if metadata.is_dir() && depth < DEPTH_MAX {
            for entry in fs::read_dir(path)? {
                share(&entry?.path(), owner, depth + 1)?;
            }
        }
        Ok(())
    }
    share(directory, owner, 0).context(|| format!("let QEMU into {}", directory.display()))
}

/// A /dev/kvm of this VM's own that QEMU's user may open: the node's may belong to root alone.
fn give_kvm(directory: &Path, owner: &Owner) -> Outcome<()> {
    use rustix::fs::{Dev, FileType as Kind, mknodat};
    let Ok(metadata) = fs::metadata(KVM_DEVICE) else { return Ok(()) };
    let what = || format!("make {KVM_DEVICE} for QEMU");
    let devices = directory.join("dev");
    make_directory(&devices, 0o755)?;
    mount("tmpfs", &devices, "tmpfs", MountFlags::NOSUID | MountFlags::NOEXEC, Some(c"size=4k,mode=755"))
        .context(what)?;
    let node: Dev = std::os::unix::fs::MetadataExt::rdev(&metadata);
    let path = devices.join("kvm");
    mknodat(CWD, &path, Kind::CharacterDevice, Mode::from_raw_mode(0o600), node).context(what)?;
    chown(&path, Some(owner.uid), Some(owner.gid)).context(what)?;
    mount_bind(&path, KVM_DEVICE).context(what)
}

/// Debian's libvirt looks up its default user and group before it reads that others are configured, and a node with the
/// libraries alone does not have them.
fn give_names(directory: &Path, owner: &Owner) -> Outcome<()> {
    let Owner { uid, gid } = owner;
    let user = format!("libvirt-qemu:x:{uid}:{gid}:QEMU:/nonexistent:/usr/sbin/nologin");
    add_names(directory, "/etc/passwd", &[user])?;
    add_names(directory, "/etc/group", &["kvm", "libvirt-qemu"].map(|name| format!("{name}:x:{gid}:")))
}

/// libvirt asks the resolver for the name of the machine it runs on, which is the pod's here. Name servers of the node are
/// mostly out of reach from the pod's network, and each start would wait for them: ten seconds.
fn give_host_name(directory: &Path) -> Outcome<()> {
    const FILE: &str = "/etc/hosts";
    let what = || format!("name the pod in {FILE}");
    let Ok(known) = fs::read_to_string(FILE) else { return Ok(()) };
    let name = fs::read_to_string("/proc/sys/kernel/hostname").context(what)?;
    let copy = directory.join("etc/hosts");
    fs::write(&copy, format!("{}\n127.0.1.1 {}\n", known.trim_end(), name.trim())).context(what)?;
    mount_bind(&copy, FILE).context(what)
}

fn add_names(directory: &Path, file: &str, entries: &[String]) -> Outcome<()> {
    let what = || format!("name QEMU's user in {file}");
    let known = fs::read_to_string(file).context(what)?;
    let missing = entries.iter().filter(|entry| {
        let name = entry.split_inclusive(':').next().unwrap_or_default();
        !known.lines().any(|line| line.starts_with(name))
    });
    let added: Vec<&str> = missing.map(String::as_str).collect();
    if added.is_empty() {
        return Ok(());
    }
    let copy = directory.join("etc").join(file.trim_start_matches("/etc/"));
    fs::write(&copy, format!("{}\n{}\n", known.trim_end(), added.join("\n"))).context(what)?;
    mount_bind(&copy, file).context(what)
}
