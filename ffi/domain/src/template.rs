//! Places in the domain XML that only this process can fill: where the VM's directory is, and what format a base has.

use std::collections::BTreeMap;
use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::image::Format;

const DIRECTORY: &str = "@VMDIR@";
const FORMAT: &str = "@FORMAT:";

/// `format_of` is asked once for each base that no overlay has brought up.
pub fn fill(
    xml: &str,
    directory: &Path,
    formats: &mut BTreeMap<String, Format>,
    mut format_of: impl FnMut(&str) -> Outcome<Format>,
) -> Outcome<String> {
    let xml = xml.replace(DIRECTORY, &directory.display().to_string());
    let mut filled = String::with_capacity(xml.len());
    let mut rest = xml.as_str();
    while let Some(at) = rest.find(FORMAT) {
        let (before, after) = (&rest[..at], &rest[at + FORMAT.len()..]);
        let end =
            after.find('@').ok_or_else(|| Failure::terminal("Cannot read the domain XML: @FORMAT: has no end"))?;
        let path = &after[..end];
        let format = match formats.get(path) {
            Some(&format) => format,
            None => {
                let format = format_of(path)?;
                formats.insert(path.to_owned(), format);
                format
            }
        };
        filled.push_str(before);
        filled.push_str(format.name());
        rest = &after[end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_replaces_every_place() {
        let mut formats = BTreeMap::from([("disks/a/base".to_owned(), Format::Qcow2)]);
        let xml = "<a f='@FORMAT:disks/a/base@' g='@FORMAT:disks/b/base@'>@VMDIR@/x @VMDIR@/y</a>";
        let filled = fill(xml, Path::new("/v"), &mut formats, |_| Ok(Format::Raw)).unwrap();
        assert_eq!(filled, "<a f='qcow2' g='raw'>/v/x /v/y</a>");
    }

    #[test]
    fn fill_refuses_a_place_without_end() {
        let error = fill("@FORMAT:x", Path::new("/v"), &mut BTreeMap::new(), |_| Ok(Format::Raw)).unwrap_err();
        assert!(error.terminal);
    }
}
