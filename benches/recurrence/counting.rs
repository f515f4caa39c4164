//! An allocator that knows how much memory a call had at its most.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// The server's allocator, counted while somebody wants to know.
pub struct Counting(pub tikv_jemallocator::Jemalloc);

static ON: AtomicBool = AtomicBool::new(false);
static NOW: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// The most bytes that `call` had at one time, beyond what there was before it.
pub fn peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    NOW.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    ON.store(true, Relaxed);
    let result = call();
    ON.store(false, Relaxed);
    (result, PEAK.load(Relaxed).unsigned_abs())
}

fn grow(bytes: usize) {
    if ON.load(Relaxed) {
        let now = NOW.fetch_add(bytes.cast_signed(), Relaxed) + bytes.cast_signed();
        PEAK.fetch_max(now, Relaxed);
    }
}

fn shrink(bytes: usize) {
    if ON.load(Relaxed) {
        NOW.fetch_sub(bytes.cast_signed(), Relaxed);
    }
}

#[allow(unsafe_code, reason = "an allocator has no other way")]
// SAFETY: every call goes to jemalloc unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller's.
        unsafe { self.0.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both exist while the content is moved.
        grow(size);
        shrink(layout.size());
        // SAFETY: the caller's.
        unsafe { self.0.realloc(place, layout, size) }
    }
}
