//! The header of a kernel that QEMU is to load itself: QEMU's own words about a wrong file lead astray.

use std::fs::File;
use std::io::Read;

use crate::failure::{Context, Failure, Outcome};

/// Where a Linux bzImage says "HdrS" (the kernel's boot protocol), and an ELF file what it is.
const LINUX_MAGIC: (usize, &[u8]) = (0x202, b"HdrS");
const ELF_MAGIC: (usize, &[u8]) = (0, b"\x7fELF");
const HEADER_BYTES: u64 = 0x206;

pub fn inspect(file: &mut File, name: &str) -> Outcome<()> {
    let mut header = Vec::new();
    file.take(HEADER_BYTES).read_to_end(&mut header).context(|| format!("read kernel image {name}"))?;
    decide(&header).map_err(|why| Failure::terminal(format!("Cannot use kernel image {name}: {why}")))
}

fn decide(header: &[u8]) -> Result<(), String> {
    let has = |(at, magic): (usize, &[u8])| header.get(at..at + magic.len()) == Some(magic);
    if has(LINUX_MAGIC) || has(ELF_MAGIC) {
        return Ok(());
    }
    let start = header.get(..4).unwrap_or(header);
    Err(format!("it must be a Linux bzImage or an ELF file: its first bytes are {start:02x?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decide_accepts_what_qemu_boots() {
        let mut image = vec![0; 0x206];
        image[0x202..].copy_from_slice(b"HdrS");
        assert_eq!(decide(&image), Ok(()));
        assert_eq!(decide(b"\x7fELF\x02\x01"), Ok(()));
    }

    #[test]
    fn decide_refuses_the_rest_and_shows_it() {
        assert!(decide(b"not a kernel").unwrap_err().ends_with("[6e, 6f, 74, 20]"));
        assert!(decide(b"").is_err());
    }
}
