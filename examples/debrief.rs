//! The main job in a terminal: say what you finished, answer three questions, read the recap, review, go on.
//!
//! `cargo run --example debrief` talks to a person; with `--json` it talks to a script (see the README).

use std::error::Error as StdError;
use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use completion_coach::{
    ActionStatus, CompletionCoach, Debrief, DebriefState, Ending, Error, Extraction, FieldValue, ListedAction, NewAction, NewMessage,
    OfflineGuide, Profile, Proposal, Recap, Reply, SqliteStore, Timestamp, Turn, TurnEvent, User, Verdicts,
};
use serde::Deserialize;
use serde_json::{Value, json};

const HELP: &str = "\
Looks back on something you finished: a few questions, a recap, and changes to your profile that you decide on.

  cargo run --example debrief -- [OPTIONS]

  --db PATH      where everything is kept (default debrief.db)
  --user ID      whose it is (default me)
  --title TEXT   what was finished: records it and opens its debrief; without it the latest unfinished debrief goes on
  --kind KIND    replicate, collaborate, start_org, identify_gaps, volunteer, build_tools, teach_write, develop_skills or your own word
  --lang CODE    the language to talk in, such as en
  --model NAME   who asks: offline, a set of questions that needs no network and no key (default)
  --json         one line of standard input per answer, one JSON object per line out
  --help         this text
";

type Failure = Box<dyn StdError>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = write!(io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(reason) => {
            let _ = writeln!(io::stderr(), "{reason}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let json = options.json;
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let kind = failure.downcast_ref::<Error>().map_or("usage", |error| error.kind().as_str());
            // Whoever reads the output may have left; then there is nobody to tell.
            let _ = if json {
                writeln!(io::stdout(), "{}", json!({ "event": "error", "kind": kind, "text": failure.to_string() }))
            } else {
                writeln!(io::stderr(), "\n{failure}\nWhat you wrote is kept; start again to go on.")
            };
            ExitCode::FAILURE
        }
    }
}

struct Options {
    db: String,
    user: String,
    title: Option<String>,
    kind: Option<String>,
    language: Option<String>,
    json: bool,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self { db: "debrief.db".to_owned(), user: "me".to_owned(), title: None, kind: None, language: None, json: false };
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--db" => options.db = value()?,
                "--user" => options.user = value()?,
                "--title" => options.title = Some(value()?),
                "--kind" => options.kind = Some(value()?),
                "--lang" => options.language = Some(value()?),
                "--model" => match value()?.as_str() {
                    "offline" => {}
                    other => return Err(format!("there is no model `{other}`; use offline")),
                },
                "--json" => options.json = true,
                "--help" | "-h" => return Ok(None),
                other => return Err(format!("there is no option `{other}`")),
            }
        }
        Ok(Some(options))
    }
}

async fn run(options: Options) -> Result<(), Failure> {
    let coach = CompletionCoach::builder(SqliteStore::open(&options.db)?, OfflineGuide).build()?;
    let me = coach.user(options.user.as_str());
    if let Some(language) = &options.language {
        let profile = me.profile().await.unwrap_or_default();
        me.save_profile(&Profile { language: Some(language.clone()), ..profile }).await?;
    }
    if options.json { script(&me, &options).await } else { Talk::new().hold(&me, &options).await }
}

/// The debriefs that wait for something: an answer, a reply, a proposal or a verdict. The latest first.
async fn unfinished(me: &User) -> Result<Vec<ListedAction>, Error> {
    let waits = |listed: &ListedAction| match listed.debrief {
        DebriefState::Declined | DebriefState::Reviewed | DebriefState::Ended(Ending::HandedOver) => false,
        DebriefState::Deferred(time) => time <= now(),
        _ => true,
    };
    let done = me.actions(Some(ActionStatus::Done)).await?;
    Ok(done.into_iter().filter(waits).collect())
}

fn now() -> Timestamp {
    completion_coach::Clock::now(&completion_coach::SystemClock)
}

/// The choice that a line takes: by its number, its id or its words.
fn message(line: &str, last: &Reply, numbers: bool) -> NewMessage {
    let choices = &last.message.choices;
    let numbered = line.parse::<usize>().ok().filter(|_| numbers).and_then(|number| choices.get(number.checked_sub(1)?));
    let named = || choices.iter().find(|choice| choice.id == line || choice.text == line);
    numbered.or_else(named).map_or_else(|| NewMessage::typed(line), |choice| NewMessage::choose(choice.id.as_str()))
}

// A script.

fn say(event: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{event}")?;
    out.flush()
}

async fn script(me: &User, options: &Options) -> Result<(), Failure> {
    let action = match &options.title {
        Some(title) => me.record_done(NewAction::new(options.kind.as_deref().unwrap_or("other"), title)).await?.action,
        None => unfinished(me).await?.into_iter().next().ok_or("no debrief waits; pass --title with what was finished")?.action,
    };
    let debrief = me.debrief(action.id);
    let mut lines = io::stdin().lock().lines();
    // A phone or a program that starts again is the only one at work on its debrief.
    let mut last = relay(debrief.take_over().await?).await?;
    while !last.over {
        let line = lines.next().transpose()?.unwrap_or_default();
        last = if line.trim().is_empty() {
            let ended = debrief.stop().await?;
            say(&reply_event(&ended))?;
            ended
        } else {
            relay(debrief.stream(message(&line, &last, false)).await?).await?
        };
    }
    say(&recap_event(&debrief.recap().await?))?;
    let proposal = debrief.propose().await?;
    say(&json!({ "event": "proposal", "items": proposal.items.iter().map(item).collect::<Vec<_>>() }))?;
    let Some(line) = lines.next().transpose()?.filter(|line| !line.trim().is_empty()) else { return Ok(()) };
    let decided: Decided = serde_json::from_str(&line).map_err(|_| "the verdicts must be one line such as {\"accept\":\"all\"}")?;
    let applied = debrief.apply(decided.verdicts(&proposal)).await?;
    say(&json!({
        "event": "applied",
        "accepted": applied.accepted,
        "rejected": applied.rejected,
        "conflicts": applied.conflicts,
        "profile": applied.profile,
    }))?;
    if let (true, Some(next)) = (decided.next_action, debrief.recap().await?.next_action()) {
        let added = me.add_action(next).await?;
        say(&json!({ "event": "next_action", "id": added.id, "title": added.title }))?;
    }
    Ok(())
}

async fn relay(mut turn: Turn) -> Result<Reply, Failure> {
    while let Some(event) = turn.next().await {
        match event? {
            TurnEvent::Text(text) => say(&json!({ "event": "text", "text": text }))?,
            TurnEvent::Choices(choices) => say(&json!({ "event": "choices", "choices": choices }))?,
            TurnEvent::Replaced(finding) => say(&json!({ "event": "replaced", "finding": finding }))?,
            TurnEvent::HandOver => say(&json!({ "event": "hand_over" }))?,
            TurnEvent::Reply(reply) => {
                say(&reply_event(&reply))?;
                return Ok(reply);
            }
        }
    }
    Err("the turn ended without a reply".into())
}

fn reply_event(reply: &Reply) -> Value {
    json!({
        "event": "reply",
        "text": reply.message.text,
        "choices": reply.message.choices,
        "exchange": reply.exchange,
        "review_due": reply.review_due,
        "over": reply.over,
    })
}

fn recap_event(recap: &Recap) -> Value {
    let next = recap.next_action().map(|next| json!({ "id": next.id, "title": next.title }));
    json!({ "event": "recap", "outcome": recap.outcome, "lines": recap.lines, "next_action": next })
}

fn item(item: &Extraction) -> Value {
    let evidence: Vec<_> = item.evidence.iter().map(|evidence| json!({ "message": evidence.message, "quote": evidence.quote })).collect();
    json!({
        "id": item.id,
        "field": item.field,
        "operation": item.operation,
        "value": item.value,
        "before": item.before,
        "basis": item.basis,
        "checked": item.checked,
        "cautions": item.cautions,
        "status": item.status,
        "evidence": evidence,
    })
}

/// A script's verdicts, on one line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Decided {
    accept: Accepted,
    reject: Vec<String>,
    edit: std::collections::BTreeMap<String, FieldValue>,
    /// Whether the next step that was named becomes an action.
    next_action: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Accepted {
    Word(All),
    Ids(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

impl Default for Accepted {
    fn default() -> Self {
        Self::Ids(Vec::new())
    }
}

impl Decided {
    fn verdicts(&self, proposal: &Proposal) -> Verdicts {
        let mut verdicts = proposal.verdicts();
        match &self.accept {
            Accepted::Word(All::All) => {
                for item in proposal.pending() {
                    verdicts = verdicts.accept(item.id.clone());
                }
            }
            Accepted::Ids(ids) => {
                for id in ids {
                    verdicts = verdicts.accept(id.as_str());
                }
            }
        }
        for (id, value) in &self.edit {
            verdicts = verdicts.edit(id.as_str(), value.clone());
        }
        for id in &self.reject {
            verdicts = verdicts.reject(id.as_str());
        }
        verdicts
    }
}

// A person.

struct Talk {
    colour: bool,
}

impl Talk {
    fn new() -> Self {
        Self { colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    async fn hold(&self, me: &User, options: &Options) -> Result<(), Failure> {
        let Some(debrief) = self.begin(me, options).await? else { return Ok(()) };
        if !matches!(debrief.state().await?, DebriefState::Ended(_) | DebriefState::ReadyToReview) {
            self.note("Enter alone ends it; `skip` passes over a question. You can leave at any moment and go on later.")?;
            self.converse(&debrief).await?;
        }
        let recap = debrief.recap().await?;
        self.recap(&recap)?;
        self.review(&debrief).await?;
        self.next_step(me, &recap).await?;
        self.note(&format!("It is all in {}. Until next time.", options.db))
    }

    /// A new action, or one that waits.
    async fn begin(&self, me: &User, options: &Options) -> Result<Option<Debrief>, Failure> {
        let mut title = options.title.clone();
        if title.is_none() {
            for waiting in unfinished(me).await?.into_iter().take(1) {
                self.line(&format!("Last time: {}", self.strong(&waiting.action.title)))?;
                if self.yes("Go on with it? [Y/n] ")? {
                    return Ok(Some(me.debrief(waiting.action.id)));
                }
            }
            let saved = me.actions(None).await?.into_iter().filter(|listed| listed.action.status == ActionStatus::Active);
            for listed in saved.take(3) {
                self.line(&format!("Planned: {}", self.strong(&listed.action.title)))?;
            }
            title = self.ask("What did you finish? ")?;
        }
        let Some(title) = title.filter(|title| !title.is_empty()) else { return Ok(None) };
        let done = me.record_done(NewAction::new(options.kind.as_deref().unwrap_or("other"), title)).await?;
        let debrief = me.debrief(done.action.id.clone());
        self.line(&format!("\n{}", done.offer.text))?;
        self.note(&done.offer.disclosure.text)?;
        let (tell_us, just_done, later) = (&done.offer.tell_us, &done.offer.just_done, &done.offer.later);
        match self.ask(&format!("[1] {tell_us}   [2] {just_done}   [3] {later} (tomorrow)   > "))?.as_deref() {
            Some("1") => Ok(Some(debrief)),
            Some("2") => {
                debrief.decline().await?;
                self.note("Noted as done.")?;
                Ok(None)
            }
            Some("3") => {
                debrief.later(now() + std::time::Duration::from_secs(24 * 60 * 60)).await?;
                self.note("Noted as done; the questions come back tomorrow.")?;
                Ok(None)
            }
            // Anything else, and leaving, decides nothing: the next start asks again.
            Some(_) => Ok(Some(debrief)),
            None => Ok(None),
        }
    }

    async fn converse(&self, debrief: &Debrief) -> Result<(), Failure> {
        let mut last = self.watch(debrief.take_over().await?).await?;
        while !last.over {
            last = match self.ask("> ")? {
                Some(line) if !line.is_empty() => self.watch(debrief.stream(message(&line, &last, true)).await?).await?,
                _ => {
                    let ended = debrief.stop().await?;
                    self.coach(&ended.message.text)?;
                    ended
                }
            };
        }
        Ok(())
    }

    async fn watch(&self, mut turn: Turn) -> Result<Reply, Failure> {
        while let Some(event) = turn.next().await {
            if let TurnEvent::Reply(reply) = event? {
                self.coach(&reply.message.text)?;
                for (number, choice) in reply.message.choices.iter().enumerate() {
                    self.line(&format!("  [{}] {}", number + 1, choice.text))?;
                }
                return Ok(reply);
            }
        }
        Err("the turn ended without a reply".into())
    }

    fn recap(&self, recap: &Recap) -> Result<(), Failure> {
        if recap.lines.is_empty() {
            return Ok(());
        }
        self.line(&format!("\n{}", self.strong("In your words")))?;
        for line in &recap.lines {
            let more = if line.cut { " …" } else { "" };
            self.line(&format!("  {}: “{}”{more}", line.label, line.quote))?;
        }
        Ok(())
    }

    async fn review(&self, debrief: &Debrief) -> Result<(), Failure> {
        let proposal = debrief.propose().await?;
        let mut verdicts = proposal.verdicts();
        let pending: Vec<_> = proposal.pending().collect();
        if pending.is_empty() {
            return self.note("\nNothing to change in your profile.");
        }
        self.line(&format!("\n{}", self.strong("For your profile")))?;
        for item in pending {
            let before = item.before.as_ref().map(|before| format!(" (now: {before})")).unwrap_or_default();
            self.line(&format!("  {} {}{before}", self.dim(item.field.as_str().replace('_', " ")), self.strong(&item.value)))?;
            for evidence in &item.evidence {
                self.line(&format!("    you wrote: “{}”", evidence.quote))?;
            }
            let suggested = if item.checked { "Y/n" } else { "y/N" };
            // Who leaves in the middle has decided nothing about the rest: it waits.
            let Some(answer) = self.ask(&format!("    Take it? [{suggested}, or your own wording] "))? else { break };
            let id = item.id.clone();
            verdicts = match answer.to_lowercase().as_str() {
                "" if item.checked => verdicts.accept(id),
                "y" | "yes" => verdicts.accept(id),
                "" | "n" | "no" => verdicts.reject(id),
                _ => verdicts.edit(id, answer),
            };
        }
        let applied = debrief.apply(verdicts).await?;
        for conflict in &applied.conflicts {
            self.note(&format!("{} was changed elsewhere and is left as it is.", conflict.field.as_str().replace('_', " ")))?;
        }
        self.note(&format!("{} taken, {} left.", applied.accepted.len(), applied.rejected.len()))
    }

    async fn next_step(&self, me: &User, recap: &Recap) -> Result<(), Failure> {
        let Some(next) = recap.next_action() else { return Ok(()) };
        self.line(&format!("\nYour next step: {}", self.strong(&next.title)))?;
        if self.yes("Add it to your actions? [Y/n] ")? {
            me.add_action(next).await?;
            self.note("Added.")?;
        }
        Ok(())
    }

    /// What is typed on one line; `None` at the end of the input.
    fn ask(&self, question: &str) -> Result<Option<String>, Failure> {
        write!(io::stdout(), "{question}")?;
        io::stdout().flush()?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            writeln!(io::stdout())?;
            return Ok(None);
        }
        Ok(Some(line.trim().to_owned()))
    }

    /// Yes, unless it is answered with no. Nobody says yes by leaving.
    fn yes(&self, question: &str) -> Result<bool, Failure> {
        Ok(self.ask(question)?.is_some_and(|answer| !answer.to_lowercase().starts_with('n')))
    }

    fn coach(&self, text: &str) -> Result<(), Failure> {
        self.line(&format!("\n{}", self.paint("36", text)))
    }

    fn note(&self, text: &str) -> Result<(), Failure> {
        self.line(&self.dim(text))
    }

    fn line(&self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(io::stdout(), "{text}")?)
    }

    fn strong(&self, text: impl Display) -> String {
        self.paint("1", text)
    }

    fn dim(&self, text: impl Display) -> String {
        self.paint("2", text)
    }

    fn paint(&self, code: &str, text: impl Display) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
