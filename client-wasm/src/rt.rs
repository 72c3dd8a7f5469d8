//! Allocator and panic handler of a module without the standard library. Off in tests, which have the standard library.
#![cfg(all(feature = "rt", target_arch = "wasm32"))]

/// Panic handler: a trap. Messages would take more bytes than all of the session.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
