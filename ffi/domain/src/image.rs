//! Headers of disk images. A base image comes from a user's container and was never written by the guest; its format is
//! decided here, once, and QEMU is told. QEMU must never guess: a guest could write a qcow2 header into a raw disk and
//! name any file of the node as its backing file.

use std::fs::File;
use std::io::Read;

use crate::failure::{Context, Failure, Outcome};

const QCOW2_MAGIC: [u8; 4] = *b"QFI\xfb";
/// Up to and including the incompatible feature bits of version 3.
const HEADER_BYTES: usize = 80;
/// Largest offset in a file.
const VIRTUAL_BYTES_MAX: u64 = i64::MAX as u64;
/// The incompatible feature bit that moves the data to a file named elsewhere.
const EXTERNAL_DATA_FILE: u64 = 1 << 2;
/// Dirty, corrupt, compression type and extended level-2 entries concern nobody but QEMU.
const KNOWN_FEATURES: u64 = 0b11111;

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub struct Image {
    pub format: Format,
    pub virtual_bytes: u64,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Format {
    Raw,
    Qcow2,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
        }
    }
}

/// What an image is for.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Role {
    /// Read, and complete in itself.
    Base,
    /// Made here over a base, which QEMU is told: the name in its header is not looked at.
    Overlay,
}

/// Reads the header of an open file; `name` is what the user knows it by.
pub fn inspect(file: &mut File, name: &str, role: Role) -> Outcome<Image> {
    let length = file.metadata().context(|| format!("inspect disk image {name}"))?.len();
    let mut header = Vec::with_capacity(HEADER_BYTES);
    file.take(HEADER_BYTES as u64).read_to_end(&mut header).context(|| format!("read disk image {name}"))?;
    decide(&header, length, role).map_err(|why| Failure::terminal(format!("Cannot use disk image {name}: {why}")))
}

fn decide(header: &[u8], length: u64, role: Role) -> Result<Image, String> {
    if length == 0 {
        return Err("it is empty".into());
    }
    if role == Role::Overlay && !header.starts_with(&QCOW2_MAGIC) {
        return Err("it must be a qcow2 file".into());
    }
    if !header.starts_with(&QCOW2_MAGIC) {
        return Ok(Image { format: Format::Raw, virtual_bytes: length.next_multiple_of(512) });
    }
    let u32_at = |at: usize| header.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let u64_at = |at: usize| Some((u64::from(u32_at(at)?) << 32) | u64::from(u32_at(at + 4)?));
    let truncated = || format!("its qcow2 header is cut off: got {} bytes", header.len());
    let version = u32_at(4).ok_or_else(truncated)?;
    if version != 2 && version != 3 {
        return Err(format!("its qcow2 version must be 2 or 3: got {version}"));
    }
    let backing_offset = u64_at(8).ok_or_else(truncated)?;
    if backing_offset != 0 && role == Role::Base {
        return Err(format!("it must have no backing file: its qcow2 header names one at offset {backing_offset}"));
    }
    let virtual_bytes = u64_at(24).ok_or_else(truncated)?;
    if virtual_bytes == 0 || virtual_bytes > VIRTUAL_BYTES_MAX {
        return Err(format!("its virtual size must be from 1 to {VIRTUAL_BYTES_MAX} bytes: got {virtual_bytes}"));
    }
    let encryption = u32_at(32).ok_or_else(truncated)?;
    if encryption != 0 {
        return Err(format!("it must not be encrypted: got qcow2 encryption method {encryption}"));
    }
    let features = if version == 3 { u64_at(72).ok_or_else(truncated)? } else { 0 };
    if features & EXTERNAL_DATA_FILE != 0 {
        return Err("it must have no external data file: its qcow2 header names one".into());
    }
    if features & !KNOWN_FEATURES != 0 {
        return Err(format!("its qcow2 features must be known: got {features:#x}"));
    }
    Ok(Image { format: Format::Qcow2, virtual_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qcow2(change: impl FnOnce(&mut [u8])) -> Result<Image, String> {
        let mut header = vec![0; HEADER_BYTES];
        header[..4].copy_from_slice(&QCOW2_MAGIC);
        header[7] = 3;
        header[24..32].copy_from_slice(&(1u64 << 30).to_be_bytes());
        change(&mut header);
        decide(&header, 196_616, Role::Base)
    }

    #[test]
    fn decide_accepts_raw_and_rounds_to_sectors() {
        assert_eq!(decide(b"\xeb\x63\x90", 513, Role::Base), Ok(Image { format: Format::Raw, virtual_bytes: 1024 }));
    }

    #[test]
    fn decide_accepts_plain_qcow2() {
        assert_eq!(qcow2(|_| {}), Ok(Image { format: Format::Qcow2, virtual_bytes: 1 << 30 }));
        assert_eq!(qcow2(|h| h[7] = 2).map(|image| image.format), Ok(Format::Qcow2));
    }

    #[test]
    fn decide_refuses_what_names_other_files() {
        assert!(qcow2(|h| h[15] = 80).unwrap_err().contains("backing file"));
        assert!(qcow2(|h| h[79] = 4).unwrap_err().contains("external data file"));
        // Version 2 has no feature bits: those bytes are something else there.
        assert!(qcow2(|h| (h[7], h[79]) = (2, 4)).is_ok());
    }

    #[test]
    fn decide_lets_an_overlay_have_a_base_and_nothing_else() {
        let mut header = vec![0; HEADER_BYTES];
        header[..4].copy_from_slice(&QCOW2_MAGIC);
        (header[7], header[15], header[24]) = (3, 80, 1);
        assert!(decide(&header, 196_616, Role::Overlay).is_ok());
        header[79] = 4;
        assert!(decide(&header, 196_616, Role::Overlay).unwrap_err().contains("external data file"));
        assert!(decide(b"\xeb\x63\x90", 513, Role::Overlay).unwrap_err().contains("qcow2"));
    }

    #[test]
    fn decide_refuses_what_it_cannot_judge() {
        assert!(qcow2(|h| h[7] = 4).unwrap_err().contains("version must be 2 or 3: got 4"));
        assert!(qcow2(|h| h[35] = 2).unwrap_err().contains("encrypted"));
        assert!(qcow2(|h| h[78] = 1).unwrap_err().contains("0x100"));
        assert!(qcow2(|h| h[24..32].fill(0)).unwrap_err().contains("virtual size"));
        assert!(qcow2(|h| h[24..32].fill(0xff)).unwrap_err().contains("virtual size"));
        assert!(decide(b"QFI\xfb\0\0", 6, Role::Base).unwrap_err().contains("cut off"));
        assert!(decide(b"", 0, Role::Base).unwrap_err().contains("empty"));
    }
}
