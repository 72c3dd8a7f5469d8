//! Fuzz target: messages of the push-wire dialect, record by record (`tests/src/hostile`).

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| push_wire_tests::hostile::run("records", bytes));
