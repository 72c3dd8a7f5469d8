//! Allocator of the npm package's module.
#![cfg(all(feature = "allocator", target_arch = "wasm32"))]

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
