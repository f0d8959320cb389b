//! Arbitrary inputs into the broker.
#![no_main]

#[path = "../src/core_input.rs"]
mod core_input;

libfuzzer_sys::fuzz_target!(|data: &[u8]| core_input::survive(data));
