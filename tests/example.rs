//! Holds the example to its word: real processes, killed and interrupted at every step, lose no answer, store none twice, and send none unasked.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use completion_coach::{
    ActionStatus, CompletionCoach, DebriefState, Finish, ListedAction, Message, Model, ModelEvent, ModelEvents, ModelInfo, ModelPlace,
    NewAction, OfflineGuide, Profile, Request, Role, SqliteStore, Usage, User,
};
use serde_json::{Value, json};

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const TITLE: &str = "Replicated a result on a small model";
const ANSWERS: [&str; 4] = [
    "It worked on the small model, with half of the effect.",
    "I would write the evaluation before the training loop.",
    "I can now train a small model from nothing.",
    "I will test the larger model on Saturday.",
];

fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("a test is built below its profile's folder");
        let path = profile.join("examples").join(format!("debrief{}", std::env::consts::EXE_SUFFIX));
        // Cargo builds examples for `cargo test`, but not for `cargo test --test example`.
        let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
        if changed(&path) < changed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/debrief.rs")) {
            let built = Command::new(env!("CARGO")).args(["build", "--example", "debrief"]).status().expect("cargo starts");
            assert!(built.success());
        }
        path
    })
}

/// What says which model is asked, and by which way. Nothing that a developer has set is used.
const VARIABLES: [&str; 6] =
    ["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"];
const PROXIES: [&str; 6] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

fn start(db: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(example());
    for variable in VARIABLES.into_iter().chain(PROXIES) {
        command.env_remove(variable);
    }
    command.arg("--db").arg(db).args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with this input to its end.
fn run(db: &Path, options: &[&str], input: &str) -> Output {
    finish(&mut start(db, options), input)
}

fn finish(command: &mut Command, input: &str) -> Output {
    let mut child = command.spawn().expect("the example starts");
    // It may end without reading all of it.
    let _ = child.stdin.take().expect("it has an input").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

fn script(db: &Path, options: &[&str], input: &str) -> (Vec<Value>, Option<i32>) {
    let output = run(db, &[&["--json"], options].concat(), input);
    (events(&texts(&output).0), output.status.code())
}

fn events(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it writes UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

fn all_answers() -> String {
    ANSWERS.join("\n") + "\n"
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let db = folder.path().join("debrief.db");
    (folder, db)
}

/// What the library finds in the file.
fn look<T>(db: &Path, look: impl AsyncFnOnce(User) -> T) -> T {
    look_with(db, OfflineGuide, async |coach| look(coach.user("me")).await)
}

fn look_with<T>(db: &Path, model: impl Model, look: impl AsyncFnOnce(CompletionCoach) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let store = SqliteStore::open(db).expect("the file is ours");
        look(CompletionCoach::builder(store, model).build().expect("the settings are right")).await
    })
}

fn actions(db: &Path) -> Vec<ListedAction> {
    look(db, async |me| me.actions(None).await.expect("actions can be read"))
}

fn profile(db: &Path) -> Profile {
    look(db, async |me| me.profile().await.expect("there is a profile"))
}

fn messages(db: &Path) -> Vec<Message> {
    look(db, async |me| {
        let done = me.actions(Some(ActionStatus::Done)).await.expect("actions can be read");
        let Some(latest) = done.first() else { return Vec::new() };
        me.debrief(latest.action.id.clone()).messages(500, None).await.expect("messages can be read").messages
    })
}

/// The answers that are stored, after it was checked that no position is missing or taken twice.
fn stored_answers(db: &Path) -> Vec<String> {
    let messages = messages(db);
    let positions: Vec<u64> = messages.iter().map(|message| message.seq).collect();
    assert_eq!(positions, (1..=messages.len() as u64).collect::<Vec<_>>());
    messages.into_iter().filter(|message| message.role == Role::User).map(|message| message.text).collect()
}

#[test]
fn a_script_holds_a_whole_debrief() {
    let (_folder, db) = folder();
    let input = all_answers() + "{\"accept\":\"all\",\"next_action\":true}\n";
    let (events, status) = script(&db, &["--title", TITLE, "--kind", "replicate"], &input);
    assert_eq!(status, Some(0), "{events:?}");

    let replies = named(&events, "reply");
    assert_eq!(replies.len(), 5);
    assert_eq!(named(&events, "text").len(), 5);
    for (exchange, (text, reply)) in named(&events, "text").iter().zip(&replies).enumerate() {
        assert_eq!(text["text"], reply["text"]);
        assert_eq!(reply["exchange"], exchange);
        assert_eq!(reply["over"], exchange == 4);
        assert_eq!(reply["review_due"], exchange == 4);
    }
    let choices: Vec<_> = replies[0]["choices"].as_array().expect("choices are a list").iter().map(|choice| &choice["id"]).collect();
    assert_eq!(choices, ["success", "mixed", "failure", "not_done"]);

    let recap = named(&events, "recap")[0];
    let quotes: Vec<_> = recap["lines"].as_array().expect("a recap has lines").iter().map(|line| &line["quote"]).collect();
    assert_eq!(quotes, ANSWERS);
    let item = &named(&events, "proposal")[0]["items"][0];
    assert_eq!((&item["field"], &item["operation"], &item["status"]), (&json!("insights"), &json!("add"), &json!("pending")));
    assert!(ANSWERS[1].starts_with(item["value"].as_str().expect("an insight is a text")));
    let evidence = &item["evidence"][0];
    let quoted = messages(&db).into_iter().find(|message| evidence["message"] == message.id.as_str()).expect("the evidence is a message");
    assert!(quoted.text.contains(evidence["quote"].as_str().expect("a quote is a text")));

    let applied = named(&events, "applied")[0];
    assert_eq!((&applied["accepted"][0], &applied["rejected"], &applied["conflicts"]), (&item["id"], &json!([]), &json!([])));
    assert_eq!(applied["profile"]["insights"][0], item["value"]);
    let next = named(&events, "next_action")[0];
    assert_eq!(next["title"], "I will test the larger model on Saturday");
    let order: Vec<_> = events.iter().rev().take(4).map(|event| &event["event"]).collect();
    assert_eq!(order, ["next_action", "applied", "proposal", "recap"]);

    // The next day all of it is there.
    let listed = actions(&db);
    assert!(listed.iter().any(|listed| listed.action.title == TITLE && listed.debrief == DebriefState::Reviewed));
    assert!(listed.iter().any(|listed| next["id"] == listed.action.id.as_str() && listed.action.status == ActionStatus::Active));
    let (shown, _) = texts(&run(&db, &[], "p\n\n"));
    for kept in [ANSWERS[1].trim_end_matches('.'), "I will test the larger model on Saturday"] {
        assert!(shown.contains(kept), "{shown}");
    }
    ran("offline");
}

#[test]
fn a_script_with_nothing_to_go_on_with_is_told_what_to_pass() {
    let (_folder, db) = folder();
    let (events, status) = script(&db, &[], "");
    assert_eq!((events.len(), status, &events[0]["event"], &events[0]["kind"]), (1, Some(1), &json!("error"), &json!("not_found")));
    assert!(events[0]["text"].as_str().is_some_and(|text| text.contains("--title")));
}

#[test]
fn the_end_of_the_input_ends_the_questions_politely() {
    for rest in ["", "\n"] {
        let (_folder, db) = folder();
        let (events, status) = script(&db, &["--title", TITLE], &format!("{}\n{rest}", ANSWERS[0]));
        assert_eq!(status, Some(0));
        let last = *named(&events, "reply").last().expect("there are replies");
        assert_eq!(last["over"], true);
        assert!(last["text"].as_str().is_some_and(|text| !text.contains('?')));
        assert_eq!(named(&events, "recap")[0]["lines"][0]["quote"], ANSWERS[0]);
        assert_eq!((named(&events, "proposal").len(), named(&events, "applied").len()), (1, 0));
        assert_eq!(stored_answers(&db), [ANSWERS[0]]);
    }
}

#[test]
fn a_line_that_is_a_choice_takes_it() {
    for line in ["mixed", "Some of it worked out"] {
        let (_folder, db) = folder();
        script(&db, &["--title", TITLE], &format!("{line}\n"));
        let chosen = messages(&db).into_iter().find(|message| message.role == Role::User).expect("it was stored");
        assert_eq!(chosen.choice.as_deref(), Some("mixed"));
    }
}

#[test]
fn verdicts_accept_reject_and_edit() {
    let (_folder, db) = folder();
    let (events, _) = script(&db, &["--title", TITLE], &all_answers());
    let id = named(&events, "proposal")[0]["items"][0]["id"].clone();

    for wrong in ["yes", "{\"accept\":\"some\"}", "{\"acept\":\"all\"}", "{\"accept\":\"all\"", "[]"] {
        let (events, status) = script(&db, &[], &format!("{wrong}\n"));
        assert_eq!(status, Some(1), "{wrong}");
        assert_eq!(events.last().expect("there are events")["kind"], "invalid_input", "{wrong}");
        assert!(named(&events, "applied").is_empty());
        assert_eq!(named(&events, "proposal")[0]["items"][0]["id"], id, "it is offered again");
    }
    let (events, status) = script(&db, &[], "{\"accept\":[\"nobody's\"]}\n");
    assert_eq!((status, &events.last().expect("there are events")["kind"]), (Some(1), &json!("not_found")));
    let (_, status) = script(&db, &[], "");
    assert_eq!((status, profile(&db)), (Some(0), Profile::default()), "who says nothing decides nothing");

    let mut edit = json!({ "edit": {} });
    edit["edit"][id.as_str().expect("an id is a text")] = json!("Evaluation first");
    let (events, status) = script(&db, &[], &format!("{edit}\n"));
    assert_eq!((status, &named(&events, "applied")[0]["profile"]["insights"]), (Some(0), &json!(["Evaluation first"])));

    for (verdict, insights) in [("accept", 2), ("reject", 2)] {
        let (events, _) = script(&db, &["--title", TITLE], &all_answers().replace("training", &format!("{verdict} training")));
        let id = &named(&events, "proposal")[0]["items"][0]["id"];
        let (events, status) = script(&db, &[], &format!("{}\n", json!({ verdict: [id] })));
        assert_eq!((status, &named(&events, "applied")[0][format!("{verdict}ed")]), (Some(0), &json!([id])));
        assert_eq!(profile(&db).insights.len(), insights);
    }
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_is() {
    let (_folder, db) = folder();
    std::fs::write(&db, "the diary of somebody else\n".repeat(300)).expect("a file can be written");
    let before = std::fs::read(&db).expect("a file can be read");
    let (events, status) = script(&db, &["--title", TITLE], "");
    assert_eq!((status, &events[0]["event"], &events[0]["kind"]), (Some(1), &json!("error"), &json!("storage_damaged")));
    let output = run(&db, &["--title", TITLE], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(texts(&output).1.contains("storage_damaged: "));
    assert_eq!(std::fs::read(&db).expect("a file can be read"), before);
}

#[test]
fn wrong_options_are_answered_with_the_help() {
    let (_folder, db) = folder();
    for wrong in [&["--titel", "x"][..], &["--title"], &["--model", "oracle"], &["x"]] {
        let output = run(&db, wrong, "");
        let (out, err) = texts(&output);
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""));
        assert!(err.contains("--db PATH"));
    }
    let output = run(&db, &["--help"], "");
    assert_eq!(output.status.code(), Some(0));
    for option in ["--db", "--user", "--title", "--kind", "--lang", "--model", "--consent", "--json"].iter().chain(&VARIABLES) {
        assert!(texts(&output).0.contains(option));
    }
    assert!(!db.exists());
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    for options in [&["--json", "--title", TITLE][..], &["--title", TITLE], &["--help"]] {
        let (_folder, db) = folder();
        let mut child = start(&db, options).spawn().expect("the example starts");
        drop(child.stdout.take());
        let _ = child.stdin.take().expect("it has an input").write_all(all_answers().as_bytes());
        let (_, err) = texts(&child.wait_with_output().expect("it ends"));
        assert_eq!(err, "");
    }
}

/// A script's process that is talked to line by line.
struct Session {
    child: Child,
    input: ChildStdin,
    events: BufReader<ChildStdout>,
}

impl Session {
    fn begin(db: &Path, options: &[&str]) -> Self {
        let mut child = start(db, options).arg("--json").spawn().expect("the example starts");
        let input = child.stdin.take().expect("it has an input");
        let events = BufReader::new(child.stdout.take().expect("it has an output"));
        Self { child, input, events }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("it reads");
    }

    /// The next reply.
    fn reply(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.events.read_line(&mut line).expect("it can be read") > 0, "it ended without a reply");
            let event: Value = serde_json::from_str(&line).expect("each line is JSON");
            if event["event"] == "reply" {
                return event;
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

#[test]
fn killed_after_any_answer_it_goes_on() {
    for killed_after in 0..=ANSWERS.len() {
        let (_folder, db) = folder();
        let mut session = Session::begin(&db, &["--title", TITLE]);
        let mut last = session.reply();
        for answer in &ANSWERS[..killed_after] {
            session.say(answer);
            last = session.reply();
        }
        session.kill();
        assert_eq!(stored_answers(&db), &ANSWERS[..killed_after]);

        let rest: String = ANSWERS[killed_after..].iter().map(|answer| format!("{answer}\n")).collect();
        let (events, status) = script(&db, &[], &(rest + "{\"accept\":\"all\"}\n"));
        assert_eq!(status, Some(0));
        assert_eq!(named(&events, "reply")[0], &last, "it begins with what was said last");
        assert_eq!(stored_answers(&db), ANSWERS);
        assert_eq!(profile(&db).insights.len(), 1);
    }
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_doubles_nothing() {
    let (_folder, db) = folder();
    let mut debriefs = 0;
    for kill in 0..24_u64 {
        let waits = actions(&db).iter().any(|listed| listed.debrief != DebriefState::Reviewed);
        let mut session = Session::begin(&db, if waits { &[] } else { &["--title", TITLE] });
        session.reply();
        debriefs += u64::from(!waits);
        let stored = stored_answers(&db);
        let mut acknowledged = stored.len();
        if let Some(answer) = ANSWERS.get(stored.len()) {
            session.say(answer);
            if kill % 3 == 0 {
                session.reply();
                acknowledged += 1;
            } else {
                std::thread::sleep(Duration::from_micros(kill * 7_919 % 9_000));
            }
            session.kill();
        } else {
            session.kill();
            // From the second debrief on there is nothing new to propose, so that it may be over already.
            script(&db, &[], "{\"accept\":\"all\"}\n");
            assert!(actions(&db).iter().all(|listed| listed.debrief == DebriefState::Reviewed));
        }
        let after = stored_answers(&db);
        assert!(after.len() >= acknowledged, "what was acknowledged is kept");
        assert_eq!(after, &ANSWERS[..after.len()], "each answer once, in order");
    }
    assert!(debriefs > 1);
    assert_eq!(profile(&db).insights.len(), 1);
}

/// Answers a person's prompts. `None` once the process has ended.
struct Robot {
    titled: bool,
    answered: usize,
}

impl Robot {
    /// Reads up to the next prompt and says what to type there.
    fn next(&mut self, output: &mut impl Read) -> Option<String> {
        let mut seen = Vec::new();
        let mut byte = [0];
        while output.read(&mut byte).expect("it can be read") == 1 {
            seen.push(byte[0]);
            let at = |prompt: &str| seen.ends_with(prompt.as_bytes());
            let shown = || String::from_utf8_lossy(&seen).into_owned();
            if at("for 1: ") || at("something else: ") {
                return Some(String::new());
            } else if at("[e]dit: ") || at("[n]o: ") {
                return Some("y".to_owned());
            } else if at("You: ") && shown().contains("What did you finish?") {
                let new = !self.titled && !shown().contains("[1]");
                return Some(if new { TITLE.to_owned() } else { String::new() });
            } else if at("You: ") {
                return Some(ANSWERS[self.answered].to_owned());
            }
        }
        None
    }

    fn typed(&mut self, line: &str) {
        self.titled |= line == TITLE;
        self.answered += usize::from(ANSWERS.contains(&line));
    }

    /// Types what is asked for, and interrupts at one of the prompts if it comes to that. Says whether it did.
    fn visit(&mut self, db: &Path, interrupt_at: Option<usize>) -> bool {
        let mut child = start(db, &[]).spawn().expect("the example starts");
        let mut input = child.stdin.take().expect("it has an input");
        let mut output = child.stdout.take().expect("it has an output");
        let mut prompt = 0;
        while let Some(line) = self.next(&mut output) {
            if interrupt_at == Some(prompt) {
                let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("there is a kill command");
                assert!(sent.success());
                assert!(!child.wait().expect("it ends").success());
                return true;
            }
            writeln!(input, "{line}").expect("it reads");
            self.typed(&line);
            prompt += 1;
        }
        assert!(child.wait().expect("it ends").success());
        false
    }
}

#[test]
#[cfg(unix)]
fn interrupted_at_any_prompt_a_person_loses_nothing() {
    let mut prompts = 0;
    loop {
        let (_folder, db) = folder();
        let mut robot = Robot { titled: false, answered: 0 };
        let interrupted = robot.visit(&db, Some(prompts));
        robot.visit(&db, None);
        assert_eq!(stored_answers(&db), ANSWERS, "interrupted at prompt {prompts}");
        assert_eq!(profile(&db).insights.len(), 1, "interrupted at prompt {prompts}");
        let planned = actions(&db).into_iter().filter(|listed| listed.action.status == ActionStatus::Active).count();
        assert_eq!((actions(&db).len(), planned), (2, 1), "interrupted at prompt {prompts}");
        if !interrupted {
            break;
        }
        prompts += 1;
    }
    assert_eq!(prompts, 9, "title, offer, kind, four answers, one proposal, next step");
}

#[test]
fn a_person_holds_a_whole_debrief_and_comes_back() {
    let (_folder, db) = folder();
    let output = run(&db, &[], &format!("{TITLE}\n1\n1\n{}y\ny\n", all_answers()));
    let (out, err) = texts(&output);
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    assert!(!out.contains('\u{1b}'), "no colours where there is no terminal");
    assert_eq!(out.lines().find(|line| line.chars().count() > 80), None);
    assert_eq!(stored_answers(&db), ANSWERS);

    // The next day the planned step is finished by its number, and later is not now.
    let output = run(&db, &[], "1\n3\n");
    assert!(texts(&output).0.contains("I will test the larger model on Saturday"));
    let later = actions(&db).into_iter().find(|listed| matches!(listed.debrief, DebriefState::Deferred(_))).expect("it was deferred");
    assert_eq!((later.action.status, later.action.kind.as_str()), (ActionStatus::Done, "replicate"));
    assert!(!texts(&run(&db, &[], "\n")).0.contains("[1]"));

    // Just done is not asked about again; the end of the input in a review decides nothing.
    run(&db, &[], "Something small\n2\n");
    assert!(!texts(&run(&db, &[], "\n")).0.contains("[1]"));
    run(&db, &["--title", "Another one"], &format!("\n{}", all_answers().replace("training", "other")));
    assert!(actions(&db).iter().any(|listed| listed.debrief == DebriefState::ReadyToReview));
    assert!(texts(&run(&db, &[], "")).0.contains("[1] Another one"));
}

#[test]
fn a_language_is_kept_and_takes_nothing_else_away() {
    let (_folder, db) = folder();
    script(&db, &["--title", TITLE], &(all_answers() + "{\"accept\":\"all\"}\n"));
    script(&db, &["--lang", "en-GB"], "");
    let profile = profile(&db);
    assert_eq!((profile.language.as_deref(), profile.insights.len()), (Some("en-GB"), 1));
}

const KEY: &str = "sk-nobody-may-see-this";
const MODEL: &str = "claude-sonnet-5-5";
/// What the model says to the four answers.
const REPLIES: [&str; 4] =
    ["Half of the effect, then. What would you change?", "What can you do now?", "And what comes next?", "Saturday it is. Well done."];

fn proposals() -> String {
    let item = json!({ "field": "skills", "value": "train a small model", "message": 6, "quote": ANSWERS[2] });
    json!({ "items": [item] }).to_string()
}

/// A server that proposes where it is asked for that, else says its replies in turn and then always the last one, in a vendor's words.
struct Server {
    url: String,
    /// The head and the body of each request.
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    connections: Arc<Mutex<u32>>,
}

impl Server {
    fn of(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let (seen, connections) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<u32>>::default());
        let (requests, connected) = (seen.clone(), connections.clone());
        let mut left = VecDeque::from(REPLIES);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *connected.lock().expect("nobody panics") += 1;
                // A client that goes away needs no answer.
                let Ok((head, body)) = receive(&stream) else { continue };
                let proposes = ["output_config", "response_format"].iter().any(|name| !body[name].is_null());
                let text = match left.len() {
                    _ if proposes => proposals(),
                    1 => left[0].to_owned(),
                    _ => left.pop_front().expect("there is more than one").to_owned(),
                };
                requests.lock().expect("nobody panics").push((head, body));
                let _ = (&stream).write_all(answer(&text).as_bytes());
            }
        });
        Self { url, seen, connections }
    }

    fn anthropic() -> Self {
        Self::of(|text| {
            let start = json!({ "type": "message_start", "message": { "usage": { "input_tokens": 1_000, "output_tokens": 1 } } });
            let piece = json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": text } });
            let end = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": 20 } });
            ok(&[start, piece, end, json!({ "type": "message_stop" })])
        })
    }

    fn openai() -> Self {
        Self::of(|text| {
            let piece = json!({ "choices": [{ "delta": { "content": text }, "finish_reason": "stop" }] });
            ok(&[piece, json!({ "choices": [], "usage": { "prompt_tokens": 1_000, "completion_tokens": 20 } })])
        })
    }

    fn refusing() -> Self {
        Self::of(|_| {
            let body = json!({ "type": "error", "error": { "type": "authentication_error", "message": KEY } }).to_string();
            format!("HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        })
    }

    fn connections(&self) -> u32 {
        *self.connections.lock().expect("nobody panics")
    }

    fn seen(&self) -> Vec<(String, Value)> {
        self.seen.lock().expect("nobody panics").clone()
    }
}

fn ok(events: &[Value]) -> String {
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
}

fn receive(stream: &TcpStream) -> io::Result<(String, Value)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    Ok((head, serde_json::from_slice(&body)?))
}

/// A command with a key in its environment, and a server that stands for the vendor's.
fn keyed(db: &Path, options: &[&str], url: &str) -> Command {
    let mut command = start(db, options);
    command.env("ANTHROPIC_API_KEY", KEY).env("ANTHROPIC_BASE_URL", url);
    command
}

/// Runs it to its end and looks for the key in whatever it left.
fn discreet(db: &Path, command: &mut Command, input: &str) -> (String, String, Option<i32>) {
    let output = finish(command, input);
    let (out, err) = texts(&output);
    assert!(!out.contains(KEY) && !err.contains(KEY), "{out}{err}");
    for file in db.parent().expect("it is in a folder").read_dir().expect("a folder can be read") {
        let bytes = std::fs::read(file.expect("it is there").path()).expect("a file can be read");
        assert!(!bytes.windows(KEY.len()).any(|bytes| bytes == KEY.as_bytes()));
    }
    (out, err, output.status.code())
}

/// What a person types from the question whether it may be sent to the end.
fn visit(may: &str) -> String {
    format!("{may}{TITLE}\n1\n1\n{}y\ny\n", all_answers())
}

#[test]
fn with_a_key_a_person_is_asked_first_and_only_once() {
    let (_folder, db) = folder();
    let server = Server::anthropic();
    let (out, err, status) = discreet(&db, &mut keyed(&db, &[], &server.url), &visit("y\n"));
    assert_eq!((err.as_str(), status), ("", Some(0)), "{out}");
    let (told, rest) = out.split_once("[y]es, [N]o: ").expect("it asks");
    // A line may break between any two words.
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(MODEL) && told.contains(&format!("sent to {}", server.url)), "{told}");
    for reply in REPLIES {
        assert!(rest.contains(reply), "{out}");
    }
    assert!(rest.contains("train a small model"), "{out}");
    assert!(!rest.contains("prepared questions"), "{out}");
    assert!(rest.contains("The AI read 5000 tokens and wrote 100.\n"), "nobody knows what this address takes for it: {out}");
    assert_eq!(out.lines().find(|line| line.chars().count() > 80), None);
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    for (head, body) in &seen {
        assert!(head.starts_with("POST /v1/messages "), "{head}");
        assert!(head.contains(&format!("\r\nauthorization: Bearer {KEY}\r\n")), "{head}");
        assert_eq!(body["model"], MODEL);
    }
    assert_eq!((stored_answers(&db).len(), profile(&db).skills), (4, vec!["train a small model".to_owned()]));

    let (out, _, _) = discreet(&db, &mut keyed(&db, &[], &server.url), "Another thing\n1\n1\nstop\n");
    assert!(!out.contains("[N]o: ") && out.contains("About \"Another thing\""), "{out}");
    assert!(!out.contains("prepared questions"), "the guide ends it by itself: {out}");
    let (out, _, _) = discreet(&db, &mut keyed(&db, &[], &server.url), "A third thing\n1\n1\nIt worked.\n");
    assert!(server.seen().len() > 5);
    assert!(out.contains("No usable answer came from the model"), "by now it only says goodbye: {out}");
    // Another address is another question.
    let (out, _, _) = discreet(&db, &mut keyed(&db, &[], &format!("{}/elsewhere", server.url)), "");
    assert!(out.contains("[y]es, [N]o: "), "{out}");
}

#[test]
fn what_the_guide_has_begun_the_model_goes_on_with() {
    let (_folder, db) = folder();
    let mut session = Session::begin(&db, &["--title", TITLE]);
    session.reply();
    session.say(ANSWERS[0]);
    let asked = session.reply();
    session.kill();
    let server = Server::anthropic();
    let (out, err, status) = discreet(&db, &mut keyed(&db, &["--consent"], &server.url), &format!("1\n{}\n", ANSWERS[1]));
    assert_eq!((err.as_str(), status), ("", Some(0)), "{out}");
    assert!(out.contains(asked["text"].as_str().expect("a text").lines().last().expect("a line")), "{out}");
    assert!(out.contains(REPLIES[0]) && !out.contains("No usable answer"), "{out}");
}

#[test]
fn enter_is_no_and_then_nothing_is_connected_to() {
    for no in ["\n", "n\n", "what?\n\n"] {
        let (_folder, db) = folder();
        let server = Server::anthropic();
        let (out, err, status) = discreet(&db, &mut keyed(&db, &[], &server.url), &visit(no));
        assert_eq!((err.as_str(), status), ("", Some(0)), "{out}");
        assert!(out.contains("--model offline") && !out.contains("No usable answer") && !out.contains("tokens"), "{out}");
        assert_eq!(stored_answers(&db), ANSWERS);
        assert_eq!(server.connections(), 0);
        let (out, _, _) = discreet(&db, &mut keyed(&db, &[], &server.url), "");
        assert!(out.contains("[y]es, [N]o: "), "no holds for one visit: {out}");
    }
}

#[test]
fn the_offline_guide_asks_whatever_the_environment_holds() {
    let (_folder, db) = folder();
    let server = Server::anthropic();
    let (out, _, status) = discreet(&db, &mut keyed(&db, &["--model", "offline"], &server.url), &visit(""));
    assert_eq!((status, server.connections(), out.contains("[y]es, [N]o: ")), (Some(0), 0, false), "{out}");
    assert_eq!(stored_answers(&db), ANSWERS);
    let input = format!("{}{{\"accept\":\"all\"}}\n", all_answers());
    let (out, _, status) =
        discreet(&db, &mut keyed(&db, &["--json", "--consent", "--model", "offline", "--title", "Another"], &server.url), &input);
    let events = events(&out);
    assert_eq!((status, server.connections(), named(&events, "disclosure").len()), (Some(0), 0, 0));
    assert!(named(&events, "reply").iter().all(|reply| reply["author"]["place"] == "script"));
}

#[test]
fn a_script_without_consent_is_told_and_asked_by_the_guide() {
    let (_folder, db) = folder();
    let server = Server::anthropic();
    let (out, err, status) = discreet(&db, &mut keyed(&db, &["--json", "--title", TITLE], &server.url), &all_answers());
    let events = events(&out);
    assert_eq!((err.as_str(), status, server.connections()), ("", Some(0), 0));
    let told = &events[0];
    assert_eq!(
        (&told["event"], &told["consent"], &told["model"], &told["is_ai"]),
        (&json!("disclosure"), &json!(false), &json!(MODEL), &json!(true))
    );
    assert!(told["text"].as_str().is_some_and(|text| text.contains(&server.url)), "{told}");
    let replies = named(&events, "reply");
    assert_eq!(replies.len(), 5);
    assert!(replies.iter().all(|reply| reply["author"] == json!({ "provider": "guide", "model": "questions-1", "place": "script" })));
}

#[test]
fn a_script_with_consent_is_asked_by_the_model() {
    let (_folder, db) = folder();
    let server = Server::openai();
    let start = |options: &[&str]| {
        let mut command = start(&db, options);
        command.env("OPENAI_API_KEY", KEY).env("OPENAI_BASE_URL", &server.url).env("OPENAI_MODEL", "gpt-nine");
        command
    };
    let input = all_answers() + "{\"accept\":\"all\"}\n";
    let (out, err, status) = discreet(&db, &mut start(&["--json", "--consent", "--title", TITLE]), &input);
    let events = events(&out);
    assert_eq!((err.as_str(), status), ("", Some(0)), "{out}");
    assert_eq!((&events[0]["event"], &events[0]["consent"]), (&json!("disclosure"), &json!(true)));
    let replies = named(&events, "reply");
    assert_eq!(replies.iter().skip(1).map(|reply| &reply["text"]).collect::<Vec<_>>(), REPLIES);
    assert!(replies.iter().skip(1).all(|reply| reply["author"]["model"] == "gpt-nine" && reply["author"]["place"] == "remote"));
    assert_eq!(named(&events, "applied")[0]["profile"]["skills"], json!(["train a small model"]));
    let (head, body) = &server.seen()[0];
    assert!(head.starts_with("POST /chat/completions ") && head.contains(&format!("\r\nauthorization: Bearer {KEY}\r\n")), "{head}");
    assert_eq!(body["model"], "gpt-nine");

    let (out, _, _) = discreet(&db, &mut start(&["--json", "--title", "Another"]), "");
    assert!(!out.contains("disclosure"), "what is agreed to is not told again: {out}");
}

#[test]
fn a_server_of_ones_own_needs_no_key() {
    let (_folder, db) = folder();
    let server = Server::openai();
    let mut command = start(&db, &["--model", "openai", "--consent", "--title", TITLE]);
    command.env("OPENAI_BASE_URL", &server.url).env("OPENAI_MODEL", "gpt-nine");
    let (out, err, status) = discreet(&db, &mut command, &format!("1\n{}", all_answers()));
    assert_eq!((err.as_str(), status), ("", Some(0)), "{out}");
    assert!(!out.contains("[y]es, [N]o: ") && out.contains(REPLIES[0]), "{out}");
    assert!(server.seen().iter().all(|(head, _)| !head.contains("authorization")));
}

/// A model whose price is known.
#[derive(Debug)]
struct Priced;

#[async_trait::async_trait]
impl Model for Priced {
    fn info(&self) -> ModelInfo {
        ModelInfo { provider: "anthropic".into(), model: MODEL.into(), place: ModelPlace::Remote, address: None }
    }

    async fn ask(&self, _: &Request, events: &mut ModelEvents) -> completion_coach::Result<Finish> {
        events.text(REPLIES[0]);
        events.push(ModelEvent::Usage(Usage { requests: 1, input_tokens: 1_000, output_tokens: 20, ..Usage::default() }));
        Ok(Finish::Complete)
    }
}

#[test]
fn what_a_debrief_has_cost_is_said_at_its_end() {
    let (_folder, db) = folder();
    look_with(&db, Priced, async |coach| {
        let me = coach.user("me");
        let action = me.record_done(NewAction::new("replicate", TITLE)).await.expect("recorded").action;
        me.consent(&coach.disclosure("en")).await.expect("agreed");
        let debrief = me.debrief(action.id);
        debrief.open().await.expect("it opens").reply().await.expect("a question");
        debrief.send(ANSWERS[0]).await.expect("a reply");
    });
    let (out, _) = texts(&run(&db, &[], &format!("1\n{}\ny\n", ANSWERS[1..].join("\n"))));
    // 1,000 tokens at 2 dollars a million, and 20 at 10.
    assert!(out.contains("The AI read 1000 tokens and wrote 20: $0.002200 by the price list of "), "{out}");
}

#[test]
fn without_an_address_it_is_the_vendors_own() {
    for (set, provider, model, address) in [
        (&[("ANTHROPIC_API_KEY", KEY)][..], "anthropic", MODEL, "https://api.anthropic.com"),
        (&[("ANTHROPIC_API_KEY", KEY), ("ANTHROPIC_MODEL", "claude-nine")], "anthropic", "claude-nine", "https://api.anthropic.com"),
        (&[("OPENAI_API_KEY", KEY), ("OPENAI_MODEL", "gpt-nine")], "openai", "gpt-nine", "https://api.openai.com/v1"),
    ] {
        let (_folder, db) = folder();
        // Nobody has agreed, so that nothing is sent there.
        let (out, _, _) = discreet(&db, start(&db, &["--json", "--title", TITLE]).envs(set.iter().copied()), "");
        let told = &events(&out)[0];
        assert_eq!((&told["provider"], &told["model"]), (&json!(provider), &json!(model)));
        assert!(told["text"].as_str().is_some_and(|text| text.contains(&format!(" {address}. "))), "{told}");
    }
}

#[test]
fn what_a_model_needs_is_named() {
    for (model, set, name) in [
        ("anthropic", &[][..], "ANTHROPIC_API_KEY"),
        ("anthropic", &[("ANTHROPIC_API_KEY", " ")], "ANTHROPIC_API_KEY"),
        ("openai", &[("OPENAI_API_KEY", KEY)], "OPENAI_MODEL"),
        ("openai", &[("OPENAI_MODEL", "gpt-nine")], "OPENAI_API_KEY"),
    ] {
        let (_folder, db) = folder();
        let with = |options: &[&str]| {
            let mut command = start(&db, options);
            command.envs(set.iter().copied());
            discreet(&db, &mut command, "")
        };
        let (out, err, status) = with(&["--model", model]);
        assert_eq!((out.as_str(), status), ("", Some(1)));
        assert!(err.contains("invalid_input: ") && err.contains(name) && err.contains("--model offline"), "{err}");
        let (out, _, status) = with(&["--json", "--model", model]);
        let error = &events(&out)[0];
        assert_eq!((status, &error["kind"]), (Some(1), &json!("invalid_input")));
        assert!(error["text"].as_str().is_some_and(|text| text.contains(name)), "{error}");
        assert!(!db.exists());
        // Without a model named, what is not complete is not meant.
        let (out, _, status) = with(&[]);
        assert_eq!((status, out.contains("No AI is involved")), (Some(0), true), "{out}");
    }
}

#[test]
fn a_key_that_is_refused_is_told_and_no_answer_lost() {
    let (_folder, db) = folder();
    let server = Server::refusing();
    let input = format!("1\n{}\n", ANSWERS[0]);
    let (out, err, status) = discreet(&db, &mut keyed(&db, &["--consent", "--title", TITLE], &server.url), &input);
    assert_eq!(status, Some(1), "{out}");
    assert!(err.contains("unauthorised: ") && err.contains("check it") && err.contains("--model offline"), "{err}");
    assert_eq!(stored_answers(&db), [ANSWERS[0]]);

    let (out, _, status) = discreet(&db, &mut keyed(&db, &["--json"], &server.url), "");
    assert_eq!((status, &events(&out).last().expect("there are events")["kind"]), (Some(1), &json!("unauthorised")));
    let (out, _, status) = discreet(&db, &mut keyed(&db, &["--json", "--model", "offline"], &server.url), &ANSWERS[1..].join("\n"));
    assert_eq!((status, stored_answers(&db)), (Some(0), ANSWERS.map(str::to_owned).to_vec()), "{out}");
}

#[test]
fn the_guide_stands_in_for_a_server_that_is_down_and_says_so_once() {
    let (_folder, db) = folder();
    // Nobody listens there, and no other test is given it.
    let closed = "http://127.0.0.1:1";
    let (out, err, status) = discreet(&db, &mut keyed(&db, &[], closed), &visit("y\n"));
    assert_eq!((err.as_str(), status), ("", Some(0)), "{out}");
    assert_eq!(out.matches("No usable answer").count(), 1, "{out}");
    assert!(!out.contains("tokens"), "{out}");
    assert_eq!((stored_answers(&db).len(), profile(&db).insights.len()), (4, 1));
}

#[test]
fn the_systems_proxy_is_used_and_is_not_shown_the_key() {
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = proxy.local_addr().expect("it is bound");
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().expect("somebody connects");
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
            head.push(byte[0]);
        }
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        String::from_utf8_lossy(&head).into_owned()
    });
    let (_folder, db) = folder();
    let mut command = keyed(&db, &["--consent", "--title", TITLE], "https://models.invalid");
    let (out, _, _) = discreet(&db, command.env("HTTPS_PROXY", format!("http://{address}")), &format!("1\n1\n{}\n", ANSWERS[0]));
    let head = asked.join().expect("it heard something");
    assert!(head.starts_with("CONNECT models.invalid:443 ") && !head.contains(KEY), "{head}");
    assert!(out.contains("No usable answer"), "{out}");
}
