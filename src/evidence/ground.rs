//! From a model's answer to proposals: what is not in the person's own words is dropped, and what may not be meant is unchecked.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value, json};

use super::contact::{has_contact, has_mail};
use super::decide::{check_value, parts, tidy};
use super::quote::{Folded, find_quote, unescaped};
use super::{Basis, Caution, Evidence, Extraction, ExtractionStatus, ProposedOperation, clause};
use crate::conversation::{Message, Provenance, Role};
use crate::lang::Words;
use crate::limits::Limits;
use crate::profile::{Education, FieldValue, Profile, ProfileField, Term, Work};
use crate::runtime::{ExtractionId, ThreadId, Timestamp};
use crate::safety::{self, SafetyLevel};

/// The most proposals that one answer can lead to.
const MOST: usize = 8;

/// The most items of an answer that are looked at.
const READ: usize = 32;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// What an answer is held against.
pub(crate) struct Grounds<'a> {
    /// The profile as it is now.
    pub(crate) profile: &'a Profile,
    /// The conversation; no other one's messages count.
    pub(crate) thread: &'a ThreadId,
    /// Its messages, oldest first.
    pub(crate) messages: &'a [Message],
    /// What was proposed before.
    pub(crate) earlier: &'a [Extraction],
    /// The host's vocabulary.
    pub(crate) vocabulary: &'a [Term],
    /// The conversation's language, as a BCP 47 tag.
    pub(crate) language: &'a str,
    /// The words of that language, or of English where there are none.
    pub(crate) words: &'a Words,
    /// How much fits.
    pub(crate) limits: &'a Limits,
    /// Whether the answer comes from a script, which recognises words and understands no sentence.
    pub(crate) script: bool,
    /// The time now.
    pub(crate) now: Timestamp,
}

impl std::fmt::Debug for Grounds<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grounds").field("thread", self.thread).field("script", &self.script).field("now", &self.now).finish_non_exhaustive()
    }
}

/// What an answer came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Grounded {
    /// The proposals, at most 8.
    pub(crate) items: Vec<Extraction>,
    /// What the profile holds already, at most 8.
    pub(crate) known: Vec<Extraction>,
    /// Why the rest was dropped.
    pub(crate) dropped: Vec<Dropped>,
}

/// Why an item of an answer is not proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dropped {
    /// The answer does not follow the schema; nothing of it is used.
    Schema,
    /// There is no such field.
    UnknownField,
    /// The value is blank, has control characters, or is not of the field's sort.
    Value,
    /// The value is longer than the field takes.
    TooLong,
    /// What it quotes is no message that this person typed or chose in this conversation.
    NotAUserMessage,
    /// The words are not in the message, or too few to infer anything from.
    NoQuote,
    /// An insight that is not in the person's own words.
    NotVerbatim,
    /// Contact data, or what nobody should find in a profile unasked.
    Excluded,
    /// The words are an order to the coach, not a statement about the person.
    Order,
    /// The answer has it twice.
    Duplicate,
    /// It was rejected before.
    AlreadyRejected,
    /// It was accepted before, and the person has since removed it.
    AlreadyDecided,
    /// There were enough.
    TooMany,
}

/// The JSON schema of an answer: a list of items, each with the field, the value, the position of the message and the words quoted from it.
pub(crate) fn extraction_schema(profile: &Profile) -> String {
    let object = |properties: Value| {
        let names: Vec<&String> = properties.as_object().into_iter().flat_map(|properties| properties.keys()).collect();
        json!({"type": "object", "additionalProperties": false, "required": names, "properties": properties})
    };
    let text = || json!({"type": "string"});
    let item = |fields: Vec<String>, value: Value| {
        object(json!({
            "field": {"type": "string", "enum": fields}, "value": value, "message": {"type": "integer"}, "quote": text()
        }))
    };
    let own = profile.custom.keys().cloned().map(ProfileField::Custom);
    let texts = ProfileField::KNOWN.into_iter().chain(own).filter(|field| shape(field) == Shape::Text).map(String::from).collect();
    let work = object(json!({"organization": text(), "title": text()}));
    let study = object(json!({"institution": text(), "degree": text(), "field": text()}));
    let items = json!({"type": "array", "items": {"anyOf": [
        item(texts, text()),
        item(vec![ProfileField::WorkHistory.into()], work),
        item(vec![ProfileField::Education.into()], study),
    ]}});
    object(json!({"items": items})).to_string()
}

/// Whether an answer follows the schema as a whole.
pub(crate) fn readable(answer: &str) -> bool {
    parse(answer).is_some()
}

/// Turns an answer into proposals, each with the person's own words behind it. Never fails: an answer that cannot be used gives none.
pub(crate) fn ground(answer: &str, grounds: &Grounds<'_>, new_id: &mut dyn FnMut() -> ExtractionId) -> Grounded {
    let Some(answers) = parse(answer) else {
        return Grounded { dropped: vec![Dropped::Schema], ..Grounded::default() };
    };
    let mut round = Round { grounds, texts: BTreeMap::new(), seen: BTreeSet::new() };
    let mut grounded = Grounded::default();
    let beyond = answers.len().saturating_sub(READ);
    for answer in answers.into_iter().take(READ) {
        match round.item(&answer) {
            Ok(found) => {
                let into = if found.known { &mut grounded.known } else { &mut grounded.items };
                if into.len() == MOST {
                    grounded.dropped.push(Dropped::TooMany);
                } else {
                    let position = u32::try_from(into.len()).unwrap_or(u32::MAX);
                    into.push(found.into_extraction(grounds, new_id(), position));
                }
            }
            Err(reason) => grounded.dropped.push(reason),
        }
    }
    grounded.dropped.extend(std::iter::repeat_n(Dropped::TooMany, beyond));
    grounded
}

/// An item as the model gave it.
struct Answer {
    field: String,
    value: FieldValue,
    message: u64,
    quote: String,
}

fn parse(answer: &str) -> Option<Vec<Answer>> {
    if answer.len() > LONGEST {
        return None;
    }
    let answer: Value = serde_json::from_str(unfenced(answer)).ok()?;
    let [items] = object(&answer, ["items"])?;
    items.as_array()?.iter().map(parse_item).collect()
}

/// What stands in a Markdown fence, into which models put JSON where no schema holds them to it.
fn unfenced(answer: &str) -> &str {
    let inside = answer.trim().strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inside.map_or(answer, |inside| inside.strip_prefix("json").unwrap_or(inside))
}

fn parse_item(item: &Value) -> Option<Answer> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let [field, value, message, quote] = object(item, ["field", "value", "message", "quote"])?;
    let value = if let Some(value) = text(value) {
        FieldValue::Text(value)
    } else if let Some([organization, title]) = object(value, ["organization", "title"]) {
        FieldValue::Work(Work { organization: text(organization)?, title: text(title)?, ..Work::default() })
    } else {
        let [institution, degree, field] = object(value, ["institution", "degree", "field"])?;
        FieldValue::Education(Education {
            institution: text(institution)?,
            degree: Some(text(degree)?),
            field: Some(text(field)?),
            ..Education::default()
        })
    };
    Some(Answer { field: text(field)?, value, message: message.as_u64()?, quote: text(quote)? })
}

/// The values of an object that has exactly these keys.
fn object<'a, const N: usize>(value: &'a Value, keys: [&str; N]) -> Option<[&'a Value; N]> {
    let object = value.as_object().filter(|object| object.len() == N)?;
    let values: Option<Vec<&Value>> = keys.iter().map(|key| object.get(*key)).collect();
    values?.try_into().ok()
}

/// Whether nothing can be inferred from a quote: it has fewer than three words, or, where words are not set apart, than six characters. A
/// model that is held to a schema quotes `the` for anything.
fn says_little(quote: &str) -> bool {
    spoken(quote) < 3 && quote.chars().filter(|c| is_unspaced(*c)).count() < 6
}

/// Whether it is one word, or, where words are not set apart, fewer than five characters: "fine" is no insight.
fn is_one_word(text: &str) -> bool {
    spoken(text) < 2 && text.chars().filter(|c| is_unspaced(*c)).count() < 5
}

/// Whether it is longer than what a skill or an interest is called: a sentence, where a name for it is wanted.
fn is_a_sentence(text: &str) -> bool {
    spoken(text) > 10 || text.chars().filter(|c| is_unspaced(*c)).count() > 30
}

fn spoken(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// What sort of value a field takes.
#[derive(PartialEq, Eq)]
enum Shape {
    Text,
    Work,
    Education,
}

fn shape(field: &ProfileField) -> Shape {
    match field {
        ProfileField::WorkHistory => Shape::Work,
        ProfileField::Education => Shape::Education,
        _ => Shape::Text,
    }
}

/// An item that stands on the person's words.
struct Found {
    field: ProfileField,
    value: FieldValue,
    evidence: Vec<Evidence>,
    basis: Basis,
    cautions: Vec<Caution>,
    known: bool,
}

impl Found {
    fn into_extraction(self, grounds: &Grounds<'_>, id: ExtractionId, position: u32) -> Extraction {
        let list = grounds.profile.is_list(&self.field);
        Extraction {
            id,
            thread: grounds.thread.clone(),
            operation: if list { ProposedOperation::Add } else { ProposedOperation::Replace },
            before: if list { None } else { grounds.profile.scalar(&self.field).map(str::to_owned) },
            field: self.field,
            value: self.value,
            evidence: self.evidence,
            basis: self.basis,
            checked: self.cautions.is_empty() && !self.known,
            cautions: self.cautions,
            status: if self.known { ExtractionStatus::Known } else { ExtractionStatus::Pending },
            edited: None,
            created_at: grounds.now,
            position,
            decided_at: None,
        }
    }
}

/// What the person said: the message, the words that are quoted, and those among them that are the value.
struct Said<'a> {
    message: &'a Message,
    text: &'a Folded<'a>,
    quote: Range<usize>,
    claim: Option<Range<usize>>,
}

impl Said<'_> {
    /// The quote, without somebody's address that came along; nothing where the claim does not stand without it.
    fn evidence(&self, field: &ProfileField, words: &Words) -> Option<Evidence> {
        let clean = |place: &&Range<usize>| *field == ProfileField::Link || !has_contact(self.text.words(place), words);
        let place = Some(&self.quote).filter(clean).or(self.claim.as_ref().filter(clean))?;
        Some(self.text.evidence(place, &self.message.id))
    }
}

/// One answer's items, one after the other.
struct Round<'a> {
    grounds: &'a Grounds<'a>,
    /// The messages that were quoted so far, by position, ready to be searched.
    texts: BTreeMap<u64, (&'a Message, Folded<'a>)>,
    /// What was found so far.
    seen: BTreeSet<(ProfileField, String)>,
}

impl<'a> Round<'a> {
    fn item(&mut self, answer: &Answer) -> Result<Found, Dropped> {
        let grounds = self.grounds;
        let field = self.field(&answer.field)?;
        self.read(answer.message)?;
        let (message, text) = self.texts.get(&answer.message).ok_or(Dropped::NotAUserMessage)?;
        let (quote, escaped) = find_quote(text, &answer.quote).ok_or(Dropped::NoQuote)?;
        if clause::sentence_says(text, &quote, grounds.words, "injection") || says(text.words(&quote), grounds.words, "injection", "") {
            return Err(Dropped::Order);
        }
        let given = if escaped { unescape(&answer.value) } else { answer.value.clone() };
        let mut value = tidy(&given);
        self.check(&field, &value)?;
        let named = matches!(field, ProfileField::Skills | ProfileField::Interests);
        if named && parts(&value).into_iter().any(is_a_sentence) {
            return Err(Dropped::Value);
        }
        let other_names = self.canonical(&field, &mut value);
        let place = claim(text, &quote, &value, &other_names);
        if field == ProfileField::Insights {
            // The person's own words, not the model's spelling of them.
            let words = text.words(place.as_ref().ok_or(Dropped::NotVerbatim)?);
            value = FieldValue::Text(words.split_whitespace().collect::<Vec<_>>().join(" "));
            self.check(&field, &value)?;
        }
        if self.is_excluded(&field, &value) {
            return Err(Dropped::Excluded);
        }
        if let Some(reason) = self.says_nothing(&field, text, &quote, place.as_ref()) {
            return Err(reason);
        }
        let known = grounds.profile.holds(&field, &value);
        self.check_new(&field, &value, known)?;

        let said = Said { message, text, quote, claim: place };
        let (basis, evidence, cautions) = self.weigh(&field, &value, &other_names, &said)?;
        self.seen.insert((field.clone(), key(&value)));
        Ok(Found { field, value, evidence, basis, cautions: if known { Vec::new() } else { cautions }, known })
    }

    /// Why words that are there still say nothing of the person that a profile could hold. A plain "yes" may confirm a question.
    fn says_nothing(&self, field: &ProfileField, text: &Folded<'_>, quote: &Range<usize>, claim: Option<&Range<usize>>) -> Option<Dropped> {
        let words = self.grounds.words;
        let is_insight = *field == ProfileField::Insights;
        let no_answers = ["stop", "skip", "terse", "nothing"];
        let no_answer = no_answers.iter().any(|list| clause::is_one_of(text, words, list));
        let a_word = |claim: &Range<usize>| is_insight && is_one_word(text.words(claim));
        if claim.is_some() && no_answer || claim.is_some_and(a_word) {
            return Some(Dropped::NoQuote);
        }
        let sentence_says = |list, except| clause::whole_sentence_says(text, quote, words, list, except);
        if (is_insight || claim.is_none()) && (sentence_says("distress", "not_distress") || sentence_says("danger", "not_danger")) {
            return Some(Dropped::Excluded);
        }
        // "Normal, I don't know" is about nothing, whatever a model makes of it.
        let shrug = || spoken(text.words(&text.all())) < 6 && no_answers.iter().any(|list| clause::text_says(text, words, list, ""));
        let request = || ["requests", "commands"].iter().any(|list| clause::begins_with(text, words, list));
        if claim.is_none() && (shrug() || sentence_says("private", "") || request()) {
            return Some(Dropped::NoQuote);
        }
        None
    }

    /// How firmly a value stands on what was said, and what is to be shown for it.
    fn weigh(
        &self,
        field: &ProfileField,
        value: &FieldValue,
        names: &[&str],
        said: &Said<'_>,
    ) -> Result<(Basis, Vec<Evidence>, Vec<Caution>), Dropped> {
        let grounds = self.grounds;
        let chosen = said.message.provenance == Provenance::Chosen && self.choice_is_about(said.message, field);
        let mut evidence = vec![said.evidence(field, grounds.words).ok_or(Dropped::Excluded)?];
        let mut cautions = Vec::new();
        let basis = if let Some(claim) = &said.claim {
            if !chosen {
                cautions.extend(clause::cautions(said.text, claim, field, grounds.words));
            }
            Basis::Stated
        } else if let Some((asked, doubts)) = self.confirmed(said, value, names) {
            evidence.push(asked);
            cautions.extend(doubts);
            Basis::Confirmed
        } else if says_little(said.text.words(&said.quote)) {
            return Err(Dropped::NoQuote);
        } else {
            cautions.extend(clause::cautions(said.text, &said.quote, field, grounds.words));
            cautions.push(Caution::Inferred);
            Basis::Inferred
        };
        // An insight is a whole sentence to the letter: a script need not understand it to propose it.
        let recognised = grounds.script && *field != ProfileField::Insights;
        if (recognised || self.is_blind()) && !chosen {
            cautions.push(Caution::Recognised);
        }
        if grounds.profile.scalar(field).is_some_and(|now| !now.trim().is_empty()) {
            cautions.push(Caution::Replaces);
        }
        Ok((basis, evidence, cautions))
    }

    fn field(&self, name: &str) -> Result<ProfileField, Dropped> {
        let field = ProfileField::try_from(name.to_owned()).map_err(|_| Dropped::UnknownField)?;
        match &field {
            ProfileField::Custom(name) if !self.grounds.profile.custom.contains_key(name) => Err(Dropped::UnknownField),
            _ => Ok(field),
        }
    }

    /// Gets the message at this position ready, if it is one that can be quoted.
    fn read(&mut self, seq: u64) -> Result<(), Dropped> {
        let grounds = self.grounds;
        if let Entry::Vacant(vacant) = self.texts.entry(seq) {
            let quotable = |message: &&Message| {
                message.seq == seq
                    && message.thread == *grounds.thread
                    && message.role == Role::User
                    && matches!(message.provenance, Provenance::Typed | Provenance::Chosen)
            };
            let message = grounds.messages.iter().find(quotable).ok_or(Dropped::NotAUserMessage)?;
            if safety::level(&message.text) == SafetyLevel::Danger {
                return Err(Dropped::Excluded);
            }
            vacant.insert((message, Folded::new(&message.text)));
        }
        Ok(())
    }

    fn check(&self, field: &ProfileField, value: &FieldValue) -> Result<(), Dropped> {
        check_value(self.grounds.profile, field, value, self.grounds.limits)
            .map_err(|error| if error.limit().is_some() { Dropped::TooLong } else { Dropped::Value })
    }

    /// Puts the vocabulary's name in place of another way of writing it. Gives back every way in which it may be written.
    fn canonical(&self, field: &ProfileField, value: &mut FieldValue) -> Vec<&'a str> {
        let FieldValue::Text(text) = value else { return Vec::new() };
        let folded = Folded::new(text);
        let ways = |term: &'a Term| std::iter::once(&term.name).chain(&term.aliases).map(String::as_str);
        let mut terms = self.grounds.vocabulary.iter().filter(|term| term.field == *field && *field != ProfileField::Insights);
        let Some(term) = terms.find(|term| ways(term).any(|way| folded.same(way))) else { return Vec::new() };
        let mut names: Vec<&str> = ways(term).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        *text = term.name.clone();
        names
    }

    fn is_excluded(&self, field: &ProfileField, value: &FieldValue) -> bool {
        let words = self.grounds.words;
        let texts = parts(value);
        let listed = *field == ProfileField::Skills || *field == ProfileField::Interests;
        let rated = listed || *field == ProfileField::Headline || *field == ProfileField::Summary;
        texts.iter().any(|text| {
            (if *field == ProfileField::Link { !text.contains("://") && has_mail(text) } else { has_contact(text, words) })
                || (listed && text.contains(['@', '＠']))
                || (rated && says(text, words, "grades", "not_grades"))
                || says(text, words, "sensitive", "not_sensitive")
        })
    }

    /// Whether it was neither found in this answer nor decided before.
    fn check_new(&self, field: &ProfileField, value: &FieldValue, known: bool) -> Result<(), Dropped> {
        let key = key(value);
        if self.seen.contains(&(field.clone(), key.clone())) {
            return Err(Dropped::Duplicate);
        }
        let before = |status: &[ExtractionStatus]| {
            let mut same = self.grounds.earlier.iter().filter(|item| item.field == *field && status.contains(&item.status));
            same.any(|item| self::key(&item.value) == key || item.edited.as_ref().is_some_and(|edited| self::key(edited) == key))
        };
        if known {
            return Ok(());
        }
        if before(&[ExtractionStatus::Rejected]) {
            return Err(Dropped::AlreadyRejected);
        }
        if before(&[ExtractionStatus::Accepted, ExtractionStatus::Edited]) {
            return Err(Dropped::AlreadyDecided);
        }
        Ok(())
    }

    /// Whether a chosen message took a choice that is a statement about this field.
    fn choice_is_about(&self, message: &Message, field: &ProfileField) -> bool {
        let Some(id) = &message.choice else { return false };
        let offered = self.coach_before(message, |asked| !asked.choices.is_empty());
        offered.is_some_and(|asked| asked.choices.iter().any(|choice| choice.id == *id && choice.field.as_ref() == Some(field)))
    }

    fn coach_before(&self, message: &Message, wanted: impl Fn(&Message) -> bool) -> Option<&'a Message> {
        let before = self.grounds.messages.iter().filter(|other| {
            other.seq < message.seq
                && other.thread == message.thread
                && other.role == Role::Assistant
                && other.provenance == Provenance::Coach
        });
        before.filter(|other| wanted(other)).max_by_key(|other| other.seq)
    }

    /// The words of the coach's question that named the value, if the message is nothing but a yes to it; and what makes the yes doubtful.
    fn confirmed(&self, said: &Said<'_>, value: &FieldValue, names: &[&str]) -> Option<(Evidence, Vec<Caution>)> {
        let words = self.grounds.words;
        if !is_yes(said.text, words) {
            return None;
        }
        let asked = self.coach_before(said.message, |_| true)?;
        let question = Folded::new(&asked.text);
        let place = claim(&question, &question.all(), value, names)?;
        // "Python or R?", "yes" names neither.
        let clear = clause::is_question(&question, &place, words) && !clause::sentence_says(&question, &place, words, "alternatives");
        let mut doubts = clause::cautions(&question, &place, &ProfileField::Custom(String::new()), words);
        doubts.retain(|doubt| matches!(doubt, Caution::Negated | Caution::Wish | Caution::Hypothetical));
        clear.then(|| (question.evidence(&place, &asked.id), doubts))
    }

    /// Whether the guards cannot read this language: its words are not among the data.
    fn is_blind(&self) -> bool {
        let primary = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let words = self.grounds.words;
        primary(self.grounds.language) != primary(&words.tag) || words.list("negation").is_empty()
    }
}

/// Where the value stands within a place, by any of its names. A value of several parts stands there if each of them does.
fn claim(text: &Folded<'_>, within: &Range<usize>, value: &FieldValue, names: &[&str]) -> Option<Range<usize>> {
    if !names.is_empty() {
        return names.iter().find_map(|name| text.find(name, within));
    }
    let places: Option<Vec<Range<usize>>> = parts(value).into_iter().map(|part| text.find(part, within)).collect();
    let places = places?;
    let start = places.iter().map(|place| place.start).min()?;
    let end = places.iter().map(|place| place.end).max()?;
    Some(start..end)
}

/// What two values are compared by.
fn key(value: &FieldValue) -> String {
    let part = |text: &str| Folded::new(text).into_key();
    match value {
        FieldValue::Text(text) => part(text),
        FieldValue::Work(work) => [part(&work.organization), part(&work.title)].join("\n"),
        FieldValue::Education(study) => {
            let degree = part(study.degree.as_deref().unwrap_or_default());
            [part(&study.institution), degree, part(study.field.as_deref().unwrap_or_default())].join("\n")
        }
    }
}

fn unescape(value: &FieldValue) -> FieldValue {
    match value {
        FieldValue::Text(text) => FieldValue::Text(unescaped(text)),
        FieldValue::Work(work) => {
            FieldValue::Work(Work { organization: unescaped(&work.organization), title: unescaped(&work.title), ..work.clone() })
        }
        FieldValue::Education(study) => FieldValue::Education(Education {
            institution: unescaped(&study.institution),
            degree: study.degree.as_deref().map(unescaped),
            field: study.field.as_deref().map(unescaped),
            ..study.clone()
        }),
    }
}

fn says(text: &str, words: &Words, list: &str, except: &str) -> bool {
    clause::text_says(&Folded::new(text), words, list, except)
}

/// Whether a message says yes and nothing else.
fn is_yes(text: &Folded<'_>, words: &Words) -> bool {
    let all = text.all();
    let places = |list| words.list(list).iter().flat_map(|phrase| text.find_all(phrase, &all)).collect::<Vec<_>>();
    let yes = places("affirmations");
    let covered: BTreeSet<usize> = yes.iter().cloned().chain(places("affirmation_fillers")).flatten().collect();
    let mut spoken = all.filter(|piece| text.first(*piece).is_some_and(char::is_alphanumeric));
    let first = spoken.clone().next();
    yes.iter().any(|place| Some(place.start) == first)
        && spoken.all(|piece| covered.contains(&piece))
        && !text.words(&text.all()).contains(['?', '？'])
}
