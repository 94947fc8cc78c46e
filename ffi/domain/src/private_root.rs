//! The root of a domain: a small file system of its own with the node's programs and libraries, read-only, the devices
//! that a guest may use, a /proc of the pod's PID namespace, and this VM's directory. Nothing else of the node has a
//! name in there.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, openat};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_change, move_mount,
    open_tree, unmount,
};
use rustix::thread::UnshareFlags;

use crate::beneath::{Directory, Owner};
use crate::failure::{Context, Outcome};
use crate::mounts::make_directory;

/// Where the VM's directory is seen from inside, whatever the agent calls it: libvirt makes sockets deep below it whose
/// addresses may have 107 bytes, and a machine that moves to another node finds the same paths there.
pub const VM_PLACE: &str = "/run/denovirt/vm";

/// Where it finds what others of the node have probed of QEMU.
pub const PROBES_PLACE: &str = "/run/denovirt/capabilities";

/// libvirt's places, and the part of the embedded driver's root that stands for them. A driver that receives a live
/// migration cannot be embedded and uses the left ones: the state it leaves must name paths that both see.
pub const LIBVIRT_PLACES: [(&str, &str); 5] = [
    ("/run/libvirt", "run"),
    ("/var/lib/libvirt", "lib"),
    ("/var/log/libvirt", "log"),
    ("/var/cache/libvirt", "cache"),
    ("/etc/libvirt", "etc"),
];

/// Programs, libraries and firmware. What is a link on the node is one here.
const PROGRAMS: [&str; 7] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];
/// Files that the C library reads.
const SETTINGS: [&str; 4] = ["etc/ld.so.cache", "etc/nsswitch.conf", "etc/localtime", "etc/protocols"];
/// What libvirt and QEMU ask of the hardware: processors, memory, huge pages, and how KVM is set.
const HARDWARE: [&str; 6] = [
    "sys/devices/system",
    "sys/kernel/mm",
    "sys/module/kvm",
    "sys/module/kvm_intel",
    "sys/module/kvm_amd",
    "sys/module/vhost",
];
/// For everybody.
const DEVICES: [&str; 5] = ["dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom"];
/// For QEMU's user: the node's may belong to root alone.
const GUEST_DEVICES: [&str; 3] = ["dev/kvm", "dev/net/tun", "dev/vhost-net"];

/// The pod's processes alone have a number in /proc, and nothing in it leads out for a user without privileges.
const UNTRUSTED: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// Attributes of a mount; see mount_setattr(2).
pub const FILES_ONLY: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;
const PROGRAMS_ONLY: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_RDONLY;

/// Moves this process into a mount namespace of its own and makes its root there. Needs the pod's PID namespace to be
/// joined. What is mounted into the VM's directory from the pod comes later: see [`crate::mounts::attach`].
pub fn enter(directory: &Path, probes: &Path, owner: Owner) -> Outcome<()> {
    let staging = directory.join("root");
    make_directory(&staging, 0o700)?;
    // SAFETY: this process has one thread and shares nothing with others that its paths could surprise.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }.context(|| "make a mount namespace".into())?;
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).context(|| "make mounts private".into())?;
    let what = || "make the domain's root".into();
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("tmpfs", &staging, "tmpfs", flags, Some(c"size=1m,mode=755")).context(what)?;
    for name in PROGRAMS {
        show_program(&staging, name)?;
    }
    for name in HARDWARE {
        show(&staging, name, libc::MOUNT_ATTR_RDONLY | FILES_ONLY)?;
    }
    write_settings(&staging, owner)?;
    make_devices(&staging, owner)?;
    let proc = within(&staging, "/proc");
    make_directory(&proc, 0o555)?;
    mount("proc", &proc, "proc", UNTRUSTED, None).context(|| "mount /proc of the pod's PID namespace".into())?;
    bind(directory, &within(&staging, VM_PLACE), FILES_ONLY)?;
    let vm = Directory::open(&within(&staging, VM_PLACE))?;
    for (place, part) in LIBVIRT_PLACES {
        let source =
            vm.open_at(part, OFlags::PATH | OFlags::DIRECTORY).context(|| format!("show {part} to libvirt"))?;
        let target = within(&staging, place);
        make_directory(&target, 0o755)?;
        attach(&source, &target, FILES_ONLY).context(|| format!("show {part} to libvirt"))?;
    }
    if probes.is_dir() {
        bind(probes, &within(&staging, PROBES_PLACE), libc::MOUNT_ATTR_RDONLY | FILES_ONLY)?;
    }
    become_root(&staging)?;
    let read_only = MountFlags::BIND | MountFlags::RDONLY | flags;
    rustix::mount::mount_remount("/", read_only, c"").context(what)
}

/// Nothing of the old root stays: it is stacked onto the new one and taken away there.
pub fn become_root(staging: &Path) -> Outcome<()> {
    let what = || "change to the domain's root".into();
    rustix::process::chdir(staging).context(what)?;
    rustix::process::pivot_root(".", ".").context(what)?;
    unmount(".", UnmountFlags::DETACH).context(what)?;
    rustix::process::chdir("/").context(what)
}

fn within(staging: &Path, path: &str) -> PathBuf {
    staging.join(path.trim_start_matches('/'))
}

fn show_program(staging: &Path, name: &str) -> Outcome<()> {
    let source = Path::new("/").join(name);
    match fs::read_link(&source) {
        Ok(target) => symlink(target, staging.join(name)).context(|| format!("show {name} to QEMU")),
        Err(_) => show(staging, name, PROGRAMS_ONLY),
    }
}

/// What the node does not have, a domain does without.
fn show(staging: &Path, name: &str, attributes: u64) -> Outcome<()> {
    let source = Path::new("/").join(name);
    if source.exists() { bind(&source, &staging.join(name), attributes) } else { Ok(()) }
}

fn bind(source: &Path, target: &Path, attributes: u64) -> Outcome<()> {
    let what = || format!("show {} to QEMU", source.display());
    if source.is_dir() {
        make_directory(target, 0o755)?;
    } else {
        make_directory(target.parent().unwrap_or(target), 0o755)?;
        fs::write(target, "").context(what)?;
    }
    let source = openat(CWD, source, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).context(what)?;
    attach(&source, target, attributes).context(what)
}

pub fn attach(source: &OwnedFd, target: &Path, attributes: u64) -> std::io::Result<()> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(source, "", flags)?;
    restrict(&tree, attributes)?;
    Ok(move_mount(&tree, "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Sets attributes of a mount that is not attached yet; nothing that is mounted elsewhere arrives in it.
pub fn restrict(tree: &OwnedFd, attributes: u64) -> std::io::Result<()> {
    #[repr(C)]
    struct MountAttributes {
        set: u64,
        clear: u64,
        propagation: u64,
        user_namespace: u64,
    }
    let attributes = MountAttributes { set: attributes, clear: 0, propagation: libc::MS_PRIVATE, user_namespace: 0 };
    // SAFETY: mount_setattr(2) with an empty path, a pointer to its struct and the struct's size.
    let status = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<MountAttributes>(),
        )
    };
    if status < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
}

/// The users and names that a domain knows are its own: libvirt looks up QEMU's user, and the name of the machine it runs
/// on, which is the pod's here. Name servers are out of its reach, and each start would wait ten seconds for them.
fn write_settings(staging: &Path, Owner { uid, gid }: Owner) -> Outcome<()> {
    let what = || "write the domain's settings".into();
    for name in SETTINGS {
        show(staging, name, PROGRAMS_ONLY)?;
    }
    let host = fs::read_to_string("/proc/sys/kernel/hostname").context(what)?;
    let files = [
        ("passwd", format!("root:x:0:0::/:/usr/sbin/nologin\nlibvirt-qemu:x:{uid}:{gid}::/:/usr/sbin/nologin\n")),
        ("group", format!("root:x:0:\nkvm:x:{gid}:\nlibvirt-qemu:x:{gid}:\n")),
        ("hosts", format!("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {}\n", host.trim())),
    ];
    make_directory(&staging.join("etc"), 0o755)?;
    for (name, text) in files {
        fs::write(staging.join("etc").join(name), text).context(what)?;
    }
    Ok(())
}

fn make_devices(staging: &Path, owner: Owner) -> Outcome<()> {
    for name in DEVICES {
        make_device(staging, name, 0o666, None)?;
    }
    for name in GUEST_DEVICES {
        make_device(staging, name, 0o600, Some(owner))?;
    }
    Ok(())
}

fn make_device(staging: &Path, name: &str, mode: u32, owner: Option<Owner>) -> Outcome<()> {
    let Ok(metadata) = fs::metadata(Path::new("/").join(name)) else { return Ok(()) };
    let what = || format!("make /{name} for QEMU");
    let path = staging.join(name);
    make_directory(path.parent().unwrap_or(staging), 0o755)?;
    mknodat(CWD, &path, FileType::CharacterDevice, Mode::from_raw_mode(mode), metadata.rdev()).context(what)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).context(what)?;
    if let Some(Owner { uid, gid }) = owner {
        chown(&path, Some(uid), Some(gid)).context(what)?;
    }
    Ok(())
}
