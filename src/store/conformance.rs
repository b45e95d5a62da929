//! The exam that every store passes: one list of checks, which knows nothing of a store but the trait.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> completion_coach::Result<()> {
//! use completion_coach::{SqliteStore, store::conformance};
//! let store = std::sync::Arc::new(SqliteStore::in_memory()?);
//! conformance::run(store).await.assert_passed();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::runtime::{ActionId, Ids, MessageId, RandomIds, ThreadId, Timestamp, UserId};
use crate::store::{ActionStore, Change, Page, Write};
use crate::{
    Account, Action, ActionRecord, ActionSource, ActionStatus, Allowance, Attempt, AttemptStatus, Author, Basis, Caution, ChangeCause,
    Choice, Consent, Conversation, CustomField, Education, Ending, Evidence, Extraction, ExtractionStatus, FieldValue, Flow, Invitation,
    Live, Material, Message, ModelPlace, Operation, Profile, ProfileChange, ProfileField, ProposedOperation, Provenance, Review, Role,
    ThreadState, Usage, Work,
};

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The greatest version and position that there can be: every language's numbers hold it exactly.
const GREATEST: u64 = (1 << 53) - 1;

/// One thing that every store does.
pub struct Check {
    /// Its name, which never changes; one that begins with `i1`, `i2` and so on holds that invariant.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    run: fn(Arc<dyn ActionStore>) -> Pin<Box<dyn Future<Output = Verdict> + Send>>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Check {
    /// Examines the store, which may hold other users and be in use.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its timer.
    pub async fn run(&self, store: Arc<dyn ActionStore>) -> Outcome {
        // On a task of its own, a panic of the store's is a failure of this check and no other.
        let mut task = tokio::spawn((self.run)(store));
        let failure = match tokio::time::timeout(LIMIT, &mut task).await {
            Ok(Ok(Ok(()))) => None,
            Ok(Ok(Err(Failure(why)))) => Some(why),
            Ok(Err(ended)) => {
                Some(ended.try_into_panic().map_or("it was ended".into(), |panic| format!("it panicked: {}", words(&*panic))))
            }
            Err(_) => {
                task.abort();
                Some(format!("it took longer than {} s", LIMIT.as_secs()))
            }
        };
        Outcome { name: self.name, about: self.about, failure }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The check's name.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// What was wrong; `None` if it passed.
    pub failure: Option<String>,
}

/// What the whole exam found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One for each check, in their order.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// The checks that did not.
    pub fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_some())
    }

    /// Ends a test.
    ///
    /// # Panics
    /// With every failed check, if there is one.
    pub fn assert_passed(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for Report {
    /// The failed checks with what was wrong, then how many passed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self.failed() {
            writeln!(f, "{} ({}): {}", outcome.name, outcome.about, outcome.failure.as_deref().unwrap_or_default())?;
        }
        write!(f, "{} of {} checks passed", self.outcomes.len() - self.failed().count(), self.outcomes.len())
    }
}

/// Runs every check, one after the other.
///
/// # Panics
/// Outside of a tokio runtime with its timer.
pub async fn run(store: Arc<dyn ActionStore>) -> Report {
    let mut outcomes = Vec::new();
    for check in CHECKS {
        outcomes.push(check.run(Arc::clone(&store)).await);
    }
    Report { outcomes }
}

macro_rules! checks {
    ($($name:ident: $about:literal,)*) => {
        /// Every check, in the order in which they are run.
        pub const CHECKS: &[Check] = &[$(Check { name: stringify!($name), about: $about, run: |store| Box::pin($name(store)) }),*];
    };
}

checks! {
    i1_no_thread_shows_another: "a thread's messages, state and extractions are its own",
    i1_writing_to_one_thread_changes_no_other: "what is said in one thread is seen in no other, in both directions",
    i2_ownership_over_every_method: "two users with the same ids never meet, whatever either of them does",
    i2_a_stranger_finds_nothing: "someone who does not exist, or has nothing, gets nothing by another's ids",
    everything_comes_back: "every kind of record comes back with all that it can hold",
    nothing_comes_back_as_nothing: "what was not set comes back not set, and empty comes back empty",
    every_name_comes_back: "every status, kind, cause and field comes back as itself",
    texts_come_back_to_the_letter: "any Unicode, none and a megabyte of it, wherever texts are kept",
    ids_are_compared_to_the_letter: "ids that look alike are different ids",
    numbers_come_back: "the greatest positions and the earliest and latest times",
    only_zero_creates: "expected 0 creates a user, once; any other version of nobody is not found",
    a_stale_version_writes_nothing: "a commit on another version is a conflict and leaves everything as it was",
    versions_are_the_callers: "the version is what the commit says, and an empty commit moves nothing else",
    a_message_is_never_changed: "a message's id and position are taken once and for all",
    the_change_log_is_never_changed: "an entry's position is taken once and for all, and counts as the newest",
    a_commit_is_whole_or_nothing: "a conflict in the last write undoes all the others",
    writes_are_carried_out_in_order: "what is put after a removal is there, what is put before is not",
    what_is_put_replaces: "the same id puts the record in place of the old one, however different",
    suggestions_are_replaced_in_one_commit: "old ones go and new ones come at once, the others stay",
    removing_a_thread_leaves_the_rest: "its state, messages and extractions go; attempts and other threads stay",
    removing_an_action_removes_its_debrief: "and nothing else; removing what is not there is fine",
    i10_forget_leaves_nothing: "nothing of the user is found by any method, and nobody else notices",
    i10_nothing_comes_back_after_forget: "a late commit is not found, and the same user starts anew",
    a_conversation_needs_its_action: "no such user or action is none; a thread in which nothing has happened is there",
    the_live_attempt_is_the_one_named: "an attempt comes with the conversation only if the thread's state names it",
    i4_find_is_of_any_thread: "a message is found by its id with the coach's first reply in its own thread",
    pages_are_cut_from_the_end: "the newest before a position, oldest first",
    lists_are_in_order: "actions by id, the others by time and then by id, changes by position",
    attempts_of_a_period: "from is included and until is not",
    changes_after_a_position: "the oldest after it, at most so many",
    i5_no_commit_is_lost: "of many commits at once each version is used by one, and nothing is lost",
    a_read_is_of_one_moment: "a conversation never mixes two versions",
}

async fn i1_no_thread_shows_another(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    me.commit(vec![Write::Action(action("c"))]).await?;
    for thread in [ThreadId::General, debrief("a"), debrief("b")] {
        let read = me.conversation(&thread, &newest()).await?;
        same("the messages", &read.messages, &talk(&thread, "mine"))?;
        same("the state", &read.state.map(|state| state.thread), &Some(thread.clone()))?;
        let proposed = store.extractions(&me.id, Some(&thread)).await?;
        same("the extractions", &proposed, &vec![proposal(&format!("x-{}", String::from(thread.clone())), &thread, "mine")])?;
    }
    let untouched = me.conversation(&debrief("c"), &newest()).await?;
    same("an untouched thread", &(untouched.messages, untouched.state, untouched.attempt), &(vec![], None, None))?;
    same("an untouched thread's extractions", &store.extractions(&me.id, Some(&debrief("c"))).await?, &vec![])
}

async fn i1_writing_to_one_thread_changes_no_other(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let threads = [ThreadId::General, debrief("a"), debrief("b")];
    for written in &threads {
        let mut before = Vec::new();
        for other in threads.iter().filter(|other| *other != written) {
            before.push((other, me.thread(other).await?));
        }
        let state = ThreadState { waiting: 3, review: Review::Ready, ..ThreadState::new(written.clone()) };
        let said = message(&format!("late-{}", String::from(written.clone())), written, 50, Role::User, "late");
        let found = proposal(&format!("late-{}", String::from(written.clone())), written, "late");
        me.commit(vec![Write::Thread(state), Write::Message(said), Write::Extraction(found)]).await?;
        for (other, before) in before {
            same("the other thread", &me.thread(other).await?, &before)?;
        }
    }
    Ok(())
}

async fn i2_ownership_over_every_method(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    let mut other = Person::settled(&store, "theirs").await?;
    for (person, tag) in [(&me, "mine"), (&other, "theirs")] {
        let all = person.everything().await?;
        same("the account", &all.account.and_then(|account| account.profile.name), &Some(tag.into()))?;
        ensure(all.actions.len() == 2 && all.actions.iter().all(|record| record.action.title == tag), "the actions")?;
        ensure(all.extractions.len() == 3 && all.extractions.iter().all(|item| item.before.as_deref() == Some(tag)), "the extractions")?;
        ensure(all.attempts.len() == 2 && all.attempts.iter().all(|attempt| attempt.instance == tag), "the attempts")?;
        same("the changes", &all.changes, &vec![change(1, tag), change(2, tag)])?;
        for conversation in all.conversations.iter().flatten() {
            ensure(conversation.messages.iter().all(|message| message.text == tag), "the messages")?;
            let found = conversation.found.as_ref().ok_or("a message that is there is not found")?;
            ensure(found.message.text == tag && found.reply.as_ref().is_some_and(|reply| reply.text == tag), "the message that was found")?;
        }
        let live = person.conversation(&debrief("a"), &newest()).await?.attempt;
        same("the live attempt", &live.map(|attempt| attempt.instance), &Some(tag.into()))?;
    }
    other.commit(every_write("stolen")).await?;
    same("what the other one wrote over", &me.everything().await?, &before)?;
    let removals = vec![Write::RemoveAction("a".into()), Write::RemoveThread(debrief("b")), Write::RemoveThread(ThreadId::General)];
    other.commit(removals).await?;
    same("what the other one removed", &me.everything().await?, &before)?;
    store.forget(&other.id).await?;
    same("what the other one forgot", &me.everything().await?, &before)
}

async fn i2_a_stranger_finds_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let _me = Person::settled(&store, "mine").await?;
    let nobody = Person::nobody(&store);
    same("what nobody has", &nobody.everything().await?, &Everything::default())?;
    for thread in [ThreadId::General, debrief("a")] {
        same("what nobody proposed", &store.extractions(&nobody.id, Some(&thread)).await?, &vec![])?;
    }
    let newcomer = Person::new(&store).await?;
    let all = newcomer.everything().await?;
    same("a newcomer's lists", &(all.actions, all.extractions, all.attempts, all.changes), &Default::default())?;
    same("a newcomer's debriefs", &all.conversations.iter().flatten().count(), &1)?;
    let general = newcomer.conversation(&ThreadId::General, &finding("general-1")).await?;
    same("a newcomer's chat", &(general.messages, general.state, general.found), &(vec![], None, None))
}

async fn everything_comes_back(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let thread = debrief("a");
    let (full, state, said) = (full_action("a"), full_state(&thread), full_message(&thread));
    let (attempt, proposal, change) = (full_attempt("t"), full_extraction(&thread), full_change(&thread));
    let consent = Some(Consent { disclosure: "anthropic".into(), at: time(9) });
    let allowance = Allowance { turns: time(1), proposals: time(2) };
    me.commit(vec![
        Write::Profile(full_profile()),
        Write::Consent(consent.clone()),
        Write::Allowance(allowance),
        Write::Action(full.clone()),
        Write::Thread(state.clone()),
        Write::Message(said.clone()),
        Write::Attempt(attempt.clone()),
        Write::Extraction(proposal.clone()),
        Write::Change(change.clone()),
    ])
    .await?;
    let account = Account { version: me.version, profile: full_profile(), consent, allowance, changes: change.seq };
    same("the account", &store.account(&me.id).await?, &Some(account.clone()))?;
    same("the actions", &store.actions(&me.id).await?, &vec![ActionRecord { action: full.clone(), debrief: Some(state.clone()) }])?;
    let read = me.conversation(&thread, &newest()).await?;
    same("its account", &read.account, &account)?;
    same("its action", &read.action, &Some(full))?;
    same("its state", &read.state, &Some(state))?;
    same("its attempt", &read.attempt, &Some(attempt.clone()))?;
    ensure(read.messages == vec![said], "its message came back different")?;
    same("the attempts", &me.attempts().await?, &vec![attempt])?;
    ensure(store.extractions(&me.id, None).await? == vec![proposal.clone()], "the extraction came back different")?;
    ensure(store.extractions(&me.id, Some(&thread)).await? == vec![proposal], "the thread's extraction came back different")?;
    same("the changes", &store.changes(&me.id, 0, 9).await?, &vec![change])
}

async fn nothing_comes_back_as_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let fresh = Account { version: me.version, profile: Profile::default(), consent: None, allowance: Allowance::default(), changes: 0 };
    same("a new account", &store.account(&me.id).await?, &Some(fresh))?;
    let empty = Profile { name: Some(String::new()), skills: vec![String::new()], ..Profile::default() };
    let (bare, state, said) = (action("a"), ThreadState::new(debrief("a")), message("m", &debrief("a"), 1, Role::User, ""));
    let hollow = Message { choice: Some(String::new()), ..message("n", &debrief("a"), 2, Role::User, "") };
    let (attempt, change) = (attempt("t", 1, ""), ProfileChange { fields: vec![], ..change(1, "") });
    let proposal = Extraction { before: Some(String::new()), ..proposal("x", &debrief("a"), "") };
    let nothing_before = Extraction { id: "y".into(), before: None, evidence: vec![], ..proposal.clone() };
    me.commit(vec![
        Write::Profile(empty.clone()),
        Write::Consent(Some(Consent { disclosure: String::new(), at: time(0) })),
        Write::Action(bare.clone()),
        Write::Thread(state.clone()),
        Write::Message(said.clone()),
        Write::Message(hollow.clone()),
        Write::Attempt(attempt.clone()),
        Write::Extraction(proposal.clone()),
        Write::Extraction(nothing_before.clone()),
        Write::Change(change.clone()),
    ])
    .await?;
    let account = store.account(&me.id).await?.ok_or("the user is gone")?;
    ensure(account.profile == empty, "an empty name is not no name")?;
    same("an empty consent", &account.consent.map(|consent| consent.disclosure), &Some(String::new()))?;
    same("the action", &store.actions(&me.id).await?, &vec![ActionRecord { action: bare, debrief: Some(state) }])?;
    let read = me.conversation(&debrief("a"), &newest()).await?;
    ensure(read.messages == vec![said, hollow], "the messages came back different")?;
    same("the attempts", &me.attempts().await?, &vec![attempt])?;
    ensure(store.extractions(&me.id, None).await? == vec![proposal, nothing_before], "the extractions came back different")?;
    same("the changes", &store.changes(&me.id, 0, 9).await?, &vec![change])
}

async fn every_name_comes_back(store: Arc<dyn ActionStore>) -> Verdict {
    use {ActionStatus as S, AttemptStatus as T, ExtractionStatus as X};
    let mut me = Person::new(&store).await?;
    let mut writes = Vec::new();
    let mut actions = Vec::new();
    let kinds =
        ["replicate", "collaborate", "start_org", "identify_gaps", "volunteer", "build_tools", "teach_write", "develop_skills", "own"];
    for (n, kind) in kinds.into_iter().enumerate() {
        let status = [S::Active, S::Saved, S::InProgress, S::Done, S::Dismissed][n % 5];
        let source = [ActionSource::Host, ActionSource::Suggested, ActionSource::Debrief][n % 3];
        actions.push(Action { kind: kind.into(), status, source, ..action(&format!("{n}")) });
    }
    let mut attempts = Vec::new();
    for (n, kind) in ErrorKind::ALL.into_iter().enumerate() {
        let operation = [Operation::Open, Operation::Reply, Operation::Propose][n % 3];
        let status = [T::Running, T::Done, T::Failed, T::Cancelled, T::Abandoned][n % 5];
        let place = [ModelPlace::Script, ModelPlace::Local, ModelPlace::Remote][n % 3];
        attempts.push(Attempt { operation, status, place, error: Some(kind), ..attempt("", n as i64, "") });
        attempts[n].id = format!("{n:02}").as_str().into();
    }
    let general = ThreadId::General;
    let mut proposals = Vec::new();
    let own = ProfileField::Custom("name".into());
    for (n, field) in ProfileField::KNOWN.into_iter().chain([own.clone()]).enumerate() {
        let work = Work { organization: "o".into(), ..Work::default() };
        let study = Education { institution: "i".into(), ..Education::default() };
        let value = [FieldValue::Text("t".into()), FieldValue::Work(work), FieldValue::Education(study)][n % 3].clone();
        let status = [X::Pending, X::Accepted, X::Edited, X::Rejected, X::Superseded, X::Known][n % 6];
        let operation = [ProposedOperation::Add, ProposedOperation::Replace][n % 2];
        let basis = [Basis::Stated, Basis::Confirmed, Basis::Inferred][n % 3];
        let item = proposal(&format!("{n:02}"), &general, "");
        proposals.push(Extraction { field, status, operation, basis, edited: Some(value.clone()), value, ..item });
    }
    let saids: Vec<_> = [Provenance::Typed, Provenance::Chosen, Provenance::Coach, Provenance::Seed]
        .into_iter()
        .enumerate()
        .flat_map(|(n, provenance)| [(2 * n, provenance, Role::User), (2 * n + 1, provenance, Role::Assistant)])
        .map(|(n, provenance, role)| Message { provenance, ..message(&format!("{n}"), &general, n as u64 + 1, role, "") })
        .collect();
    let changes = vec![ProfileChange { cause: ChangeCause::Applied, ..change(1, "") }, change(2, "")];
    let mut states = Vec::new();
    for (n, ended) in [Ending::Complete, Ending::Stopped, Ending::Terse, Ending::HandedOver].into_iter().enumerate() {
        let invitation = [Invitation::Open, Invitation::Later(time(7)), Invitation::Declined][n % 3];
        let review = [Review::None, Review::Ready, Review::Done][n % 3];
        let flow = Flow { ended: Some(ended), ..Flow::new() };
        states.push(ThreadState { flow, invitation, review, ..ThreadState::new(debrief(&format!("{n}"))) });
    }
    writes.extend(actions.iter().cloned().map(Write::Action));
    writes.extend(attempts.iter().cloned().map(Write::Attempt));
    writes.extend(proposals.iter().cloned().map(Write::Extraction));
    writes.extend(saids.iter().cloned().map(Write::Message));
    writes.extend(changes.iter().cloned().map(Write::Change));
    writes.extend(states.iter().cloned().map(Write::Thread));
    me.commit(writes).await?;
    let records = store.actions(&me.id).await?;
    same("the actions", &records.iter().map(|record| record.action.clone()).collect(), &actions)?;
    same("the states", &records.into_iter().filter_map(|record| record.debrief).collect(), &states)?;
    same("the attempts", &me.attempts().await?, &attempts)?;
    ensure(
        store.extractions(&me.id, None).await? == proposals,
        "an extraction came back different; a job and a study are easily confused",
    )?;
    same("the messages", &me.conversation(&general, &newest()).await?.messages, &saids)?;
    same("the changes", &store.changes(&me.id, 0, 9).await?, &changes)
}

async fn texts_come_back_to_the_letter(store: Arc<dyn ActionStore>) -> Verdict {
    let huge = "grüße 👩‍👩‍👧 \u{0}\n".repeat(1 << 15);
    let texts = [
        "",
        " ",
        "  two  spaces\t",
        "\n",
        "a\r\nb\rc",
        "\0",
        "a\0b\0",
        "\u{feff}mark",
        "\u{fffd}",
        "\u{ffff}\u{10ffff}",
        "e\u{301} é ﬁ Å",
        "👩‍👩‍👧‍👦🏽",
        "שלום \u{202e}olleh\u{202c} مرحبا",
        "\\ud800 \\u0000 \\",
        "\u{1}\u{7f}\u{85}\u{2028}\u{2029}",
        "'; DROP TABLE message; --",
        "\"quoted\" 'and' `so`",
        "{\"a\": [1]}",
        "null",
        "NULL",
        "%s %_ $1 ?1 :a",
        "<b>&amp;</b>",
        "1e400",
        "０１２",
        huge.as_str(),
    ];
    let mut me = Person::new(&store).await?;
    let thread = debrief("a");
    for (n, text) in texts.into_iter().enumerate() {
        let (id, seq) = (format!("{n}"), n as u64 + 1);
        let choice = Choice { id: text.into(), text: text.into(), field: None };
        let said = Message { choices: vec![choice], choice: Some(text.into()), ..message(&id, &thread, seq, Role::User, text) };
        let full = Action { title: text.into(), host_data: [(text.into(), text.into())].into(), ..action("a") };
        let custom = CustomField::List(vec![text.into()]);
        let profile = Profile { summary: Some(text.into()), custom: [(text.into(), custom)].into(), ..Profile::default() };
        let proposal = Extraction { value: text.into(), edited: Some(text.into()), ..proposal("x", &thread, text) };
        let attempt = attempt("t", 1, text);
        me.commit(vec![
            Write::Profile(profile.clone()),
            Write::Action(full.clone()),
            Write::Message(said.clone()),
            Write::Extraction(proposal.clone()),
            Write::Attempt(attempt.clone()),
        ])
        .await?;
        let read = me.conversation(&thread, &Page::newest(1)).await?;
        let name: String = text.escape_debug().take(40).collect();
        ensure(read.messages == vec![said], format!("a message came back different: {name}"))?;
        ensure(read.account.profile == profile, format!("a profile came back different: {name}"))?;
        ensure(read.action == Some(full), format!("an action came back different: {name}"))?;
        ensure(store.extractions(&me.id, Some(&thread)).await? == vec![proposal], format!("an extraction came back different: {name}"))?;
        ensure(me.attempts().await? == vec![attempt], format!("an attempt came back different: {name}"))?;
    }
    Ok(())
}

async fn ids_are_compared_to_the_letter(store: Arc<dyn ActionStore>) -> Verdict {
    let long = "é".repeat(100);
    let mut ids = [
        "a",
        "A",
        "a ",
        " a",
        "á",
        "a\u{301}",
        "ﬁ",
        "fi",
        "ß",
        "ss",
        "ı",
        "i",
        "İ",
        "%",
        "_",
        "*",
        "?",
        "'",
        "\"",
        "\\",
        "a%",
        "general",
        "debrief:a",
        "debrief:general",
        "null",
        "0",
        "00",
        "1",
        "1.0",
        "👩",
        "👩🏽",
        "\u{200b}",
        "\u{feff}",
        "Ａ",
        "\u{ffff}",
        long.as_str(),
    ];
    ids.sort_unstable();
    let mut me = Person::new(&store).await?;
    for id in ids {
        let thread = debrief(id);
        me.commit(vec![
            Write::Action(Action { title: id.into(), ..action(id) }),
            Write::Message(message(id, &thread, 1, Role::User, id)),
            Write::Extraction(proposal(id, &thread, id)),
            Write::Attempt(attempt(id, 1, id)),
        ])
        .await?;
    }
    let titles: Vec<_> = store.actions(&me.id).await?.into_iter().map(|record| record.action.title).collect();
    same("the actions in the order of their ids", &titles, &ids.map(str::to_owned).to_vec())?;
    same("the attempts", &me.attempts().await?.len(), &ids.len())?;
    same("the general chat", &me.conversation(&ThreadId::General, &newest()).await?.messages, &vec![])?;
    for id in ids {
        let thread = debrief(id);
        let read = me.conversation(&thread, &finding(id)).await?;
        same("the messages of one id", &read.messages, &vec![message(id, &thread, 1, Role::User, id)])?;
        ensure(read.found.is_some_and(|found| found.message.text == id && found.message.thread == thread), "another message was found")?;
        let proposed = store.extractions(&me.id, Some(&thread)).await?;
        ensure(proposed == vec![proposal(id, &thread, id)], "the extractions of one id are not its own")?;
    }
    Ok(())
}

async fn numbers_come_back(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let usage = Usage { requests: u32::MAX, input_tokens: GREATEST, output_tokens: 0, cache_read_tokens: 1, cache_write_tokens: GREATEST };
    let times = [Timestamp::MIN, time(-1), time(0), Timestamp::MAX];
    let mut attempts = Vec::new();
    for (n, at) in times.into_iter().enumerate() {
        let id = format!("{n}");
        attempts.push(Attempt { usage, lease_until: at, ended_at: Some(at), started_at: at, ..attempt(&id, 0, "") });
    }
    let said = Message { at: Timestamp::MIN, round: u32::MAX, ..message("m", &ThreadId::General, GREATEST, Role::User, "") };
    let state = ThreadState { next_seq: GREATEST, waiting: u32::MAX, waiting_chars: GREATEST, ..ThreadState::new(ThreadId::General) };
    let last = change(GREATEST, "");
    let allowance = Allowance { turns: Timestamp::MAX, proposals: Timestamp::MIN };
    let mut writes: Vec<_> = attempts.iter().cloned().map(Write::Attempt).collect();
    writes.extend([Write::Message(said.clone()), Write::Thread(state.clone()), Write::Change(last.clone()), Write::Allowance(allowance)]);
    me.commit(writes).await?;
    let read = me.conversation(&ThreadId::General, &newest()).await?;
    same("the messages", &read.messages, &vec![said])?;
    same("the state", &read.state, &Some(state))?;
    same("the allowance", &read.account.allowance, &allowance)?;
    same("the newest change", &read.account.changes, &GREATEST)?;
    same("the changes", &store.changes(&me.id, GREATEST - 1, u32::MAX).await?, &vec![last])?;
    attempts.pop();
    same("the attempts before the latest time", &store.attempts(&me.id, Timestamp::MIN, Timestamp::MAX).await?, &attempts)
}

async fn only_zero_creates(store: Arc<dyn ActionStore>) -> Verdict {
    let nobody = Person::nobody(&store);
    for expected in [1, 41, GREATEST] {
        nobody.refused(ErrorKind::NotFound, expected, every_write("late")).await?;
        same("nobody", &nobody.everything().await?, &Everything::default())?;
    }
    let me = Person::new(&store).await?;
    let before = me.everything().await?;
    me.refused(ErrorKind::Conflict, 0, every_write("again")).await?;
    same("the one who was there first", &me.everything().await?, &before)
}

async fn a_stale_version_writes_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let old = me.version;
    me.commit(vec![]).await?;
    let before = me.everything().await?;
    for expected in [old, me.version + 1, 0, 1, GREATEST] {
        me.refused(ErrorKind::Conflict, expected, every_write("stale")).await?;
        me.refused(ErrorKind::Conflict, expected, vec![]).await?;
        same("after a stale commit", &me.everything().await?, &before)?;
    }
    Ok(())
}

async fn versions_are_the_callers(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?.account.ok_or("the user is gone")?;
    let mut expected = me.version;
    for next in [GREATEST, 7, 8, 1, GREATEST - 1] {
        store.commit(&me.id, &Change { expected, next, writes: vec![] }).await?;
        same("the account", &store.account(&me.id).await?, &Some(Account { version: next, ..before.clone() }))?;
        expected = next;
    }
    Ok(())
}

async fn a_message_is_never_changed(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    let first = talk(&debrief("a"), "mine").swap_remove(0);
    let again = [
        ("the same message", first.clone()),
        ("the same id with other words", Message { seq: 9, text: "other".into(), ..first.clone() }),
        ("the same id in another thread", Message { seq: 9, thread: debrief("b"), ..first.clone() }),
        ("the same id in the general chat", Message { seq: 9, thread: ThreadId::General, ..first.clone() }),
        ("the same position", Message { id: "new".into(), ..first }),
    ];
    for (what, message) in again {
        me.refused(ErrorKind::Conflict, me.version, vec![Write::Message(message)]).await?;
        same(what, &me.everything().await?, &before)?;
    }
    Ok(())
}

async fn the_change_log_is_never_changed(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    for seq in [1, 2] {
        me.refused(ErrorKind::Conflict, me.version, vec![Write::Change(change(seq, "other"))]).await?;
        same("after the same position", &me.everything().await?, &before)?;
    }
    me.commit(vec![Write::Change(change(3, "mine"))]).await?;
    same("the newest position", &me.everything().await?.account.map(|account| account.changes), &Some(3))
}

async fn a_commit_is_whole_or_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    let taken = message("general-1", &ThreadId::General, 99, Role::User, "");
    let twice = message("twice", &debrief("a"), 99, Role::User, "");
    let spoilers = [
        vec![Write::Message(taken)],
        vec![Write::Message(twice.clone()), Write::Message(Message { seq: 98, ..twice.clone() })],
        vec![Write::Message(twice.clone()), Write::Message(Message { id: "other".into(), ..twice })],
        vec![Write::Change(change(2, "other"))],
    ];
    for spoiler in spoilers {
        let mut writes = every_write("half");
        writes.extend([Write::RemoveAction("b".into()), Write::Consent(None)]);
        writes.extend(spoiler.clone());
        me.refused(ErrorKind::Conflict, me.version, writes).await?;
        same("after a conflict in the last write", &me.everything().await?, &before)?;
    }
    let nobody = Person::nobody(&store);
    let mut writes = every_write("half");
    writes.extend(every_write("half"));
    nobody.refused(ErrorKind::Conflict, 0, writes).await?;
    same("a user whose first commit was a conflict", &nobody.everything().await?, &Everything::default())
}

async fn writes_are_carried_out_in_order(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let (a, b) = (debrief("a"), debrief("b"));
    let renewed = message("a-1", &a, 1, Role::User, "renewed");
    me.commit(vec![
        Write::RemoveAction("a".into()),
        Write::Action(action("a")),
        Write::Message(renewed.clone()),
        Write::Message(message("brief", &b, 9, Role::User, "brief")),
        Write::RemoveThread(b.clone()),
        Write::Profile(full_profile()),
        Write::Profile(Profile::default()),
    ])
    .await?;
    let read = me.conversation(&a, &newest()).await?;
    same("the thread that was begun anew", &(read.action, read.state, read.messages), &(Some(action("a")), None, vec![renewed]))?;
    let read = me.conversation(&b, &finding("brief")).await?;
    same("the thread that was removed last", &(read.state, read.messages, read.found), &(None, vec![], None))?;
    same("the profile that was put last", &read.account.profile, &Profile::default())
}

async fn what_is_put_replaces(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let general = ThreadId::General;
    let state = ThreadState::new(debrief("a"));
    let moved = Extraction { created_at: time(-5), ..proposal("x-debrief:a", &general, "new") };
    let later = attempt("t-1", 5_000, "new");
    me.commit(vec![
        Write::Action(action("a")),
        Write::Thread(state.clone()),
        Write::Extraction(moved.clone()),
        Write::Attempt(later.clone()),
        Write::Consent(None),
        Write::Profile(Profile::default()),
        Write::Allowance(Allowance::default()),
    ])
    .await?;
    let all = me.everything().await?;
    let account = all.account.ok_or("the user is gone")?;
    same("the account", &(account.profile, account.consent, account.allowance), &Default::default())?;
    same("the action", &all.actions.first(), &Some(&ActionRecord { action: action("a"), debrief: Some(state) }))?;
    same("how many actions", &all.actions.len(), &2)?;
    same("the extraction", &all.extractions.first(), &Some(&moved))?;
    same("how many extractions", &all.extractions.len(), &3)?;
    same("the thread that it left", &store.extractions(&me.id, Some(&debrief("a"))).await?, &vec![])?;
    same("the thread that it joined", &store.extractions(&me.id, Some(&general)).await?.len(), &2)?;
    same("the attempts", &all.attempts, &vec![attempt("t-2", 20, "mine"), later])
}

async fn suggestions_are_replaced_in_one_commit(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let suggested = |id| Action { source: ActionSource::Suggested, ..action(id) };
    let kept = Action { status: ActionStatus::Saved, ..suggested("2") };
    me.commit([suggested("1"), kept.clone(), suggested("3")].into_iter().map(Write::Action).collect()).await?;
    me.commit(vec![
        Write::RemoveAction("1".into()),
        Write::RemoveAction("3".into()),
        Write::Action(suggested("4")),
        Write::Action(suggested("0")),
    ])
    .await?;
    let now: Vec<_> = store.actions(&me.id).await?.into_iter().map(|record| record.action).collect();
    same("the actions", &now, &vec![suggested("0"), kept, suggested("4")])
}

async fn removing_a_thread_leaves_the_rest(store: Arc<dyn ActionStore>) -> Verdict {
    for removed in [ThreadId::General, debrief("a")] {
        let mut me = Person::settled(&store, "mine").await?;
        let before = me.everything().await?;
        me.commit(vec![Write::RemoveThread(removed.clone())]).await?;
        let read = me.conversation(&removed, &Page { find: Some(first_of(&removed)), ..newest() }).await?;
        let left = (read.state, read.attempt, read.messages, read.found);
        same("what is left of it", &left, &(None, None, vec![], None))?;
        same("its extractions", &store.extractions(&me.id, Some(&removed)).await?, &vec![])?;
        let after = me.everything().await?;
        same("the attempts", &after.attempts, &before.attempts)?;
        same("the changes", &after.changes, &before.changes)?;
        same("the other extractions", &after.extractions.len(), &2)?;
        let actions = |all: &Everything| all.actions.iter().map(|record| record.action.clone()).collect::<Vec<_>>();
        same("the actions", &actions(&after), &actions(&before))?;
        for (now, then) in after.conversations.iter().flatten().zip(before.conversations.iter().flatten()) {
            let state = now.state.as_ref().or(then.state.as_ref());
            ensure(
                state.is_some_and(|state| state.thread == removed) || now.messages == then.messages,
                "another thread's messages are gone",
            )?;
        }
        me.commit(talk(&removed, "anew").into_iter().map(Write::Message).collect()).await?;
        same("the same messages anew", &me.conversation(&removed, &newest()).await?.messages, &talk(&removed, "anew"))?;
    }
    Ok(())
}

async fn removing_an_action_removes_its_debrief(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    me.commit(vec![Write::RemoveAction("no such".into()), Write::RemoveThread(debrief("no such"))]).await?;
    let version = me.version;
    same("after removing nothing", &me.everything().await?, &before.at(version))?;
    me.commit(vec![Write::RemoveAction("a".into())]).await?;
    let after = me.everything().await?;
    same("the debrief", &store.conversation(&me.id, &debrief("a"), &newest()).await?, &None)?;
    same("its message", &me.conversation(&ThreadId::General, &finding("a-1")).await?.found, &None)?;
    same("its extractions", &store.extractions(&me.id, Some(&debrief("a"))).await?, &vec![])?;
    same("the attempts", &after.attempts, &before.attempts)?;
    same("the actions", &after.actions, &before.actions[1..].to_vec())?;
    me.commit(vec![Write::Action(action("a"))]).await?;
    let read = me.conversation(&debrief("a"), &newest()).await?;
    same("an action of the same id", &(read.state, read.messages), &(None, vec![]))?;
    same("the others", &me.conversation(&debrief("b"), &newest()).await?.messages, &talk(&debrief("b"), "mine"))
}

async fn i10_forget_leaves_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let other = Person::settled(&store, "theirs").await?;
    let before = other.everything().await?;
    store.forget(&me.id).await?;
    same("what is left", &me.everything().await?, &Everything::default())?;
    same("the other one", &other.everything().await?, &before)?;
    store.forget(&me.id).await?;
    store.forget(&Person::nobody(&store).id).await?;
    same("the other one after forgetting nobody", &other.everything().await?, &before)
}

async fn i10_nothing_comes_back_after_forget(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    store.forget(&me.id).await?;
    me.refused(ErrorKind::NotFound, me.version, every_write("late")).await?;
    same("after a late commit", &me.everything().await?, &Everything::default())?;
    store.commit(&me.id, &Change { expected: 0, next: 77, writes: vec![Write::Action(action("a"))] }).await?;
    me.refused(ErrorKind::Conflict, me.version, every_write("late")).await?;
    let all = me.everything().await?;
    same("the actions", &all.actions, &vec![ActionRecord { action: action("a"), debrief: None }])?;
    same("the lists", &(all.extractions, all.attempts, all.changes), &Default::default())?;
    ensure(all.conversations.iter().flatten().all(|read| read.messages.is_empty() && read.found.is_none()), "old messages are back")
}

async fn a_conversation_needs_its_action(store: Arc<dyn ActionStore>) -> Verdict {
    let nobody = Person::nobody(&store);
    for thread in [ThreadId::General, debrief("a")] {
        same("nobody's thread", &store.conversation(&nobody.id, &thread, &newest()).await?, &None)?;
    }
    same("nobody's account", &store.account(&nobody.id).await?, &None)?;
    let mut me = Person::new(&store).await?;
    same("a debrief of no action", &store.conversation(&me.id, &debrief("a"), &newest()).await?, &None)?;
    let account = store.account(&me.id).await?.ok_or("the user is gone")?;
    let silent = |account, action| Conversation { account, action, state: None, attempt: None, messages: vec![], found: None };
    same("an untouched chat", &me.conversation(&ThreadId::General, &newest()).await?, &silent(account.clone(), None))?;
    me.commit(vec![Write::Action(action("a"))]).await?;
    let account = Account { version: me.version, ..account };
    same("an untouched debrief", &me.conversation(&debrief("a"), &newest()).await?, &silent(account, Some(action("a"))))
}

async fn the_live_attempt_is_the_one_named(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    same("of the thread that names it", &me.conversation(&debrief("a"), &newest()).await?.attempt, &Some(attempt("t-1", 10, "mine")))?;
    for other in [ThreadId::General, debrief("b")] {
        same("of a thread that names none", &me.conversation(&other, &newest()).await?.attempt, &None)?;
    }
    let naming = |id: &str| Live { attempt: id.into(), until: time(99) };
    me.commit(vec![Write::Thread(ThreadState { live: Some(naming("t-2")), ..ThreadState::new(debrief("a")) })]).await?;
    same("after it was taken over", &me.conversation(&debrief("a"), &newest()).await?.attempt, &Some(attempt("t-2", 20, "mine")))?;
    me.commit(vec![Write::Thread(ThreadState { cancelled: Some("t-2".into()), ..ThreadState::new(debrief("a")) })]).await?;
    same("after it was cancelled", &me.conversation(&debrief("a"), &newest()).await?.attempt, &None)
}

async fn i4_find_is_of_any_thread(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let (a, general) = (debrief("a"), ThreadId::General);
    let mine = [
        message("opening", &a, 1, Role::Assistant, "opening"),
        message("one", &a, 2, Role::User, "one"),
        message("two", &a, 3, Role::User, "two"),
        message("reply", &a, 4, Role::Assistant, "reply"),
        message("three", &a, 5, Role::User, "three"),
        message("reply to three", &a, 6, Role::Assistant, "reply to three"),
        message("four", &a, 7, Role::User, "four"),
        message("other", &general, 2, Role::User, "other"),
        message("other reply", &general, 8, Role::Assistant, "other reply"),
    ];
    let mut writes = vec![Write::Action(action("a"))];
    writes.extend(mine.iter().cloned().map(Write::Message));
    me.commit(writes).await?;
    let expected = [
        ("opening", Some("reply")),
        ("one", Some("reply")),
        ("two", Some("reply")),
        ("reply", Some("reply to three")),
        ("three", Some("reply to three")),
        ("four", None),
        ("other", Some("other reply")),
        ("other reply", None),
    ];
    for (id, reply) in expected {
        for thread in [&general, &a] {
            let found = me.conversation(thread, &Page { size: 0, before: Some(1), find: Some(id.into()) }).await?.found;
            let found = found.ok_or("a message that is there is not found")?;
            let by_id = |id: &str| mine.iter().find(|message| message.id.as_str() == id).cloned();
            same("the message", &Some(found.message), &by_id(id))?;
            same("its reply", &found.reply, &reply.and_then(by_id))?;
        }
    }
    same("one that is not there", &me.conversation(&a, &finding("no such")).await?.found, &None)
}

async fn pages_are_cut_from_the_end(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let general = ThreadId::General;
    let text = |seq: u64| message(&format!("{seq}"), &general, seq, Role::User, "");
    me.commit((1..=10).rev().map(text).map(Write::Message).collect()).await?;
    let pages = [
        (3, None, vec![8, 9, 10]),
        (0, None, vec![]),
        (100, None, (1..=10).collect()),
        (u32::MAX, None, (1..=10).collect()),
        (3, Some(8), vec![5, 6, 7]),
        (3, Some(3), vec![1, 2]),
        (3, Some(2), vec![1]),
        (3, Some(1), vec![]),
        (3, Some(0), vec![]),
        (2, Some(11), vec![9, 10]),
        (2, Some(GREATEST), vec![9, 10]),
        (2, Some(u64::MAX), vec![9, 10]),
    ];
    for (size, before, expected) in pages {
        let read = me.conversation(&general, &Page { size, before, find: None }).await?;
        let seqs: Vec<u64> = read.messages.iter().map(|message| message.seq).collect();
        same(&format!("{size} before {before:?}"), &seqs, &expected)?;
    }
    Ok(())
}

async fn lists_are_in_order(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    // An id of the library's own make, which a store may keep in another way.
    let made = "5e1f9a0c3b7d4826a0f1c2d3e4b5a697";
    let order = [("b", 30), ("a", 30), (made, 20), ("c", 10), ("B", 20), ("10", 20), ("9", 20), ("ä", -1)];
    for (id, at) in order {
        let proposal = Extraction { created_at: time(at), ..proposal(id, &ThreadId::General, "") };
        me.commit(vec![Write::Action(action(id)), Write::Attempt(attempt(id, at, "")), Write::Extraction(proposal)]).await?;
    }
    for seq in [2, 3, 1] {
        me.commit(vec![Write::Change(change(seq, ""))]).await?;
    }
    let by_time = ["ä", "c", "10", made, "9", "B", "a", "b"].map(str::to_owned).to_vec();
    let all = me.everything().await?;
    let actions: Vec<_> = all.actions.iter().map(|record| record.action.id.as_str()).collect();
    same("the actions", &actions, &vec!["10", made, "9", "B", "a", "b", "c", "ä"])?;
    same("the attempts", &all.attempts.iter().map(|attempt| attempt.id.to_string()).collect(), &by_time)?;
    same("the extractions", &all.extractions.iter().map(|item| item.id.to_string()).collect(), &by_time)?;
    let of_thread = store.extractions(&me.id, Some(&ThreadId::General)).await?;
    same("the thread's extractions", &of_thread.iter().map(|item| item.id.to_string()).collect(), &by_time)?;
    same("the changes", &all.changes.iter().map(|change| change.seq).collect(), &vec![1, 2, 3])
}

async fn attempts_of_a_period(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    me.commit([10, 20, 30].map(|at| Write::Attempt(attempt(&format!("{at}"), at, ""))).to_vec()).await?;
    for (from, until, expected) in [(10, 30, vec![10, 20]), (11, 31, vec![20, 30]), (20, 20, vec![]), (30, 10, vec![]), (-5, 11, vec![10])]
    {
        let found = store.attempts(&me.id, time(from), time(until)).await?;
        let found: Vec<_> = found.iter().map(|attempt| attempt.started_at.as_millis()).collect();
        same(&format!("from {from} until {until}"), &found, &expected)?;
    }
    Ok(())
}

async fn changes_after_a_position(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    me.commit((1..=5).map(|seq| Write::Change(change(seq, ""))).collect()).await?;
    let cases = [(0, 2, vec![1, 2]), (2, 9, vec![3, 4, 5]), (4, u32::MAX, vec![5]), (5, 9, vec![]), (0, 0, vec![]), (u64::MAX, 9, vec![])];
    for (after, limit, expected) in cases {
        let found = store.changes(&me.id, after, limit).await?;
        same(&format!("{limit} after {after}"), &found.iter().map(|change| change.seq).collect(), &expected)?;
    }
    Ok(())
}

async fn i5_no_commit_is_lost(store: Arc<dyn ActionStore>) -> Verdict {
    const TASKS: u64 = 16;
    const EACH: u64 = 5;
    let me = Person::new(&store).await?;
    let learn = |task: u64| {
        let (store, id) = (Arc::clone(&store), me.id.clone());
        async move {
            let mut used = Vec::new();
            for n in 0..EACH {
                used.push(learn(&*store, &id, &format!("{task}-{n}")).await?);
            }
            Ok::<_, Failure>(used)
        }
    };
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(learn(task))).collect();
    let mut used = Vec::new();
    for task in tasks {
        used.extend(task.await.map_err(|_| "a task panicked")??);
    }
    used.sort_unstable();
    let (first, count) = (me.version, TASKS * EACH);
    same("the versions", &used, &(first..first + count).collect())?;
    let account = store.account(&me.id).await?.ok_or("the user is gone")?;
    same("the version", &account.version, &(first + count))?;
    let mut skills = account.profile.skills;
    let mut expected: Vec<_> = (0..TASKS).flat_map(|task| (0..EACH).map(move |n| format!("{task}-{n}"))).collect();
    skills.sort_unstable();
    expected.sort_unstable();
    same("what was written", &skills, &expected)
}

/// Adds a skill to the profile, again and again until nobody is faster; the version that it was decided on.
async fn learn(store: &dyn ActionStore, user: &UserId, skill: &str) -> Result<u64, Failure> {
    loop {
        let Account { version: expected, mut profile, .. } = store.account(user).await?.ok_or("the user is gone")?;
        profile.skills.push(skill.into());
        match store.commit(user, &Change { expected, next: expected + 1, writes: vec![Write::Profile(profile)] }).await {
            Ok(()) => return Ok(expected),
            Err(error) if error.kind() == ErrorKind::Conflict => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
}

async fn a_read_is_of_one_moment(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::new(&store).await?;
    let (writer, id, first) = (Arc::clone(&store), me.id.clone(), me.version);
    let writing = tokio::spawn(async move {
        for seq in 1..=60 {
            let state = ThreadState { next_seq: seq + 1, ..ThreadState::new(ThreadId::General) };
            let said = message(&format!("{seq}"), &ThreadId::General, seq, Role::User, "");
            let writes = vec![Write::Message(said), Write::Thread(state)];
            writer.commit(&id, &Change { expected: first + seq - 1, next: first + seq, writes }).await?;
        }
        Ok::<_, Error>(())
    });
    while !writing.is_finished() {
        let read = me.conversation(&ThreadId::General, &Page::newest(2)).await?;
        let seq = read.messages.last().map_or(0, |last| last.seq);
        same("the version and the newest message", &read.account.version, &(first + seq))?;
        same("the state and the newest message", &read.state.map_or(1, |state| state.next_seq), &(seq + 1))?;
        tokio::task::yield_now().await;
    }
    Ok(writing.await.map_err(|_| "a task panicked")??)
}

type Verdict = Result<(), Failure>;

/// What was wrong, in words for the one who writes the store.
#[derive(Debug)]
struct Failure(String);

impl From<&str> for Failure {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("the store answered {}: {error}", error.kind()))
    }
}

fn ensure(holds: bool, why: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(Failure(why.into())) }
}

fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Verdict {
    if found == expected { Ok(()) } else { Err(Failure(format!("{what}: found {found:?}, expected {expected:?}"))) }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

/// A user of one check's own.
struct Person {
    store: Arc<dyn ActionStore>,
    id: UserId,
    version: u64,
}

/// All that any method tells about a user who has at most the actions `a` and `b`.
#[derive(Debug, Clone, PartialEq, Default)]
struct Everything {
    account: Option<Account>,
    actions: Vec<ActionRecord>,
    conversations: [Option<Conversation>; 3],
    extractions: Vec<Extraction>,
    attempts: Vec<Attempt>,
    changes: Vec<ProfileChange>,
}

impl Everything {
    /// The same with another version.
    fn at(&self, version: u64) -> Self {
        let mut all = self.clone();
        let accounts = all.conversations.iter_mut().flatten().map(|read| &mut read.account);
        accounts.chain(all.account.as_mut()).for_each(|account| account.version = version);
        all
    }
}

impl Person {
    fn nobody(store: &Arc<dyn ActionStore>) -> Self {
        Self { store: Arc::clone(store), id: UserId::new(RandomIds.next_text()), version: 41 }
    }

    async fn new(store: &Arc<dyn ActionStore>) -> Result<Self, Failure> {
        let me = Self::nobody(store);
        store.commit(&me.id, &Change { expected: 0, next: me.version, writes: vec![] }).await?;
        Ok(me)
    }

    /// Someone with one of everything in each of three threads, the same for everyone but for the tag.
    async fn settled(store: &Arc<dyn ActionStore>, tag: &str) -> Result<Self, Failure> {
        let me = Self::nobody(store);
        let threads = [ThreadId::General, debrief("a"), debrief("b")];
        let mut writes = vec![
            Write::Profile(Profile { name: Some(tag.into()), ..full_profile() }),
            Write::Consent(Some(Consent { disclosure: tag.into(), at: time(1) })),
            Write::Allowance(Allowance { turns: time(1), proposals: time(2) }),
            Write::Action(Action { title: tag.into(), ..full_action("a") }),
            Write::Action(Action { title: tag.into(), ..action("b") }),
            Write::Attempt(attempt("t-1", 10, tag)),
            Write::Attempt(attempt("t-2", 20, tag)),
            Write::Change(change(1, tag)),
            Write::Change(change(2, tag)),
        ];
        for thread in &threads {
            let live = (*thread == debrief("a")).then(|| Live { attempt: "t-1".into(), until: time(99) });
            writes.push(Write::Thread(ThreadState { next_seq: 4, live, ..ThreadState::new(thread.clone()) }));
            writes.push(Write::Extraction(proposal(&format!("x-{}", String::from(thread.clone())), thread, tag)));
        }
        // Said by turns, so that neighbours in time are of different threads.
        for n in 0..3 {
            writes.extend(threads.iter().map(|thread| Write::Message(talk(thread, tag).swap_remove(n))));
        }
        store.commit(&me.id, &Change { expected: 0, next: me.version, writes }).await?;
        Ok(me)
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Verdict {
        let next = self.version + 1;
        self.store.commit(&self.id, &Change { expected: self.version, next, writes }).await?;
        self.version = next;
        Ok(())
    }

    async fn refused(&self, kind: ErrorKind, expected: u64, writes: Vec<Write>) -> Verdict {
        match self.store.commit(&self.id, &Change { expected, next: 1_000, writes }).await {
            Err(error) if error.kind() == kind => Ok(()),
            Err(error) => Err(Failure(format!("it was refused as {} instead of {kind}", error.kind()))),
            Ok(()) => Err(Failure(format!("it was written instead of refused as {kind}"))),
        }
    }

    async fn conversation(&self, thread: &ThreadId, page: &Page) -> Result<Conversation, Failure> {
        Ok(self.store.conversation(&self.id, thread, page).await?.ok_or("the conversation is gone")?)
    }

    /// What there is of a thread, but for the account's version.
    async fn thread(&self, thread: &ThreadId) -> Result<(Conversation, Vec<Extraction>), Failure> {
        let mut read = self.conversation(thread, &Page { find: Some(first_of(thread)), ..newest() }).await?;
        read.account.version = 0;
        Ok((read, self.store.extractions(&self.id, Some(thread)).await?))
    }

    async fn attempts(&self) -> Result<Vec<Attempt>, Failure> {
        Ok(self.store.attempts(&self.id, Timestamp::MIN, Timestamp::MAX).await?)
    }

    async fn everything(&self) -> Result<Everything, Failure> {
        let (store, id) = (&self.store, &self.id);
        let page = |found: &str| Page { find: Some(found.into()), ..newest() };
        Ok(Everything {
            account: store.account(id).await?,
            actions: store.actions(id).await?,
            conversations: [
                store.conversation(id, &ThreadId::General, &page("a-1")).await?,
                store.conversation(id, &debrief("a"), &page("b-1")).await?,
                store.conversation(id, &debrief("b"), &page("general-1")).await?,
            ],
            extractions: store.extractions(id, None).await?,
            attempts: self.attempts().await?,
            changes: store.changes(id, 0, u32::MAX).await?,
        })
    }
}

fn newest() -> Page {
    Page::newest(1_000)
}

fn finding(id: &str) -> Page {
    Page { find: Some(id.into()), ..newest() }
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn debrief(action: &str) -> ThreadId {
    ThreadId::Debrief(ActionId::new(action))
}

/// Three messages of a settled user: theirs, the coach's and theirs.
fn talk(thread: &ThreadId, tag: &str) -> Vec<Message> {
    let name = thread.action().map_or("general", ActionId::as_str);
    let roles = [Role::User, Role::Assistant, Role::User].into_iter().zip(1..);
    roles.map(|(role, seq)| message(&format!("{name}-{seq}"), thread, seq, role, tag)).collect()
}

fn first_of(thread: &ThreadId) -> MessageId {
    talk(thread, "").swap_remove(0).id
}

/// One of each kind of write, none of which a settled user has yet, or all of which replace what they have.
fn every_write(tag: &str) -> Vec<Write> {
    let general = ThreadId::General;
    vec![
        Write::Profile(Profile { name: Some(tag.into()), ..Profile::default() }),
        Write::Consent(Some(Consent { disclosure: tag.into(), at: time(5) })),
        Write::Allowance(Allowance { turns: time(50), proposals: time(60) }),
        Write::RemoveAction("a".into()),
        Write::RemoveThread(debrief("b")),
        Write::Action(Action { title: tag.into(), ..action("a") }),
        Write::Action(Action { title: tag.into(), ..action("b") }),
        Write::Thread(ThreadState { waiting: 2, ..ThreadState::new(general.clone()) }),
        Write::Message(message(&format!("{tag}-60"), &general, 60, Role::User, tag)),
        Write::Extraction(proposal("x-general", &general, tag)),
        Write::Attempt(attempt("t-2", 15, tag)),
        Write::Change(change(60, tag)),
    ]
}

fn action(id: &str) -> Action {
    Action {
        id: id.into(),
        kind: "own".into(),
        title: "title".into(),
        description: String::new(),
        rationale: String::new(),
        basis: vec![],
        material: vec![],
        host_data: [].into(),
        source: ActionSource::Host,
        status: ActionStatus::Active,
        created_at: time(1),
        started_at: None,
        completed_at: None,
        completion_started_at: None,
    }
}

fn full_action(id: &str) -> Action {
    let material = Material { label: "label".into(), link: Some("https://example.org".into()), text: Some("text".into()) };
    Action {
        description: "description".into(),
        rationale: "rationale".into(),
        basis: vec!["fact".into(), "fact".into()],
        material: vec![material, Material::new("")],
        host_data: [("key".into(), "value".into()), ("".into(), "".into())].into(),
        source: ActionSource::Suggested,
        status: ActionStatus::Done,
        started_at: Some(time(2)),
        completed_at: Some(time(3)),
        completion_started_at: Some(time(4)),
        ..action(id)
    }
}

fn message(id: &str, thread: &ThreadId, seq: u64, role: Role, text: &str) -> Message {
    Message {
        id: id.into(),
        thread: thread.clone(),
        seq,
        round: 1,
        role,
        provenance: Provenance::Typed,
        text: text.into(),
        choice: None,
        choices: vec![],
        author: None,
        at: time(7),
    }
}

fn full_message(thread: &ThreadId) -> Message {
    let choice = |id: &str, field| Choice { id: id.into(), text: format!("text of {id}"), field };
    let choices = vec![choice("1", None), choice("2", Some(ProfileField::Skills)), choice("3", Some(ProfileField::Custom("own".into())))];
    let author = Some(Author { provider: "anthropic".into(), model: "model".into(), place: ModelPlace::Remote });
    Message { round: 3, choice: Some("2".into()), choices, author, ..message("m", thread, 5, Role::Assistant, "words") }
}

fn full_state(thread: &ThreadId) -> ThreadState {
    let answered = vec![crate::Answered { step: crate::Step::Lesson, messages: vec!["m".into(), "n".into()] }];
    let flow = Flow {
        step: crate::Step::Next,
        rephrased: true,
        terse: 1,
        exchanges: 3,
        outcome: Some(crate::Outcome::Mixed),
        answered,
        ended: Some(Ending::Terse),
    };
    ThreadState {
        thread: thread.clone(),
        next_seq: 9,
        round: 2,
        round_start: 6,
        flow,
        waiting: 2,
        waiting_chars: 77,
        last_user_seq: 7,
        live: Some(Live { attempt: "t".into(), until: time(99) }),
        cancelled: Some("t-0".into()),
        invitation: Invitation::Later(time(5)),
        proposed_until: 4,
        review: Review::Done,
    }
}

fn attempt(id: &str, at: i64, instance: &str) -> Attempt {
    Attempt {
        id: id.into(),
        operation: Operation::Reply,
        provider: "provider".into(),
        model: "model".into(),
        place: ModelPlace::Local,
        instance: instance.into(),
        started_at: time(at),
        lease_until: time(at),
        ended_at: None,
        status: AttemptStatus::Running,
        usage: Usage::default(),
        error: None,
    }
}

fn full_attempt(id: &str) -> Attempt {
    Attempt {
        ended_at: Some(time(8)),
        status: AttemptStatus::Failed,
        usage: Usage { requests: 1, input_tokens: 2, output_tokens: 3, cache_read_tokens: 4, cache_write_tokens: 5 },
        error: Some(ErrorKind::ModelRefused),
        ..attempt(id, 6, "instance")
    }
}

fn proposal(id: &str, thread: &ThreadId, tag: &str) -> Extraction {
    let evidence = Evidence { message: "m".into(), quote: tag.into(), start: 1, end: 2, start_utf16: 3, end_utf16: 4 };
    Extraction {
        id: id.into(),
        thread: thread.clone(),
        field: ProfileField::Skills,
        operation: ProposedOperation::Add,
        value: tag.into(),
        before: Some(tag.into()),
        evidence: vec![evidence],
        basis: Basis::Stated,
        checked: true,
        cautions: vec![],
        status: ExtractionStatus::Pending,
        edited: None,
        created_at: time(3),
        decided_at: None,
    }
}

fn full_extraction(thread: &ThreadId) -> Extraction {
    use Caution::{Hypothetical, Inferred, Negated, Question, Recognised, Replaces, ThirdPerson, Wish};
    Extraction {
        value: FieldValue::Work(work()),
        cautions: vec![Negated, Wish, Hypothetical, ThirdPerson, Question, Inferred, Recognised, Replaces],
        checked: false,
        status: ExtractionStatus::Edited,
        edited: Some(FieldValue::Education(education())),
        decided_at: Some(time(9)),
        ..proposal("x", thread, "words")
    }
}

fn change(seq: u64, tag: &str) -> ProfileChange {
    let fields = vec![ProfileField::Custom(tag.into()), ProfileField::Skills];
    ProfileChange { seq, at: time(3), cause: ChangeCause::Saved, fields, thread: None, extractions: vec![] }
}

fn full_change(thread: &ThreadId) -> ProfileChange {
    let extractions = vec!["x".into(), "y".into()];
    ProfileChange { cause: ChangeCause::Applied, thread: Some(thread.clone()), extractions, ..change(1, "own") }
}

fn work() -> Work {
    Work {
        organization: "organization".into(),
        title: "title".into(),
        start: Some("2020".into()),
        end: Some("2021".into()),
        current: true,
        description: Some("description".into()),
    }
}

fn education() -> Education {
    let text = |text: &str| Some(text.to_owned());
    Education { institution: "institution".into(), degree: text("degree"), field: text("field"), start: text("1"), end: text("2") }
}

fn full_profile() -> Profile {
    let text = |text: &str| Some(text.to_owned());
    let list = |text: &str| vec![text.to_owned(), "second".to_owned()];
    Profile {
        name: text("name"),
        pronouns: text("pronouns"),
        location: text("location"),
        headline: text("headline"),
        link: text("link"),
        work_history: vec![work(), Work::default()],
        education: vec![education(), Education::default()],
        skills: list("skill"),
        interests: list("interest"),
        insights: list("insight"),
        career_goals: text("goals"),
        seeking: text("seeking"),
        match_preferences: text("preferences"),
        summary: text("summary"),
        language: text("pt-BR"),
        custom: [
            ("text".into(), CustomField::Text("own".into())),
            ("list".into(), CustomField::List(list("own"))),
            ("none".into(), CustomField::List(vec![])),
        ]
        .into(),
    }
}
