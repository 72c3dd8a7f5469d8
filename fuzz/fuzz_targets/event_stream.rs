//! Fuzz target: event streams (`tests/src/hostile`).

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| push_wire_tests::hostile::run("event_stream", bytes));
