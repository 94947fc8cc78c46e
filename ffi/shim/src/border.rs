//! The caller's buffers, as values that cannot be misused. A panic never crosses: release builds abort, and nothing
//! here indexes or unwraps.

use std::path::PathBuf;

use crate::reason::{Reason, status};

/// Bytes the caller lends for the length of the call.
pub struct Bytes<'call>(&'call [u8]);

impl Bytes<'_> {
    /// # Safety
    /// `pointer` must be valid for `length` bytes as long as the value lives, or null.
    pub unsafe fn new(pointer: *const u8, length: u64) -> Self {
        if pointer.is_null() || length == 0 {
            return Self(&[]);
        }
        // SAFETY: the caller's promise.
        Self(unsafe { std::slice::from_raw_parts(pointer, length as usize) })
    }

    pub fn text(&self) -> Result<String, Reason> {
        let text =
            std::str::from_utf8(self.0).map_err(|_| Reason::error("Cannot read an argument: it is not UTF-8"))?;
        if text.contains('\0') {
            return Err(Reason::error("Cannot read an argument: it holds a zero byte"));
        }
        Ok(text.to_owned())
    }

    pub fn path(&self) -> Result<PathBuf, Reason> {
        self.text().map(PathBuf::from)
    }

    pub fn to_vec(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

/// Where the answer goes, or the reason why there is none.
pub struct Out {
    pointer: *mut u8,
    capacity: usize,
    length: *mut u64,
}

impl Out {
    /// # Safety
    /// `pointer` must be writable for `capacity` bytes and `length` for one number, as long as the value lives.
    pub unsafe fn new(pointer: *mut u8, capacity: u64, length: *mut u64) -> Self {
        Self { pointer, capacity: if pointer.is_null() { 0 } else { capacity as usize }, length }
    }

    pub fn answer(self, body: impl FnOnce() -> Result<Vec<u8>, Reason>) -> i32 {
        match body() {
            Ok(bytes) if bytes.len() > self.capacity => {
                self.write(format!("The answer has {} bytes, the buffer {}", bytes.len(), self.capacity).as_bytes());
                status::TOO_LARGE
            }
            Ok(bytes) => {
                self.write(&bytes);
                status::OK
            }
            Err(reason) => {
                self.write(reason.message.as_bytes());
                reason.status
            }
        }
    }

    fn write(&self, bytes: &[u8]) {
        let count = bytes.len().min(self.capacity);
        // SAFETY: new() was promised room for `capacity` bytes and one number; `count` is at most that.
        unsafe {
            if count > 0 {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.pointer, count);
            }
            store(self.length, count as u64);
        }
    }
}

/// # Safety
/// `place` must be writable, or null.
pub unsafe fn store<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller's promise; JavaScript's buffers need not be aligned.
        unsafe { place.write_unaligned(value) };
    }
}
