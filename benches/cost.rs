//! What a debrief costs: the characters that a model is sent over four of the coach's turns and the extraction, and what a cache saves.
//!
//! `cargo bench --features testing --bench cost` tells it; without `--bench`, as `cargo test` runs it, it is only held to its bounds.

#![allow(clippy::unwrap_used)]

use std::env;
use std::io::{self, Write as _};
use std::sync::Arc;

use completion_coach::testing::ScriptedModel;
use completion_coach::{
    AnthropicModel, CompletionCoach, Credentials, Endpoint, Model, NewAction, OpenAiModel, Part, PriceTable, Profile, Purpose, Request,
    SqliteStore, Usage,
};
use serde_json::{Value, json};

use crate::canned::Canned;

#[path = "table/canned.rs"]
mod canned;

/// What the system that this generalises sends for the same profile, action and conversation, none of it cacheable.
const ORIGINAL: usize = 16_472;

/// The shortest prefix that providers cache, in tokens; for some models it is longer.
const LEAST_CACHED: usize = 1_024;

/// What models answer when they are asked for proposals.
const NOTHING: &str = r#"{"items":[]}"#;

/// What one request sends, in characters.
struct Sent {
    purpose: Purpose,
    /// Of parts that the request before began with as well, to the byte.
    again: usize,
    /// Of new parts that the next request will begin with as well.
    kept: usize,
    /// Of parts that are never sent again as they are.
    once: usize,
}

impl Sent {
    fn all(&self) -> usize {
        self.again + self.kept + self.once
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fixture = Fixture::read();
    let model = ScriptedModel::default();
    for line in fixture.coach_says.iter().map(String::as_str).chain([NOTHING]) {
        model.say(line);
    }
    runtime.block_on(fixture.debrief(Arc::new(model.clone())));
    let requests = model.requests();
    let sent: Vec<_> =
        requests.iter().enumerate().map(|(at, request)| measured(at.checked_sub(1).map(|at| &requests[at]), request)).collect();
    let total: usize = sent.iter().map(Sent::all).sum();
    assert_eq!(sent.len(), 5, "four turns of the coach's, none asked for twice, and the extraction");
    assert!(total < ORIGINAL, "{total}");
    let bodies = |answer: fn(&str) -> String, model: fn(Endpoint) -> Arc<dyn Model>| {
        let canned = Canned::new(fixture.coach_says.iter().map(String::as_str).chain([NOTHING]).map(answer));
        let endpoint = Endpoint::over(canned.clone(), "http://127.0.0.1:1", Credentials::none()).on_this_device();
        runtime.block_on(fixture.debrief(model(endpoint)));
        canned.bodies().iter().map(Vec::len).collect::<Vec<_>>()
    };
    let anthropic = bodies(anthropic, |endpoint| Arc::new(AnthropicModel::new("claude-haiku-5-5", endpoint).unwrap()));
    let openai = bodies(openai, |endpoint| Arc::new(OpenAiModel::new("gpt-x", endpoint).unwrap()));
    assert_eq!((anthropic.len(), openai.len()), (5, 5));
    if env::args().any(|argument| argument == "--bench") {
        tell(&sent, &anthropic, &openai).unwrap();
    }
}

/// A profile, an action, and what was said about it.
struct Fixture {
    profile: Profile,
    action: NewAction,
    coach_says: Vec<String>,
    person_says: Vec<String>,
}

impl Fixture {
    fn read() -> Self {
        let data: Value = serde_json::from_str(include_str!("../tests/fixtures/debrief-medium.json")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut profile: Profile = serde_json::from_value(data["profile"].clone()).unwrap();
        profile.career_goals = Some(text(&data["profile"]["careerGoals"]));
        profile.work_history = serde_json::from_value(data["profile"]["workHistory"].clone()).unwrap();
        let known = &data["action"];
        let mut action = NewAction::new(text(&known["type"]).as_str(), text(&known["title"]));
        action = action.description(text(&known["description"])).rationale(text(&known["rationale"]));
        for basis in known["profileBasis"].as_array().unwrap() {
            action = action.basis(text(basis));
        }
        let said = |role: &str| {
            let turns = data["transcript"].as_array().unwrap().iter();
            turns.filter(|turn| turn["role"] == role).map(|turn| text(&turn["content"])).collect()
        };
        Self { profile, action, coach_says: said("assistant"), person_says: said("user") }
    }

    /// Has it all said by way of a coach, and proposals made of it.
    async fn debrief(&self, model: Arc<dyn Model>) {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let coach = CompletionCoach::shared(store, model).model_opens(true).build().unwrap();
        let me = coach.user("marta");
        me.save_profile(&self.profile).await.unwrap();
        let done = me.record_done(self.action.clone()).await.unwrap();
        let debrief = me.debrief(done.action.id);
        let mut heard = vec![debrief.open().await.unwrap().reply().await.unwrap()];
        for answer in &self.person_says {
            heard.push(debrief.send(answer.as_str()).await.unwrap());
        }
        assert!(heard.iter().map(|reply| &reply.message.text).eq(&self.coach_says));
        debrief.propose().await.unwrap();
    }
}

/// What of a request stood in the one before.
fn measured(before: Option<&Request>, request: &Request) -> Sent {
    let chars = |parts: &[Part]| parts.iter().map(|part| part.text.chars().count()).sum::<usize>();
    let before = before.map_or(&[][..], |before| &before.parts);
    let same = request.parts.iter().zip(before).take_while(|(now, before)| now == before).count();
    let stable = |parts: &[Part]| parts.iter().take_while(|part| part.stable).count();
    let kept = if request.purpose == Purpose::Propose { same } else { stable(&request.parts) };
    if request.purpose != Purpose::Propose {
        assert_eq!(same, stable(before), "everything before the newest message is the same, to the byte, in the next request");
        assert_eq!(kept + 1, request.parts.len(), "and the newest message is one part");
    }
    Sent {
        purpose: request.purpose,
        again: chars(&request.parts[..same]),
        kept: chars(&request.parts[same..kept]),
        once: chars(&request.parts[kept..]),
    }
}

/// A customary estimate for English: four characters a token.
const fn tokens(chars: usize) -> usize {
    chars.div_ceil(4)
}

fn tell(sent: &[Sent], anthropic: &[usize], openai: &[usize]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Characters are those of the prompt; tokens are estimated, four characters each. Bodies are bytes of JSON as they are")?;
    writeln!(out, "posted, with the tool's definition or the schema of the proposals in them.\n")?;
    writeln!(
        out,
        "| request | characters | sent before | new | tokens, estimated | Anthropic's body | OpenAI's body |\n|---|---|---|---|---|---|---|"
    )?;
    for ((sent, anthropic), openai) in sent.iter().zip(anthropic).zip(openai) {
        let Sent { purpose, again, kept, once } = sent;
        let (all, new) = (sent.all(), kept + once);
        writeln!(out, "| {purpose:?} | {all} | {again} | {new} | {} | {anthropic} | {openai} |", tokens(all))?;
    }
    let sum = |figure: fn(&Sent) -> usize| sent.iter().map(figure).sum::<usize>();
    let (all, again) = (sum(Sent::all), sum(|sent| sent.again));
    let (anthropic, openai): (usize, usize) = (anthropic.iter().sum(), openai.iter().sum());
    writeln!(out, "| all | {all} | {again} | {} | {} | {anthropic} | {openai} |", all - again, sum(|sent| tokens(sent.all())))?;
    writeln!(out, "| the original | {ORIGINAL} | 0 | {ORIGINAL} | {} | | |\n", tokens(ORIGINAL))?;
    let table = PriceTable::default();
    writeln!(out, "| what is sent, at the prices of {} | in full | with the prefix cached |\n|---|---|---|", table.as_of)?;
    for model in ["claude-haiku-5-5", "claude-sonnet-5-5"] {
        let price = table.prices.iter().find(|price| price.model == model).unwrap();
        let count = |figure: fn(&Sent) -> usize| sum(figure) as u64;
        let full = Usage { input_tokens: count(|sent| tokens(sent.all())), ..Usage::default() };
        let cached = Usage {
            input_tokens: count(|sent| tokens(sent.once)),
            cache_read_tokens: count(|sent| tokens(sent.again)),
            cache_write_tokens: count(|sent| tokens(sent.kept)),
            ..Usage::default()
        };
        let [full, cached] = [full, cached].map(|usage| price.cost(&usage) as f64 / 1e6);
        writeln!(out, "| {model} | ${full:.6} | ${cached:.6} |")?;
    }
    let longest = sent.iter().map(|sent| tokens(sent.again + sent.kept)).max().unwrap_or_default();
    let reached = if longest < LEAST_CACHED { "it is never reached here, so that this debrief is paid in full" } else { "it is reached" };
    writeln!(
        out,
        "\nA read is priced as a cache read, what is kept for the next request as a cache write. Providers cache only prefixes of"
    )?;
    writeln!(
        out,
        "at least {LEAST_CACHED} tokens, the tool's definition counted; the longest prefix has about {longest} without it: {reached}."
    )
}

fn anthropic(text: &str) -> String {
    let events = [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 9}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}),
        json!({"type": "message_stop"}),
    ];
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

fn openai(text: &str) -> String {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]});
    format!("data: {chunk}\n\ndata: [DONE]\n\n")
}
