#![no_main]
#![doc = "What reads a block; see the library."]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    touchbook_fuzz::block(bytes);
});
