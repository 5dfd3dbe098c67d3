//! What fuzzing found worth keeping, read again: no panic, and the same however it is cut.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use riffle::provider::Api;

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// The inputs kept for a fuzz target.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/fuzz/kept/{target}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let inputs: Vec<_> = text.lines().map(|line| STANDARD.decode(line).unwrap()).collect();
    assert!(inputs.len() > 100, "the corpus of {target} is missing");
    inputs
}

#[test]
fn what_the_fuzzer_kept_is_read_the_same_however_it_is_cut() {
    for input in kept("sse") {
        fuzz::events_both_ways(&input);
    }
    for api in Api::ALL {
        let target = api.as_str().replace('-', "_");
        for input in kept(&target) {
            fuzz::read_both_ways(api, &input);
        }
    }
}
