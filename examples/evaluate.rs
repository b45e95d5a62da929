//! Runs a corpus of debriefs against recorded answers, a model or the guide: what it would cost, then the figures and every failure.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use completion_coach::{
    AnthropicModel, Credentials, Endpoint, EvaluationCase, EvaluationOptions, EvaluationReport, Model, OfflineGuide, OpenAiModel, estimate,
    evaluate,
};

const HELP: &str = "\
Runs debriefs and says how good what comes out of them is.

  cargo run --example evaluate -- [OPTIONS]

  --model NAME     replay: the answers that the corpus holds (default)
                   offline: the guide, a set of questions
                   anthropic, openai: a model; costs what it says first
  --corpus PATH    a file of cases, or a folder of such files
                   (default tests/corpus)
  --turns          also asks again for each of the coach's turns, and checks it
  --coach-prompt FILE, --extraction-prompt FILE
                   instructions in place of this library's own
  --yes            does not ask before it spends anything
  --help           this text

The exit code is 1 if what comes out is not good enough: a proposal without the
person's words, less than 95 % right of what is checked by default, something
forbidden, or anything at all where nothing may come out.

In the environment:
  ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL (claude-sonnet-5-5)
  OPENAI_API_KEY, OPENAI_MODEL, OPENAI_BASE_URL (or that of any server that
  speaks OpenAI's chat completions; it may need no key)
";

/// An error of the library's, or one of reading and writing.
type Failure = Box<dyn std::error::Error>;
type Options = BTreeMap<String, String>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match options() {
        Ok(options) if options.contains_key("--help") => write!(io::stdout(), "{HELP}").map(|()| ExitCode::SUCCESS).map_err(Failure::from),
        Ok(options) => run(&options).await,
        Err(reason) => {
            let _ = writeln!(io::stderr(), "{reason}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    outcome.unwrap_or_else(|failure| {
        let _ = writeln!(io::stderr(), "{failure}");
        ExitCode::from(2)
    })
}

async fn run(options: &Options) -> Result<ExitCode, Failure> {
    let cases = corpus(options.get("--corpus").map(String::as_str))?;
    let model = model(options.get("--model").map_or("replay", String::as_str))?;
    let prompt = |name| options.get(name).map(fs::read_to_string).transpose();
    let asked = EvaluationOptions {
        turns: options.contains_key("--turns"),
        coach_prompt: prompt("--coach-prompt")?,
        extraction_prompt: prompt("--extraction-prompt")?,
        ..EvaluationOptions::default()
    };
    if let Some(model) = &model
        && !agreed(&cases, &asked, model.as_ref(), options.contains_key("--yes"))?
    {
        return Ok(ExitCode::from(2));
    }
    let report = evaluate(&cases, &asked, model.as_deref(), bar).await?;
    show(&report)?;
    Ok(if report.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The cases of a file, or of every file of a folder.
fn corpus(path: Option<&str>) -> Result<Vec<EvaluationCase>, Failure> {
    let path = path.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"), PathBuf::from);
    let mut files = vec![path.clone()];
    if path.is_dir() {
        files = fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
    }
    let mut cases = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        cases.extend(EvaluationCase::read(&text).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    Ok(cases)
}

/// Nobody for a replay.
fn model(name: &str) -> Result<Option<Box<dyn Model>>, Failure> {
    let variable = |name| env::var(name).ok().filter(|value| !value.trim().is_empty());
    Ok(Some(match name {
        "replay" => return Ok(None),
        "offline" => Box::new(OfflineGuide),
        "anthropic" => {
            let key = Credentials::environment("ANTHROPIC_API_KEY")?;
            let url = variable("ANTHROPIC_BASE_URL").unwrap_or_else(|| AnthropicModel::BASE_URL.to_owned());
            let name = variable("ANTHROPIC_MODEL").unwrap_or_else(|| "claude-sonnet-5-5".to_owned());
            Box::new(AnthropicModel::new(name, Endpoint::new(url, key))?)
        }
        "openai" => {
            let name = variable("OPENAI_MODEL").ok_or("set OPENAI_MODEL to the name of a model")?;
            let url = variable("OPENAI_BASE_URL");
            let key = match url {
                Some(_) if variable("OPENAI_API_KEY").is_none() => Credentials::none(),
                _ => Credentials::environment("OPENAI_API_KEY")?,
            };
            Box::new(OpenAiModel::new(name, Endpoint::new(url.unwrap_or_else(|| OpenAiModel::BASE_URL.to_owned()), key))?)
        }
        _ => return Err(format!("there is no model `{name}`; use replay, offline, anthropic or openai").into()),
    }))
}

/// Says what it would use, and asks where that costs something, or may.
fn agreed(cases: &[EvaluationCase], asked: &EvaluationOptions, model: &dyn Model, yes: bool) -> Result<bool, Failure> {
    let info = model.info();
    let expected = estimate(cases, asked, &info)?;
    let cost = match expected.cost {
        Some(0) => "nothing".to_owned(),
        Some(cost) => format!("about {}.{:02} dollars (prices of {})", cost / 1_000_000, cost % 1_000_000 / 10_000, expected.prices_as_of),
        None => "a price that is not known".to_owned(),
    };
    let (requests, input, output) = (expected.requests, expected.input_tokens, expected.output_tokens);
    let mut out = io::stdout();
    writeln!(out, "{} debriefs, {requests} requests to {} by {}.", cases.len(), info.model, info.provider)?;
    writeln!(out, "An estimate: {input} tokens in, {output} out, for {cost}.")?;
    if yes || expected.cost == Some(0) {
        return Ok(true);
    }
    write!(out, "Go on? [y]es, [N]o: ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// A bar in one line of a terminal, and nothing where there is none.
fn bar(done: usize, of: usize) {
    const WIDTH: usize = 40;
    let mut err = io::stderr();
    if err.is_terminal() {
        let full = done * WIDTH / of.max(1);
        let end = if done == of { "\n" } else { "" };
        let _ = write!(err, "\r[{}{}] {done} of {of}{end}", "#".repeat(full), " ".repeat(WIDTH - full));
        let _ = err.flush();
    }
}

fn show(report: &EvaluationReport) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "\n{report}")?;
    for failure in &report.failures {
        writeln!(out, "{}: {:?}\n  {}", failure.case, failure.fault, failure.detail.replace('\n', "\n  "))?;
        if let Some(answer) = &failure.answer {
            writeln!(out, "  in the answer {}", answer.replace('\n', "\n  "))?;
        }
    }
    writeln!(out, "{}", if report.passes() { "Good enough." } else { "Not good enough." })
}

fn options() -> Result<Options, String> {
    let mut options = Options::new();
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = match name.as_str() {
            "--turns" | "--yes" | "--help" => String::new(),
            "--model" | "--corpus" | "--coach-prompt" | "--extraction-prompt" => {
                arguments.next().ok_or_else(|| format!("{name} needs a value"))?
            }
            _ => return Err(format!("there is no option `{name}`")),
        };
        options.insert(name, value);
    }
    Ok(options)
}
