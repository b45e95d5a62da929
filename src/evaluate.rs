//! Measures what comes out of debriefs: a corpus of transcripts, held against recorded answers, a model or the guide.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::action::{Action, NewAction};
use crate::conversation::{Message, Role};
use crate::draft::{Draft, Known, draft};
use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::evidence::{Basis, Extraction, ExtractionStatus, Proposal, ProposedOperation, readable};
use crate::extract::{Transcript, TranscriptMessage, said};
use crate::flow::{Budget, Ending, Flow};
use crate::lang::words;
use crate::limits::Limits;
use crate::model::Model;
use crate::profile::{FieldValue, Profile, ProfileField, Term, same_text, same_value};
use crate::prompt::{self, Brief, COMPLETION_COACH_PROMPT, EXTRACTION_PROMPT, Purpose, Request, Voice};
use crate::rules;
use crate::runtime::{ActionId, ExtractionId, ThreadId, Timestamp};
use crate::usage::{ModelInfo, ModelPlace, PriceTable, Usage};

/// For how many requests in a row a model may be out of reach.
const MOST_UNREACHED: u32 = 3;

/// A debrief, and what must and must not come out of it. In JSON only `name` and `messages` are needed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationCase {
    /// Its name, unique in its corpus.
    pub name: String,
    /// What it is a case of, in whatever words the corpus uses.
    #[serde(default)]
    pub case: String,
    /// The profile before the debrief, with the language that is spoken; without one, English.
    #[serde(default)]
    pub profile: Profile,
    /// What was done.
    #[serde(default)]
    pub action: Option<NewAction>,
    /// The host's vocabulary.
    #[serde(default)]
    pub vocabulary: Vec<Term>,
    /// What was said, oldest first. Where the coach speaks last, that closes the debrief.
    pub messages: Vec<TranscriptMessage>,
    /// A model's answer to the request for proposals, as it was recorded. In JSON it is a text, or the JSON that the text would hold.
    #[serde(default, deserialize_with = "text_or_json")]
    pub answer: Option<String>,
    /// What the person has rejected before.
    #[serde(default)]
    pub rejected: Vec<Expectation>,
    /// What must come out.
    #[serde(default)]
    pub must: Vec<Expectation>,
    /// What may come out.
    #[serde(default)]
    pub may: Vec<Expectation>,
    /// What must be found to be there already.
    #[serde(default)]
    pub known: Vec<Expectation>,
    /// What no proposed value may hold.
    #[serde(default)]
    pub must_not: Vec<String>,
    /// What neither a proposed value nor a quote may hold, such as somebody else's address.
    #[serde(default)]
    pub private: Vec<String>,
    /// Whether nothing at all may come out.
    #[serde(default)]
    pub empty: bool,
}
opaque_debug!(EvaluationCase { empty });

impl EvaluationCase {
    /// Reads one case, or an array of them.
    ///
    /// # Errors
    /// `InvalidInput` if it is neither, with the line.
    pub fn read(json: &str) -> Result<Vec<Self>> {
        fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
            serde_json::from_str(json).map_err(|error| {
                // What serde says may quote the text.
                Error::composed(ErrorKind::InvalidInput, format!("line {} of the corpus is no evaluation case", error.line()))
            })
        }
        if json.trim_start().starts_with('[') { parse(json) } else { parse(json).map(|case| vec![case]) }
    }

    fn language(&self) -> &str {
        self.profile.language.as_deref().filter(|tag| !tag.trim().is_empty()).unwrap_or("en")
    }
}

/// One item that is expected.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The field.
    pub field: ProfileField,
    /// The value. In a list of skills, interests, jobs, studies or of the host's own an item is this but for case and white space; a text, or an
    /// insight, holds it.
    pub value: FieldValue,
    /// Other values that are as good.
    #[serde(default)]
    pub or: Vec<FieldValue>,
    /// Whether it should be checked by default; without it, either is fine.
    #[serde(default)]
    pub checked: Option<bool>,
}
opaque_debug!(Expectation { field, checked });

impl Expectation {
    fn is_met_by(&self, item: &Extraction) -> bool {
        let whole = matches!(
            item.field,
            ProfileField::WorkHistory | ProfileField::Education | ProfileField::Skills | ProfileField::Interests | ProfileField::Custom(_)
        );
        let is = |wanted: &FieldValue| match (wanted, &item.value) {
            (FieldValue::Text(wanted), FieldValue::Text(found)) if !whole => holds(found, wanted),
            (wanted, found) => same_value(wanted, found),
        };
        self.field == item.field && std::iter::once(&self.value).chain(&self.or).any(is)
    }
}

/// What is asked, and how it is priced.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationOptions {
    /// Whether each of the coach's turns is asked for again as well, and checked.
    pub turns: bool,
    /// How the coach speaks in those.
    pub voice: Voice,
    /// Instructions of the host's own in place of [`COMPLETION_COACH_PROMPT`].
    pub coach_prompt: Option<String>,
    /// Instructions of the host's own in place of [`EXTRACTION_PROMPT`].
    pub extraction_prompt: Option<String>,
    /// The prices.
    pub prices: PriceTable,
}
opaque_debug!(EvaluationOptions { turns, prices });

/// What an evaluation is about to use. An estimate: an ASCII character counts as a quarter of a token, any other one as a whole one, and
/// answers are taken to be of a usual length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationEstimate {
    /// The requests.
    pub requests: u32,
    /// Tokens of the prompts.
    pub input_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
    /// What that costs in micro-dollars; `None` if the price is not known.
    pub cost: Option<u64>,
    /// The day of the price table.
    pub prices_as_of: String,
}

/// Figures of the cases of one language, or of all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationLine {
    /// The language, as a BCP 47 tag; `all` for the sum.
    pub language: String,
    /// Debriefs.
    pub cases: u32,
    /// Proposals that came out.
    pub proposals: u32,
    /// Proposals of which a quote is not what the person wrote at that place.
    pub unsupported: u32,
    /// Proposals that are checked by default.
    pub checked: u32,
    /// Those among them that are expected, and may be checked.
    pub checked_right: u32,
    /// Items that must come out.
    pub wanted: u32,
    /// Those that did.
    pub found: u32,
    /// Items that came out checked, or unchecked, where the opposite was expected.
    pub misjudged: u32,
    /// Proposals that came out twice, or that the profile holds already.
    pub duplicates: u32,
    /// Debriefs out of which nothing may come.
    pub empty: u32,
    /// Those out of which nothing came.
    pub empty_right: u32,
    /// Values and quotes that may not come out and did.
    pub forbidden: u32,
    /// Turns of the coach's that were checked.
    pub turns: u32,
    /// What the checks found in them.
    pub gate_hits: u32,
    /// Answers that could not be read; nothing is proposed from those.
    pub unreadable: u32,
    /// Requests that failed.
    pub errors: u32,
}

impl EvaluationLine {
    /// The share of those checked by default that are right; `None` if none is checked.
    pub fn precision(&self) -> Option<f64> {
        share(self.checked_right, self.checked)
    }

    /// The share of what must come out that did; `None` if nothing must.
    pub fn recall(&self) -> Option<f64> {
        share(self.found, self.wanted)
    }

    /// The share of the debriefs that hold nothing to propose out of which nothing came; `None` if there is none.
    pub fn correct_when_empty(&self) -> Option<f64> {
        share(self.empty_right, self.empty)
    }

    fn add(&mut self, other: &Self) {
        let Self { language: _, cases, proposals, unsupported, checked, checked_right, wanted, found, misjudged, duplicates, .. } = other;
        let Self { empty, empty_right, forbidden, turns, gate_hits, unreadable, errors, .. } = other;
        for (sum, more) in [
            (&mut self.cases, cases),
            (&mut self.proposals, proposals),
            (&mut self.unsupported, unsupported),
            (&mut self.checked, checked),
            (&mut self.checked_right, checked_right),
            (&mut self.wanted, wanted),
            (&mut self.found, found),
            (&mut self.misjudged, misjudged),
            (&mut self.duplicates, duplicates),
            (&mut self.empty, empty),
            (&mut self.empty_right, empty_right),
            (&mut self.forbidden, forbidden),
            (&mut self.turns, turns),
            (&mut self.gate_hits, gate_hits),
            (&mut self.unreadable, unreadable),
            (&mut self.errors, errors),
        ] {
            *sum += more;
        }
    }
}

/// What is wrong in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvaluationFault {
    /// A proposal's quote is not what the person wrote at that place.
    Unsupported,
    /// A value or a quote that may not come out.
    Forbidden,
    /// Checked by default, and not expected, or not expected to be checked.
    WronglyChecked,
    /// Expected to be checked by default, and not.
    Unchecked,
    /// It did not come out.
    Missing,
    /// It was not found to be there already.
    NotKnown,
    /// It came out twice, or the profile holds it already.
    Duplicate,
    /// Something came out where nothing may.
    NotEmpty,
    /// A check found something in a turn of the coach's.
    Gate,
    /// The model failed.
    Error,
}

/// What is wrong in a case, with the words that show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationFailure {
    /// The case.
    pub case: String,
    /// What is wrong.
    pub fault: EvaluationFault,
    /// The item, the turn or the error.
    pub detail: String,
    /// The model's answer that it came from, if it came from one.
    pub answer: Option<String>,
}
opaque_debug!(EvaluationFailure { fault });

/// What an evaluation came to. Its `Display` is a table of figures that holds nothing of the cases.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// Figures by language, in the order in which they first came.
    pub lines: Vec<EvaluationLine>,
    /// Those of all cases together.
    pub total: EvaluationLine,
    /// How often each check of a turn found something, by its name.
    pub gates: BTreeMap<String, u32>,
    /// What the model used.
    pub usage: Usage,
    /// What that costs in micro-dollars; `None` if the price is not known.
    pub cost: Option<u64>,
    /// The day of the price table.
    pub prices_as_of: String,
    /// What was wrong, in the order of the cases.
    pub failures: Vec<EvaluationFailure>,
}

impl EvaluationReport {
    /// The least precision of what is checked by default.
    pub const PRECISION: f64 = 0.95;

    /// Whether it is good enough: every proposal has the person's words behind it, of those that are checked by default 95 % are right, nothing
    /// came out that may not, nor out of a debrief that holds nothing to propose, and no request failed.
    pub fn passes(&self) -> bool {
        let all = &self.total;
        let precise = all.precision().is_none_or(|precision| precision >= Self::PRECISION);
        precise && [all.unsupported, all.forbidden, all.errors].iter().all(|count| *count == 0) && all.empty_right == all.empty
    }
}

impl fmt::Display for EvaluationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}"));
        let heads = ["", "debriefs", "proposals", "unsupported", "checked", "precision", "recall", "duplicates", "empty ones", "gate hits"];
        let row = |line: &EvaluationLine| {
            let count = |count: u32| count.to_string();
            let (precision, recall, empty) = (figure(line.precision()), figure(line.recall()), figure(line.correct_when_empty()));
            let empty = format!("{empty} of {}", line.empty);
            let (gates, name) = (format!("{} in {}", line.gate_hits, line.turns), line.language.clone());
            let (unsupported, checked) = (count(line.unsupported), count(line.checked));
            [name, count(line.cases), count(line.proposals), unsupported, checked, precision, recall, count(line.duplicates), empty, gates]
        };
        let mut rows = vec![heads.map(str::to_owned)];
        rows.extend(self.lines.iter().chain([&self.total]).map(row));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        for row in &rows {
            let cells: Vec<_> = row.iter().enumerate().map(|(column, cell)| format!("{cell:>0$}", width(column))).collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        let EvaluationLine { misjudged, forbidden, unreadable, errors, .. } = &self.total;
        let gates: Vec<_> = self.gates.iter().map(|(gate, hits)| format!("{gate} {hits}")).collect();
        let gates = if gates.is_empty() { "none".to_owned() } else { gates.join(", ") };
        writeln!(f, "gates: {gates}")?;
        writeln!(
            f,
            "checked or unchecked wrongly: {misjudged}; forbidden: {forbidden}; unreadable answers: {unreadable}; errors: {errors}"
        )?;
        if self.usage.requests > 0 {
            let Usage { requests, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = self.usage;
            let input = input_tokens.saturating_add(cache_read_tokens).saturating_add(cache_write_tokens);
            let cost = self.cost.map_or_else(|| "a price that is not known".to_owned(), |cost| format!("{} dollars", dollars(cost)));
            let as_of = &self.prices_as_of;
            writeln!(f, "used: {requests} requests, {input} tokens in, {output_tokens} out, for {cost} (prices of {as_of})")?;
        }
        Ok(())
    }
}

/// What asking this model about these cases would use, and cost.
///
/// # Errors
/// `InvalidInput` if a case is beyond what [`extract`](crate::extract) takes.
pub fn estimate(cases: &[EvaluationCase], options: &EvaluationOptions, info: &ModelInfo) -> Result<EvaluationEstimate> {
    let mut usage = Usage::default();
    for case in cases {
        let case = Ready::new(case)?;
        let turns = if options.turns { case.turns(options) } else { Vec::new() };
        for request in turns.iter().map(|(_, request)| request).chain([&case.proposals(options)]) {
            let schema = match &request.output {
                prompt::Output::Json(schema) => tokens(schema),
                prompt::Output::Text => 0,
            };
            usage.add(Usage {
                requests: 1,
                input_tokens: request.parts.iter().map(|part| tokens(&part.text)).sum::<u64>() + schema,
                output_tokens: if request.purpose == Purpose::Propose { 300 } else { 80 },
                ..Usage::default()
            });
        }
    }
    let Usage { requests, input_tokens, output_tokens, .. } = usage;
    let prices_as_of = options.prices.as_of.clone();
    Ok(EvaluationEstimate { requests, input_tokens, output_tokens, cost: options.prices.cost(info, &usage), prices_as_of })
}

/// Runs a corpus. With a model, each case's transcript is given to it for proposals, and, if the options say so, each of its coach's turns is
/// asked for again and checked; without one, the recorded answers are grounded and the recorded turns are checked. `progress` is told after
/// each case how many are done, and of how many.
///
/// Every figure is counted from what came out; whether a proposal has the person's words behind it is looked up anew in the transcript, without
/// the code that grounded it. A remote model is sent the cases: they must be nobody's real words, or agreed to.
///
/// # Errors
/// `InvalidInput` if a case is beyond what [`extract`](crate::extract) takes, or has no recorded answer where one is needed; an error of the
/// model's that is permanent, or the third in a row for which it could not be reached. Any other one is counted.
pub async fn evaluate(
    cases: &[EvaluationCase],
    options: &EvaluationOptions,
    model: Option<&dyn Model>,
    mut progress: impl FnMut(usize, usize) + Send,
) -> Result<EvaluationReport> {
    let mut report = EvaluationReport { prices_as_of: options.prices.as_of.clone(), ..EvaluationReport::default() };
    let info = model.map(Model::info);
    let mut unreached = 0;
    for (done, case) in cases.iter().enumerate() {
        let (line, usage) = (EvaluationLine::default(), Usage::default());
        let mut asked = Asked { case, line, usage, failures: Vec::new(), gates: Vec::new(), unreached };
        asked.line.language = case.language().to_owned();
        asked.run(options, model).await?;
        unreached = asked.unreached;
        let Asked { line, usage, failures, gates, .. } = asked;
        match report.lines.iter_mut().find(|known| known.language == line.language) {
            Some(known) => known.add(&line),
            None => report.lines.push(line.clone()),
        }
        report.total.add(&line);
        report.usage.add(usage);
        report.failures.extend(failures);
        for gate in gates {
            *report.gates.entry(gate).or_default() += 1;
        }
        progress(done + 1, cases.len());
    }
    report.total.language = "all".to_owned();
    report.cost = info.map_or(Some(0), |info| options.prices.cost(&info, &report.usage));
    Ok(report)
}

/// A case with its transcript as the coach would hold it.
struct Ready<'a> {
    case: &'a EvaluationCase,
    messages: Vec<Message>,
    action: Option<Action>,
    /// Where the debrief was at each turn of the coach's, by the turn's position; at last, where it is.
    flows: Vec<(usize, Flow)>,
    rejected: Vec<Extraction>,
}

impl<'a> Ready<'a> {
    fn new(case: &'a EvaluationCase) -> Result<Self> {
        let messages = said(&case.profile, &case.messages, &Limits::default())?;
        let action = case.action.clone().map(|action| action.into_done(ActionId::new("case"), None, Timestamp::default()));
        let rejected = case.rejected.iter().map(|item| rejected(&case.profile, item)).collect();
        let flows = flows(&messages, case.language());
        Ok(Self { case, messages, action, flows, rejected })
    }

    fn transcript(&self) -> Transcript<'_> {
        Transcript {
            profile: &self.case.profile,
            action: self.action.as_ref(),
            flow: self.flows.last().map_or(&FIRST, |(_, flow)| flow),
            messages: &self.messages,
            vocabulary: &self.case.vocabulary,
            earlier: &self.rejected,
        }
    }

    fn proposals(&self, options: &EvaluationOptions) -> Request {
        told(self.transcript().request(), EXTRACTION_PROMPT, options.extraction_prompt.as_deref())
    }

    /// The coach's turns: whether each is the last, and how it would be asked for again.
    fn turns(&self, options: &EvaluationOptions) -> Vec<(bool, Request)> {
        let turn = |(at, flow): &(usize, Flow)| {
            let before = &self.messages[..*at];
            let purpose = match flow.ended {
                Some(_) => Purpose::Closing,
                None if before.is_empty() => Purpose::Open,
                None => Purpose::Reply,
            };
            let request = prompt::request(Brief {
                purpose,
                voice: &options.voice,
                language: self.case.language(),
                profile: &self.case.profile,
                action: self.action.as_ref(),
                flow,
                messages: before.into(),
                finding: None,
                vocabulary: &self.case.vocabulary,
            });
            (flow.ended.is_some(), told(request, COMPLETION_COACH_PROMPT, options.coach_prompt.as_deref()))
        };
        self.flows.iter().filter(|(at, _)| *at < self.messages.len()).map(turn).collect()
    }
}

static FIRST: std::sync::LazyLock<Flow> = std::sync::LazyLock::new(Flow::new);

/// A case under way, and what it has come to.
struct Asked<'a> {
    case: &'a EvaluationCase,
    line: EvaluationLine,
    usage: Usage,
    failures: Vec<EvaluationFailure>,
    gates: Vec<String>,
    /// For how many requests in a row the model could not be reached.
    unreached: u32,
}

impl Asked<'_> {
    async fn run(&mut self, options: &EvaluationOptions, model: Option<&dyn Model>) -> Result<()> {
        self.line.cases = 1;
        let ready = Ready::new(self.case)?;
        let turns = ready.turns(options);
        let script = model.is_some_and(|model| model.info().place == ModelPlace::Script);
        let answer = match model {
            Some(model) => self.ask(model, &ready.proposals(options)).await?.map(|draft| draft.text),
            None => Some(self.case.answer.clone().ok_or_else(|| Error::invalid("answer", "this case has no recorded answer"))?),
        };
        if let Some(answer) = answer {
            let mut ids = 0;
            let mut new_id = || {
                ids += 1;
                ExtractionId::new(format!("proposal-{ids}"))
            };
            self.line.unreadable += u32::from(!readable(&answer));
            let proposal = ready.transcript().ground(&answer, script, Timestamp::default(), &mut new_id);
            self.judge(&proposal, &answer);
        }
        match model {
            Some(model) if options.turns => {
                for (last, request) in turns {
                    if let Some(draft) = self.ask(model, &request).await? {
                        self.check_turn(&draft.text, last, &request, &options.voice);
                    }
                }
            }
            Some(_) => {}
            None => {
                let recorded = self.case.messages.iter().filter(|message| message.role == Role::Assistant);
                recorded.zip(turns).for_each(|(message, (last, request))| self.check_turn(&message.text, last, &request, &options.voice));
            }
        }
        Ok(())
    }

    /// Asks once. An error that may pass is counted.
    async fn ask(&mut self, model: &dyn Model, request: &Request) -> Result<Option<Draft>> {
        let mut usage = Usage { requests: 1, ..Usage::default() };
        let drafted = draft(model, request, |_| {}, |used| usage = used).await;
        self.usage.add(usage);
        let unreached = drafted.as_ref().is_err_and(|error| error.kind() == ErrorKind::ModelUnavailable);
        self.unreached = if unreached { self.unreached + 1 } else { 0 };
        match drafted {
            Ok(draft) => Ok(Some(draft)),
            Err(error) if error.is_permanent() || self.unreached == MOST_UNREACHED => Err(error),
            Err(error) => {
                self.line.errors += 1;
                self.fail(EvaluationFault::Error, format!("{}: {error}", error.kind()), None);
                Ok(None)
            }
        }
    }

    fn check_turn(&mut self, text: &str, last: bool, request: &Request, voice: &Voice) {
        self.line.turns += 1;
        for finding in Known::of(request, voice).check(text, request, last).findings {
            let gate = finding.gate.as_str().to_owned();
            self.line.gate_hits += 1;
            self.fail(EvaluationFault::Gate, format!("{gate}: {text}"), None);
            self.gates.push(gate);
        }
    }

    fn fail(&mut self, fault: EvaluationFault, detail: String, answer: Option<&str>) {
        self.failures.push(EvaluationFailure { case: self.case.name.clone(), fault, detail, answer: answer.map(str::to_owned) });
    }

    fn judge(&mut self, proposal: &Proposal, answer: &str) {
        use EvaluationFault::{Duplicate, Forbidden, Missing, NotEmpty, NotKnown, Unchecked, Unsupported, WronglyChecked};
        let case = self.case;
        let items = &proposal.items;
        let mut failures = Vec::new();
        for (at, item) in items.iter().enumerate() {
            self.line.proposals += 1;
            let mut fail = |fault| failures.push((fault, described(item)));
            if !is_supported(item, &case.messages) {
                self.line.unsupported += 1;
                fail(Unsupported);
            }
            let value = item.value.to_string();
            let shown = item.evidence.iter().any(|evidence| case.private.iter().any(|private| holds(&evidence.quote, private)));
            if shown || case.must_not.iter().chain(&case.private).any(|forbidden| holds(&value, forbidden)) {
                self.line.forbidden += 1;
                fail(Forbidden);
            }
            let twice = items[..at].iter().any(|other| other.field == item.field && same_value(&other.value, &item.value));
            if twice || case.profile.holds(&item.field, &item.value) {
                self.line.duplicates += 1;
                fail(Duplicate);
            }
            let expected = case.must.iter().chain(&case.may).find(|expected| expected.is_met_by(item));
            let wanted = expected.and_then(|expected| expected.checked);
            self.line.misjudged += u32::from(wanted.is_some_and(|wanted| wanted != item.checked));
            if item.checked {
                let right = expected.is_some() && wanted != Some(false);
                self.line.checked += 1;
                self.line.checked_right += u32::from(right);
                if !right {
                    fail(WronglyChecked);
                }
            } else if wanted == Some(true) {
                fail(Unchecked);
            }
        }
        for wanted in &case.must {
            let found = items.iter().any(|item| wanted.is_met_by(item));
            self.line.wanted += 1;
            self.line.found += u32::from(found);
            if !found {
                failures.push((Missing, format!("{}: {}", String::from(wanted.field.clone()), wanted.value)));
            }
        }
        for known in case.known.iter().filter(|known| !proposal.known.iter().any(|item| known.is_met_by(item))) {
            failures.push((NotKnown, format!("{}: {}", String::from(known.field.clone()), known.value)));
        }
        if case.empty {
            self.line.empty += 1;
            self.line.empty_right += u32::from(items.is_empty());
            failures.extend(items.iter().map(|item| (NotEmpty, described(item))));
        }
        failures.into_iter().for_each(|(fault, detail)| self.fail(fault, detail, Some(answer)));
    }
}

/// Whether each quote of a proposal is, to the letter and at that place, what was written in a message, and the first one's is the person's
/// own. Only the question that they said yes to is the coach's.
fn is_supported(item: &Extraction, messages: &[TranscriptMessage]) -> bool {
    let stands = |at: usize| {
        let evidence = item.evidence.get(at)?;
        let number: usize = evidence.message.as_str().parse().ok()?;
        let TranscriptMessage { role, text } = messages.get(number.checked_sub(1)?)?;
        let by = if at > 0 && item.basis == Basis::Confirmed { Role::Assistant } else { Role::User };
        let quote = text.get(evidence.start..evidence.end)?;
        let (units, own): (Vec<u16>, Vec<u16>) = (text.encode_utf16().collect(), quote.encode_utf16().collect());
        let utf16 = units.get(evidence.start_utf16..evidence.end_utf16)?;
        (*role == by && quote == evidence.quote && utf16 == own && quote.contains(char::is_alphanumeric)).then_some(())
    };
    !item.evidence.is_empty() && (0..item.evidence.len()).all(|at| stands(at).is_some())
}

/// Where the debrief was at each turn of the coach's, as it would have heard what was said; and where it is now, after the last message.
fn flows(messages: &[Message], language: &str) -> Vec<(usize, Flow)> {
    let words = words(language);
    let budget = Budget::default();
    let mut flow = Flow::new();
    let mut waiting: Vec<&Message> = Vec::new();
    let mut flows = Vec::new();
    let hear = |flow: &Flow, waiting: &mut Vec<&Message>| {
        let heard = if waiting.is_empty() { flow.clone() } else { flow.heard(&rules::answer(waiting, flow.step, words).0, &budget) };
        waiting.clear();
        heard
    };
    for (at, message) in messages.iter().enumerate() {
        if message.role == Role::User {
            waiting.push(message);
            continue;
        }
        flow = hear(&flow, &mut waiting);
        let closes = at > 0 && at + 1 == messages.len();
        if closes && flow.ended.is_none() {
            flow.ended = Some(Ending::Complete);
        }
        flows.push((at, flow.clone()));
    }
    flows.push((messages.len(), hear(&flow, &mut waiting)));
    flows
}

/// A request with the host's own instructions in the place of ours.
fn told(mut request: Request, ours: &str, own: Option<&str>) -> Request {
    if let (Some(own), Some(first)) = (own, request.parts.first_mut()) {
        first.text = first.text.replacen(ours.trim_end(), own.trim_end(), 1);
    }
    request
}

fn rejected(profile: &Profile, item: &Expectation) -> Extraction {
    Extraction {
        id: ExtractionId::new("rejected"),
        thread: ThreadId::General,
        field: item.field.clone(),
        operation: if profile.is_list(&item.field) { ProposedOperation::Add } else { ProposedOperation::Replace },
        value: item.value.clone(),
        before: None,
        evidence: Vec::new(),
        basis: Basis::Stated,
        checked: false,
        cautions: Vec::new(),
        status: ExtractionStatus::Rejected,
        edited: None,
        created_at: Timestamp::default(),
        position: 0,
        decided_at: None,
    }
}

/// An item in one line.
fn described(item: &Extraction) -> String {
    let quotes: Vec<_> = item.evidence.iter().map(|evidence| format!("{:?} in message {}", evidence.quote, evidence.message)).collect();
    let field = String::from(item.field.clone());
    let Extraction { value, basis, checked, cautions, .. } = item;
    format!("{field}: {value} ({basis:?}, checked: {checked}, {cautions:?}), from {}", quotes.join(" and "))
}

/// Whether a text holds another, but for case and white space.
fn holds(text: &str, part: &str) -> bool {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    same_text(text, part) || fold(text).contains(&fold(part))
}

fn share(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole))
}

fn tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    ascii.div_ceil(4) + text.chars().filter(|c| !c.is_ascii()).count() as u64
}

fn dollars(micros: u64) -> String {
    format!("{}.{:04}", micros / 1_000_000, micros % 1_000_000 / 100)
}

fn text_or_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        json => Some(json.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::MessageId;

    fn item(messages: &[TranscriptMessage]) -> Extraction {
        let case = EvaluationCase::read(r#"{"name": "n", "messages": []}"#).expect("it is a case").remove(0);
        let case = EvaluationCase { messages: messages.to_vec(), ..case };
        let answer = r#"{"items": [{"field": "skills", "value": "Rust", "message": 2, "quote": "i learned Rust"}]}"#;
        let ready = Ready::new(&case).expect("it fits");
        let proposal = ready.transcript().ground(answer, false, Timestamp::default(), &mut || ExtractionId::new("e"));
        proposal.items.into_iter().next().expect("it is grounded")
    }

    #[test]
    fn i8_support_is_looked_up_without_the_code_that_grounds() {
        let messages = [TranscriptMessage::assistant("You learned Rust?"), TranscriptMessage::user("ßo 🎉 i learned Rust")];
        let sound = item(&messages);
        assert!(is_supported(&sound, &messages));
        let broken: [fn(&mut Extraction); 7] = [
            |item| item.evidence.clear(),
            |item| item.evidence[0].quote = "I learned Rust".to_owned(),
            |item| item.evidence[0].start += 1,
            |item| item.evidence[0].end += 100,
            |item| item.evidence[0].start_utf16 -= 1,
            |item| item.evidence[0].message = MessageId::new("3"),
            |item| item.evidence[0].message = MessageId::new("1"),
        ];
        for (at, breaks) in broken.iter().enumerate() {
            let mut item = sound.clone();
            breaks(&mut item);
            assert!(!is_supported(&item, &messages), "{at}");
        }
        // The coach's words stand beside a yes, and nowhere else.
        let mut both = sound.clone();
        both.evidence.push(both.evidence[0].clone());
        let asked = &mut both.evidence[1];
        (asked.message, asked.quote) = (MessageId::new("1"), "learned Rust".to_owned());
        (asked.start, asked.end, asked.start_utf16, asked.end_utf16) = (4, 16, 4, 16);
        assert!(!is_supported(&both, &messages));
        both.basis = Basis::Confirmed;
        assert!(is_supported(&both, &messages));
    }

    #[test]
    fn a_debrief_is_asked_again_where_it_was() {
        let said = ["What came of it?", "It worked.", "What would you change?", "Less of it, and tests first.", "Done."];
        let turn = |(at, text): (usize, &&str)| {
            if at % 2 == 0 { TranscriptMessage::assistant(*text) } else { TranscriptMessage::user(*text) }
        };
        let messages = super::said(&Profile::default(), &said.iter().enumerate().map(turn).collect::<Vec<_>>(), &Limits::default());
        let flows = flows(&messages.expect("they fit"), "en");
        use crate::flow::Step::{LeftBehind, Lesson, Outcome};
        let steps: Vec<_> = flows.iter().map(|(at, flow)| (*at, flow.step, flow.ended.is_some())).collect();
        assert_eq!(steps[..2], [(0, Outcome, false), (2, Lesson, false)]);
        assert_eq!(steps[2..], [(4, LeftBehind, true), (5, LeftBehind, true)]);
    }

    #[test]
    fn a_dollar_is_a_million_micro_dollars_and_an_estimate_never_too_low_for_other_scripts() {
        assert_eq!((dollars(1_234_567), dollars(99)), ("1.2345".to_owned(), "0.0000".to_owned()));
        assert_eq!((tokens("eight ch"), tokens("失敗"), tokens("")), (2, 2, 0));
    }
}
