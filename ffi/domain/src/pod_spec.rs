//! What is to run as a pod, from standard input. Names and paths come from objects that users write: what could lead out of
//! a container's root, or of the pod's cgroups, is refused here whoever has looked at it before.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Failure, Outcome};

/// Kubernetes allows far fewer in practice; each is a process and a mount namespace.
const CONTAINERS_MAX: usize = 64;
const MOUNTS_MAX: usize = 300;
const NAME_BYTES_MAX: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodSpec {
    /// Root's alone: logs and the roots of containers go there.
    pub directory: PathBuf,
    /// The file that tells of the containers, for whoever looks after them.
    pub record: PathBuf,
    pub hostname: String,
    pub network_namespace: PathBuf,
    /// The pod's, one per hierarchy; containers get one each below.
    pub cgroups: Vec<PathBuf>,
    #[serde(default)]
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    pub name: String,
    /// The image's root file system, shared by all and never written.
    pub image: PathBuf,
    #[serde(default)]
    pub mounts: Vec<VolumeMount>,
    pub command: Vec<String>,
    pub uid: u32,
    pub gid: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VolumeMount {
    /// A directory of the node.
    pub source: PathBuf,
    /// In the container.
    pub target: String,
    #[serde(default)]
    pub read_only: bool,
}

impl PodSpec {
    pub fn check(&self) -> Outcome<()> {
        let all = || self.init_containers.iter().chain(&self.containers);
        if self.containers.is_empty() || all().count() > CONTAINERS_MAX {
            return refuse(format!("it must have 1 to {CONTAINERS_MAX} containers: got {}", all().count()));
        }
        if self.cgroups.is_empty() {
            return refuse("it must have a cgroup".into());
        }
        for container in all() {
            container.check()?;
        }
        let mut names: Vec<&str> = all().map(|container| &*container.name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!("names of containers must differ: got {} twice", pair[0]));
        }
        Ok(())
    }
}

impl Container {
    fn check(&self) -> Outcome<()> {
        let name = &self.name;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
            return refuse(format!("a container's name has letters, digits and '-': got {name:?}"));
        }
        if self.uid == 0 || self.gid == 0 {
            return refuse(format!("container {name} must not run as root"));
        }
        if !self.command.first().is_some_and(|program| program.starts_with('/')) {
            return refuse(format!("the command of container {name} must begin with an absolute path"));
        }
        if self.mounts.len() > MOUNTS_MAX {
            return refuse(format!("container {name} has more than {MOUNTS_MAX} mounts"));
        }
        for (index, mount) in self.mounts.iter().enumerate() {
            let target = relative(&mount.target)?;
            let nested = |other: &VolumeMount| relative(&other.target).is_ok_and(|other| other.starts_with(target));
            let others = self.mounts.iter().enumerate().filter(|(other, _)| *other != index);
            // What is mounted first could lead the second astray: a volume's content is its pod's.
            if others.map(|(_, other)| other).any(nested) {
                return refuse(format!("mounts of container {name} lie within each other: at {}", mount.target));
            }
        }
        Ok(())
    }
}

/// Of a path in a container, without the leading slash and without steps back.
pub fn relative(path: &str) -> Outcome<&Path> {
    let stripped = path.strip_prefix('/').map(Path::new);
    match stripped {
        Some(relative)
            if !relative.as_os_str().is_empty()
                && relative.components().all(|part| matches!(part, Component::Normal(_))) =>
        {
            Ok(relative)
        }
        _ => Err(Failure::terminal(format!(
            "Cannot run the pod: a mount's path must be absolute and plain: got {path:?}"
        ))),
    }
}

fn refuse<T>(why: String) -> Outcome<T> {
    Err(Failure::terminal(format!("Cannot run the pod: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(container: serde_json::Value) -> Outcome<()> {
        let spec = serde_json::json!({
            "directory": "/d", "record": "/r", "hostname": "h", "networkNamespace": "/n", "cgroups": ["/c"], "containers": [container],
        });
        serde_json::from_value::<PodSpec>(spec).unwrap().check()
    }

    fn container(change: serde_json::Value) -> serde_json::Value {
        let mut base = serde_json::json!({
            "name": "compute", "image": "/i", "command": ["/envelope"], "uid": 107, "gid": 107,
            "mounts": [{ "source": "/s", "target": "/var/run/sockets" }],
        });
        for (key, value) in change.as_object().unwrap() {
            base[key] = value.clone();
        }
        base
    }

    #[test]
    fn check_takes_what_a_launcher_pod_has() {
        spec(container(serde_json::json!({}))).unwrap();
    }

    #[test]
    fn check_refuses_what_leads_out() {
        let mount = |target: &str| serde_json::json!({ "mounts": [{ "source": "/s", "target": target }] });
        let two = |a: &str, b: &str| serde_json::json!({ "mounts": [{ "source": "/s", "target": a }, { "source": "/s", "target": b }] });
        for change in [
            mount("/a/../../b"),
            mount("a"),
            mount("/"),
            two("/a", "/a/b"),
            two("/a", "/a"),
            serde_json::json!({ "name": "../x" }),
            serde_json::json!({ "name": "" }),
            serde_json::json!({ "uid": 0 }),
            serde_json::json!({ "gid": 0 }),
            serde_json::json!({ "command": [] }),
            serde_json::json!({ "command": ["envelope"] }),
        ] {
            let refused = spec(container(change.clone())).expect_err(&change.to_string());
            assert!(refused.terminal, "{change}");
        }
    }
}
