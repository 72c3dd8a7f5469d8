//! Fuzz target: a server's peer that receives arbitrary messages of the JSON dialect (`tests/src/hostile`).

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| push_wire_tests::hostile::run("json_dialect", bytes));
