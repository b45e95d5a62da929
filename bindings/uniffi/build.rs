//! Leaves out of the small library what describes it: generators read that from any other build, and no app reads it.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let small = var("OPT_LEVEL").is_ok_and(|level| level == "z");
    // Linkers of other systems drop it by themselves, as nothing refers to it.
    let linker = var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux" || system == "android");
    if let (true, true, Ok(folder)) = (small, linker, var("CARGO_MANIFEST_DIR")) {
        println!("cargo:rerun-if-changed=small.ld");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-T,{folder}/small.ld");
    }
}
