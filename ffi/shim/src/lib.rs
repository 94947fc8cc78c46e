//! libdenovirt.so: what JavaScript cannot do. See `ffi/abi.h` for the contract.

mod beneath;
mod border;
mod domain;
mod envelope;
mod handles;
mod kvm;
mod reason;
mod shared_directory;

use std::os::fd::AsRawFd;

use border::{Bytes, Out, store};
use handles::{HANDLES, Resource};
use reason::{Reason, status};
use shared_directory::SharedDirectory;

const ABI_VERSION: u32 = 1;

#[unsafe(no_mangle)]
pub extern "C" fn shim_abi_version() -> u32 {
    ABI_VERSION
}

/// # Safety
/// As `ffi/abi.h` says: `out` has `out_capacity` bytes and `out_length` is writable, both for the length of the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_kvm_probe(out: *mut u8, out_capacity: u64, out_length: *mut u64) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let out = unsafe { Out::new(out, out_capacity, out_length) };
    out.answer(|| Ok(kvm::probe().into_bytes()))
}

/// # Safety
/// As `ffi/abi.h` says: each pointer is valid for its length during the call; `handle` and `pid` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_envelope_connect(
    path: *const u8,
    path_length: u64,
    pod_uid: *const u8,
    pod_uid_length: u64,
    handle: *mut u64,
    pid: *mut u32,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let (path, pod_uid, out) = unsafe {
        (Bytes::new(path, path_length), Bytes::new(pod_uid, pod_uid_length), Out::new(out, out_capacity, out_length))
    };
    out.answer(|| {
        let envelope = envelope::Envelope::connect(&path.path()?, &pod_uid.text()?)?;
        let envelope_pid = envelope.pid();
        let number = HANDLES.insert(Resource::Envelope(envelope))?;
        // SAFETY: the caller's promise, passed on.
        unsafe {
            store(pid, envelope_pid);
            store(handle, number);
        }
        Ok(Vec::new())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn shim_envelope_alive(handle: u64) -> i32 {
    match HANDLES.get(handle).as_deref() {
        Some(Resource::Envelope(envelope)) if envelope.alive() => status::OK,
        _ => status::ABSENT,
    }
}

/// # Safety
/// As for [`shim_kvm_probe`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_envelope_socket(
    handle: u64,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let out = unsafe { Out::new(out, out_capacity, out_length) };
    out.answer(|| match HANDLES.get(handle).as_deref() {
        Some(Resource::Envelope(envelope)) => Ok(envelope.socket_path().into_bytes()),
        _ => Err(Reason::error(format!("Cannot find the envelope's socket: its handle is not open: got {handle}"))),
    })
}

/// # Safety
/// As for [`shim_kvm_probe`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_envelope_release(
    handle: u64,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let out = unsafe { Out::new(out, out_capacity, out_length) };
    out.answer(|| match HANDLES.get(handle).as_deref() {
        Some(Resource::Envelope(envelope)) => envelope.release().map(|()| Vec::new()),
        _ => Err(Reason::error(format!("Cannot release the envelope: its handle is not open: got {handle}"))),
    })
}

/// # Safety
/// As for [`shim_envelope_connect`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_read_beneath(
    pid: u32,
    path: *const u8,
    path_length: u64,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let (path, out) = unsafe { (Bytes::new(path, path_length), Out::new(out, out_capacity, out_length)) };
    out.answer(|| beneath::read(pid, &path.text()?, out_capacity))
}

/// # Safety
/// As for [`shim_envelope_connect`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_shared_read(
    directory: *const u8,
    directory_length: u64,
    name: *const u8,
    name_length: u64,
    owner: u32,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let (directory, name, out) = unsafe {
        (
            Bytes::new(directory, directory_length),
            Bytes::new(name, name_length),
            Out::new(out, out_capacity, out_length),
        )
    };
    out.answer(|| SharedDirectory::open(&directory.path()?)?.read(&name.text()?, owner, out_capacity))
}

/// # Safety
/// As for [`shim_envelope_connect`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_shared_socket(
    directory: *const u8,
    directory_length: u64,
    name: *const u8,
    name_length: u64,
    owner: u32,
    handle: *mut u64,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let (directory, name, out) = unsafe {
        (
            Bytes::new(directory, directory_length),
            Bytes::new(name, name_length),
            Out::new(out, out_capacity, out_length),
        )
    };
    out.answer(|| {
        let socket = SharedDirectory::open(&directory.path()?)?.open_socket(&name.text()?, owner)?;
        let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
        let number = HANDLES.insert(Resource::Socket(socket))?;
        // SAFETY: the caller's promise, passed on.
        unsafe { store(handle, number) };
        Ok(path.into_bytes())
    })
}

/// # Safety
/// As for [`shim_envelope_connect`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_domain_start(
    program: *const u8,
    program_length: u64,
    directory: *const u8,
    directory_length: u64,
    input: *const u8,
    input_length: u64,
    handle: *mut u64,
    out: *mut u8,
    out_capacity: u64,
    out_length: *mut u64,
) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let (program, directory, input, out) = unsafe {
        (
            Bytes::new(program, program_length),
            Bytes::new(directory, directory_length),
            Bytes::new(input, input_length),
            Out::new(out, out_capacity, out_length),
        )
    };
    out.answer(|| {
        let launch = domain::Launch::start(&program.path()?, &directory.path()?, input.to_vec())?;
        let number = HANDLES.insert(Resource::Launch(launch))?;
        // SAFETY: the caller's promise, passed on.
        unsafe { store(handle, number) };
        Ok(Vec::new())
    })
}

/// # Safety
/// As for [`shim_kvm_probe`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shim_domain_poll(handle: u64, out: *mut u8, out_capacity: u64, out_length: *mut u64) -> i32 {
    // SAFETY: the caller's promise, passed on.
    let out = unsafe { Out::new(out, out_capacity, out_length) };
    out.answer(|| match HANDLES.get(handle).as_deref() {
        Some(Resource::Launch(launch)) => launch.poll(),
        _ => Err(Reason::error(format!("Cannot poll the domain process: its handle is not open: got {handle}"))),
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn shim_close(handle: u64) -> i32 {
    HANDLES.remove(handle);
    status::OK
}
