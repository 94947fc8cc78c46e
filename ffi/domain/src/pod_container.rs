//! A container of a pod on a machine without a container runtime: its own root, mounts and PID namespace, no privileges.
//!
//! The root is an overlay over the image. Every directory that something is mounted on is made in the upper layer first,
//! where it covers whatever the image has under that name: no link of an image is ever on the way to a mount.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::beneath::{Directory, Owner};
use crate::failure::{Context, Failure, Outcome};
use crate::mounts::make_directory;
use crate::pod_spec::{Container, PodSpec, relative};
use crate::{isolation, private_root};

const FAILURE_BYTES_MAX: u64 = 4096;
/// What a shell says of a command that cannot be run.
const NOT_STARTED: libc::c_int = 127;
const VOLUME: u64 = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;

/// Starts it; answers its process id once its program runs.
pub fn start(spec: &PodSpec, container: &Container) -> Outcome<i32> {
    let place = Place::prepare(spec, container)?;
    let log = open_log(spec, container)?;
    let null = File::options().read(true).write(true).open("/dev/null").context(|| "open /dev/null".into())?;
    let (read, write): (OwnedFd, OwnedFd) = pipe_with(PipeFlags::CLOEXEC).context(|| "make a pipe".into())?;
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
    // SAFETY: without a stack and without shared memory this is a fork, of a process with one thread.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(flags), 0, 0, 0, 0) } as i32;
    match pid {
        ..0 => Err(Failure::retriable(format!("Cannot clone: {}", std::io::Error::last_os_error()))),
        0 => {
            let failed = place.become_container(container, (&null, &log));
            let Err(failure) = failed;
            let _ = File::from(write).write_all(failure.message.as_bytes());
            // SAFETY: ends the child without running anything of its copied state.
            unsafe { libc::_exit(NOT_STARTED) }
        }
        pid => {
            drop(write);
            let mut words = String::new();
            // The pipe closes when the program is executed.
            let _ = File::from(read).take(FAILURE_BYTES_MAX).read_to_string(&mut words);
            if words.is_empty() {
                return Ok(pid);
            }
            // SAFETY: waits for our own child; a null status is allowed.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
            Err(Failure::retriable(format!("Cannot start container {}: {words}", container.name)))
        }
    }
}

fn open_log(spec: &PodSpec, container: &Container) -> Outcome<File> {
    let directory = spec.directory.join("logs");
    make_directory(&directory, 0o700)?;
    let path = directory.join(format!("{}.log", container.name));
    File::options().create(true).append(true).open(&path).context(|| format!("open {}", path.display()))
}

/// What is made on the node before the container is.
struct Place {
    upper: PathBuf,
    work: PathBuf,
    root: PathBuf,
    cgroups: Vec<PathBuf>,
}

impl Place {
    fn prepare(spec: &PodSpec, container: &Container) -> Outcome<Self> {
        let directory = spec.directory.join("roots").join(&container.name);
        let [upper, work, root] = ["upper", "work", "root"].map(|part| directory.join(part));
        for path in [&upper, &work, &root] {
            make_directory(path, 0o755)?;
        }
        let layer = Directory::open(&upper)?;
        for target in container.mounts.iter().map(|mount| &*mount.target).chain(["/proc"]) {
            layer.make_directory(&relative(target)?.to_string_lossy(), 0o755)?;
        }
        let cgroups: Vec<PathBuf> = spec.cgroups.iter().map(|cgroup| cgroup.join(&container.name)).collect();
        for cgroup in &cgroups {
            make_directory(cgroup, 0o755)?;
        }
        Ok(Self { upper, work, root, cgroups })
    }

    fn become_container(
        &self,
        container: &Container,
        (null, log): (&File, &File),
    ) -> Outcome<std::convert::Infallible> {
        for cgroup in &self.cgroups {
            let file = cgroup.join("cgroup.procs");
            fs::write(&file, "0").context(|| format!("join cgroup {}", cgroup.display()))?;
        }
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private).context(|| "make mounts private".into())?;
        self.mount_root(&container.image)?;
        for volume in &container.mounts {
            let what = || format!("mount {} of the node at {}", volume.source.display(), volume.target);
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let source = openat(CWD, &volume.source, flags, Mode::empty()).context(what)?;
            let read_only = if volume.read_only { libc::MOUNT_ATTR_RDONLY } else { 0 };
            private_root::attach(&source, &self.root.join(relative(&volume.target)?), VOLUME | read_only)
                .context(what)?;
        }
        let untrusted = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("proc", self.root.join("proc"), "proc", untrusted, None).context(|| "mount /proc".into())?;
        private_root::become_root(&self.root)?;
        for (from, to) in [(null, 0), (log, 1), (log, 2)] {
            // SAFETY: dup2(2) of a descriptor that lives; the standard ones are nobody else's.
            let status = unsafe { libc::dup2(from.as_raw_fd(), to) };
            if status < 0 {
                return Err(std::io::Error::last_os_error()).context(|| "redirect output".into());
            }
        }
        isolation::confine(Owner { uid: container.uid, gid: container.gid })?;
        execute(&container.command)
    }

    fn mount_root(&self, image: &Path) -> Outcome<()> {
        let what = || format!("make a root of {}", image.display());
        let [image, upper, work] = [image, &self.upper, &self.work].map(|path| path.to_string_lossy());
        let odd = |path: &str| path.contains([',', ':', '\\']);
        if [&image, &upper, &work].into_iter().any(|path| odd(path)) {
            return Err(Failure::terminal(format!("Cannot {}: paths must be without ',', ':' and '\\'", what())));
        }
        let options = CString::new(format!("lowerdir={image},upperdir={upper},workdir={work}")).context(what)?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("overlay", &self.root, "overlay", flags, Some(&*options)).context(what)
    }
}

fn execute(command: &[String]) -> Outcome<std::convert::Infallible> {
    let what = || format!("run {}", command.first().map_or("", |program| program));
    let words: Vec<CString> =
        command.iter().map(|word| CString::new(&**word)).collect::<Result<_, _>>().context(what)?;
    let mut pointers: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
    let program = pointers.first().copied().ok_or_else(|| Failure::terminal("Cannot run nothing"))?;
    pointers.push(std::ptr::null());
    let environment = [c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".as_ptr(), std::ptr::null()];
    // SAFETY: both arrays end with null, and the strings outlive the call, which returns only on failure.
    unsafe { libc::execve(program, pointers.as_ptr(), environment.as_ptr()) };
    Err(std::io::Error::last_os_error()).context(what)
}
