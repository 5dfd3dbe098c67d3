#![no_main]

use libfuzzer_sys::fuzz_target;
use riffle::provider::Api;

fuzz_target!(|data: &[u8]| riffle_fuzz::read_both_ways(Api::OpenAiChat, data));
