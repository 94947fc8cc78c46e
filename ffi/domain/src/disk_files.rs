//! The files behind the guest's disks. QEMU reads what was cut off one as zeros and tells nobody, so their sizes are
//! watched: a raw image keeps its size while it is in use, a qcow2 file only grows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::failure::{Context, Outcome};

/// A look costs a microsecond per file.
const LOOK_INTERVAL: Duration = Duration::from_millis(300);

pub type Sizes = BTreeMap<PathBuf, u64>;

pub struct DiskFiles {
    files: Vec<DiskFile>,
    cut: Mutex<Vec<String>>,
}

#[derive(Debug, PartialEq, Eq)]
struct DiskFile {
    /// "vda".
    target: String,
    path: PathBuf,
}

impl DiskFiles {
    /// `xml` is libvirt's own, of the domain that runs.
    pub fn of(xml: &str) -> Arc<Self> {
        Arc::new(Self { files: files_of(xml), cut: Mutex::default() })
    }

    /// What a successor compares with.
    pub fn sizes(&self) -> Sizes {
        self.files.iter().filter_map(|file| Some((file.path.clone(), size(&file.path)?))).collect()
    }

    /// In a thread of its own, which may hang with the storage: nobody waits for it.
    pub fn watch(self: &Arc<Self>, sizes: Sizes) -> Outcome<()> {
        let disks = self.clone();
        let watch = move || {
            let mut largest = sizes;
            loop {
                let cut = disks.cut_now(&mut largest);
                if let Ok(mut told) = disks.cut.lock() {
                    *told = cut;
                }
                std::thread::sleep(LOOK_INTERVAL);
            }
        };
        std::thread::Builder::new().name("disk-files".into()).spawn(watch).map(drop).context(|| "watch disks".into())
    }

    /// Disks of which a file is shorter than it was.
    pub fn cut(&self) -> Vec<String> {
        self.cut.lock().map(|cut| cut.clone()).unwrap_or_default()
    }

    fn cut_now(&self, largest: &mut Sizes) -> Vec<String> {
        let mut cut: Vec<String> = Vec::new();
        for DiskFile { target, path } in &self.files {
            let Some(now) = size(path) else { continue };
            let before = largest.entry(path.clone()).or_insert(now);
            *before = now.max(*before);
            if now < *before && !cut.contains(target) {
                cut.push(target.clone());
            }
        }
        cut
    }
}

/// Of a regular file; devices have none that could shrink.
fn size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
}

fn files_of(xml: &str) -> Vec<DiskFile> {
    xml.split("<disk ").skip(1).filter_map(|rest| rest.split("</disk>").next()).flat_map(files_of_disk).collect()
}

fn files_of_disk(disk: &str) -> Vec<DiskFile> {
    let Some(target) = values(disk, "<target dev='").next() else { return Vec::new() };
    values(disk, "<source file='").map(|path| DiskFile { target: target.into(), path: path.into() }).collect()
}

/// The attribute values that follow `before`; the paths of a VM's directory hold nothing that XML would escape.
fn values<'xml>(xml: &'xml str, before: &'static str) -> impl Iterator<Item = &'xml str> {
    xml.split(before).skip(1).filter_map(|rest| rest.split('\'').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<domain><devices>
<disk type='file' device='disk'><source file='/vm/a.qcow2' index='1'/>
<backingStore type='file' index='2'><format type='raw'/><source file='/vm/base'/><backingStore/></backingStore>
<target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
<interface><target dev='tap0'/></interface></devices></domain>";

    #[test]
    fn files_of_reads_the_whole_chain() {
        let file = |path: &str| DiskFile { target: "vda".into(), path: path.into() };
        assert_eq!(files_of(XML), [file("/vm/a.qcow2"), file("/vm/base")]);
    }

    #[test]
    fn cut_now_names_what_shrank_until_it_is_back() {
        let path = std::env::temp_dir().join(format!("disk-files-{}", std::process::id()));
        let disks =
            DiskFiles { files: vec![DiskFile { target: "vda".into(), path: path.clone() }], cut: Mutex::default() };
        let mut largest = Sizes::new();
        let mut cut_at = |bytes: usize| {
            fs::write(&path, vec![0; bytes]).unwrap();
            disks.cut_now(&mut largest)
        };
        assert!(cut_at(10).is_empty());
        assert!(cut_at(20).is_empty());
        assert_eq!(cut_at(15), ["vda"]);
        assert!(cut_at(20).is_empty());
        fs::remove_file(&path).unwrap();
        assert!(disks.cut_now(&mut largest).is_empty());
    }
}
