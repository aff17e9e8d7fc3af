#![no_main]
#![doc = "What reads a envelope; see the library."]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    touchbook_fuzz::envelope(bytes);
});
