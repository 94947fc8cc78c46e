//! Makes the qcow2 files a guest writes to, on top of checked bases.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::beneath::Directory;
use crate::failure::{Context, Failure, Outcome};
use crate::image::{self, Format, Role};
use crate::spec::{Overlay, beneath};

/// Making an empty qcow2 writes a few hundred kilobytes.
const CREATE_TIMEOUT: Duration = Duration::from_secs(30);
const CREATE_POLL: Duration = Duration::from_millis(5);
const ERROR_BYTES_MAX: u64 = 4096;

/// Makes what is missing; answers the checked format of every base, by its path in the spec.
pub fn make_all(directory: &Path, overlays: &[Overlay]) -> Outcome<BTreeMap<String, Format>> {
    let mut formats = BTreeMap::new();
    for overlay in overlays {
        make(directory, overlay, &mut formats)?;
    }
    Ok(formats)
}

/// Opens a base and decides its format.
pub fn inspect_base(directory: &Path, relative: &str) -> Outcome<image::Image> {
    image::inspect(&mut Directory::open(directory)?.open_file(relative)?, relative, Role::Base)
}

fn make(directory: &Path, overlay: &Overlay, formats: &mut BTreeMap<String, Format>) -> Outcome<()> {
    let path = beneath(directory, &overlay.path)?;
    let base = match &overlay.backing {
        Some(backing) => {
            let image = inspect_base(directory, backing)?;
            formats.insert(backing.clone(), image.format);
            Some((beneath(directory, backing)?, image))
        }
        None => None,
    };
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => {
            let mut file = Directory::open(directory)?.open_file(&overlay.path)?;
            return image::inspect(&mut file, &overlay.path, Role::Overlay).map(drop);
        }
        Ok(_) => {
            return Err(Failure::terminal(format!("Cannot use overlay {}: it must be a regular file", overlay.path)));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::retriable(format!("Cannot look for overlay {}: {error}", overlay.path))),
    }
    let base_bytes = base.as_ref().map_or(0, |(_, image)| image.virtual_bytes);
    let size = overlay.size_bytes.unwrap_or(0).max(base_bytes).next_multiple_of(512);
    if size == 0 {
        return Err(Failure::terminal(format!(
            "Cannot make overlay {}: it needs a size or a backing file",
            overlay.path
        )));
    }
    let partial = path.with_extension("partial");
    remove_if_there(&partial)?;
    let mut command = Command::new("qemu-img");
    command.args(["create", "-q", "-f", "qcow2"]);
    if let Some((base_path, image)) = &base {
        // -u: the size is given and the base was checked above, so qemu-img need not open it.
        command.args(["-u", "-F", image.format.name(), "-b"]).arg(base_path);
    }
    command.arg(&partial).arg(size.to_string());
    run(command).map_err(|why| Failure::retriable(format!("Cannot make overlay {}: {why}", overlay.path)))?;
    fs::rename(&partial, &path).context(|| format!("make overlay {}", overlay.path))
}

fn remove_if_there(path: &Path) -> Outcome<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failure::retriable(format!("Cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn run(mut command: Command) -> Result<(), String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("qemu-img does not start (package qemu-utils): {error}"))?;
    let deadline = Instant::now() + CREATE_TIMEOUT;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("qemu-img took longer than {} s", CREATE_TIMEOUT.as_secs()));
        }
        std::thread::sleep(CREATE_POLL);
    };
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(ERROR_BYTES_MAX).read_to_string(&mut text);
    }
    Err(format!("qemu-img failed ({status}): {}", text.trim()))
}
