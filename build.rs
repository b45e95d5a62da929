//! Packs the language files, which are most of what is constant in a program that uses this crate.

use std::path::Path;
use std::{env, fs, io};

use miniz_oxide::deflate::compress_to_vec;

const LANGUAGES: [&str; 4] = ["en", "es", "ja", "pt"];

fn main() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for tag in LANGUAGES {
        let source = format!("src/lang/{tag}.json");
        println!("cargo::rerun-if-changed={source}");
        // No string of a JSON file goes over a line's end.
        let json: String = fs::read_to_string(source)?.lines().map(str::trim).collect();
        fs::write(Path::new(&out).join(format!("{tag}.json.deflate")), compress_to_vec(json.as_bytes(), 9))?;
    }
    Ok(())
}
