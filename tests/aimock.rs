//! The whole debrief against a scripted model server that nobody here wrote, over both of its protocols.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use completion_coach::{
    ActionStore, AllowanceRates, AnthropicModel, AttemptStatus, CompletionCoach, Credentials, DebriefState, Delivery, Endpoint, ErrorKind,
    ExtractionStatus, Model, NewAction, NewMessage, OpenAiModel, Operation, Outcome, Page, Profile, ProfileField, Rate, Reply, Result,
    Role, SqliteStore, ThreadId, Timestamp, Turn, TurnEvent, Usage, User, Verdicts,
};
use serde::Deserialize;
use serde_json::Value;

const KEY: &str = "a-key-for-the-test";
const ALWAYS: [Timestamp; 2] = [Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX)];

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aimock").join(name)
}

/// The server, playing a script.
struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn playing(name: &str) -> Self {
        let installed = env::var("AIMOCK");
        let installed = installed.expect("AIMOCK is the folder in which npm has installed @copilotkit/aimock; `tests/all.sh` sees to both");
        let mut node = Command::new("node");
        node.arg(script("serve.mjs")).arg(script(name)).env("AIMOCK", installed).env("AIMOCK_STRICT_TURN_INDEX", "1");
        let mut process = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Node is installed and in the path");
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut url = String::new();
        output.read_line(&mut url).expect("the server says where it is");
        assert!(url.starts_with("http://127.0.0.1:"), "the server did not start; it said why above");
        Self { process, output, url: url.trim_end().to_owned() }
    }

    /// What it was asked, in order. It ends with that.
    fn asked(mut self) -> Vec<Asked> {
        drop(self.process.stdin.take());
        serde_json::from_reader(&mut self.output).expect("it tells what it was asked")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A request to the byte, and the status of the answer to it.
#[derive(Deserialize)]
struct Asked {
    path: String,
    headers: BTreeMap<String, String>,
    raw: String,
    status: u16,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Route {
    Anthropic,
    OpenAi,
}

impl Route {
    fn model(self, url: &str) -> Arc<dyn Model> {
        let key = Credentials::key(KEY).expect("this is a key");
        match self {
            Self::Anthropic => {
                let endpoint = Endpoint::new(url, key).provider("anthropic");
                Arc::new(AnthropicModel::new("claude-sonnet-5-5", endpoint).expect("the endpoint is sound"))
            }
            Self::OpenAi => {
                let endpoint = Endpoint::new(format!("{url}/v1"), key);
                Arc::new(OpenAiModel::new("mock-reasoner", endpoint).expect("the endpoint is sound"))
            }
        }
    }

    /// What a body tells the model: the system's words, and who said what.
    fn told(self, body: &Value) -> (String, Vec<(&str, String)>) {
        let text = |content: &Value| match content.as_array() {
            Some(blocks) => blocks.iter().map(|block| block["text"].as_str().expect("only text is sent")).collect::<Vec<_>>().join("\n\n"),
            None => content.as_str().expect("only text is sent").to_owned(),
        };
        let messages = body["messages"].as_array().expect("messages");
        let mut told: Vec<_> = messages.iter().map(|m| (m["role"].as_str().expect("a role"), text(&m["content"]))).collect();
        let system = match self {
            Self::Anthropic => text(&body["system"]),
            Self::OpenAi => told.remove(0).1,
        };
        (system, told)
    }
}

/// The person of the fixture, what they have done, and what they say about it.
fn story() -> (Profile, NewAction, Vec<String>) {
    let data: Value = serde_json::from_str(include_str!("fixtures/debrief-medium.json")).expect("the fixture is JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut profile: Profile = serde_json::from_value(data["profile"].clone()).expect("the fixture is a profile");
    profile.career_goals = Some(text(&data["profile"]["careerGoals"]));
    profile.work_history = serde_json::from_value(data["profile"]["workHistory"].clone()).expect("jobs");
    let known = &data["action"];
    let mut action = NewAction::new(known["type"].as_str().expect("a kind"), text(&known["title"]))
        .description(text(&known["description"]))
        .rationale(text(&known["rationale"]))
        .id("replication");
    action.basis = known["profileBasis"].as_array().expect("a list").iter().map(text).collect();
    let transcript = data["transcript"].as_array().expect("a transcript");
    let mut said: Vec<_> = transcript.iter().filter(|turn| turn["role"] == "user").map(|turn| text(&turn["content"])).collect();
    said.push("Next month I will rerun it with the global noise scale and send her the numbers before the call.".to_owned());
    (profile, action, said)
}

/// The person, with the action done and the model agreed to.
async fn person(route: Route, delivery: Delivery, server: &Server, file: &Path) -> User {
    let store = SqliteStore::open(file).expect("the file is new");
    let often = AllowanceRates { turns: Rate::new(60, 60), proposals: Rate::new(60, 60) };
    let coach = CompletionCoach::shared(Arc::new(store), route.model(&server.url)).delivery(delivery).model_opens(true).allowance(often);
    let coach = coach.build().expect("these settings are fine");
    let me = coach.user("marta");
    let (profile, action, _) = story();
    me.save_profile(&profile).await.expect("the profile fits");
    me.record_done(action).await.expect("the action fits");
    me.consent(&coach.disclosure("en")).await.expect("this is what was shown");
    me
}

/// Every piece of text of a turn, and what ended it.
async fn heard(turn: Result<Turn>) -> (Vec<String>, Result<Reply>) {
    let (mut turn, mut pieces, mut end) = (turn.expect("the thread is free"), Vec::new(), None);
    while let Some(event) = turn.next().await {
        assert!(end.is_none(), "nothing comes after the end");
        match event {
            Ok(TurnEvent::Text(text)) => pieces.push(text),
            Ok(TurnEvent::Reply(reply)) => end = Some(Ok(reply)),
            Ok(other) => panic!("{other:?} is not in the script"),
            Err(error) => end = Some(Err(error)),
        }
    }
    (pieces, end.expect("a turn ends with a reply or an error"))
}

/// The same of a turn that is to bring exactly these words.
async fn replied(turn: Result<Turn>, delivery: Delivery, words: &str) -> Reply {
    let (pieces, reply) = heard(turn).await;
    let reply = reply.expect("the model replies");
    assert_eq!((pieces.concat().as_str(), reply.message.text.as_str()), (words, words));
    assert_eq!(pieces.len() > 1, delivery == Delivery::Live, "{delivery:?} hands on {} pieces", pieces.len());
    assert_eq!(reply.findings, []);
    reply
}

/// Where the answers stand in `debrief.json`.
const OPENING: usize = 0;
const CUT: usize = 5;
const REPLIES: [usize; 4] = [2, 4, 6, 7];
const PROPOSALS: usize = 8;

async fn whole_debrief(route: Route, delivery: Delivery) {
    let played: Value = serde_json::from_slice(&fs::read(script("debrief.json")).expect("the script")).expect("JSON");
    let line = |at: usize| played["fixtures"][at]["response"]["content"].as_str().expect("words");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("debrief.db");
    let server = Server::playing("debrief.json");
    let me = person(route, delivery, &server, &file).await;
    let (before, _, said) = story();
    let debrief = me.debrief("replication");
    let message = |at: usize| NewMessage::typed(&said[at]).id(format!("draft-{at}"));

    replied(debrief.open().await, delivery, line(OPENING)).await;
    for (at, reply) in REPLIES.into_iter().enumerate() {
        let mut turn = debrief.stream(message(at)).await;
        if reply == CUT + 1 {
            let (pieces, end) = heard(turn).await;
            let error = end.expect_err("the stream is cut");
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::ReplyIncomplete, Some(1)));
            assert!(line(CUT).starts_with(&pieces.concat()) && pieces.concat() != line(CUT));
            assert_eq!(pieces.is_empty(), delivery == Delivery::Checked);
            let stored = debrief.messages(500, None).await.expect("they can be read").messages;
            assert_eq!(stored.last().map(|last| (last.role, &last.text)), Some((Role::User, &said[at])), "no half reply is stored");
            assert_eq!(debrief.state().await.expect("it has one"), DebriefState::Pending);
            turn = debrief.resume().await;
        }
        let reply = replied(turn, delivery, line(reply)).await;
        assert_eq!((reply.exchange as usize, reply.over), (at + 1, at == 3));
    }
    let again = debrief.send(message(2)).await.expect("it was answered");
    assert_eq!(again.message.text, line(REPLIES[2]), "what was answered is answered from the store");

    let proposal = debrief.propose().await.expect("the model proposes");
    let [skill, interest, seeking] = &proposal.items[..] else { panic!("three quotes stand: {proposal:?}") };
    assert_eq!(skill.evidence[0].quote, "I learned LoRA fine-tuning and Inspect");
    let verdicts =
        proposal.verdicts().accept(skill.id.clone()).edit(interest.id.clone(), "Reliable evaluations").reject(seeking.id.clone());
    let applied = debrief.apply(verdicts).await.expect("the verdicts fit");
    let mut after = before.clone();
    after.skills.push("LoRA fine-tuning".to_owned());
    after.interests.push("Reliable evaluations".to_owned());
    assert_eq!((applied.accepted.len(), applied.rejected.len(), &applied.profile), (2, 1, &after));
    let recap = debrief.recap().await.expect("it is done");
    assert_eq!((recap.outcome, recap.lines.len()), (Some(Outcome::Success), 4), "the model has signalled the outcome");
    assert!(recap.lines.iter().all(|line| said.iter().any(|said| said.contains(&line.quote))));
    assert!(said[3].contains(&recap.next_action().expect("a next step").title));

    stored(route, &file, &played, &said, &after).await;
    let cost = me.usage(ALWAYS[0], ALWAYS[1]).await.expect("it adds up").cost;
    let used = |name: &str| -> u64 { (0..=PROPOSALS).filter_map(|at| played["fixtures"][at]["response"]["usage"][name].as_u64()).sum() };
    let known = 2 * used("input_tokens") + 10 * used("output_tokens");
    assert_eq!(cost, (route == Route::Anthropic).then_some(known), "the table knows Sonnet's price, and not the other's");

    let asked = server.asked();
    let coach: Vec<_> = [OPENING].into_iter().chain(REPLIES).map(line).collect();
    assert_eq!(asked.iter().map(|asked| asked.status).collect::<Vec<_>>(), [200, 429, 200, 529, 200, 200, 200, 200, 200]);
    sent(route, &asked, &coach, &said);
}

/// What the file holds, read by another store: every message once, every attempt with what it used.
async fn stored(route: Route, file: &Path, played: &Value, said: &[String], profile: &Profile) {
    let store = SqliteStore::open(file).expect("the file can be opened twice");
    let (user, thread) = ("marta".into(), ThreadId::Debrief("replication".into()));
    let conversation = store.conversation(&user, &thread, &Page::newest(100)).await.expect("it can be read").expect("it is there");
    let told: Vec<_> = conversation.messages.iter().map(|message| (message.seq, message.role, message.text.as_str())).collect();
    let line = |at: usize| played["fixtures"][at]["response"]["content"].as_str().expect("words");
    let replies = REPLIES.into_iter().map(|at| (Role::Assistant, line(at)));
    let exchanges = said.iter().zip(replies).flat_map(|(said, reply)| [(Role::User, said.as_str()), reply]);
    let all = [(Role::Assistant, line(OPENING))].into_iter().chain(exchanges);
    assert_eq!(told, (1..).zip(all).map(|(seq, (role, text))| (seq, role, text)).collect::<Vec<_>>());
    let ids = conversation.messages.iter().filter(|message| message.role == Role::User).map(|message| message.id.as_str());
    assert_eq!(ids.collect::<Vec<_>>(), ["draft-0", "draft-1", "draft-2", "draft-3"]);
    assert_eq!(&conversation.account.profile, profile);

    let attempts = store.attempts(&user, ALWAYS[0], ALWAYS[1]).await.expect("they can be read");
    let kept: Vec<_> = attempts.iter().map(|attempt| (attempt.operation, attempt.status, attempt.error, attempt.usage)).collect();
    let (done, cut) = ((AttemptStatus::Done, None), (AttemptStatus::Failed, Some(ErrorKind::ReplyIncomplete)));
    let made = [
        (OPENING, Operation::Open, done, 1),
        (REPLIES[0], Operation::Reply, done, 2),
        (REPLIES[1], Operation::Reply, done, 2),
        (CUT, Operation::Reply, cut, 1),
        (REPLIES[2], Operation::Reply, done, 1),
        (REPLIES[3], Operation::Reply, done, 1),
        (PROPOSALS, Operation::Propose, done, 1),
    ];
    let made = made.map(|(at, operation, (status, error), requests)| {
        let usage = &played["fixtures"][at]["response"]["usage"];
        // Only Anthropic's streams begin with a usage; the other ones were cut before theirs.
        let tokens = |name: &str| if at == CUT && route == Route::OpenAi { 0 } else { usage[name].as_u64().expect("tokens") };
        let (input_tokens, output_tokens) = (tokens("input_tokens"), tokens("output_tokens"));
        (operation, status, error, Usage { requests, input_tokens, output_tokens, ..Usage::default() })
    });
    assert_eq!(kept, made);
}

/// Compares what the server was asked with what should have been sent.
fn sent(route: Route, asked: &[Asked], coach: &[&str], said: &[String]) {
    let (path, answer, schema) = match route {
        Route::Anthropic => ("/v1/messages", "/output_config", "/output_config/format/type"),
        Route::OpenAi => ("/v1/chat/completions", "/response_format", "/response_format/type"),
    };
    for asked in asked {
        let header = |name: &str| asked.headers.get(name).map(String::as_str);
        assert_eq!((asked.path.as_str(), header("authorization")), (path, Some(format!("Bearer {KEY}").as_str())));
        assert_eq!(header("anthropic-version"), (route == Route::Anthropic).then_some("2026-10-21"));
        assert_eq!((header("content-type"), header("x-api-key")), (Some("application/json"), None));
        let never = ["thinking", "redacted_thinking", "reasoning", "reasoning_content", "temperature", "top_p", "top_k"];
        let found: Vec<_> = never.into_iter().filter(|name| asked.raw.contains(&format!("\"{name}\""))).collect();
        assert!(found.is_empty() && !asked.raw.contains("weighing where to begin"), "{found:?}");
    }
    for (again, before) in [(2, 1), (4, 3), (6, 5)] {
        assert_eq!(asked[again].raw, asked[before].raw, "a request that is repeated, or resumed, is the same to the byte");
    }

    // The first of every two that are the same.
    let [turns @ .., proposals] = &[0, 1, 3, 5, 7, 8].map(|at: usize| &asked[at]);
    let bodies = turns.iter().map(|turn| plain(serde_json::from_str(&turn.raw).expect("JSON"))).collect::<Vec<_>>();
    let mut expected = Vec::new();
    for (at, (turn, body)) in turns.iter().zip(&bodies).enumerate() {
        let (_, mut told) = route.told(body);
        let (role, newest) = told.pop().expect("a message");
        let (words, guidance) = newest.split_at(newest.find("<guidance>").expect("guidance"));
        let tagged = if at == 0 { String::new() } else { format!("<said n=\"{}\">{}</said>\n", 2 * at, said[at - 1]) };
        assert_eq!((role, words), ("user", tagged.as_str()));
        assert!(guidance.ends_with("</guidance>"));
        assert_eq!(told, expected, "all before the newest message is what was said, in turn");
        let kept = if at == 0 { "<guidance>Open the debrief.</guidance>" } else { tagged.trim_end() };
        expected.extend([("user", kept.to_owned()), ("assistant", coach[at].to_owned())]);
        assert_eq!(guidance.contains("Outcome: success."), at == 2 || at == 3, "what the model has signalled is told until the end");
        for (n, said) in said.iter().enumerate() {
            assert_eq!(turn.raw.matches(said.as_str()).count(), usize::from(n < at), "each message is sent once");
        }
        let signal = ["/tools/0/name", "/tools/0/function/name"].iter().find_map(|name| body.pointer(name));
        assert!(signal.is_some_and(|name| name == "tell_app") && body.pointer(answer).is_none() && body["stream"] == true);
        let marks = turn.raw.matches("cache_control").count();
        assert!(if route == Route::Anthropic { (1..=4).contains(&marks) } else { marks == 0 }, "{marks} marks for the cache");
    }
    for pair in bodies.windows(2) {
        let [(before, earlier), (after, later)] = [&pair[0], &pair[1]].map(|body| {
            let mut rest = body.clone();
            let messages = rest["messages"].take();
            (rest, messages.as_array().expect("messages").clone())
        });
        assert_eq!(before, after, "all but the messages stays the same");
        let stable = earlier.len() - 1;
        assert_eq!((&earlier[..stable], later.len()), (&later[..stable], earlier.len() + 2));
    }

    let body: Value = serde_json::from_str(&proposals.raw).expect("JSON");
    let (system, told) = route.told(&body);
    let [("user", transcript)] = &told[..] else { panic!("one message holds the transcript") };
    let mut lines = format!("<coach n=\"1\">{}</coach>\n", coach[0]);
    for (at, (said, coach)) in said.iter().zip(&coach[1..]).enumerate() {
        lines += &format!("<said n=\"{}\">{said}</said>\n<coach n=\"{}\">{coach}</coach>\n", 2 * at + 2, 2 * at + 3);
    }
    assert!(transcript.starts_with(&format!("<transcript>\n{lines}</transcript>\n<guidance>")), "{transcript}");
    assert!(said.iter().all(|said| proposals.raw.matches(said.as_str()).count() == 1));
    assert!(system.starts_with("Propose changes to a person's profile") && !proposals.raw.contains("Replicate the core result"));
    assert_eq!(body.pointer(schema), Some(&"json_schema".into()));
    assert!(body.get("tools").is_none() && body["stream"] == true && !proposals.raw.contains("cache_control"));
}

/// A body without the marks for the cache, which move on with the conversation.
fn plain(mut body: Value) -> Value {
    match &mut body {
        Value::Object(fields) => {
            fields.remove("cache_control");
            fields.values_mut().for_each(|value| *value = plain(value.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = plain(value.take())),
        _ => {}
    }
    body
}

#[tokio::test]
async fn a_debrief_runs_over_anthropics_route() {
    whole_debrief(Route::Anthropic, Delivery::Checked).await;
}

#[tokio::test]
async fn a_debrief_runs_live_over_anthropics_route() {
    whole_debrief(Route::Anthropic, Delivery::Live).await;
}

#[tokio::test]
async fn a_debrief_runs_over_openais_route() {
    whole_debrief(Route::OpenAi, Delivery::Checked).await;
}

#[tokio::test]
async fn a_debrief_runs_live_over_openais_route() {
    whole_debrief(Route::OpenAi, Delivery::Live).await;
}

#[tokio::test]
async fn i8_nonsense_that_follows_the_schema_is_proposed_by_no_route() {
    for route in [Route::Anthropic, Route::OpenAi] {
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::playing("nonsense.json");
        // Live, so that the coach's inventions are in the conversation: the checks would not let them in.
        let me = person(route, Delivery::Live, &server, &folder.path().join("debrief.db")).await;
        let (profile, _, said) = story();
        let (debrief, changes) = (me.debrief("replication"), me.changes(0).await.expect("they can be read"));
        debrief.open().await.expect("it is done").reply().await.expect("the model opens");
        // Words that were never said; the coach's, the action's and the profile's; messages that are not there or say something else.
        for said in &said[..3] {
            debrief.send(said.as_str()).await.expect("the model replies");
            let proposal = debrief.propose().await.expect("the answer follows the schema");
            assert!(proposal.items.is_empty() && proposal.known.is_empty(), "{proposal:?}");
            let applied = debrief.apply(Verdicts::default()).await.expect("there is nothing to decide");
            assert_eq!((&applied.profile, &me.profile().await.expect("it is there")), (&profile, &profile));
        }
        assert_eq!(me.changes(0).await.expect("they can be read"), changes);
        // The one quote among the nonsense that is true shows that the answers were read.
        debrief.send(said[3].as_str()).await.expect("the model replies");
        let proposal = debrief.propose().await.expect("the answer follows the schema");
        let [item] = &proposal.items[..] else { panic!("one quote stands: {proposal:?}") };
        assert_eq!(
            (&item.field, item.value.to_string().as_str(), item.status),
            (&ProfileField::Skills, "Inspect", ExtractionStatus::Pending)
        );
        let lines = me.usage(ALWAYS[0], ALWAYS[1]).await.expect("it adds up").lines;
        let counted: Vec<_> = lines.iter().map(|line| (line.operation, line.attempts, line.failed, line.usage.requests)).collect();
        assert_eq!(counted, [(Operation::Open, 1, 0, 1), (Operation::Reply, 4, 0, 4), (Operation::Propose, 4, 0, 4)]);
        assert!(server.asked().iter().all(|asked| asked.status == 200));
    }
}
