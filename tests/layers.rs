//! Holds the layers: a file uses only what is below it, pure files reach no clock and no I/O, and every file says why it exists.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

/// The layers from the bottom up. A unit may use what stands before it; nothing stands twice.
const LAYERS: [(&str, &[&str]); 6] = [
    ("0", &["error", "fault", "runtime", "secret"]),
    (
        "1 pure",
        &[
            "limits",
            "action",
            "profile",
            "usage",
            "lang",
            "text",
            "safety",
            "flow",
            "check",
            "conversation",
            "evidence",
            "prompt",
            "script",
            "rules",
            "retry",
            "sse",
        ],
    ),
    ("2 ports", &["transport", "credentials", "endpoint", "model", "store"]),
    (
        "3 adapters",
        &[
            "transport/reqwest",
            "model/guide",
            "model/scripted",
            "model/remote",
            "model/anthropic",
            "model/openai",
            "store/sqlite",
            "store/conformance",
            "testing",
        ],
    ),
    ("4", &["draft", "extract", "coach"]),
    ("5", &["evaluate", "lib"]),
];

/// Which adapter may use which other one.
const ADAPTERS_TOGETHER: [(&str, &str); 3] =
    [("testing", "model/scripted"), ("model/anthropic", "model/remote"), ("model/openai", "model/remote")];

/// What a pure file never names: time, I/O, and whoever brings them.
const IMPURE: [&str; 7] = ["tokio", "rusqlite", "reqwest", "getrandom", "SystemTime", "Instant", "RandomIds"];
const IMPURE_STD: [&str; 5] = ["fs", "net", "env", "process", "thread"];

fn layer_of(unit: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, units)| units.contains(&unit))
}

fn position(unit: &str) -> Option<usize> {
    LAYERS.iter().flat_map(|(_, units)| units.iter()).position(|known| *known == unit)
}

/// The unit that a module path belongs to: an adapter is a unit of its own, every other file belongs to its top module.
fn unit_of(path: &[String]) -> Option<String> {
    let adapter = path.get(..2).map(|two| two.join("/")).filter(|two| position(two).is_some());
    adapter.or_else(|| path.first().filter(|top| position(top).is_some()).cloned())
}

fn flatten(tokens: TokenStream, flat: &mut Vec<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    proc_macro2::Delimiter::Brace => ("{", "}"),
                    proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                    proc_macro2::Delimiter::Bracket => ("[", "]"),
                    proc_macro2::Delimiter::None => ("", ""),
                };
                flat.push(open.to_owned());
                flatten(group.stream(), flat);
                flat.push(close.to_owned());
            }
            other => flat.push(other.to_string()),
        }
    }
}

/// Every path that begins at `at`, with its groups spelled out.
fn paths(tokens: &[String], at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    let mut next = at;
    loop {
        match tokens.get(next).map(String::as_str) {
            Some("{") => {
                next += 1;
                while tokens.get(next).is_some_and(|token| token != "}") {
                    if tokens[next] == "," {
                        next += 1;
                    } else {
                        next = paths(tokens, next, &path, found).max(next + 1);
                    }
                }
                return next + 1;
            }
            Some(name) => {
                path.push(name.to_owned());
                next += 1;
            }
            None => break,
        }
        if tokens.get(next).map(String::as_str) == Some(":") && tokens.get(next + 1).map(String::as_str) == Some(":") {
            next += 2;
        } else {
            break;
        }
    }
    // `as name` and whatever else follows up to the next comma or brace belongs to this path.
    found.push(path);
    while tokens.get(next).is_some_and(|token| token == "as") {
        next += 2;
    }
    next
}

/// What is wrong with a file at this place in `src`.
fn violations(file: &str, source: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let Some(unit) = unit_of(&module) else {
        return vec![format!("{file} is in no layer")];
    };
    let layer = layer_of(&unit).expect("a unit is in a layer");
    let first = source.lines().next().unwrap_or_default();
    if !(first.starts_with("//! ") && first.ends_with('.')) {
        wrong.push(format!("{file}: the first line does not say why the file exists"));
    }
    let mut tokens = Vec::new();
    flatten(TokenStream::from_str(source).expect("a source file has tokens"), &mut tokens);
    // Tests may set up what they like; they are not part of the crate.
    if module.iter().any(|name| name == "tests") {
        return wrong;
    }
    for at in 0..tokens.len() {
        let is_path = tokens.get(at + 1).map(String::as_str) == Some(":") && tokens.get(at + 2).map(String::as_str) == Some(":");
        let inner = at > 1 && tokens[at - 1] == ":" && tokens[at - 2] == ":";
        let name = tokens[at].as_str();
        if !inner && is_path && (name == "crate" || name == "super") && unit != "lib" {
            let mut found = Vec::new();
            let base = if name == "crate" { Vec::new() } else { module[..module.len() - 1].to_vec() };
            paths(&tokens, at + 3, &base, &mut found);
            for mut path in found {
                while let Some(up) = path.iter().position(|part| part == "super") {
                    path.remove(up);
                    if up > 0 {
                        path.remove(up - 1);
                    }
                }
                let Some(used) = unit_of(&path) else {
                    let inside = name == "super" && (module.len() == 1 || path.is_empty());
                    if !inside {
                        wrong.push(format!("{file}: `{}` is not reached through its module", path.join("::")));
                    }
                    continue;
                };
                if used == unit {
                    continue;
                }
                let together = ADAPTERS_TOGETHER.contains(&(unit.as_str(), used.as_str()));
                if position(&used) >= position(&unit) {
                    wrong.push(format!("{file} uses {used}, which is not below it"));
                } else if layer_of(&used) == Some(layer) && layer == 3 && !together {
                    wrong.push(format!("{file} uses {used}, another adapter"));
                } else if layer == 4 && layer_of(&used) == Some(3) {
                    wrong.push(format!("{file} uses {used}: the coach knows the ports, never an adapter"));
                }
            }
        }
        // A port names its adapters only to declare them and to pass them on.
        let child = format!("{unit}/{name}");
        if layer == 2 && !inner && is_path && position(&child).is_some() {
            let declared = at > 0 && tokens[at - 1] == "use";
            if !declared {
                wrong.push(format!("{file} uses {child}, an adapter of its own"));
            }
        }
        let of_std = at > 2 && tokens[at - 3] == "std" && inner && IMPURE_STD.contains(&name);
        if layer == 1 && (IMPURE.contains(&name) || of_std) {
            wrong.push(format!("{file} names {name}, but it is pure"));
        }
        let only = match name {
            "rusqlite" => "store/sqlite",
            "reqwest" | "rustls" | "webpki_roots" => "transport/reqwest",
            "http_types" => "endpoint",
            _ => continue,
        };
        if unit != only && !(unit == "transport" && name == "reqwest") {
            wrong.push(format!("{file} names {name}, which only {only} does"));
        }
    }
    wrong.dedup();
    wrong
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>, root: &Path) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found, root);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("it is below").to_string_lossy().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).expect("it can be read")));
        }
    }
}

#[test]
fn every_file_uses_only_what_is_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found, &root);
    assert!(found.len() > 20, "the sources were found");
    let wrong: Vec<_> = found.iter().flat_map(|(file, source)| violations(file, source)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_and_example_says_why_it_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["tests", "examples", "benches"].map(|folder| root.join(folder)).into_iter().filter(|folder| folder.exists()) {
        let mut found = Vec::new();
        sources(&folder, &mut found, &folder);
        for (file, source) in found {
            let first = source.lines().next().unwrap_or_default();
            assert!(first.starts_with("//! ") && first.ends_with('.'), "{file}: the first line does not say why the file exists");
        }
    }
}

#[test]
fn a_broken_layer_is_seen() {
    let says = "//! Why.\n";
    let broken = [
        ("flow.rs", "use crate::store::Page;", "uses store"),
        ("flow.rs", "fn f() { crate::conversation::x(); }", "uses conversation"),
        ("flow.rs", "use crate::{error::Result, coach::{Core, Turn}};", "uses coach"),
        ("flow.rs", "use crate::Flow;", "not reached through its module"),
        ("flow.rs", "fn f() { tokio::spawn(x); }", "names tokio"),
        ("flow.rs", "use std::time::SystemTime;", "names SystemTime"),
        ("rules.rs", "fn f() { let _ = std::fs::read(p); }", "names fs"),
        ("error.rs", "use crate::runtime::Timestamp;", "uses runtime"),
        ("store.rs", "use crate::coach::Core;", "uses coach"),
        ("store.rs", "fn f() { sqlite::open(); }", "uses store/sqlite"),
        ("model.rs", "fn f() -> guide::OfflineGuide { x }", "uses model/guide"),
        ("store/sqlite.rs", "use crate::model::OfflineGuide; use crate::model::guide::X;", "another adapter"),
        ("store/sqlite/rows.rs", "use super::super::super::coach::Core;", "uses coach"),
        ("store/conformance.rs", "use super::sqlite::SqliteStore;", "another adapter"),
        ("coach/turn.rs", "use crate::store::sqlite::SqliteStore;", "never an adapter"),
        ("coach/turn.rs", "fn f() { rusqlite::x(); }", "names rusqlite"),
        ("model/remote.rs", "use super::openai::OpenAiModel;", "not below it"),
        ("model/anthropic.rs", "use super::openai::OpenAiModel;", "not below it"),
        ("model/openai.rs", "use super::anthropic::VERSION;", "another adapter"),
        ("model/remote.rs", "use reqwest::Client;", "names reqwest"),
        ("helpers.rs", "", "in no layer"),
    ];
    for (file, line, expected) in broken {
        let wrong = violations(file, &format!("{says}{line}\n"));
        assert!(wrong.iter().any(|wrong| wrong.contains(expected)), "{file} with `{line}` was let pass: {wrong:?}");
    }
    assert!(violations("flow.rs", "// no reason\n").iter().any(|wrong| wrong.contains("first line")));
}

#[test]
fn a_sound_file_is_let_pass() {
    let sound = [
        ("flow.rs", "use crate::error::{Error, Result};\nmod tests { use super::Flow; }"),
        ("conversation.rs", "use crate::{action::Action as A, flow::{Ending, Flow}};"),
        ("store.rs", "mod sqlite;\npub use sqlite::SqliteStore;\nuse crate::action::Action;"),
        ("store/sqlite/rows.rs", "use super::worker::Worker;\nuse super::super::Page;\nuse crate::store::Change;"),
        ("coach/turn.rs", "use super::Core;\nuse crate::model::Model;"),
        ("testing.rs", "pub use crate::model::scripted::ScriptedModel;"),
        ("lib.rs", "pub use store::SqliteStore;"),
    ];
    for (file, lines) in sound {
        assert_eq!(violations(file, &format!("//! Why.\n{lines}\n")), [""; 0], "{file}");
    }
}
