//! What the standard library would bring, at half a megabyte less: an allocator, an end for panics, and `main`.

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{CStr, c_char, c_int};

struct Malloc;

// SAFETY: malloc and free keep the contract; nothing here asks for more than malloc's own alignment, and if something
// did, the allocation fails instead of being misaligned.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 16 {
            return core::ptr::null_mut();
        }
        // SAFETY: any size may be asked for; null is a permitted answer.
        unsafe { libc::malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, _: Layout) {
        // SAFETY: `pointer` came from malloc above and is given back once.
        unsafe { libc::free(pointer.cast()) }
    }
}

#[global_allocator]
static ALLOCATOR: Malloc = Malloc;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: abort has no preconditions.
    unsafe { libc::abort() }
}

#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    // SAFETY: the C runtime passes `count` strings that live as long as the process.
    let arguments: Vec<&str> = unsafe {
        (1..count.max(1) as usize).filter_map(|index| CStr::from_ptr(*arguments.add(index)).to_str().ok()).collect()
    };
    crate::run_command(&arguments)
}

/// Referred to by the precompiled `alloc` crate and never called: this program aborts on a panic.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
