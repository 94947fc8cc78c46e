//! libvirt through a table filled by dlopen when it is first needed, so that this program starts where libvirt is absent
//! and can say so. Every call answers a [`Failure`] with libvirt's own words.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::mpsc::Sender;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use serde::Serialize;

use crate::failure::{Failure, Outcome};

type Pointer = *mut c_void;

#[repr(C)]
struct VirError {
    code: c_int,
    domain: c_int,
    message: *const c_char,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct RawDiskError {
    target: *mut c_char,
    error: c_int,
}

macro_rules! table {
    ($($name:ident: fn($($argument:ty),*) -> $result:ty),* $(,)?) => {
        #[allow(non_snake_case)]
        struct Table { $($name: unsafe extern "C" fn($($argument),*) -> $result),* }
        impl Table {
            fn load(library: &Library) -> Result<Self, libloading::Error> {
                // SAFETY: the signatures are those of libvirt's public, ABI-stable headers (libvirt-domain.h and others).
                unsafe { Ok(Self { $($name: *library.get(concat!(stringify!($name), "\0").as_bytes())?),* }) }
            }
        }
    };
}

table! {
    virInitialize: fn() -> c_int,
    virGetVersion: fn(*mut c_ulong, *const c_char, *mut c_ulong) -> c_int,
    virSetErrorFunc: fn(Pointer, Option<unsafe extern "C" fn(Pointer, *const VirError)>) -> (),
    virGetLastError: fn() -> *const VirError,
    virEventRegisterDefaultImpl: fn() -> c_int,
    virEventRunDefaultImpl: fn() -> c_int,
    virConnectOpen: fn(*const c_char) -> Pointer,
    virConnectGetDomainCapabilities:
        fn(Pointer, *const c_char, *const c_char, *const c_char, *const c_char, c_uint) -> *mut c_char,
    virConnectBaselineHypervisorCPU:
        fn(Pointer, *const c_char, *const c_char, *const c_char, *const c_char, *mut *const c_char, c_uint, c_uint)
            -> *mut c_char,
    virConnectListAllDomains: fn(Pointer, *mut *mut Pointer, c_uint) -> c_int,
    virConnectDomainEventRegisterAny:
        fn(Pointer, Pointer, c_int, Pointer, Pointer, Option<unsafe extern "C" fn(Pointer)>) -> c_int,
    virDomainDefineXML: fn(Pointer, *const c_char) -> Pointer,
    virDomainUndefine: fn(Pointer) -> c_int,
    virDomainCreateWithFlags: fn(Pointer, c_uint) -> c_int,
    virDomainGetState: fn(Pointer, *mut c_int, *mut c_int, c_uint) -> c_int,
    virDomainGetDiskErrors: fn(Pointer, *mut RawDiskError, c_uint, c_uint) -> c_int,
    virDomainGetName: fn(Pointer) -> *const c_char,
    virDomainGetXMLDesc: fn(Pointer, c_uint) -> *mut c_char,
    virDomainSuspend: fn(Pointer) -> c_int,
    virDomainResume: fn(Pointer) -> c_int,
    virDomainReset: fn(Pointer, c_uint) -> c_int,
    virDomainShutdownFlags: fn(Pointer, c_uint) -> c_int,
    virDomainDestroyFlags: fn(Pointer, c_uint) -> c_int,
}

const LIBRARY: &str = "libvirt.so.0";
const EVENT_LIFECYCLE: c_int = 0;
const START_PAUSED: c_uint = 1;
const SHUTDOWN_ACPI: c_uint = 1;
const BASELINE_EXPAND_FEATURES: c_uint = 1;
const DISK_ERROR_NO_SPACE: c_int = 2;
const DISK_ERRORS_MAX: usize = 512;

/// virErrorNumber values after which the same XML cannot do better.
const TERMINAL_CODES: [c_int; 8] = [
    8,  // VIR_ERR_INVALID_ARG
    16, // VIR_ERR_OS_TYPE
    27, // VIR_ERR_XML_ERROR
    35, // VIR_ERR_XML_DETAIL
    67, // VIR_ERR_CONFIG_UNSUPPORTED
    84, // VIR_ERR_OPERATION_UNSUPPORTED
    91, // VIR_ERR_CPU_INCOMPATIBLE
    92, // VIR_ERR_XML_INVALID_SCHEMA
];
/// QEMU refused its own command line or the guest's files; libvirt reports it as an internal error with one of these,
/// depending on how far it had come.
const QEMU_REFUSED: [&str; 2] = ["process exited while connecting to monitor", "qemu unexpectedly closed the monitor"];
/// Reasons QEMU gives that pass with time.
const PASSING: [&str; 5] = [
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "Device or resource busy",
    "Address already in use",
    "Is another process using the image",
];

static TABLE: OnceLock<Table> = OnceLock::new();

/// Loads libvirt and starts its event loop in a thread of its own; the second call does nothing.
pub fn load() -> Outcome<()> {
    if TABLE.get().is_some() {
        return Ok(());
    }
    let cannot = |error: libloading::Error| {
        Failure::retriable(format!("Cannot load {LIBRARY} (packages libvirt0 and libvirt-daemon-driver-qemu): {error}"))
    };
    // SAFETY: libvirt's initialisers have no preconditions; RTLD_GLOBAL because its driver modules look up its symbols.
    let library = unsafe { Library::open(Some(LIBRARY), RTLD_NOW | RTLD_GLOBAL) }.map_err(cannot)?;
    let loaded = Table::load(&library).map_err(cannot)?;
    std::mem::forget(library); // never unloaded: its threads and callbacks live as long as the process
    let table = TABLE.get_or_init(|| loaded);
    // SAFETY: called once, before any connection, from the only thread that uses libvirt so far.
    let registered = unsafe {
        (table.virInitialize)();
        (table.virSetErrorFunc)(null_mut(), Some(ignore_error));
        (table.virEventRegisterDefaultImpl)()
    };
    if registered < 0 {
        return Err(last_error("start libvirt's event loop"));
    }
    std::thread::Builder::new()
        .name("libvirt-events".into())
        .spawn(move || {
            loop {
                // SAFETY: the default implementation is registered and only this thread runs it.
                if unsafe { (table.virEventRunDefaultImpl)() } < 0 {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
            }
        })
        .map_err(|error| Failure::retriable(format!("Cannot start a thread: {error}")))?;
    Ok(())
}

/// Errors are read with virGetLastError where they happen; libvirt would print them a second time.
unsafe extern "C" fn ignore_error(_: Pointer, _: *const VirError) {}

/// 1,000,000 times the first number of its version, 1,000 times the second and the third. Zero: it does not say. After [`load`].
pub fn version() -> u64 {
    let mut version = 0;
    // SAFETY: the one number is written; no driver is asked for its own.
    unsafe { (table().virGetVersion)(&raw mut version, std::ptr::null(), null_mut()) };
    version
}

fn table() -> &'static Table {
    TABLE.get().expect("load() succeeded before any connection or domain exists")
}

fn last_error(what: &str) -> Failure {
    // SAFETY: libvirt answers null or a record of this thread that is valid until its next call.
    let (code, message) = unsafe {
        match (table().virGetLastError)().as_ref() {
            Some(error) if !error.message.is_null() => {
                (error.code, CStr::from_ptr(error.message).to_string_lossy().into_owned())
            }
            _ => (0, "libvirt gave no reason".to_owned()),
        }
    };
    classify(what, code, &message)
}

fn classify(what: &str, code: c_int, message: &str) -> Failure {
    let mentions = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    let refused = mentions(&QEMU_REFUSED) && !mentions(&PASSING);
    let terminal = refused || TERMINAL_CODES.contains(&code);
    Failure { message: format!("Cannot {what}: {}", message.trim()), terminal }
}

/// A connection to the driver inside this process; it lives as long as the process.
#[derive(Clone, Copy)]
pub struct Connection(Pointer);

/// The one domain of the root.
#[derive(Clone, Copy)]
pub struct Domain(Pointer);

// SAFETY: libvirt's objects are reference-counted and locked inside; its documentation allows use from any thread.
unsafe impl Send for Connection {}
// SAFETY: as above.
unsafe impl Sync for Connection {}
// SAFETY: as above.
unsafe impl Send for Domain {}
// SAFETY: as above.
unsafe impl Sync for Domain {}

/// A disk whose last request failed.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DiskError {
    /// Its name in the domain: "vda".
    pub target: String,
    pub no_space: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    pub state: c_int,
    pub reason: c_int,
}

impl Connection {
    /// Opens libvirt's QEMU driver in this process; `root` holds its state, and adopts a domain that runs from there.
    pub fn open_embedded(root: &Path) -> Outcome<Self> {
        load()?;
        let uri = text(&format!("qemu:///embed?root={}", root.display()))?;
        // SAFETY: `uri` is a C string that outlives the call.
        let connection = unsafe { (table().virConnectOpen)(uri.as_ptr()) };
        if connection.is_null() {
            return Err(last_error("open libvirt's QEMU driver (package libvirt-daemon-driver-qemu)"));
        }
        Ok(Self(connection))
    }

    /// Sends a unit whenever libvirt reports a change of life cycle.
    pub fn watch(self, changes: Sender<()>) -> Outcome<()> {
        let changes = Box::into_raw(Box::new(changes));
        // SAFETY: the callback has the signature of VIR_DOMAIN_EVENT_ID_LIFECYCLE, and `changes` is never freed because
        // the callback stays registered as long as the process lives.
        let id = unsafe {
            (table().virConnectDomainEventRegisterAny)(
                self.0,
                null_mut(),
                EVENT_LIFECYCLE,
                on_lifecycle as *const () as Pointer,
                changes.cast(),
                None,
            )
        };
        if id < 0 { Err(last_error("watch the domain")) } else { Ok(()) }
    }

    /// What a guest of this type, "kvm" or "qemu", can have: `<domainCapabilities>` of the default emulator and machine.
    pub fn domain_capabilities(self, kind: &str) -> Outcome<String> {
        let (kind, any) = (text(kind)?, std::ptr::null());
        // SAFETY: the connection lives as long as the process; `kind` outlives the call, null stands for libvirt's default.
        let xml = unsafe { (table().virConnectGetDomainCapabilities)(self.0, any, any, any, kind.as_ptr(), 0) };
        taken(xml, "read what domains can have")
    }

    /// The same CPU with every feature spelled out that a guest of this type gets.
    pub fn expanded_cpu(self, kind: &str, cpu: &str) -> Outcome<String> {
        let (kind, cpu, any) = (text(kind)?, text(cpu)?, std::ptr::null());
        let mut list = [cpu.as_ptr()];
        // SAFETY: as above; the list holds one C string and outlives the call.
        let xml = unsafe {
            let (first, flags) = (list.as_mut_ptr(), BASELINE_EXPAND_FEATURES);
            (table().virConnectBaselineHypervisorCPU)(self.0, any, any, any, kind.as_ptr(), first, 1, flags)
        };
        taken(xml, "read the features of the host's CPU")
    }

    pub fn define(self, xml: &str) -> Outcome<Domain> {
        let xml = text(xml)?;
        // SAFETY: `xml` is a C string that outlives the call.
        let domain = unsafe { (table().virDomainDefineXML)(self.0, xml.as_ptr()) };
        if domain.is_null() { Err(last_error("define the domain")) } else { Ok(Domain(domain)) }
    }

    /// The domain of this root, if there is one.
    pub fn only_domain(self) -> Outcome<Option<Domain>> {
        let mut list: *mut Pointer = null_mut();
        // SAFETY: libvirt fills `list` with an array of that many domains; the array and the domains are ours (and kept).
        unsafe {
            let count = (table().virConnectListAllDomains)(self.0, &mut list, 0);
            if count < 0 {
                return Err(last_error("list domains"));
            }
            Ok((count > 0).then(|| Domain(*list)))
        }
    }
}

unsafe extern "C" fn on_lifecycle(_: Pointer, _: Pointer, _: c_int, _: c_int, changes: Pointer) -> c_int {
    // SAFETY: `changes` is what watch() registered. Nothing is asked of libvirt here: this is its event loop's thread.
    let changes = unsafe { &*changes.cast::<Sender<()>>() };
    let _ = changes.send(());
    0
}

impl Domain {
    pub fn start(self, paused: bool) -> Outcome<()> {
        let flags = if paused { START_PAUSED } else { 0 };
        // SAFETY: the domain pointer is valid for the life of the process; see the type.
        done(unsafe { (table().virDomainCreateWithFlags)(self.0, flags) }, "start the domain")
    }

    pub fn undefine(self) -> Outcome<()> {
        // SAFETY: as in start().
        done(unsafe { (table().virDomainUndefine)(self.0) }, "undefine the domain")
    }

    pub fn state(self) -> Outcome<State> {
        let (mut state, mut reason) = (0, 0);
        // SAFETY: as in start(); both integers outlive the call.
        done(unsafe { (table().virDomainGetState)(self.0, &mut state, &mut reason, 0) }, "read the domain's state")?;
        Ok(State { state, reason })
    }

    /// The disks that QEMU has stopped the guest for. Asks QEMU.
    pub fn disk_errors(self) -> Outcome<Vec<DiskError>> {
        let mut raw = [RawDiskError { target: null_mut(), error: 0 }; DISK_ERRORS_MAX];
        // SAFETY: as in start(); libvirt fills at most as many entries as it is told, each with a string that is ours.
        unsafe {
            let count = (table().virDomainGetDiskErrors)(self.0, raw.as_mut_ptr(), DISK_ERRORS_MAX as c_uint, 0);
            done(count, "read the disks' errors")?;
            raw.iter()
                .take(count as usize)
                .map(|&RawDiskError { target, error }| {
                    let target = taken(target, "read the disks' errors")?;
                    Ok(DiskError { target, no_space: error == DISK_ERROR_NO_SPACE })
                })
                .collect()
        }
    }

    pub fn name(self) -> String {
        // SAFETY: as in start(); the name belongs to the domain object.
        unsafe {
            let name = (table().virDomainGetName)(self.0);
            if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
        }
    }

    pub fn xml(self) -> Outcome<String> {
        // SAFETY: as in start().
        taken(unsafe { (table().virDomainGetXMLDesc)(self.0, 0) }, "read the domain's XML")
    }

    pub fn suspend(self) -> Outcome<()> {
        // SAFETY: as in start().
        done(unsafe { (table().virDomainSuspend)(self.0) }, "pause the domain")
    }

    pub fn resume(self) -> Outcome<()> {
        // SAFETY: as in start().
        done(unsafe { (table().virDomainResume)(self.0) }, "unpause the domain")
    }

    pub fn reset(self) -> Outcome<()> {
        // SAFETY: as in start().
        done(unsafe { (table().virDomainReset)(self.0, 0) }, "reset the domain")
    }

    pub fn shutdown(self) -> Outcome<()> {
        // SAFETY: as in start().
        done(unsafe { (table().virDomainShutdownFlags)(self.0, SHUTDOWN_ACPI) }, "press the domain's power button")
    }

    pub fn destroy(self) -> Outcome<()> {
        // SAFETY: as in start().
        done(unsafe { (table().virDomainDestroyFlags)(self.0, 0) }, "destroy the domain")
    }
}

/// Text that libvirt allocated for its caller.
fn taken(text: *mut c_char, what: &str) -> Outcome<String> {
    if text.is_null() {
        return Err(last_error(what));
    }
    // SAFETY: libvirt answered a C string that is ours; it is copied, and freed once.
    unsafe {
        let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
        libc::free(text.cast());
        Ok(copy)
    }
}

fn done(status: c_int, what: &str) -> Outcome<()> {
    if status < 0 { Err(last_error(what)) } else { Ok(()) }
}

fn text(value: &str) -> Outcome<CString> {
    CString::new(value).map_err(|_| Failure::terminal("Cannot hand text to libvirt: it holds a zero byte"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classify_calls_qemus_refusal_terminal_and_shortage_not() {
        let refused = "internal error: process exited while connecting to monitor: qemu: could not load kernel '/x'";
        let failure = classify("start the domain", 1, refused);
        assert!(failure.terminal);
        assert_eq!(failure.message, format!("Cannot start the domain: {refused}"));
        let short = format!("{}: cannot set up guest memory 'pc.ram': Cannot allocate memory", QEMU_REFUSED[1]);
        assert!(!classify("start the domain", 1, &short).terminal);
        assert!(classify("define the domain", 27, "XML error: no").terminal);
    }
}
