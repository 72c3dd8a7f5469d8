//! Fuzz target: messages of clients on a signalling channel (`tests/src/hostile`).

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| push_wire_tests::hostile::run("signals", bytes));
