//! The golden debriefs: steps in a file, replayed in every language, give the same log to the byte.
//!
//! `tests/golden/README.md` says how they are written; `GOLDEN=write cargo test --features testing --test golden` writes the logs anew.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs};

use completion_coach::testing::{ManualClock, ScriptedModel, SeededIds};
use completion_coach::{
    Action, Chat, CompletionCoach, Debrief, DebriefState, Error, FieldValue, Message, NewAction, NewMessage, OfflineGuide, Profile, Reply,
    Result, SqliteStore, Term, Timestamp, Turn, TurnEvent, User,
};
use serde::Serialize;
use serde_json::Value;

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

/// The beginning of time in every golden debrief.
const START: i64 = 1_767_225_600_000;

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control)).expect("a string"),
            other => out.push(other),
        }
    }
    out + "\""
}

/// The name of an enum's variant in snake case.
fn word(variant: impl Serialize) -> String {
    serde_json::to_value(variant).expect("JSON").as_str().expect("a name").to_owned()
}

fn words<T: Serialize>(variants: impl IntoIterator<Item = T>) -> String {
    let words: Vec<_> = variants.into_iter().map(word).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(",") }
}

/// What is not there is a dash.
fn or_dash<T>(value: Option<T>, write: impl FnOnce(T) -> String) -> String {
    value.map_or_else(|| "-".to_owned(), write)
}

fn time(at: Timestamp) -> String {
    at.as_millis().to_string()
}

fn value(value: &FieldValue) -> String {
    match value {
        FieldValue::Text(text) => quoted(text),
        other => panic!("no golden debrief proposes {other:?}"),
    }
}

/// One of the two kinds of conversation.
enum Thread {
    Debrief(Debrief),
    Chat(Chat),
}

macro_rules! either {
    ($thread:expr, $method:ident($($argument:expr),*)) => {
        match $thread {
            Thread::Debrief(thread) => thread.$method($($argument),*).await,
            Thread::Chat(thread) => thread.$method($($argument),*).await,
        }
    };
}

struct Player {
    coach: CompletionCoach,
    clock: ManualClock,
    held: Option<Turn>,
    log: String,
}

impl Player {
    fn new(golden: &Value) -> Self {
        let (store, clock) = (SqliteStore::in_memory().expect("a store"), ManualClock::at(Timestamp::from_millis(START)));
        let mut builder = match golden.get("model") {
            None => CompletionCoach::builder(store, OfflineGuide),
            Some(script) => {
                CompletionCoach::builder(store, ScriptedModel::from_json(&script.to_string()).expect("a script").clock(clock.clone()))
            }
        };
        for (name, setting) in golden["coach"].as_object().into_iter().flatten() {
            let yes = setting.as_bool();
            builder = match name.as_str() {
                "delivery" => builder.delivery(serde_json::from_value(setting.clone()).expect("a delivery")),
                "model_opens" => builder.model_opens(yes.expect("yes or no")),
                "offline_fallback" => builder.offline_fallback(yes.expect("yes or no")),
                "vocabulary" => {
                    let terms = setting.as_array().expect("terms").iter();
                    builder.vocabulary(terms.map(|term| {
                        let field = serde_json::from_value(term["field"].clone()).expect("a field");
                        Term { field, name: term["name"].as_str().expect("a name").to_owned(), aliases: Vec::new() }
                    }))
                }
                "prices" => builder.prices(serde_json::from_value(setting.clone()).expect("prices")),
                other => panic!("there is no setting {other}"),
            };
        }
        let coach = builder.clock(clock.clone()).ids(SeededIds::new(1)).build().expect("these settings are sound");
        Self { coach, clock, held: None, log: String::new() }
    }

    fn line(&mut self, name: &str, pairs: &[(&str, String)]) {
        self.log.push_str(name);
        for (key, value) in pairs {
            write!(self.log, " {key}={value}").expect("a string");
        }
        self.log.push('\n');
    }

    async fn play(&mut self, golden: &Value) {
        for (number, step) in golden["steps"].as_array().expect("steps").iter().enumerate() {
            let name = step["do"].as_str().expect("what to do");
            writeln!(self.log, "# {} {name}", number + 1).expect("a string");
            if let Err(error) = self.step(name, step).await {
                self.error(&error);
            }
        }
    }

    fn error(&mut self, error: &Error) {
        let wait = or_dash(error.retry_after(), |wait| wait.as_millis().to_string());
        self.line("error", &[("kind", word(error.kind())), ("retry_after", wait)]);
    }

    async fn step(&mut self, name: &str, step: &Value) -> Result<()> {
        let text = |key: &str| step[key].as_str().unwrap_or_else(|| panic!("{name} needs {key}"));
        let user = self.coach.user(step["user"].as_str().unwrap_or("ana"));
        let debrief = || user.debrief(text("action"));
        match name {
            "advance" => self.clock.advance(Duration::from_millis(step["millis"].as_u64().expect("a number"))),
            "save_profile" => user.save_profile(&serde_json::from_value(step["profile"].clone()).expect("a profile")).await?,
            "profile" => {
                let profile = user.profile().await?;
                self.profile(&profile);
                return Ok(());
            }
            "add_action" => {
                let action = user.add_action(new_action(step)).await?;
                self.action(&action);
                return Ok(());
            }
            "record_done" => {
                let done = user.record_done(new_action(step)).await?;
                self.action(&done.action);
                self.offer(&done.offer);
                return Ok(());
            }
            "offer" => {
                let offer = user.offer(text("action")).await?;
                self.offer(&offer);
                return Ok(());
            }
            "step" => {
                let taken = serde_json::from_value(step["step"].clone()).expect("a step");
                let action = user.step(text("action"), taken).await?;
                self.action(&action);
                return Ok(());
            }
            "actions" => {
                for listed in user.actions(None).await? {
                    self.action(&listed.action);
                    self.state(listed.debrief);
                }
                return Ok(());
            }
            "open" | "stream" | "resume" | "take_over" | "hold" => {
                let thread = thread(&user, step);
                let mut turn = match name {
                    "open" => either!(&thread, open())?,
                    "resume" => either!(&thread, resume())?,
                    "take_over" => either!(&thread, take_over())?,
                    _ => either!(&thread, stream(message(step)))?,
                };
                if name == "hold" {
                    let first = turn.next().await.expect("an event")?;
                    self.event(first);
                    self.held = Some(turn);
                    return Ok(());
                }
                return self.turn(turn).await;
            }
            "release" => drop(self.held.take().expect("a turn is held")),
            "finish" => {
                let turn = self.held.take().expect("a turn is held");
                return self.turn(turn).await;
            }
            "skip_question" | "stop" | "reopen" => {
                let reply = match name {
                    "skip_question" => debrief().skip_question().await?,
                    "stop" => debrief().stop().await?,
                    _ => debrief().reopen().await?,
                };
                self.reply(&reply);
                return Ok(());
            }
            "decline" => debrief().decline().await?,
            "later" => debrief().later(Timestamp::from_millis(step["at"].as_i64().expect("a time"))).await?,
            "state" => {
                let state = debrief().state().await?;
                self.state(state);
                return Ok(());
            }
            "messages" => {
                let size = step["size"].as_u64().map_or(100, |size| u32::try_from(size).expect("a size"));
                let page = either!(&thread(&user, step), messages(size, step["before"].as_u64()))?;
                page.messages.iter().for_each(|message| self.message(message));
                self.line("page", &[("before", or_dash(page.before, |before| before.to_string()))]);
                return Ok(());
            }
            "propose" | "proposal" => {
                let thread = thread(&user, step);
                let proposal = if name == "propose" { either!(&thread, propose())? } else { either!(&thread, proposal())? };
                proposal.items.iter().for_each(|item| self.extraction("item", item));
                proposal.known.iter().for_each(|item| self.extraction("known", item));
                return Ok(());
            }
            "apply" => {
                let thread = thread(&user, step);
                let proposal = either!(&thread, proposal())?;
                let mut verdicts = proposal.verdicts();
                for verdict in step["verdicts"].as_array().expect("verdicts") {
                    let id = proposal.items[usize::try_from(verdict["item"].as_u64().expect("a number")).expect("small")].id.clone();
                    verdicts = match verdict["verdict"].as_str().expect("a verdict") {
                        "accept" => verdicts.accept(id),
                        "reject" => verdicts.reject(id),
                        "edit" => verdicts.edit(id, verdict["value"].as_str().expect("a value")),
                        other => panic!("there is no verdict {other}"),
                    };
                }
                let applied = either!(&thread, apply(verdicts))?;
                let count = |count: usize| count.to_string();
                self.line("applied", &[("accepted", count(applied.accepted.len())), ("rejected", count(applied.rejected.len()))]);
                for conflict in &applied.conflicts {
                    let text = |text: &Option<String>| or_dash(text.as_ref(), |text| quoted(text));
                    let (field, proposed) = (word(&conflict.field), value(&conflict.proposed));
                    let pairs =
                        [("field", field), ("before", text(&conflict.before)), ("now", text(&conflict.now)), ("proposed", proposed)];
                    self.line("conflict", &pairs);
                }
                self.profile(&applied.profile);
                return Ok(());
            }
            "recap" => {
                let recap = debrief().recap().await?;
                self.line("recap", &[("outcome", or_dash(recap.outcome, word))]);
                for line in &recap.lines {
                    let (step, label, quote) = (word(line.step), quoted(&line.label), quoted(&line.quote));
                    self.line("recap_line", &[("step", step), ("cut", line.cut.to_string()), ("label", label), ("quote", quote)]);
                }
                if let Some(next) = &recap.next {
                    self.line("next", &[("kind", quoted(next.kind.as_str())), ("title", quoted(&next.title))]);
                }
                return Ok(());
            }
            "usage" => {
                let report = user.usage(Timestamp::MIN, Timestamp::MAX).await?;
                for line in &report.lines {
                    let used = &line.usage;
                    let tokens = [used.input_tokens, used.output_tokens, used.cache_read_tokens, used.cache_write_tokens];
                    let [input, output, read, written] = tokens.map(|tokens| tokens.to_string());
                    self.line(
                        "used",
                        &[
                            ("operation", word(line.operation)),
                            ("provider", quoted(&line.provider)),
                            ("model", quoted(&line.model)),
                            ("attempts", line.attempts.to_string()),
                            ("failed", line.failed.to_string()),
                            ("cancelled", line.cancelled.to_string()),
                            ("requests", used.requests.to_string()),
                            ("input", input),
                            ("output", output),
                            ("cache_read", read),
                            ("cache_write", written),
                            ("cost", or_dash(line.cost, |cost| cost.to_string())),
                        ],
                    );
                }
                let as_of = quoted(&report.prices_as_of);
                self.line("usage", &[("cost", or_dash(report.cost, |cost| cost.to_string())), ("prices_as_of", as_of)]);
                return Ok(());
            }
            "changes" => {
                for change in user.changes(step["after"].as_u64().unwrap_or(0)).await? {
                    let (seq, at, count) = (change.seq.to_string(), time(change.at), change.extractions.len().to_string());
                    let pairs = [
                        ("seq", seq),
                        ("at", at),
                        ("cause", word(change.cause)),
                        ("fields", words(&change.fields)),
                        ("extractions", count),
                    ];
                    self.line("change", &pairs);
                }
                return Ok(());
            }
            "consent_needed" => {
                let needed = user.consent_needed().await?;
                self.line("consent", &[("needed", needed.to_string())]);
                return Ok(());
            }
            "consent" => {
                let shown = self.coach.disclosure(step["language"].as_str().unwrap_or("en"));
                self.line("disclosure", &[("is_ai", shown.is_ai.to_string()), ("place", word(shown.place)), ("text", quoted(&shown.text))]);
                user.consent(&shown).await?;
            }
            "withdraw_consent" => user.withdraw_consent().await?,
            "export" => {
                let export = user.export().await?;
                self.line("export", &[("bytes", export.len().to_string())]);
                return Ok(());
            }
            "delete_action" => user.delete_action(text("action")).await?,
            "forget" => user.forget().await?,
            other => panic!("there is no step {other}"),
        }
        self.line("ok", &[]);
        Ok(())
    }

    /// Reads a turn to its end. Texts that come one after the other are one line, since a binding may hand over several together.
    async fn turn(&mut self, mut turn: Turn) -> Result<()> {
        let mut said = String::new();
        loop {
            let event = turn.next().await.transpose();
            if let Ok(Some(TurnEvent::Text(more))) = event {
                said.push_str(&more);
                continue;
            }
            if !said.is_empty() {
                self.event(TurnEvent::Text(std::mem::take(&mut said)));
            }
            match event? {
                Some(event) => self.event(event),
                None => return Ok(()),
            }
        }
    }

    fn event(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::Text(text) => writeln!(self.log, "text {}", quoted(&text)).expect("a string"),
            TurnEvent::Choices(choices) => {
                for choice in choices {
                    let (id, text, field) = (quoted(&choice.id), quoted(&choice.text), or_dash(choice.field, word));
                    self.line("choice", &[("id", id), ("field", field), ("text", text)]);
                }
            }
            TurnEvent::AskedAgain(finding) => self.line("asked_again", &[("gate", word(finding.gate))]),
            TurnEvent::Replaced(finding) => self.line("replaced", &[("gate", word(finding.gate))]),
            TurnEvent::StoodIn(kind) => self.line("stood_in", &[("kind", word(kind))]),
            TurnEvent::HandOver { language } => self.line("hand_over", &[("language", quoted(&language))]),
            TurnEvent::Reply(reply) => self.reply(&reply),
        }
    }

    fn reply(&mut self, reply: &Reply) {
        let (due, over, ended) = (reply.review_due.to_string(), reply.over.to_string(), or_dash(reply.ended, word));
        let findings = words(reply.findings.iter().map(|finding| finding.gate));
        let pairs =
            [("exchange", reply.exchange.to_string()), ("review_due", due), ("over", over), ("ended", ended), ("findings", findings)];
        self.line("reply", &pairs);
        self.message(&reply.message);
    }

    fn message(&mut self, message: &Message) {
        let author = message.author.as_ref();
        let pairs = [
            ("seq", message.seq.to_string()),
            ("round", message.round.to_string()),
            ("role", word(message.role)),
            ("provenance", word(message.provenance)),
            ("author", or_dash(author, |author| quoted(&format!("{}/{}", author.provider, author.model)))),
            ("place", or_dash(author, |author| word(author.place))),
            ("choice", or_dash(message.choice.as_ref(), |choice| quoted(choice))),
            ("choices", message.choices.len().to_string()),
            ("at", time(message.at)),
            ("id", quoted(message.id.as_str())),
            ("text", quoted(&message.text)),
        ];
        self.line("message", &pairs);
    }

    fn action(&mut self, action: &Action) {
        let pairs = [
            ("id", quoted(action.id.as_str())),
            ("kind", quoted(action.kind.as_str())),
            ("status", word(action.status)),
            ("source", word(action.source)),
            ("created_at", time(action.created_at)),
            ("started_at", or_dash(action.started_at, time)),
            ("completed_at", or_dash(action.completed_at, time)),
            ("debrief_at", or_dash(action.completion_started_at, time)),
            ("title", quoted(&action.title)),
        ];
        self.line("action", &pairs);
    }

    fn offer(&mut self, offer: &completion_coach::Offer) {
        let texts = [&offer.text, &offer.tell_us, &offer.just_done, &offer.later].map(|text| quoted(text));
        let [text, tell_us, just_done, later] = texts;
        let (ask, needed) = (offer.ask.to_string(), offer.consent_needed.to_string());
        let pairs =
            [("ask", ask), ("consent_needed", needed), ("text", text), ("tell_us", tell_us), ("just_done", just_done), ("later", later)];
        self.line("offer", &pairs);
    }

    fn state(&mut self, state: DebriefState) {
        let (name, ended, until) = match state {
            DebriefState::Deferred(until) => ("deferred".to_owned(), None, Some(until)),
            DebriefState::Ended(ending) => ("ended".to_owned(), Some(ending), None),
            other => (word(other), None, None),
        };
        self.line("state", &[("is", name), ("ended", or_dash(ended, word)), ("until", or_dash(until, time))]);
    }

    fn profile(&mut self, profile: &Profile) {
        let texts = [
            ("name", &profile.name),
            ("headline", &profile.headline),
            ("career_goals", &profile.career_goals),
            ("seeking", &profile.seeking),
            ("language", &profile.language),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                writeln!(self.log, "{field} {}", quoted(text)).expect("a string");
            }
        }
        for (field, items) in [("skill", &profile.skills), ("interest", &profile.interests), ("insight", &profile.insights)] {
            for item in items {
                writeln!(self.log, "{field} {}", quoted(item)).expect("a string");
            }
        }
    }

    fn extraction(&mut self, name: &str, item: &completion_coach::Extraction) {
        let pairs = [
            ("field", word(&item.field)),
            ("op", word(item.operation)),
            ("status", word(item.status)),
            ("basis", word(item.basis)),
            ("checked", item.checked.to_string()),
            ("cautions", words(&item.cautions)),
            ("value", value(&item.value)),
            ("before", or_dash(item.before.as_ref(), |before| quoted(before))),
            ("edited", or_dash(item.edited.as_ref(), value)),
        ];
        self.line(name, &pairs);
        for evidence in &item.evidence {
            let numbers = [evidence.start, evidence.end, evidence.start_utf16, evidence.end_utf16].map(|number| number.to_string());
            let [start, end, start16, end16] = numbers;
            let quote = quoted(&evidence.quote);
            self.line("quote", &[("start", start), ("end", end), ("start16", start16), ("end16", end16), ("quote", quote)]);
        }
    }
}

fn thread(user: &User, step: &Value) -> Thread {
    match step["action"].as_str() {
        Some(action) => Thread::Debrief(user.debrief(action)),
        None => Thread::Chat(user.chat()),
    }
}

fn message(step: &Value) -> NewMessage {
    let message = match (step["typed"].as_str(), step["choose"].as_str()) {
        (Some(typed), None) => NewMessage::typed(typed),
        (None, Some(choice)) => NewMessage::choose(choice),
        _ => panic!("either `typed` or `choose` is said"),
    };
    match step["id"].as_str() {
        Some(id) => message.id(id),
        None => message,
    }
}

fn new_action(step: &Value) -> NewAction {
    let action = NewAction::new(step["kind"].as_str().expect("a kind"), step["title"].as_str().expect("a title"));
    let action = action.id(step["action"].as_str().expect("an id"));
    match step["description"].as_str() {
        Some(description) => NewAction { description: description.to_owned(), ..action },
        None => action,
    }
}

fn goldens() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|kind| kind == "json")).collect();
    files.sort();
    files
}

#[tokio::test]
async fn the_golden_debriefs_give_the_logs_that_are_checked_in() {
    let files = goldens();
    assert!(files.len() >= 8, "the golden debriefs are there");
    for file in files {
        let golden: Value = serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON");
        let mut player = Player::new(&golden);
        player.play(&golden).await;
        let log = file.with_extension("log");
        if env::var("GOLDEN").as_deref() == Ok("write") {
            fs::write(&log, &player.log).expect("it is written");
        }
        let expected = fs::read_to_string(&log).unwrap_or_default();
        let first = player.log.lines().zip(expected.lines()).position(|(now, then)| now != then);
        assert!(player.log == expected, "{} differs, first in line {}", log.display(), first.map_or(0, |line| line + 1));
    }
    ran("golden");
}
