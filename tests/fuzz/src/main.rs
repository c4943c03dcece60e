//! The fuzzer's program: runs the target named by `HOLDFAST_FUZZ` on every generated input. `cargo
//! xtask fuzz` builds and starts it.
//!
//! Invariant: a run that exceeds its target's memory limit panics, just like a broken promise.

#![no_main]
#![expect(
    unsafe_code,
    reason = "the allocator counts; the fuzzer calls by C's names"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use fuzz::{FuzzTarget, TARGETS};
use libfuzzer_sys::fuzz_target;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST_HELD: AtomicUsize = AtomicUsize::new(0);

struct CountedMemory;

#[global_allocator]
static MEMORY: CountedMemory = CountedMemory;

// SAFETY: forwards every call unchanged to the system allocator.
unsafe impl GlobalAlloc for CountedMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST_HELD.fetch_max(held, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(memory, layout) }
    }
}

static TARGET: LazyLock<&FuzzTarget> = LazyLock::new(|| {
    let name = std::env::var("HOLDFAST_FUZZ").unwrap_or_default();
    let names = TARGETS.map(|target| target.name);
    fuzz::target(&name).unwrap_or_else(|| panic!("HOLDFAST_FUZZ is one of {names:?}, not `{name}`"))
});

fuzz_target!(|input: &[u8]| {
    let target = *TARGET;
    let before = HELD.load(Relaxed);
    MOST_HELD.store(before, Relaxed);
    (target.run)(input);
    let held = MOST_HELD.load(Relaxed).saturating_sub(before);
    let allowed = target.bytes_besides_max + target.bytes_per_byte_max * input.len();
    assert!(
        held <= allowed,
        "{held} bytes of memory for {} bytes of input",
        input.len()
    );
});
