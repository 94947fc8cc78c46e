use std::fs;
use std::path::Path;

use crate::failure::{Context, Outcome};

/// A reader sees the old content or the new one, never a part; the last of several writers wins.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    written.context(|| format!("write {}", path.display()))
}
