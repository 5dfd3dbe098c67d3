//! Lays the functions that run with each delta next to each other: a program that wakes for a moment a hundred times a second
//! mostly waits for its own code to come back into the caches.

/// Has the linker follow the script, where it is one that knows such scripts.
pub(crate) fn order_functions() {
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    let is_known = of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu";
    // lld and GNU ld know them; a linker that somebody chose may not.
    let flags = of("CARGO_ENCODED_RUSTFLAGS");
    let is_chosen = !of("RUSTC_LINKER").is_empty()
        || ["link", "-fuse-ld"].iter().any(|word| flags.contains(word))
        || of("LD_PRELOAD").contains("mold");
    let script = format!("{}/assets/build/streaming.ld", of("CARGO_MANIFEST_DIR"));
    if of("PROFILE") == "release" && is_known && !is_chosen && !script.contains(',') {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{script}");
    }
}
