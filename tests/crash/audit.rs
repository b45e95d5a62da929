//! What must hold of a file whose process was killed, whatever it was doing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use completion_coach::{
    ActionStore, AttemptStatus, Conversation, Extraction, ExtractionStatus, FieldValue, Message, Operation, Page, ProfileChange, Review,
    Role, ThreadId, Timestamp, UserId,
};
use rusqlite::Connection;

use crate::files;
use crate::ledger::{Fate, Ledger, Thread, moment};
use crate::worker::{BOB, CHAT, EVE, USERS, reply_to, text};

/// Everything that is wrong. What was begun and never heard of again is found out on the way. If it is settled, nothing waits any more.
pub(crate) async fn audit(path: &Path, store: &Arc<dyn ActionStore>, ledger: &mut Ledger, settled: bool) -> Vec<String> {
    let mut wrong = rows(path);
    for user in USERS {
        Audit { store, ledger, user, settled, wrong: &mut wrong }.user().await;
    }
    wrong
}

/// What the tables say without the store.
fn rows(path: &Path) -> Vec<String> {
    let db = Connection::open(path).expect("the file");
    let mut wrong = Vec::new();
    let state: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    if state != "ok" {
        wrong.push(format!("integrity_check: {state}"));
    }
    for table in ["thread", "action", "message", "extraction", "attempt", "change"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE user NOT IN (SELECT key FROM account)");
        let strangers: i64 = db.query_row(&sql, [], |row| row.get(0)).expect("a count");
        if strangers > 0 {
            wrong.push(format!("{strangers} rows of {table} belong to nobody"));
        }
    }
    for table in ["message", "extraction"] {
        let sql = format!(
            "SELECT count(*) FROM {table} WHERE NOT EXISTS (SELECT 1 FROM thread WHERE thread.user = {table}.user AND thread.key = {table}.thread)"
        );
        let strays: i64 = db.query_row(&sql, [], |row| row.get(0)).expect("a count");
        if strays > 0 {
            wrong.push(format!("{strays} rows of {table} belong to no conversation"));
        }
    }
    wrong
}

/// Eve's ids from before she was forgotten, in any byte of the files as the dead process has left them.
pub(crate) fn traces(path: &Path, ledger: &Ledger) -> Vec<String> {
    let Some(erased) = ledger.erased.get(EVE) else { return Vec::new() };
    let mut wrong = BTreeSet::new();
    for file in files(path) {
        let bytes = fs::read(&file).expect("a file");
        for (at, _) in bytes.windows(3).enumerate().filter(|(_, window)| window == b"a3x") {
            let digits: String = bytes[at + 3..].iter().take_while(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect();
            let ended = bytes.get(at + 3 + digits.len()) == Some(&b'x');
            if ended && digits.parse::<u64>().is_ok_and(|moment| moment < *erased) {
                wrong.insert(format!("{} holds a3x{digits} although Eve was forgotten until {erased}", file.display()));
            }
        }
    }
    wrong.into_iter().collect()
}

/// The database and its log as they are, elsewhere.
pub(crate) fn copy(path: &Path, folder: &Path) -> PathBuf {
    for file in files(path) {
        fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("a copy");
    }
    folder.join(path.file_name().expect("a name"))
}

struct Audit<'a> {
    store: &'a Arc<dyn ActionStore>,
    ledger: &'a mut Ledger,
    user: &'static str,
    settled: bool,
    wrong: &'a mut Vec<String>,
}

impl Audit<'_> {
    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(format!("{}: {}", self.user, what()));
        }
    }

    async fn user(&mut self) {
        let id = UserId::from(self.user);
        let store = self.store.clone();
        let actions = store.actions(&id).await.expect("the actions");
        let there: BTreeSet<_> = actions.iter().map(|record| record.action.id.as_str().to_owned()).collect();
        // Forgetting that was never acknowledged has happened whole or not at all.
        if let Some((user, until)) = self.ledger.forgetting.clone().filter(|(user, _)| user == self.user) {
            let expected = self.ledger.threads.iter().filter(|((name, _), thread)| *name == user && thread.action == Fate::There);
            if expected.into_iter().any(|((_, action), _)| moment(action) < until && !there.contains(action)) {
                self.ledger.were_forgotten(&user, until);
            } else {
                self.ledger.forgetting = None;
            }
        }
        let forgotten = self.ledger.forgotten.get(self.user).copied().unwrap_or(0);
        for action in &there {
            self.check(moment(action) > forgotten, || format!("{action} is from before {forgotten}"));
        }
        let mut names: BTreeSet<String> = there.clone();
        names.extend(self.ledger.threads.keys().filter(|(name, _)| name == self.user).map(|(_, thread)| thread.clone()));
        if self.user == BOB {
            names.insert(CHAT.to_owned());
        }
        let mut running = BTreeSet::new();
        let mut replies = 0;
        let mut said = BTreeSet::new();
        for name in names {
            let thread = if name == CHAT { ThreadId::General } else { ThreadId::Debrief(name.as_str().into()) };
            let read = store.conversation(&id, &thread, &Page::newest(100_000)).await.expect("a conversation");
            let mut known = self.ledger.threads.remove(&(self.user.to_owned(), name.clone())).unwrap_or_default();
            let messages = read.as_ref().map_or(&[][..], |read| &read.messages);
            known.settle(messages, read.is_some());
            self.fate(&name, &known, messages, read.is_some());
            if let Some(read) = &read {
                self.conversation(&name, &known, read);
                running.extend(read.state.iter().filter_map(|state| state.live.as_ref()).map(|live| live.attempt.clone()));
                let items = store.extractions(&id, Some(&thread)).await.expect("the proposals");
                let undecided = items.iter().any(|item| item.status == ExtractionStatus::Pending);
                let ready = read.state.as_ref().is_some_and(|state| state.review == Review::Ready);
                self.check(undecided == ready, || format!("{name}: proposals wait: {undecided}, its state says {ready}"));
            }
            for message in messages {
                self.check(said.insert(message.id.clone()), || format!("{} is there twice", message.id));
                replies += usize::from(message.author.as_ref().is_some_and(|author| author.provider == "scripted"));
            }
            self.ledger.threads.insert((self.user.to_owned(), name), known);
        }
        let attempts = store.attempts(&id, Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX)).await.expect("the attempts");
        let dangling: BTreeSet<_> =
            attempts.iter().filter(|attempt| attempt.status == AttemptStatus::Running).map(|a| a.id.clone()).collect();
        self.check(dangling == running, || format!("{dangling:?} run, and the conversations name {running:?}"));
        let done = attempts.iter().filter(|attempt| attempt.operation == Operation::Reply && attempt.status == AttemptStatus::Done).count();
        self.check(done >= replies, || format!("{replies} replies are there and {done} attempts have brought one"));
        self.profile(&there).await;
    }

    /// What was acknowledged is there, and what was deleted is not.
    fn fate(&mut self, name: &str, known: &Thread, messages: &[Message], there: bool) {
        match known.action {
            Fate::There => {
                self.check(there || !known.made, || format!("{name} is lost"));
            }
            Fate::Perhaps | Fate::Gone => self.check(!there, || format!("{name} came back")),
        }
        for message in messages {
            self.check(!known.gone.contains(message.id.as_str()), || format!("{} came back", message.id));
        }
        let stored: BTreeMap<_, _> = messages.iter().map(|message| (message.id.as_str(), message)).collect();
        for (id, _) in known.said.iter().filter(|(_, acknowledged)| *acknowledged) {
            self.check(stored.contains_key(id.as_str()), || format!("{id} was acknowledged and is lost"));
        }
        self.check(!known.opened || !messages.is_empty(), || format!("{name} was opened and nobody has said anything"));
        for (seq, id) in &known.answered {
            let reply = messages.iter().find(|message| message.seq == *seq);
            let whole = reply.is_some_and(|reply| [true, false].iter().any(|closing| reply.text == reply_to(id, *closing)));
            self.check(whole, || format!("the answer to {id} at {seq} is lost"));
        }
    }

    /// A conversation is whole: no gap, nothing half, and its state says what its messages say.
    fn conversation(&mut self, name: &str, known: &Thread, read: &Conversation) {
        let messages = &read.messages;
        let positions: Vec<_> = messages.iter().map(|message| message.seq).collect();
        self.check(positions == (1..=messages.len() as u64).collect::<Vec<_>>(), || format!("{name}: the positions are {positions:?}"));
        let (mut waiting, mut replies, mut chars) = (0, 0, 0);
        let mut newest: Option<&Message> = None;
        for message in messages {
            if message.role == Role::User {
                self.check(message.text == text(message.id.as_str()), || format!("{} has other words", message.id));
                let meant = known.said.iter().any(|(id, _)| id == message.id.as_str());
                self.check(meant, || format!("{name}: nobody has said {}", message.id));
                waiting += 1;
                chars += message.text.chars().count() as u64;
                newest = Some(message);
                continue;
            }
            if message.author.as_ref().is_some_and(|author| author.provider == "scripted") && newest.is_some() {
                let id = newest.map_or("", |newest| newest.id.as_str());
                let whole = [true, false].iter().any(|closing| message.text == reply_to(id, *closing));
                self.check(whole, || format!("{name}: the reply at {} is half", message.seq));
            }
            self.check(!message.text.is_empty(), || format!("{name}: the reply at {} is empty", message.seq));
            self.check(waiting > 0 || message.seq == 1, || format!("{name}: the reply at {} is there twice", message.seq));
            replies += u32::from(waiting > 0);
            (waiting, chars) = (0, 0);
        }
        let Some(state) = &read.state else {
            return self.check(messages.is_empty(), || format!("{name} has messages and no state"));
        };
        let said = messages.iter().rev().find(|message| message.role == Role::User).map_or(0, |message| message.seq);
        self.check(state.next_seq == messages.len() as u64 + 1, || format!("{name}: next_seq is {}", state.next_seq));
        self.check(state.waiting == waiting, || format!("{name}: waiting is {}, and {waiting} wait", state.waiting));
        self.check(state.waiting_chars == chars, || format!("{name}: waiting_chars is {}", state.waiting_chars));
        self.check(state.last_user_seq == said, || format!("{name}: last_user_seq is {}", state.last_user_seq));
        self.check(state.flow.exchanges == replies, || format!("{name}: {} exchanges, and {replies} replies", state.flow.exchanges));
        self.check(state.proposed_until <= state.next_seq, || format!("{name}: proposed until {}", state.proposed_until));
        self.check(state.live.is_some() == read.attempt.is_some(), || format!("{name} names an attempt that is not there"));
        let running = read.attempt.as_ref().is_none_or(|attempt| attempt.status == AttemptStatus::Running);
        self.check(running, || format!("{name} names an attempt that has ended"));
        if let (true, Some(action)) = (name != CHAT, &read.action) {
            self.check(action.completion_started_at.is_some(), || format!("{name} was not started"));
        }
        if self.settled {
            self.check(state.live.is_none() && state.waiting == 0, || format!("{name} still waits for an answer"));
        }
    }

    /// Verdicts, profile and change log are one: each accepted proposal is in the profile and in the log once, and no other.
    async fn profile(&mut self, there: &BTreeSet<String>) {
        let id = UserId::from(self.user);
        let account = self.store.account(&id).await.expect("the account");
        let log = self.store.changes(&id, 0, u32::MAX).await.expect("the change log");
        let items = self.store.extractions(&id, None).await.expect("the proposals");
        let skills: Vec<String> = account.as_ref().map_or(Vec::new(), |account| account.profile.skills.clone());
        let held: BTreeSet<&str> = skills.iter().map(String::as_str).collect();
        self.check(held.len() == skills.len(), || format!("skills are there twice: {skills:?}"));
        let positions: Vec<_> = log.iter().map(|change| change.seq).collect();
        let newest = account.map_or(0, |account| account.changes);
        self.check(positions == (1..=newest).collect::<Vec<_>>(), || format!("the change log has {positions:?} of {newest}"));
        let forgotten = self.ledger.forgotten.get(self.user).copied().unwrap_or(0);
        for skill in &held {
            self.check(moment(skill) > forgotten, || format!("{skill} is from before {forgotten}"));
        }
        let logged = |id: &str| log.iter().filter(|change| names(change, id)).count();
        for item in &items {
            let value = value(item);
            let accepted = item.status == ExtractionStatus::Accepted;
            if accepted {
                self.check(held.contains(value), || format!("{value} was accepted and is not in the profile"));
                let times = logged(item.id.as_str());
                self.check(times == 1, || format!("{value} is in the change log {times} times"));
            } else if !items.iter().any(|other| other.status == ExtractionStatus::Accepted && self::value(other) == value) {
                let known = item.status == ExtractionStatus::Known;
                self.check(known || !held.contains(value), || format!("{value} is in the profile and {:?}", item.status));
            }
        }
        for skill in held {
            let action = skill.trim_start_matches("Sk").rsplit_once('m').map_or("", |(action, _)| action);
            let proposals_there = there.contains(action) && items.iter().any(|item| item.thread == ThreadId::Debrief(action.into()));
            let accepted = items.iter().any(|item| item.status == ExtractionStatus::Accepted && value(item) == skill);
            self.check(!proposals_there || accepted, || format!("{skill} is in the profile and nobody has accepted it"));
        }
        let applied: Vec<_> = self.ledger.applied.iter().filter(|(user, ..)| user == self.user).cloned().collect();
        for (_, id, skill) in applied {
            let times = logged(&id);
            self.check(times == 1, || format!("{skill} was acknowledged and is in the change log {times} times"));
            let count = skills.iter().filter(|held| **held == skill).count();
            self.check(count == 1, || format!("{skill} was acknowledged and is in the profile {count} times"));
        }
    }
}

fn names(change: &ProfileChange, id: &str) -> bool {
    change.extractions.iter().any(|extraction| extraction.as_str() == id)
}

fn value(item: &Extraction) -> &str {
    match item.edited.as_ref().unwrap_or(&item.value) {
        FieldValue::Text(value) => value,
        _ => "",
    }
}

impl Thread {
    /// A deletion that was begun and never acknowledged has happened whole or not at all.
    fn settle(&mut self, messages: &[Message], there: bool) {
        if self.action == Fate::Perhaps {
            self.action = if there { Fate::There } else { Fate::Gone };
        }
        if self.fate == Fate::Perhaps {
            if messages.is_empty() {
                self.is_gone();
            } else {
                self.fate = Fate::There;
            }
        }
    }
}
