//! The people and records that the checks are made of.

use std::sync::Arc;

use super::{Failure, Verdict, same};
use crate::action::{Action, ActionSource, ActionStatus, Material};
use crate::conversation::{
    Account, ActionRecord, Author, ChangeCause, Choice, Consent, Conversation, Invitation, Live, Message, ProfileChange, Provenance,
    Review, Role, ThreadState,
};
use crate::error::ErrorKind;
use crate::evidence::{Basis, Caution, Evidence, Extraction, ExtractionStatus, ProposedOperation};
use crate::flow::{Ending, Flow};
use crate::profile::{CustomField, Education, FieldValue, Profile, ProfileField, Work};
use crate::runtime::{ActionId, Ids, MessageId, RandomIds, ThreadId, Timestamp, UserId};
use crate::store::{ActionStore, Change, Page, Write};
use crate::usage::{Allowance, Attempt, AttemptStatus, ModelPlace, Operation, Usage};

/// The greatest version and position that there can be: every language's numbers hold it exactly.
pub(super) const GREATEST: u64 = (1 << 53) - 1;

/// A user of one check's own.
pub(super) struct Person {
    pub(super) store: Arc<dyn ActionStore>,
    pub(super) id: UserId,
    pub(super) version: u64,
}

/// All that any method tells about a user who has at most the actions `a` and `b`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Everything {
    pub(super) account: Option<Account>,
    pub(super) actions: Vec<ActionRecord>,
    pub(super) conversations: [Option<Conversation>; 3],
    pub(super) extractions: Vec<Extraction>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) changes: Vec<ProfileChange>,
}

impl Everything {
    /// The same with another version.
    pub(super) fn at(&self, version: u64) -> Self {
        let mut all = self.clone();
        let accounts = all.conversations.iter_mut().flatten().map(|read| &mut read.account);
        accounts.chain(all.account.as_mut()).for_each(|account| account.version = version);
        all
    }
}

impl Person {
    pub(super) fn nobody(store: &Arc<dyn ActionStore>) -> Self {
        Self { store: Arc::clone(store), id: UserId::new(RandomIds.next_text()), version: 41 }
    }

    pub(super) async fn new(store: &Arc<dyn ActionStore>) -> Result<Self, Failure> {
        let me = Self::nobody(store);
        store.commit(&me.id, &Change { expected: 0, next: me.version, writes: vec![] }).await?;
        Ok(me)
    }

    /// Someone with one of everything in each of three threads, the same for everyone but for the tag.
    pub(super) async fn settled(store: &Arc<dyn ActionStore>, tag: &str) -> Result<Self, Failure> {
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

    pub(super) async fn commit(&mut self, writes: Vec<Write>) -> Verdict {
        let next = self.version + 1;
        self.store.commit(&self.id, &Change { expected: self.version, next, writes }).await?;
        self.version = next;
        Ok(())
    }

    pub(super) async fn refused(&self, kind: ErrorKind, expected: u64, writes: Vec<Write>) -> Verdict {
        match self.store.commit(&self.id, &Change { expected, next: 1_000, writes }).await {
            Err(error) if error.kind() == kind => Ok(()),
            Err(error) => Err(Failure(format!("it was refused as {} instead of {kind}", error.kind()))),
            Ok(()) => Err(Failure(format!("it was written instead of refused as {kind}"))),
        }
    }

    pub(super) async fn conversation(&self, thread: &ThreadId, page: &Page) -> Result<Conversation, Failure> {
        Ok(self.store.conversation(&self.id, thread, page).await?.ok_or("the conversation is gone")?)
    }

    /// What there is of a thread, but for the account's version.
    pub(super) async fn thread(&self, thread: &ThreadId) -> Result<(Conversation, Vec<Extraction>), Failure> {
        let mut read = self.conversation(thread, &Page { find: Some(first_of(thread)), ..newest() }).await?;
        read.account.version = 0;
        Ok((read, self.store.extractions(&self.id, Some(thread)).await?))
    }

    pub(super) async fn attempts(&self) -> Result<Vec<Attempt>, Failure> {
        Ok(self.store.attempts(&self.id, Timestamp::MIN, Timestamp::MAX).await?)
    }

    pub(super) async fn everything(&self) -> Result<Everything, Failure> {
        let (store, id) = (&self.store, &self.id);
        let page = |found: &str| Page { find: Some(found.into()), ..newest() };
        let (account, actions) = (store.account(id).await?, store.actions(id).await?);
        for sought in ["a", "b", "no such"].map(ActionId::new) {
            let one = actions.iter().find(|record| record.action.id == sought).cloned();
            same("an action alone", &store.action(id, &sought).await?, &account.clone().map(|account| (account, one)))?;
        }
        Ok(Everything {
            account,
            actions,
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

pub(super) fn newest() -> Page {
    Page::newest(1_000)
}

pub(super) fn finding(id: &str) -> Page {
    Page { find: Some(id.into()), ..newest() }
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn debrief(action: &str) -> ThreadId {
    ThreadId::Debrief(ActionId::new(action))
}

/// Three messages of a settled user: theirs, the coach's and theirs.
pub(super) fn talk(thread: &ThreadId, tag: &str) -> Vec<Message> {
    let name = thread.action().map_or("general", ActionId::as_str);
    let roles = [Role::User, Role::Assistant, Role::User].into_iter().zip(1..);
    roles.map(|(role, seq)| message(&format!("{name}-{seq}"), thread, seq, role, tag)).collect()
}

pub(super) fn first_of(thread: &ThreadId) -> MessageId {
    talk(thread, "").swap_remove(0).id
}

/// One of each kind of write, none of which a settled user has yet, or all of which replace what they have.
pub(super) fn every_write(tag: &str) -> Vec<Write> {
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

pub(super) fn action(id: &str) -> Action {
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

pub(super) fn full_action(id: &str) -> Action {
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

pub(super) fn message(id: &str, thread: &ThreadId, seq: u64, role: Role, text: &str) -> Message {
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

pub(super) fn full_message(thread: &ThreadId) -> Message {
    let choice = |id: &str, field| Choice { id: id.into(), text: format!("text of {id}"), field };
    let choices = vec![choice("1", None), choice("2", Some(ProfileField::Skills)), choice("3", Some(ProfileField::Custom("own".into())))];
    let author = Some(Author { provider: "anthropic".into(), model: "model".into(), place: ModelPlace::Remote });
    Message { round: 3, choice: Some("2".into()), choices, author, ..message("m", thread, 5, Role::Assistant, "words") }
}

pub(super) fn full_state(thread: &ThreadId) -> ThreadState {
    let answered = vec![crate::flow::Answered { step: crate::flow::Step::Lesson, messages: vec!["m".into(), "n".into()] }];
    let flow = Flow {
        step: crate::flow::Step::Next,
        rephrased: true,
        terse: 1,
        exchanges: 3,
        outcome: Some(crate::flow::Outcome::Mixed),
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

pub(super) fn attempt(id: &str, at: i64, instance: &str) -> Attempt {
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

pub(super) fn full_attempt(id: &str) -> Attempt {
    Attempt {
        ended_at: Some(time(8)),
        status: AttemptStatus::Failed,
        usage: Usage { requests: 1, input_tokens: 2, output_tokens: 3, cache_read_tokens: 4, cache_write_tokens: 5 },
        error: Some(ErrorKind::ModelRefused),
        ..attempt(id, 6, "instance")
    }
}

pub(super) fn proposal(id: &str, thread: &ThreadId, tag: &str) -> Extraction {
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
        position: 3,
        cautions: vec![],
        status: ExtractionStatus::Pending,
        edited: None,
        created_at: time(3),
        decided_at: None,
    }
}

pub(super) fn full_extraction(thread: &ThreadId) -> Extraction {
    use Caution::{Hypothetical, Inferred, Negated, Question, Recognised, Replaces, ThirdPerson, Wish};
    Extraction {
        value: FieldValue::Work(work()),
        cautions: vec![Negated, Wish, Hypothetical, ThirdPerson, Question, Inferred, Recognised, Replaces],
        checked: false,
        position: 0,
        status: ExtractionStatus::Edited,
        edited: Some(FieldValue::Education(education())),
        decided_at: Some(time(9)),
        ..proposal("x", thread, "words")
    }
}

pub(super) fn change(seq: u64, tag: &str) -> ProfileChange {
    let fields = vec![ProfileField::Custom(tag.into()), ProfileField::Skills];
    ProfileChange { seq, at: time(3), cause: ChangeCause::Saved, fields, thread: None, extractions: vec![], report: None }
}

pub(super) fn full_change(thread: &ThreadId) -> ProfileChange {
    let extractions = vec!["x".into(), "y".into()];
    ProfileChange { cause: ChangeCause::Applied, thread: Some(thread.clone()), extractions, ..change(1, "own") }
}

pub(super) fn work() -> Work {
    Work {
        organization: "organization".into(),
        title: "title".into(),
        start: Some("2020".into()),
        end: Some("2021".into()),
        current: true,
        description: Some("description".into()),
    }
}

pub(super) fn education() -> Education {
    let text = |text: &str| Some(text.to_owned());
    Education { institution: "institution".into(), degree: text("degree"), field: text("field"), start: text("1"), end: text("2") }
}

pub(super) fn full_profile() -> Profile {
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
