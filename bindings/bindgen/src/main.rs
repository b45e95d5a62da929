//! Writes the Swift and Kotlin sources of the bindings: a crate of its own, so that what it needs stays out of the library.

fn main() {
    uniffi::uniffi_bindgen_main();
}
