//! What /dev/kvm can do, found by using it: a device file alone proves nothing.

use kvm_ioctls::{Cap, Kvm};
use serde_json::{Map, Value, json};

const DEVICE: &str = "/dev/kvm";
const API_VERSION: i32 = 12;

const CAPABILITIES: [(&str, Cap); 10] = [
    ("irqchip", Cap::Irqchip),
    ("irqfd", Cap::Irqfd),
    ("ioeventfd", Cap::Ioeventfd),
    ("userMemory", Cap::UserMemory),
    ("immediateExit", Cap::ImmediateExit),
    ("maxVcpus", Cap::MaxVcpus),
    ("nrMemslots", Cap::NrMemslots),
    ("x86Smm", Cap::X86Smm),
    ("splitIrqchip", Cap::SplitIrqchip),
    ("syncMmu", Cap::SyncMmu),
];

pub fn probe() -> String {
    if let Err(error) = std::fs::metadata(DEVICE) {
        return json!({ "present": false, "usable": false, "why": format!("{DEVICE}: {error}") }).to_string();
    }
    let kvm = match Kvm::new() {
        Ok(kvm) => kvm,
        Err(error) => return unusable(format!("{DEVICE} does not open: {error}"), None),
    };
    let version = kvm.get_api_version();
    if version != API_VERSION {
        return unusable(format!("its API version must be {API_VERSION}: got {version}"), Some(version));
    }
    if let Err(error) = kvm.create_vm().and_then(|vm| vm.create_vcpu(0).map(drop)) {
        return unusable(format!("it makes no virtual machine: {error}"), Some(version));
    }
    let capabilities: Map<String, Value> = CAPABILITIES
        .into_iter()
        .map(|(name, capability)| (name.to_owned(), json!(kvm.check_extension_int(capability))))
        .collect();
    json!({ "present": true, "usable": true, "apiVersion": version, "capabilities": capabilities }).to_string()
}

fn unusable(why: String, api_version: Option<i32>) -> String {
    let mut answer = json!({ "present": true, "usable": false, "why": why });
    if let Some(version) = api_version {
        answer["apiVersion"] = json!(version);
    }
    answer.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_always_answers() {
        let answer: Value = serde_json::from_str(&probe()).unwrap();
        let usable = answer["usable"].as_bool().unwrap();
        assert_eq!(usable, answer.get("why").is_none());
    }
}
