//! Joins the cgroups of another process, so that what this process starts is charged to the pod.

use std::fs;
use std::path::PathBuf;

use crate::failure::{Context, Failure, Outcome};

/// The v1 devices controller decides at open(2). A container without device requests may open neither /dev/kvm nor
/// /dev/net/tun, and QEMU opens them by path; so there the pod's own cgroup is joined, which restricts nothing, and the
/// guest is confined by QEMU's seccomp filter and its user instead. Staying where the agent started it is no choice: who
/// ends the agent's container kills all that its devices cgroup holds. With v2 the rule hangs on the one unified cgroup:
/// there the pod must request its devices.
const JOINED_AT_POD: &str = "devices";

/// Moves this process into every cgroup that the text of /proc/<pid>/cgroup names.
pub fn join(cgroups: &str) -> Outcome<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context(|| "read /proc/self/mountinfo".into())?;
    let directories = directories(cgroups, &mounts)?;
    for directory in directories {
        let file = directory.join("cgroup.procs");
        fs::write(&file, "0").context(|| format!("join cgroup {}", directory.display()))?;
    }
    Ok(())
}

fn directories(cgroups: &str, mountinfo: &str) -> Outcome<Vec<PathBuf>> {
    let mut directories = Vec::new();
    for line in cgroups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let at_pod = controllers.split(',').any(|controller| controller == JOINED_AT_POD);
        let path = if at_pod { path.rsplit_once('/').map_or(path, |(pod, _container)| pod) } else { path };
        match locate(controllers, path, mountinfo) {
            Some(directory) => directories.push(directory),
            // A hybrid node may leave the unified hierarchy or a named one without mount; limits never live there then.
            None if controllers.is_empty() || controllers.starts_with("name=") => {}
            None => {
                return Err(Failure::retriable(format!(
                    "Cannot join cgroup {path}: controller {controllers} is not mounted"
                )));
            }
        }
    }
    if directories.is_empty() {
        return Err(Failure::retriable("Cannot join the pod's cgroups: none is mounted"));
    }
    Ok(directories)
}

/// The directory of a process in the hierarchy of that controller ("" is the unified one), by the text of its cgroup file.
pub fn directory_of(controller: &str, cgroups: &str, mountinfo: &str) -> Option<PathBuf> {
    cgroups.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        if !controllers.split(',').any(|name| name == controller) {
            return None;
        }
        locate(controllers, path, mountinfo)
    })
}

/// Where a path of that hierarchy is, given the mounts: the mount whose root is a prefix of the path.
fn locate(controllers: &str, path: &str, mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let (root, target) = {
            let mut fields = left.split(' ').skip(3);
            (fields.next()?, fields.next()?)
        };
        let mut fields = right.split(' ');
        let (kind, options) = (fields.next()?, fields.nth(1)?);
        let fits = if controllers.is_empty() {
            kind == "cgroup2"
        } else {
            kind == "cgroup" && controllers.split(',').all(|name| options.split(',').any(|option| option == name))
        };
        let inside = if root == "/" { Some(path) } else { path.strip_prefix(root) }?;
        fits.then(|| PathBuf::from(target).join(inside.trim_start_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
24 23 0:20 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
25 23 0:21 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory
26 23 0:22 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices
27 23 0:23 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
28 23 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
";

    #[test]
    fn directories_join_the_device_controller_at_the_pod() {
        let cgroups = "9:name=systemd:/pod1/c\n5:devices:/pod1/c\n4:memory:/pod1/c\n1:cpu:/pod1/c\n0::/pod1\n";
        let expected: Vec<PathBuf> = ["systemd/pod1/c", "devices/pod1", "memory/pod1/c", "cpu/pod1/c", "unified/pod1"]
            .map(|path| PathBuf::from("/sys/fs/cgroup").join(path))
            .into();
        assert_eq!(directories(cgroups, HYBRID).unwrap(), expected);
    }

    #[test]
    fn directories_on_unified_join_the_one_there_is() {
        let mounts = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(directories("0::/kubepods/x\n", mounts).unwrap(), [PathBuf::from("/sys/fs/cgroup/kubepods/x")]);
    }

    #[test]
    fn directories_say_which_controller_is_missing() {
        let error = directories("4:hugetlb:/pod1\n", HYBRID).unwrap_err();
        assert!(error.message.contains("hugetlb"), "{error}");
    }
}
