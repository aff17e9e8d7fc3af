#![no_main]
#![doc = "What reads the store's log; see the library."]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    touchbook_fuzz::log(bytes);
});
