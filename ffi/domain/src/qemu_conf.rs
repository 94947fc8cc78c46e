//! The embedded driver's configuration and the capabilities it has probed.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::failure::{Context, Outcome};
use crate::mounts::{Owner, make_directory};
use crate::write_atomically::write_atomically;

/// QEMU's user and group: the number KubeVirt uses, which containerDisk images are owned by and pods get as fsGroup.
pub const QEMU_OWNER: Owner = Owner { uid: 107, gid: 107 };

/// No daemon is there to take log output or labels; the pod's cgroup is joined as a whole and not subdivided; files are
/// given to QEMU's user where they are made, and no ownership notes are left on them.
const QEMU_CONF: &str = "\
stdio_handler = \"file\"
user = \"+107\"
group = \"+107\"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
security_driver = \"none\"
namespaces = []
";

const PROBES: &str = "cache/qemu/capabilities";
const PROBES_MAX: usize = 16;
const PROBE_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub fn write(directory: &Path) -> Outcome<()> {
    let etc = directory.join("etc");
    make_directory(&etc, 0o755)?;
    let path = etc.join("qemu.conf");
    fs::write(&path, QEMU_CONF).context(|| format!("write {}", path.display()))
}

/// Gives the driver what others have probed: asking QEMU takes hundreds of milliseconds for each new root. libvirt checks
/// for itself whether a probe still fits the binaries.
pub fn seed_probes(directory: &Path, shared: &Path) -> Outcome<()> {
    let probes = directory.join(PROBES);
    make_directory(&probes, 0o755)?;
    copy_missing(shared, &probes)
}

/// Keeps for others what this driver had to probe. Losing it costs time only, so failures are told and not returned.
pub fn keep_probes(directory: &Path, shared: &Path) {
    let kept = make_directory(shared, 0o700).and_then(|()| copy_missing(&directory.join(PROBES), shared));
    if let Err(failure) = kept {
        eprintln!("{failure}");
    }
}

fn copy_missing(from: &Path, to: &Path) -> Outcome<()> {
    let what = || format!("copy QEMU's capabilities from {}", from.display());
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.context(what)?,
    };
    for entry in entries.take(PROBES_MAX) {
        let entry = entry.context(what)?;
        let metadata = entry.metadata().context(what)?;
        let target = to.join(entry.file_name());
        // A probe that was renewed after an upgrade replaces the older one.
        let newer = fs::metadata(&target).and_then(|there| there.modified()).ok() < metadata.modified().ok();
        if metadata.is_file() && metadata.len() <= PROBE_BYTES_MAX && newer {
            write_atomically(&target, &fs::read(entry.path()).context(what)?)?;
        }
    }
    Ok(())
}
