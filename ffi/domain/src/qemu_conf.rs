//! The embedded driver's configuration and the capabilities it has probed.

use std::fs;
use std::io::Read;
use std::path::Path;

use rustix::fs::Dir;

use crate::beneath::{Directory, Owner};
use crate::failure::{Context, Outcome};
use crate::mounts::make_directory;
use crate::private_root::PROBES_PLACE;
use crate::write_atomically::write_atomically;

/// QEMU's user and group: the number KubeVirt uses, which containerDisk images are owned by and pods get as fsGroup. All
/// guests of a node have it: the files of a claim belong to that number wherever they were written, and what keeps two
/// guests apart is that neither has a name for a process or a file of the other.
pub const QEMU_OWNER: Owner = Owner { uid: 107, gid: 107 };

/// No daemon is there to take log output or labels; the pod's cgroup is joined as a whole and not subdivided. The driver
/// has no privileges: it runs QEMU as its own user, in the root that it has itself.
const QEMU_CONF: &str = "\
stdio_handler = \"file\"
seccomp_sandbox = 1
cgroup_controllers = []
security_driver = \"none\"
namespaces = []
";

/// Whether QEMU can name what its processor was refused. If so, libvirt asks for each of some 400 properties of the processor
/// by itself after each start, which takes longer than QEMU's own start; if not, for three lists.
const SLOW_CAPABILITY: &str = "cpu-unavailable-features";
/// Releases of libvirt that know it by that name: 1,000,000 for each of the first number of a version.
const KNOWING: std::ops::Range<u64> = 6_000_000..11_000_000;
/// Processors that are whatever the node or the emulator has: libvirt keeps nothing of what it would read of them.
const WHATEVER_THERE_IS: [&str; 2] = ["<cpu mode=\"maximum\"", "<cpu mode=\"host-passthrough\""];

const PROBES: &str = "cache/qemu/capabilities";
const PROBE_SUFFIX: &str = ".xml";
/// With the entries of the directory itself.
const PROBES_MAX: usize = 18;
const PROBE_BYTES_MAX: u64 = 4 * 1024 * 1024;

pub fn write(directory: &Path, is_processor_read_briefly: bool) -> Outcome<()> {
    let mut text = QEMU_CONF.to_owned();
    if is_processor_read_briefly {
        text.push_str(&format!("capability_filters = [\"{SLOW_CAPABILITY}\"]\n"));
    }
    write_atomically(&directory.join("etc/qemu.conf"), text.as_bytes())
}

/// Whether libvirt of that version may read less of this domain's processor: a model is compared with all that is read.
pub fn is_processor_read_briefly(xml: &str, version: u64) -> bool {
    KNOWING.contains(&version) && WHATEVER_THERE_IS.iter().any(|cpu| xml.contains(cpu))
}

/// Gives the driver what others have probed: asking QEMU takes hundreds of milliseconds for each new root. libvirt checks
/// for itself whether a probe still fits the binaries.
pub fn seed_probes(directory: &Path) -> Outcome<()> {
    make_directory(&directory.join(PROBES), 0o700)?;
    let shared = Path::new(PROBES_PLACE);
    if shared.exists() { copy_missing(&Directory::open(shared)?, &directory.join(PROBES)) } else { Ok(()) }
}

/// Keeps for others what this driver had to probe; for a process that may write to `shared`, at a time when no guest has
/// run yet that could have forged it. Losing it costs time only, so failures are told and not returned.
pub fn keep_probes(directory: &Path, shared: &Path) {
    let keep = || {
        make_directory(shared, 0o755)?;
        copy_missing(&Directory::open(directory)?.make_directory(PROBES, 0o700)?, shared)
    };
    if let Err(failure) = keep() {
        eprintln!("{failure}");
    }
}

fn copy_missing(from: &Directory, to: &Path) -> Outcome<()> {
    let what = || format!("copy QEMU's capabilities to {}", to.display());
    for entry in Dir::read_from(from.fd()).context(what)?.take(PROBES_MAX) {
        let entry = entry.context(what)?;
        let Some(name) = entry.file_name().to_str().ok().filter(|name| name.ends_with(PROBE_SUFFIX)) else { continue };
        let file = from.open_file(name)?;
        let metadata = file.metadata().context(what)?;
        let target = to.join(name);
        // A probe that was renewed after an upgrade replaces the older one.
        let newer = fs::metadata(&target).and_then(|there| there.modified()).ok() < metadata.modified().ok();
        if metadata.len() <= PROBE_BYTES_MAX && newer {
            let mut bytes = Vec::new();
            file.take(PROBE_BYTES_MAX).read_to_end(&mut bytes).context(what)?;
            write_atomically(&target, &bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_read_briefly_where_nothing_of_it_is_kept() {
        let whatever = "<domain><cpu mode=\"maximum\" check=\"none\"><topology/></cpu></domain>";
        assert!(is_processor_read_briefly(whatever, 9_000_000));
        assert!(!is_processor_read_briefly(whatever, 11_000_000));
        assert!(!is_processor_read_briefly("<domain><cpu mode=\"host-model\"/></domain>", 9_000_000));
        assert!(!is_processor_read_briefly("<domain/>", 9_000_000));
    }
}
