//! What no process of a guest ever asks of the kernel. A filter, once loaded, holds for libvirt, for QEMU and for all
//! that they start, and cannot be taken off. QEMU adds its own, which is narrower (`-sandbox on`).
//!
//! It is a list of what is denied: what libvirt and the libraries of QEMU call in order to work differs from one release
//! to the next, and a guest must not die of an upgrade.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition as Condition,
    SeccompFilter, SeccompRule as Rule, apply_filter, sock_filter,
};

use crate::failure::{Context, Outcome};

/// Each is either of no use without privileges, or reaches other processes, or is a part of the kernel that guests do
/// without and attackers do not.
const DENIED: [libc::c_long; 60] = [
    // mounts and other roots
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    // namespaces
    libc::SYS_unshare,
    libc::SYS_setns,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // files without a path
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    // the kernel's larger machinery
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_fanotify_init,
    libc::SYS_lookup_dcookie,
    libc::SYS_modify_ldt,
    libc::SYS_vmsplice,
    libc::SYS_remap_file_pages,
    // keys
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // the machine
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_vhangup,
    libc::SYS_uselib,
    libc::SYS_nfsservctl,
    libc::SYS__sysctl,
    libc::SYS_sysfs,
    libc::SYS_ustat,
    // names and clocks
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
];

/// Any of these makes a namespace.
const NAMESPACE_FLAGS: [libc::c_int; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWCGROUP,
];
const SOCKET_FAMILIES: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
/// They type into a terminal that somebody else reads.
const TERMINAL_REQUESTS: [u32; 2] = [libc::TIOCSTI as u32, libc::TIOCLINUX as u32];
/// Numbers from here on are those of the x32 ABI: the same calls once more.
const X32_BIT: u32 = 0x4000_0000;

/// Loads the filter into this thread, which must be the only one. Needs no_new_privs.
pub fn load() -> Outcome<()> {
    let what = || "load the seccomp filter".into();
    apply_filter(&program().context(what)?).context(what)
}

fn program() -> Outcome<BpfProgram> {
    let what = || "compile the seccomp filter".into();
    let mut rules: BTreeMap<i64, Vec<Rule>> = DENIED.into_iter().map(|number| (number, Vec::new())).collect();
    let flag = |flag: libc::c_int| one(0, Length::Qword, Op::MaskedEq(flag as u64), flag as u64);
    rules.insert(libc::SYS_clone, NAMESPACE_FLAGS.into_iter().map(flag).collect::<Outcome<_>>()?);
    let others = SOCKET_FAMILIES.into_iter().map(|family| condition(0, Length::Dword, Op::Ne, family as u64));
    rules.insert(libc::SYS_socket, vec![Rule::new(others.collect::<Outcome<_>>()?).context(what)?]);
    let typed = |request: u32| one(1, Length::Dword, Op::Eq, u64::from(request));
    rules.insert(libc::SYS_ioctl, TERMINAL_REQUESTS.into_iter().map(typed).collect::<Outcome<_>>()?);
    let architecture = std::env::consts::ARCH.try_into().context(what)?;
    let denied = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture).context(what)?;
    let compiled: BpfProgram = filter.try_into().context(what)?;
    Ok(unknown_calls().into_iter().chain(compiled).collect())
}

fn one(argument: u8, length: Length, operator: Op, value: u64) -> Outcome<Rule> {
    Rule::new(vec![condition(argument, length, operator, value)?]).context(|| "compile the seccomp filter".into())
}

fn condition(argument: u8, length: Length, operator: Op, value: u64) -> Outcome<Condition> {
    Condition::new(argument, length, operator, value).context(|| "compile the seccomp filter".into())
}

/// Calls that are answered as an older kernel would: clone3, whose flags no filter can see, so that the C library makes
/// threads by clone; and all of x32.
fn unknown_calls() -> [sock_filter; 4] {
    const LOAD_NUMBER: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const IF_AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    [
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: IF_EQUAL, jt: 1, jf: 0, k: libc::SYS_clone3 as u32 },
        sock_filter { code: IF_AT_LEAST, jt: 0, jf: 1, k: X32_BIT },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32 },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs in a child with the filter loaded; answers the error number, 0 for none.
    fn filtered(call: impl FnOnce() -> libc::c_long) -> i32 {
        // SAFETY: the child makes system calls only and ends without running anything of its copied state; the filter is
        // compiled before.
        unsafe {
            let program = program().unwrap();
            let child = libc::fork();
            if child == 0 {
                libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                let loaded = apply_filter(&program).is_ok();
                let error = if call() < 0 { *libc::__errno_location() } else { 0 };
                libc::_exit(if loaded { error } else { 255 });
            }
            let mut status = 0;
            libc::waitpid(child, &raw mut status, 0);
            libc::WEXITSTATUS(status)
        }
    }

    #[test]
    fn load_denies_what_is_listed() {
        // SAFETY: system calls with null pointers and numbers only.
        unsafe {
            assert_eq!(filtered(|| libc::syscall(libc::SYS_unshare, libc::CLONE_NEWUSER)), libc::EPERM);
            assert_eq!(filtered(|| libc::syscall(libc::SYS_bpf, 0, 0, 0)), libc::EPERM);
            assert_eq!(filtered(|| libc::syscall(libc::SYS_io_uring_setup, 1, 0)), libc::EPERM);
            assert_eq!(filtered(|| libc::syscall(libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, 0, 0)), libc::EPERM);
            assert_eq!(filtered(|| libc::syscall(libc::SYS_clone, libc::CLONE_NEWUSER, 0, 0, 0, 0)), libc::EPERM);
            assert_eq!(filtered(|| libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0).into()), libc::EPERM);
            assert_eq!(filtered(|| libc::socket(libc::AF_ALG, libc::SOCK_SEQPACKET, 0).into()), libc::EPERM);
            assert_eq!(filtered(|| libc::ioctl(0, libc::TIOCSTI, 0).into()), libc::EPERM);
        }
    }

    #[test]
    fn load_hides_what_it_cannot_look_into() {
        // SAFETY: as above.
        unsafe {
            assert_eq!(filtered(|| libc::syscall(libc::SYS_clone3, 0, 0)), libc::ENOSYS);
            assert_eq!(filtered(|| libc::syscall(i64::from(X32_BIT) | 521, 0, 0, 0, 0)), libc::ENOSYS);
        }
    }

    #[test]
    fn load_allows_the_rest() {
        // SAFETY: as above.
        unsafe {
            for family in SOCKET_FAMILIES {
                assert_eq!(filtered(|| libc::socket(family, libc::SOCK_DGRAM, 0).into()), 0, "family {family}");
            }
            assert_eq!(filtered(|| libc::getppid().into()), 0);
        }
    }
}
