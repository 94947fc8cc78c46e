//! The last step before anything of a guest is looked at or started: no privileges are left, and none can come back.

use std::io::Error;

use crate::beneath::Owner;
use crate::failure::{Failure, Outcome};
use crate::seccomp;

/// More than any kernel has; the first that it does not know ends the search.
const CAPABILITIES_MAX: libc::c_ulong = 64;
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// What libvirt keeps where users do when it has no privileges: marks of host devices that are lent.
const PLACES: [(&str, &str); 4] = [
    ("HOME", "/run/denovirt/vm/lib"),
    ("XDG_RUNTIME_DIR", "/run/denovirt/vm/run"),
    ("XDG_CACHE_HOME", "/run/denovirt/vm/cache"),
    ("XDG_CONFIG_HOME", "/run/denovirt/vm/etc"),
];

/// This process becomes the owner's, for good. It must have one thread: the filter holds for those that come after.
///
/// It cannot be looked into either: QEMU, which is of the same user, is where a guest that breaks out arrives.
pub fn confine(owner: Owner) -> Outcome<()> {
    drop_bounding_set()?;
    let Owner { uid, gid } = owner;
    // SAFETY: plain system calls; the one group outlives the call.
    unsafe {
        done("leave root's groups", libc::setgroups(1, &raw const gid))?;
        done("become QEMU's group", libc::setresgid(gid, gid, gid))?;
        done("become QEMU's user", libc::setresuid(uid, uid, uid))?;
    }
    drop_inheritable()?;
    // SAFETY: prctl(2) with plain numbers.
    done("hide from others of the same user", unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) })?;
    // SAFETY: as above.
    done("give up new privileges", unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    for (name, place) in PLACES {
        // SAFETY: no other thread reads the environment: this process has one.
        unsafe { std::env::set_var(name, place) };
    }
    seccomp::load()
}

fn drop_bounding_set() -> Outcome<()> {
    for capability in 0..CAPABILITIES_MAX {
        // SAFETY: prctl(2) with plain numbers.
        let status = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if status < 0 && Error::last_os_error().raw_os_error() == Some(libc::EINVAL) && capability > 0 {
            return Ok(());
        }
        done("give up a capability", status)?;
    }
    Ok(())
}

/// Changing the user has cleared the others.
fn drop_inheritable() -> Outcome<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: CAPABILITY_VERSION_3, pid: 0 };
    let none = [0u32; 6];
    // SAFETY: capset(2) with its header and two records of three numbers each, which outlive the call.
    let status = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    done("give up inheritable capabilities", status as libc::c_int)
}

fn done(what: &str, status: libc::c_int) -> Outcome<()> {
    if status < 0 {
        return Err(Failure::retriable(format!("Cannot {what}: {}", Error::last_os_error())));
    }
    Ok(())
}
