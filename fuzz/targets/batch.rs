#![no_main]
#![doc = "What reads a batch; see the library."]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    touchbook_fuzz::batch(bytes);
});
