//! libvirt's pid files: QEMU's number in the pod's PID namespace. They lie where QEMU's user can write, so a number that is
//! read there is looked for among the processes of the pod alone, and taken for the machine's when it is.

use std::path::Path;

use rustix::fs::{AtFlags, Dir, OFlags, unlinkat};

use crate::belonging;
use crate::beneath::Directory;
use crate::failure::{Context, Outcome};
use crate::host_proc::{HostProc, Process};

const PLACE: &str = "run/qemu";
const SUFFIX: &str = ".pid";
const FILES_MAX: usize = 64;
const FILE_BYTES_MAX: u64 = 32;

pub fn of_domain(directory: &Path, domain_name: &str) -> Outcome<i32> {
    read(&Directory::open(directory)?, &format!("{domain_name}{SUFFIX}"))
}

/// Processes of a machine whose domain's name is not known; `directory` as the node sees it.
pub fn processes(proc: &HostProc, envelope: Process, directory: &Path) -> Vec<Process> {
    let Ok(vm) = Directory::open(directory) else { return Vec::new() };
    let pids = names(&vm).into_iter().filter_map(|name| read(&vm, &name).ok());
    pids.filter_map(|pid| proc.find(pid, envelope.pid).ok())
        .filter(|found| belonging::check(proc, *found, directory).is_ok())
        .collect()
}

/// Once their processes are known to be gone.
pub fn remove(directory: &Path) {
    let Ok(vm) = Directory::open(directory) else { return };
    let Ok(place) = vm.open_at(PLACE, OFlags::RDONLY | OFlags::DIRECTORY) else { return };
    for name in names(&vm) {
        let _ = unlinkat(&place, &name, AtFlags::empty());
    }
}

fn read(vm: &Directory, name: &str) -> Outcome<i32> {
    let text = vm.read(&format!("{PLACE}/{name}"), FILE_BYTES_MAX)?;
    String::from_utf8_lossy(&text).trim().parse().context(|| format!("read {name}"))
}

fn names(vm: &Directory) -> Vec<String> {
    let listed = vm.open_at(PLACE, OFlags::RDONLY | OFlags::DIRECTORY).and_then(Dir::read_from);
    let Ok(entries) = listed else { return Vec::new() };
    let names =
        entries.flatten().take(FILES_MAX).filter_map(|entry| entry.file_name().to_str().map(str::to_owned).ok());
    names.filter(|name| name.ends_with(SUFFIX)).collect()
}
