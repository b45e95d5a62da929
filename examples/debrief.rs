//! The main job in a terminal: say what you finished, answer a few questions, read your own words, decide, go on.
//!
//! `cargo run --example debrief` talks to a person; with `--json` it talks to a script, one line at a time.
//! With a key in the environment a model asks, once the person has agreed to what it is sent.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};
use std::pin::pin;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use completion_coach::{
    Action, ActionSource, ActionStatus, AllowanceRates, AnthropicModel, Caution, Clock, CompletionCoach, Credentials, Debrief,
    DebriefState, Disclosure, Ending, Endpoint, Error, ErrorKind, ExtractionId, FieldValue, ListedAction, Model, NewAction, NewMessage,
    OfflineGuide, OpenAiModel, Profile, ProfileField, Rate, Recap, Reply, SqliteStore, SystemClock, Turn, TurnEvent, Usage, User, Verdict,
    Verdicts,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

const HELP: &str = "\
Looks back on something you finished: a few questions, a recap, and changes to
your profile that you decide on.

  cargo run --example debrief -- [OPTIONS]

  --db PATH      where everything is kept (default debrief.db)
  --user ID      whose it is (default me)
  --title TEXT   what was finished: records it and opens its debrief; without it
                 the latest unfinished debrief goes on
  --kind KIND    replicate, collaborate, start_org, identify_gaps, volunteer,
                 build_tools, teach_write, develop_skills or your own word
  --lang CODE    the language to talk in, such as en
  --model NAME   who asks: anthropic, openai, or offline, a set of questions that
                 needs no network and no key (default: the one there is a key
                 for, else offline)
  --consent      yes, what you write may be sent to that model
  --json         one line of standard input per answer, then one of verdicts; one
                 JSON object per line out
  --help         this text

In the environment:
  ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL (claude-sonnet-5-5)
  OPENAI_API_KEY, OPENAI_MODEL, OPENAI_BASE_URL (or that of any server that
  speaks OpenAI's chat completions; it may need no key)
";

const KINDS: [(&str, &str); 9] = [
    ("replicate", "repeating a result"),
    ("collaborate", "working with others"),
    ("start_org", "starting a group"),
    ("identify_gaps", "finding what is missing"),
    ("volunteer", "volunteering"),
    ("build_tools", "building a tool"),
    ("teach_write", "teaching or writing"),
    ("develop_skills", "learning a skill"),
    ("other", "something else"),
];

const GO_ON: &str = "
Every answer so far is kept. Start again to go on, or with `--model offline` to
go on without the model.";

/// An error of the library's, which has a kind, or one of reading and writing.
type Failure = Box<dyn std::error::Error>;

// A worker beside the one that waits for the person is there to hear Ctrl-C.
#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) if options.contains_key("--help") => {
            let _ = write!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(options) => options,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "{reason}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let Err(failure) = run(&options).await else { return ExitCode::SUCCESS };
    let kind = failure.downcast_ref::<Error>().map(Error::kind);
    let hint = match kind {
        Some(ErrorKind::Unauthorised | ErrorKind::RequestRejected | ErrorKind::ReplyIncomplete | ErrorKind::ModelRefused) => GO_ON,
        _ => "",
    };
    let kind = kind.map_or("io", ErrorKind::as_str);
    // Whoever read the output may have left; then there is nobody to tell.
    let _ = match failure.downcast_ref::<io::Error>() {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        _ if options.contains_key("--json") => emit("error", json!({ "kind": kind, "text": failure.to_string() })),
        _ => writeln!(io::stderr(), "\n{kind}: {failure}{hint}"),
    };
    ExitCode::FAILURE
}

async fn run(options: &Options) -> Result<(), Failure> {
    let model = model(options.get("--model").map(String::as_str))?;
    let store = Arc::new(SqliteStore::open(options.get("--db").map_or("debrief.db", String::as_str))?);
    // The guide costs nothing, and a model is paid for by whoever asks it, so nobody has to wait for the next question.
    let free = Rate::new(60_000, 1_000);
    let rates = AllowanceRates { turns: free, proposals: free };
    let coach = CompletionCoach::shared(store, model).allowance(rates).offline_fallback(true).build()?;
    let me = coach.user(options.get("--user").map_or("me", String::as_str));
    if let Some(language) = options.get("--lang") {
        me.save_profile(&Profile { language: Some(language.clone()), ..profile_of(&me).await? }).await?;
    }
    let disclosure = coach.disclosure(options.get("--lang").map_or("en", String::as_str));
    if options.contains_key("--json") {
        return script(&me, options, &disclosure).await;
    }
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = writeln!(io::stdout(), "\n\nEvery answer so far is kept. Start again to go on.");
            std::process::exit(130);
        }
    });
    let (typed, shown) = (io::stdin().is_terminal(), io::stdout().is_terminal());
    let colour = shown && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = if typed && shown { terminal_width().unwrap_or(80) } else { 80 };
    let expects_model = Cell::new(disclosure.is_ai);
    Talk { me: &me, disclosure: &disclosure, expects_model, width, colour, typed }.hold(options).await
}

/// The model that is named, or else the one that there is a key for.
fn model(named: Option<&str>) -> Result<Arc<dyn Model>, Error> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let is_set = |name| variable(name).is_some();
    let found = if is_set("ANTHROPIC_API_KEY") {
        "anthropic"
    } else if is_set("OPENAI_API_KEY") && is_set("OPENAI_MODEL") {
        "openai"
    } else {
        "offline"
    };
    let key = |name, missing| Credentials::environment(name).map_err(|error| Error::new(error.kind(), missing).with_source(error));
    match named.unwrap_or(found) {
        "anthropic" => {
            let key = key("ANTHROPIC_API_KEY", "set ANTHROPIC_API_KEY to your key, or pass --model offline")?;
            let url = variable("ANTHROPIC_BASE_URL").unwrap_or_else(|| AnthropicModel::BASE_URL.to_owned());
            let name = variable("ANTHROPIC_MODEL").unwrap_or_else(|| "claude-sonnet-5-5".to_owned());
            Ok(Arc::new(AnthropicModel::new(name, Endpoint::new(url, key))?))
        }
        "openai" => {
            let unnamed = || Error::new(ErrorKind::InvalidInput, "set OPENAI_MODEL to the name of a model, or pass --model offline");
            let name = variable("OPENAI_MODEL").ok_or_else(unnamed)?;
            let url = variable("OPENAI_BASE_URL");
            let key = match url {
                Some(_) if !is_set("OPENAI_API_KEY") => Credentials::none(),
                _ => key("OPENAI_API_KEY", "set OPENAI_API_KEY to your key or OPENAI_BASE_URL to your server, or pass --model offline")?,
            };
            Ok(Arc::new(OpenAiModel::new(name, Endpoint::new(url.unwrap_or_else(|| OpenAiModel::BASE_URL.to_owned()), key))?))
        }
        _ => Ok(Arc::new(OfflineGuide)),
    }
}

// A person.

struct Talk<'a> {
    me: &'a User,
    disclosure: &'a Disclosure,
    /// Whether the person takes the replies to be a model's.
    expects_model: Cell<bool>,
    width: usize,
    colour: bool,
    typed: bool,
}

const PLAIN: &str = "";
const STRONG: &str = "1";
const DIM: &str = "2";
const COACH: &str = "36";

impl Talk<'_> {
    /// One visit: something that was finished is looked back on, from where it stands to its end.
    async fn hold(&self, options: &Options) -> Result<(), Failure> {
        let first = !options.contains_key("--title") && self.me.actions(None).await?.is_empty();
        if first {
            self.say(STRONG, "", "A short look back at something you finished")?;
            self.say(PLAIN, "", "It takes two minutes. You decide what goes into your profile, and Ctrl-C at any moment loses nothing.")?;
        }
        if self.me.consent_needed().await? {
            self.agree(options.contains_key("--consent")).await?;
        } else if first {
            self.say(DIM, "", &self.disclosure.text)?;
        }
        let action = match options.get("--title") {
            Some(_) => Some(finished(self.me, options).await?),
            None => self.choose(options).await?,
        };
        let Some(action) = action else { return Ok(()) };
        let debrief = self.me.debrief(action.id.clone());
        if matches!(debrief.state().await?, DebriefState::None | DebriefState::Deferred(_)) && !self.kind(action).await? {
            return Ok(());
        }
        if !matches!(debrief.state().await?, DebriefState::Ended(_) | DebriefState::ReadyToReview) {
            self.converse(&debrief).await?;
        }
        if debrief.state().await? == DebriefState::Ended(Ending::HandedOver) {
            return Ok(());
        }
        let recap = debrief.recap().await?;
        self.recap(&recap)?;
        if self.review(&debrief).await? {
            self.next_step(&recap).await?;
        }
        self.used(&debrief).await?;
        self.say(DIM, "", "\nIt is all kept. Until next time.")
    }

    /// Asks whether the model may be given what is written. Yes is kept; after no the guide asks this time.
    async fn agree(&self, said: bool) -> Result<(), Failure> {
        self.say(PLAIN, "", &format!("\n{}", self.disclosure.text))?;
        if said || self.pick("May it be sent there? [y]es, [N]o: ", &["yes", "no"], 1)? == Some(0) {
            return Ok(self.me.consent(self.disclosure).await?);
        }
        self.expects_model.set(false);
        self.say(DIM, "", "Nothing is sent then, and prepared questions are asked. `--model offline` chooses them for good.")
    }

    /// What waits since last time, what was planned and is finished, or something new.
    async fn choose(&self, options: &Options) -> Result<Option<Action>, Failure> {
        let mut actions = self.me.actions(None).await?;
        // Who left before saying what becomes of the next step is asked now.
        if let Some(last) = actions.iter().find(|listed| listed.debrief == DebriefState::Reviewed) {
            let recap = self.me.debrief(last.action.id.clone()).recap().await?;
            if recap.next.as_ref().is_some_and(|next| actions.iter().all(|listed| listed.action.id != next.action)) {
                self.next_step(&recap).await?;
                actions = self.me.actions(None).await?;
            }
        }
        let planned = |listed: &&ListedAction| !matches!(listed.action.status, ActionStatus::Done | ActionStatus::Dismissed);
        let mut listed: Vec<_> = actions.iter().filter(|listed| waits(listed)).take(5).collect();
        let waiting = listed.len();
        listed.extend(actions.iter().rev().filter(planned).take(5));
        for (at, entry) in listed.iter().enumerate() {
            if at == 0 || at == waiting {
                self.say(STRONG, "", if at < waiting { "\nTo be continued" } else { "\nPlanned: finished one of these?" })?;
            }
            self.say(PLAIN, &format!("  [{}] ", at + 1), &entry.action.title)?;
        }
        self.say(STRONG, "", "\nWhat did you finish?")?;
        let how = if listed.is_empty() { "In a few words" } else { "A number, or something new in a few words" };
        let enter = if waiting > 0 { "Enter goes on with [1]" } else { "Enter leaves" };
        let profile = if actions.is_empty() { "" } else { " `p` shows your profile." };
        self.say(DIM, "", &format!("{how}. {enter}.{profile}"))?;
        while let Some(line) = self.ask("You: ")? {
            let number = if line.is_empty() && waiting > 0 { Some(1) } else { line.parse::<usize>().ok() };
            match number.map(|number| number.checked_sub(1).and_then(|at| listed.get(at))) {
                Some(Some(entry)) => return self.take_up(entry).await,
                Some(None) => self.say(DIM, "", "There is nothing with that number.")?,
                None if line == "p" => self.profile(&Profile::default(), &profile_of(self.me).await?, usize::MAX)?,
                None if ["", "q", "quit", "exit", "n", "no"].contains(&line.as_str()) => break,
                None => match self.me.record_done(NewAction::new(kind_of(options), line)).await {
                    Ok(done) => return self.offer(done.action).await,
                    Err(error) => self.invalid(error)?,
                },
            }
        }
        Ok(None)
    }

    async fn take_up(&self, entry: &ListedAction) -> Result<Option<Action>, Failure> {
        let id = entry.action.id.clone();
        match (entry.action.status, entry.debrief) {
            (ActionStatus::Done, DebriefState::None | DebriefState::Deferred(_)) => return self.offer(entry.action.clone()).await,
            (ActionStatus::Done, _) => return Ok(Some(entry.action.clone())),
            (ActionStatus::InProgress, _) => {}
            _ => drop(self.me.start_action(id.clone()).await?),
        }
        self.offer(self.me.complete_action(id).await?).await
    }

    /// "Tell us", "just done" or later. Leaving decides nothing: the next start asks again.
    async fn offer(&self, action: Action) -> Result<Option<Action>, Failure> {
        let offer = self.me.offer(action.id.clone()).await?;
        self.say(COACH, "", &format!("\n{}", offer.text))?;
        let answers = [offer.tell_us.as_str(), &offer.just_done, &offer.later];
        self.numbered(&answers)?;
        let debrief = self.me.debrief(action.id.clone());
        let noted = match self.pick("A number, or Enter for 1: ", &answers, 0)? {
            Some(0) => return Ok(Some(action)),
            Some(1) => debrief.decline().await.map(|()| "Noted as done.")?,
            Some(_) => {
                let tomorrow = SystemClock.now() + Duration::from_secs(12 * 60 * 60);
                debrief.later(tomorrow).await.map(|()| "Noted as done. The questions come back tomorrow.")?
            }
            None => return Ok(None),
        };
        self.say(DIM, "", noted)?;
        Ok(None)
    }

    /// Asks once what sort of thing it was, unless that is known: the questions fit better then. Says whether to go on.
    async fn kind(&self, action: Action) -> Result<bool, Failure> {
        if action.kind.as_str() != "other" || action.source != ActionSource::Host {
            return Ok(true);
        }
        self.say(PLAIN, "", "\nWhat comes closest to it?")?;
        let answers = KINDS.map(|(_, words)| words);
        self.numbered(&answers)?;
        let Some(picked) = self.pick("A number, or Enter for something else: ", &answers, KINDS.len() - 1)? else { return Ok(false) };
        let Action { id, title, description, rationale, basis, material, host_data, source, .. } = action;
        let (id, kind) = (Some(id), KINDS[picked].0.into());
        self.me.record_done(NewAction { id, kind, title, description, rationale, basis, material, host_data, source }).await?;
        Ok(true)
    }

    async fn converse(&self, debrief: &Debrief) -> Result<(), Failure> {
        let mut last = self.watch(debrief.take_over().await?).await?;
        let mut warned = false;
        while !last.over {
            let choices = &last.message.choices;
            let line = self.ask("\nYou: ")?.unwrap_or_default();
            let number = line.parse::<usize>().ok().filter(|_| !choices.is_empty());
            let picked = number.and_then(|number| choices.get(number.checked_sub(1)?));
            if line.is_empty() && (warned || !self.typed) {
                return self.say(COACH, "", &format!("\n{}", debrief.stop().await?.message.text));
            }
            warned = line.is_empty();
            if warned {
                // One Enter too many must not end it for a person.
                self.say(DIM, "", "Enter once more ends it here. `skip` passes over the question.")?;
            } else if number.is_some() && picked.is_none() {
                self.say(DIM, "", &format!("A number from 1 to {}, or your own words.", choices.len()))?;
            } else {
                let said = picked.map_or_else(|| message(&line, &last), |choice| NewMessage::choose(choice.id.as_str()));
                match debrief.stream(said).await {
                    Ok(turn) => last = self.watch(turn).await?,
                    Err(error) => self.invalid(error)?,
                }
            }
        }
        Ok(())
    }

    async fn watch(&self, mut turn: Turn) -> Result<Reply, Failure> {
        loop {
            match self.wait(async { turn.next().await.transpose() }).await? {
                Some(TurnEvent::StoodIn(_) | TurnEvent::Replaced(_)) if self.expects_model.take() => {
                    self.say(DIM, "", "\nNo usable answer came from the model; prepared questions stand in for it.")?;
                }
                Some(TurnEvent::Reply(reply)) => {
                    self.say(COACH, "", &format!("\n{}", reply.message.text))?;
                    self.numbered(&reply.message.choices.iter().map(|choice| choice.text.as_str()).collect::<Vec<_>>())?;
                    return Ok(reply);
                }
                Some(_) => {}
                None => return Err(Error::new(ErrorKind::Internal, "the turn ended without a reply").into()),
            }
        }
    }

    /// What comes of it. Where that takes a model some time, the person sees that something is under way.
    async fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        let mut work = pin!(work);
        if let Ok(done) = timeout(Duration::from_millis(400), &mut work).await {
            return Ok(done?);
        }
        self.say(DIM, "", "…")?;
        Ok(work.await?)
    }

    /// What a model has read and written since this debrief began.
    async fn used(&self, debrief: &Debrief) -> Result<(), Failure> {
        let Some(began) = self.me.action(debrief.action().clone()).await?.completion_started_at else { return Ok(()) };
        let report = self.me.usage(began, SystemClock.now()).await?;
        let sum = |tokens: fn(&Usage) -> u64| report.lines.iter().map(|line| tokens(&line.usage)).fold(0, u64::saturating_add);
        let read = sum(|used| used.input_tokens.saturating_add(used.cache_read_tokens).saturating_add(used.cache_write_tokens));
        let written = sum(|used| used.output_tokens);
        if (read, written) == (0, 0) {
            return Ok(());
        }
        let price = |cost: u64| format!(": ${:.6} by the price list of {}", cost as f64 / 1e6, report.prices_as_of);
        let price = report.cost.map(price).unwrap_or_default();
        self.say(DIM, "", &format!("\nThe AI read {read} tokens and wrote {written}{price}."))
    }

    fn recap(&self, recap: &Recap) -> Result<(), Failure> {
        self.say(STRONG, "", if recap.lines.is_empty() { "" } else { "\nIn your words" })?;
        recap.lines.iter().try_for_each(|line| {
            self.say(DIM, "  ", &line.label)?;
            self.say(PLAIN, "    ", &format!("“{}{}”", line.quote, if line.cut { " …" } else { "" }))
        })
    }

    /// Each verdict is kept as soon as it is given. Says whether all were; who leaves decides nothing about the rest.
    async fn review(&self, debrief: &Debrief) -> Result<bool, Failure> {
        let proposal = self.wait(debrief.propose()).await?;
        let before = profile_of(self.me).await?;
        for known in &proposal.known {
            self.say(DIM, "", &format!("\nIn your profile already: {}", known.value))?;
        }
        let pending: Vec<_> = proposal.pending().collect();
        for (at, item) in pending.iter().enumerate() {
            let place = item.field.as_str().replace('_', " ");
            self.say(STRONG, "", &format!("\nFor your profile, {} of {}: {place}", at + 1, pending.len()))?;
            self.say(PLAIN, "  + ", &item.value.to_string())?;
            let quotes = item.evidence.iter().map(|evidence| &evidence.quote).filter(|quote| item.value != quote.as_str().into());
            let doubts = item.cautions.iter().filter(|caution| **caution != Caution::Recognised);
            let before = item.before.iter().map(|before| format!("in place of: {before}"));
            let quotes = quotes.map(|quote| format!("you wrote: “{quote}”"));
            let doubts = doubts.map(|caution| format!("look twice: {}", json!(caution).as_str().unwrap_or_default().replace('_', " ")));
            before.chain(quotes).chain(doubts).try_for_each(|note| self.say(DIM, "    ", &note))?;
            let keys = if item.checked { "[Y]es, [n]o, [e]dit" } else { "[y]es, [N]o, [e]dit" };
            loop {
                let verdict = match self.pick(&format!("Take it? {keys}: "), &["yes", "no", "edit"], usize::from(!item.checked))? {
                    Some(0) => Verdict::Accept,
                    Some(1) => Verdict::Reject,
                    Some(_) => Verdict::Edit(self.ask("In your wording: ")?.unwrap_or_default().into()),
                    None => return Ok(false),
                };
                match debrief.apply(proposal.verdicts().with(item.id.clone(), verdict)).await {
                    Ok(applied) if applied.conflicts.is_empty() => break,
                    Ok(_) => break self.say(DIM, "", "That was changed elsewhere meanwhile and is left as it is.")?,
                    Err(error) => self.invalid(error)?,
                }
            }
        }
        let after = profile_of(self.me).await?;
        if before != after {
            self.say(STRONG, "", "\nYour profile now")?;
            self.profile(&before, &after, 3)?;
        } else if pending.is_empty() {
            self.say(DIM, "", "\nNothing to change in your profile.")?;
        }
        Ok(true)
    }

    /// One key makes the next step an action. One that is not wanted is dismissed, so that it is not asked about again.
    async fn next_step(&self, recap: &Recap) -> Result<(), Failure> {
        let Some(next) = recap.next_action() else { return Ok(()) };
        self.say(STRONG, "", "\nYour next step")?;
        self.say(PLAIN, "  ", &next.title)?;
        let Some(picked) = self.pick("Plan it? [Y]es, [n]o: ", &["yes", "no"], 0)? else { return Ok(()) };
        let added = self.me.add_action(next).await?;
        if picked == 0 { self.say(DIM, "", "Planned.") } else { self.me.dismiss_action(added.id).await.map(drop).map_err(Failure::from) }
    }

    /// The fields that differ from how they were, with their newest items.
    fn profile(&self, before: &Profile, now: &Profile, most: usize) -> Result<(), Failure> {
        let values = |profile: &Profile, field: &ProfileField| {
            profile.scalar(field).map(FieldValue::from).into_iter().chain(profile.list(field)).collect::<Vec<_>>()
        };
        let own = now.custom.keys().cloned().map(ProfileField::Custom);
        for field in ProfileField::KNOWN.into_iter().chain(own).filter(|field| values(before, field) != values(now, field)) {
            self.say(DIM, "  ", &field.as_str().replace('_', " "))?;
            values(now, &field).iter().rev().take(most).try_for_each(|value| self.say(PLAIN, "    ", &value.to_string()))?;
        }
        if *now == Profile::default() { self.say(DIM, "", "Your profile is empty so far.") } else { Ok(()) }
    }

    /// What is typed on one line; `None` at the end of the input. A transcript shows it also when it was not typed.
    fn ask(&self, question: &str) -> Result<Option<String>, Failure> {
        write!(io::stdout(), "{}", self.paint(STRONG, question))?;
        io::stdout().flush()?;
        let line = read_line()?;
        if !self.typed || line.is_none() {
            writeln!(io::stdout(), "{}", line.as_deref().unwrap_or_default())?;
        }
        Ok(line)
    }

    /// One of some answers, by its number or by how it begins; Enter takes the one that is there for it.
    fn pick(&self, question: &str, answers: &[&str], enter: usize) -> Result<Option<usize>, Failure> {
        while let Some(line) = self.ask(question)?.map(|line| line.to_lowercase()) {
            let number = line.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|at| *at < answers.len());
            let begins = || answers.iter().position(|answer| answer.to_lowercase().starts_with(&line));
            match if line.is_empty() { Some(enter) } else { number.or_else(begins) } {
                None => self.say(DIM, "", "That is none of them.")?,
                picked => return Ok(picked),
            }
        }
        Ok(None)
    }

    /// Shows what does not fit, so that it can be said again; anything else ends the visit.
    fn invalid(&self, error: Error) -> Result<(), Failure> {
        if error.kind() == ErrorKind::InvalidInput { self.say(DIM, "", &format!("{error}.")) } else { Err(error.into()) }
    }

    fn numbered(&self, answers: &[&str]) -> Result<(), Failure> {
        answers.iter().enumerate().try_for_each(|(at, answer)| self.say(PLAIN, &format!("  [{}] ", at + 1), answer))
    }

    /// A text, wrapped, with something before its first line that the others are indented by.
    fn say(&self, style: &str, before: &str, text: &str) -> Result<(), Failure> {
        // What would steer a terminal is left out.
        let text = text.replace(|c: char| c.is_control() && c != '\n', " ");
        for (at, line) in text.split('\n').flat_map(|line| wrap(line, self.width - before.len())).enumerate() {
            let indent = if at == 0 { before.to_owned() } else { " ".repeat(before.len()) };
            writeln!(io::stdout(), "{}", format!("{indent}{}", self.paint(style, &line)).trim_end())?;
        }
        Ok(())
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.colour && !style.is_empty() && !text.is_empty() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

// A script.

async fn script(me: &User, options: &Options, disclosure: &Disclosure) -> Result<(), Failure> {
    if me.consent_needed().await? {
        let consent = options.contains_key("--consent");
        if consent {
            me.consent(disclosure).await?;
        }
        let mut told = json!(disclosure);
        told["consent"] = consent.into();
        emit("disclosure", told)?;
    }
    let waiting = me.actions(Some(ActionStatus::Done)).await?.into_iter().find(waits);
    let action = match (options.contains_key("--title"), waiting) {
        (true, _) => finished(me, options).await?,
        (false, Some(waiting)) => waiting.action,
        (false, None) => return Err(Error::new(ErrorKind::NotFound, "no debrief waits; pass --title with what was finished").into()),
    };
    let debrief = me.debrief(action.id);
    // A program that starts again is the only one at work on its debrief.
    let mut last = relay(debrief.take_over().await?).await?;
    while !last.over {
        last = match read_line()?.filter(|line| !line.is_empty()) {
            Some(line) => relay(debrief.stream(message(&line, &last)).await?).await?,
            None => {
                let ended = debrief.stop().await?;
                reply(&ended)?;
                ended
            }
        };
    }
    emit("recap", debrief.recap().await?)?;
    let proposal = debrief.propose().await?;
    emit("proposal", &proposal)?;
    // Whoever says nothing has decided nothing: the proposal waits.
    let Some(line) = read_line()?.filter(|line| !line.is_empty()) else { return Ok(()) };
    let invalid = || Error::new(ErrorKind::InvalidInput, "the verdicts must be one line of JSON such as {\"accept\":\"all\"}");
    // A list is no verdicts, though serde would read a struct from it.
    let decided: Map<String, Value> = serde_json::from_str(&line).map_err(|_| invalid())?;
    let decided = Decided::deserialize(Value::Object(decided)).map_err(|_| invalid())?;
    let all = proposal.pending().map(|item| item.id.clone()).collect();
    let accepted: Vec<ExtractionId> = match decided.accept {
        Some(Accept::Word(word)) => Some(all).filter(|_| word == "all").ok_or_else(invalid)?,
        Some(Accept::Ids(ids)) => ids,
        None => Vec::new(),
    };
    let verdicts = accepted.into_iter().fold(proposal.verdicts(), Verdicts::accept);
    let verdicts = decided.edit.into_iter().fold(verdicts, |verdicts, (id, value)| verdicts.edit(id, value));
    emit("applied", debrief.apply(decided.reject.into_iter().fold(verdicts, Verdicts::reject)).await?)?;
    if let (true, Some(next)) = (decided.next_action, debrief.recap().await?.next_action()) {
        emit("next_action", me.add_action(next).await?)?;
    }
    Ok(())
}

/// `"accept"` is `"all"` or a list of ids; `"next_action"` makes the next step that was named an action.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Decided {
    accept: Option<Accept>,
    reject: Vec<ExtractionId>,
    edit: BTreeMap<String, FieldValue>,
    next_action: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Accept {
    Word(String),
    Ids(Vec<ExtractionId>),
}

async fn relay(mut turn: Turn) -> Result<Reply, Failure> {
    while let Some(event) = turn.next().await {
        match event? {
            TurnEvent::Text(text) => emit("text", json!({ "text": text }))?,
            TurnEvent::StoodIn(kind) => emit("stood_in", json!({ "kind": kind }))?,
            // The reply has the choices, and its author says whose words they are.
            TurnEvent::HandOver { language } => emit("hand_over", json!({ "language": language }))?,
            TurnEvent::Choices(_) | TurnEvent::AskedAgain(_) | TurnEvent::Replaced(_) => {}
            TurnEvent::Reply(said) => return reply(&said).map(|()| said).map_err(Failure::from),
        }
    }
    Err(Error::new(ErrorKind::Internal, "the turn ended without a reply").into())
}

fn reply(Reply { message, exchange, review_due, over, .. }: &Reply) -> io::Result<()> {
    let (text, choices, author) = (&message.text, &message.choices, &message.author);
    let said = json!({ "text": text, "choices": choices, "author": author, "exchange": exchange, "review_due": review_due, "over": over });
    emit("reply", said)
}

/// The library's own JSON with the event's name, on one line.
fn emit(event: &str, value: impl Serialize) -> io::Result<()> {
    let mut line = json!(value);
    line["event"] = event.into();
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

// What both need.

/// What `--title` says was finished.
async fn finished(me: &User, options: &Options) -> Result<Action, Error> {
    let title = options.get("--title").map_or("", String::as_str);
    Ok(me.record_done(NewAction::new(kind_of(options), title)).await?.action)
}

fn kind_of(options: &Options) -> &str {
    options.get("--kind").map_or("other", String::as_str)
}

/// Whether a done action's debrief waits for something: an answer, a reply, a proposal or a verdict.
fn waits(listed: &ListedAction) -> bool {
    listed.action.status == ActionStatus::Done
        && match listed.debrief {
            DebriefState::Declined | DebriefState::Reviewed | DebriefState::Ended(Ending::HandedOver) => false,
            DebriefState::Deferred(time) => time <= SystemClock.now(),
            _ => true,
        }
}

/// The choice that a line takes, by its id or its words, or the line as it was typed.
fn message(line: &str, last: &Reply) -> NewMessage {
    let choice = last.message.choices.iter().find(|choice| choice.id == line || choice.text == line);
    choice.map_or_else(|| NewMessage::typed(line), |choice| NewMessage::choose(choice.id.as_str()))
}

/// The profile; an empty one for somebody new.
async fn profile_of(me: &User) -> Result<Profile, Error> {
    match me.profile().await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Profile::default()),
        profile => profile,
    }
}

/// A line of the input without the space around it; `None` at the end.
fn read_line() -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut line)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
}

type Options = BTreeMap<String, String>;

fn options() -> Result<Options, String> {
    let mut options = Options::new();
    let arguments: Result<Vec<_>, _> = std::env::args_os().skip(1).map(OsString::into_string).collect();
    let mut arguments = arguments.map_err(|_| "the options must be UTF-8")?.into_iter();
    while let Some(name) = arguments.next() {
        let value = match name.as_str() {
            "--consent" | "--json" | "--help" => String::new(),
            "--db" | "--user" | "--title" | "--kind" | "--lang" | "--model" => {
                arguments.next().ok_or_else(|| format!("{name} needs a value"))?
            }
            _ => return Err(format!("there is no option `{name}`")),
        };
        options.insert(name, value);
    }
    match options.get("--model").filter(|model| !["offline", "anthropic", "openai"].contains(&model.as_str())) {
        Some(model) => Err(format!("there is no model `{model}`; use offline, anthropic or openai")),
        None => Ok(options),
    }
}

/// The columns of the terminal, as `stty` says where there is one.
fn terminal_width() -> Option<usize> {
    let size = Command::new("stty").arg("size").stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?.stdout;
    let columns = String::from_utf8(size).ok()?.split_whitespace().nth(1)?.parse().ok()?;
    (columns >= 20).then_some(columns)
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines
}
