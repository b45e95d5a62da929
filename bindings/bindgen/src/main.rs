//! Writes the Swift and Kotlin sources of the bindings: a crate of its own, so that what it needs stays out of the library.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    uniffi::uniffi_bindgen_main();
    let arguments: Vec<String> = env::args().collect();
    let value = |name| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].as_str());
    match (value("--language"), value("--out-dir")) {
        (Some("kotlin"), Some(out)) => mend(&Path::new(out).join("completion/coach/completion_coach.kt")),
        _ => Ok(()),
    }
}

/// The app's own code may also throw what is no `Exception`, as `TODO()` does. What uniffi writes around a call of it catches exceptions only,
/// and Rust would never hear of the end of the call.
fn mend(kotlin: &Path) -> io::Result<()> {
    const CAUGHT: &str = "catch(e: kotlin.Exception)";
    let (mut mended, mut places, mut within) = (String::new(), 0, false);
    for line in fs::read_to_string(kotlin)?.lines() {
        within |= line.starts_with("internal inline fun<") && line.contains(" uniffiTraitInterfaceCall");
        within &= line != "}";
        if within && line.contains(CAUGHT) {
            places += 1;
            mended += &line.replace(CAUGHT, "catch(e: Throwable)");
        } else {
            mended += line;
        }
        mended.push('\n');
    }
    if places != 4 {
        return Err(io::Error::other(format!(
            "uniffi catches what the app's code throws in {places} places and not in 4: look at them anew"
        )));
    }
    fs::write(kotlin, mended)
}
