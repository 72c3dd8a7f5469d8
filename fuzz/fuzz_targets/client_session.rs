//! Fuzz target: a client session that receives arbitrary messages of a server (`tests/src/hostile`).

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| push_wire_tests::hostile::run("client_session", bytes));
