//! What is kept as rows: every statement that the store ever runs on them, and how records become rows and back.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql, params};
use serde::Serialize;
use serde::de::{self, DeserializeOwned, IntoDeserializer};
use serde_json::Value;

use super::fault::{Fault, Outcome};
use crate::conversation::{Account, ActionRecord, Author, Conversation, Found, Message, ProfileChange, ThreadState};
use crate::error::{Error, Result};
use crate::evidence::Extraction;
use crate::fault::point;
use crate::profile::Profile;
use crate::runtime::{ActionId, AttemptId, MessageId, ThreadId, Timestamp, UserId};
use crate::store::{Change, Page, Write};
use crate::usage::{Allowance, Attempt, AttemptStatus, Usage};

macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        /// Each statement with its name, for tests of how SQLite goes about it.
        #[cfg(feature = "testing")]
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! account_where {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT version, profile, consent, turns, proposals, (SELECT max(seq) FROM change WHERE change.user = account.key)",
            $more,
            " FROM account",
            $rest
        )
    };
}

macro_rules! message_where {
    ($rest:literal) => {
        concat!(
            "SELECT id, seq, round, role, provenance, at, text, choice, choices, provider, model, place, thread FROM message WHERE user = ?1 AND ",
            $rest
        )
    };
}

macro_rules! attempt_where {
    ($rest:literal) => {
        concat!(
            "SELECT id, operation, provider, model, place, instance, started_at, lease_until, ended_at, status, requests, input_tokens, ",
            "output_tokens, cache_read_tokens, cache_write_tokens, error, holder FROM attempt WHERE user = ?1 AND ",
            $rest
        )
    };
}

statements! {
    KEY = "SELECT key, version FROM account WHERE user = ?1";
    ACCOUNT = account_where!("", " WHERE key = ?1");
    NEW_ACCOUNT = "INSERT INTO account (user, version, profile, turns, proposals) VALUES (?1, ?2, ?3, ?4, ?5)";
    PUT_VERSION = "UPDATE account SET version = ?2 WHERE key = ?1";
    PUT_PROFILE = "UPDATE account SET profile = ?2 WHERE key = ?1";
    PUT_CONSENT = "UPDATE account SET consent = ?2 WHERE key = ?1";
    PUT_ALLOWANCE = "UPDATE account SET turns = ?2, proposals = ?3 WHERE key = ?1";
    FORGET_ACCOUNT = "DELETE FROM account WHERE key = ?1";

    ACCOUNT_AND_ACTION = account_where!(
        ", record, state",
        " LEFT JOIN action ON action.user = account.key AND id = ?2 LEFT JOIN thread ON thread.user = account.key AND name = ?3 \
         WHERE account.user = ?1"
    );
    ACTION = "SELECT record FROM action WHERE user = ?1 AND id = ?2";
    ACTIONS = "SELECT record, state FROM action LEFT JOIN thread ON thread.user = action.user AND name = 'debrief:' || id \
               WHERE action.user = ?1 ORDER BY id";
    PUT_ACTION = "INSERT OR REPLACE INTO action (user, id, record) VALUES (?1, ?2, ?3)";
    REMOVE_ACTION = "DELETE FROM action WHERE user = ?1 AND id = ?2";
    FORGET_ACTIONS = "DELETE FROM action WHERE user = ?1";

    THREAD = "SELECT key, state FROM thread WHERE user = ?1 AND name = ?2";
    THREAD_NAME = "SELECT name FROM thread WHERE user = ?1 AND key = ?2";
    NEXT_THREAD = "SELECT coalesce(max(key), 0) + 1 FROM thread WHERE user = ?1";
    NEW_THREAD = "INSERT INTO thread (user, name, key) VALUES (?1, ?2, ?3)";
    PUT_STATE = "UPDATE thread SET state = ?3 WHERE user = ?1 AND name = ?2";
    REMOVE_THREAD = "DELETE FROM thread WHERE user = ?1 AND name = ?2";
    FORGET_THREADS = "DELETE FROM thread WHERE user = ?1";

    MESSAGES = message_where!("thread = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4");
    MESSAGES_OF = "SELECT id, seq, round, role, provenance, at, text, choice, choices, provider, model, place, message.thread FROM account \
                   CROSS JOIN thread ON thread.user = account.key AND name = ?2 \
                   CROSS JOIN message ON message.user = account.key AND message.thread = thread.key AND seq < ?3 \
                   WHERE account.user = ?1 ORDER BY seq DESC LIMIT ?4";
    MESSAGE = message_where!("id = ?2");
    REPLY = message_where!("thread = ?2 AND seq > ?3 AND role = 'assistant' ORDER BY seq LIMIT 1");
    NEW_MESSAGE = "INSERT INTO message (user, thread, id, seq, round, role, provenance, at, text, choice, choices, provider, model, place) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    REMOVE_MESSAGES = "DELETE FROM message WHERE user = ?1 AND thread = ?2";
    REMOVE_MESSAGES_UNTIL = "DELETE FROM message WHERE user = ?1 AND thread = ?2 AND seq <= ?3";
    FORGET_MESSAGES = "DELETE FROM message WHERE user = ?1";

    EXTRACTIONS = "SELECT record FROM extraction WHERE user = ?1";
    EXTRACTIONS_OF_THREAD = "SELECT record FROM extraction WHERE user = ?1 AND thread = ?2";
    PUT_EXTRACTION = "INSERT OR REPLACE INTO extraction (user, id, thread, record) VALUES (?1, ?2, ?3, ?4)";
    REMOVE_EXTRACTIONS = "DELETE FROM extraction WHERE user = ?1 AND thread = ?2";
    FORGET_EXTRACTIONS = "DELETE FROM extraction WHERE user = ?1";

    ATTEMPT = attempt_where!("id = ?2");
    ATTEMPTS = attempt_where!("started_at >= ?2 AND started_at < ?3 ORDER BY started_at, id");
    PUT_ATTEMPT = "INSERT OR REPLACE INTO attempt (user, id, operation, provider, model, place, instance, started_at, lease_until, ended_at, \
                   status, requests, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, error, holder) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
    FORGET_ATTEMPTS = "DELETE FROM attempt WHERE user = ?1";

    CHANGES = "SELECT record FROM change WHERE user = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    NEW_CHANGE = "INSERT INTO change (user, seq, record) VALUES (?1, ?2, ?3)";
    FORGET_CHANGES = "DELETE FROM change WHERE user = ?1";
}

pub(super) fn account(db: &Connection, user: &UserId) -> Outcome<Option<Account>> {
    key(db, user)?.map(|key| account_of(db, key)).transpose()
}

/// The user and one action, in one statement.
pub(super) fn action(db: &Connection, user: &UserId, id: &ActionId) -> Outcome<Option<(Account, Option<ActionRecord>)>> {
    let thread = String::from(ThreadId::Debrief(id.clone()));
    one(db, ACCOUNT_AND_ACTION, params![user.as_str(), id.as_str(), thread], |row| {
        let action = optional_record(row, 6)?;
        let debrief = if action.is_some() { optional_record(row, 7)? } else { None };
        Ok((account_in(row)?, action.map(|action| ActionRecord { action, debrief })))
    })
}

pub(super) fn actions(db: &Connection, user: &UserId) -> Outcome<Vec<ActionRecord>> {
    let Some(user) = key(db, user)? else { return Ok(Vec::new()) };
    list(db, ACTIONS, [user], |row| Ok(ActionRecord { action: record(row, 0)?, debrief: optional_record(row, 1)? }))
}

/// The conversation, and the store that holds its live attempt, if that one is known.
pub(super) fn conversation(
    db: &Connection,
    user: &UserId,
    thread: &ThreadId,
    page: &Page,
) -> Outcome<Option<(Conversation, Option<String>)>> {
    let Some(user) = key(db, user)? else { return Ok(None) };
    let action = match thread.action() {
        Some(id) => match one(db, ACTION, params![user, id.as_str()], |row| record(row, 0))? {
            Some(action) => Some(action),
            None => return Ok(None),
        },
        None => None,
    };
    let found = page.find.as_ref().map(|id| find(db, user, id)).transpose()?.flatten();
    let account = account_of(db, user)?;
    let mut conversation = Conversation { account, action, state: None, attempt: None, holder_gone: false, messages: Vec::new(), found };
    let Some((key, state)) = thread_row(db, user, thread)? else { return Ok(Some((conversation, None))) };
    let mut holder = None;
    conversation.state = state;
    if let Some(live) = conversation.state.as_ref().and_then(|state| state.live.as_ref()) {
        let found = one(db, ATTEMPT, params![user, Id(live.attempt.as_str())], |row| Ok((attempt(row)?, optional_id(row, 16)?)))?;
        (conversation.attempt, holder) = found.map_or((None, None), |(attempt, holder)| (Some(attempt), holder));
    }
    conversation.messages = list(db, MESSAGES, params![user, key, before(page), page.size], |row| message(row, thread.clone()))?;
    conversation.messages.reverse();
    Ok(Some((conversation, holder)))
}

/// The messages alone. Where there is one, there are its user and its action as well.
pub(super) fn messages(db: &Connection, user: &UserId, thread: &ThreadId, page: &Page) -> Outcome<Option<Vec<Message>>> {
    let (name, before) = (String::from(thread.clone()), before(page));
    let mut found = list(db, MESSAGES_OF, params![user.as_str(), name, before, page.size], |row| message(row, thread.clone()))?;
    if found.is_empty() {
        return Ok(conversation(db, user, thread, page)?.map(|(read, _)| read.messages));
    }
    found.reverse();
    Ok(Some(found))
}

fn before(page: &Page) -> i64 {
    page.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX)
}

pub(super) fn extractions(db: &Connection, user: &UserId, thread: Option<&ThreadId>) -> Outcome<Vec<Extraction>> {
    let Some(user) = key(db, user)? else { return Ok(Vec::new()) };
    let mut found: Vec<Extraction> = match thread {
        None => list(db, EXTRACTIONS, [user], |row| record(row, 0))?,
        Some(thread) => match thread_row(db, user, thread)? {
            Some((thread, _)) => list(db, EXTRACTIONS_OF_THREAD, [user, thread], |row| record(row, 0))?,
            None => Vec::new(),
        },
    };
    found.sort_unstable_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(found)
}

pub(super) fn attempts(db: &Connection, user: &UserId, from: Timestamp, until: Timestamp) -> Outcome<Vec<Attempt>> {
    let Some(user) = key(db, user)? else { return Ok(Vec::new()) };
    let mut found = list(db, ATTEMPTS, [user, from.as_millis(), until.as_millis()], attempt)?;
    // SQLite puts ids that are kept as bytes after those that are text.
    found.sort_unstable_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
    Ok(found)
}

pub(super) fn changes(db: &Connection, user: &UserId, after: u64, limit: u32) -> Outcome<Vec<ProfileChange>> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    match key(db, user)? {
        Some(user) => list(db, CHANGES, [user, after, i64::from(limit)], |row| record(row, 0)),
        None => Ok(Vec::new()),
    }
}

/// Writes a change within a transaction. A refusal is `Ok(Err(_))` and has written nothing; after a fault the transaction
/// must be rolled back, even if the fault is that something is there already. True if words were removed. The holder is who runs the attempts that are running.
pub(super) fn apply(db: &Connection, user: &UserId, change: &Change, holder: Option<&str>) -> Outcome<Result<bool>> {
    let known = one(db, KEY, [user.as_str()], |row| Ok((row.get(0)?, row.get::<_, u64>(1)?)))?;
    let user: i64 = match known {
        None if change.expected == 0 => {
            let allowance = Allowance::default();
            let (turns, proposals) = (allowance.turns.as_millis(), allowance.proposals.as_millis());
            run(db, NEW_ACCOUNT, params![user.as_str(), change.next, json(&Profile::default())?, turns, proposals])?;
            db.last_insert_rowid()
        }
        None => return Ok(Err(Error::not_found("there is no such user; what was known about them may have been deleted"))),
        Some((key, version)) if change.expected != 0 && version == change.expected => {
            run(db, PUT_VERSION, params![key, change.next])?;
            key
        }
        Some(_) => return Ok(Err(Error::conflict())),
    };
    let mut removed = false;
    for write in &change.writes {
        removed |= match write {
            Write::RemoveThread(thread) => remove_thread(db, user, thread)?,
            Write::RemoveAction(id) => {
                run(db, REMOVE_ACTION, params![user, id.as_str()])?;
                remove_thread(db, user, &ThreadId::Debrief(id.clone()))?
            }
            Write::RemoveMessages(thread, until) => remove_messages(db, user, thread, *until)?,
            write => put(db, user, write, holder).map(|()| false)?,
        };
        point("writer: after a write");
    }
    point("writer: after a change");
    Ok(Ok(removed))
}

/// Deletes every row of the user's within a transaction.
pub(super) fn forget(db: &Connection, user: &UserId) -> Outcome<()> {
    point("forget: after BEGIN");
    let Some(key) = key(db, user)? else { return Ok(()) };
    let every_table =
        [FORGET_MESSAGES, FORGET_EXTRACTIONS, FORGET_THREADS, FORGET_ACTIONS, FORGET_ATTEMPTS, FORGET_CHANGES, FORGET_ACCOUNT];
    for sql in every_table {
        run(db, sql, [key])?;
        point("forget: after a table");
    }
    point("forget: before COMMIT");
    Ok(())
}

fn put(db: &Connection, user: i64, write: &Write, holder: Option<&str>) -> Outcome<()> {
    match write {
        Write::Profile(profile) => run(db, PUT_PROFILE, params![user, json(profile)?]),
        Write::Consent(consent) => run(db, PUT_CONSENT, params![user, consent.as_ref().map(json).transpose()?]),
        Write::Allowance(allowance) => run(db, PUT_ALLOWANCE, [user, allowance.turns.as_millis(), allowance.proposals.as_millis()]),
        Write::Action(action) => run(db, PUT_ACTION, params![user, action.id.as_str(), json(action)?]),
        Write::Thread(state) => {
            thread_key(db, user, &state.thread)?;
            run(db, PUT_STATE, params![user, String::from(state.thread.clone()), json(state)?])
        }
        Write::Message(message) => new_message(db, user, message),
        Write::Extraction(extraction) => {
            let thread = thread_key(db, user, &extraction.thread)?;
            run(db, PUT_EXTRACTION, params![user, extraction.id.as_str(), thread, json(extraction)?])
        }
        Write::Attempt(attempt) => put_attempt(db, user, attempt, holder),
        Write::Change(change) => run(db, NEW_CHANGE, params![user, change.seq, json(change)?]),
        Write::RemoveAction(_) | Write::RemoveThread(_) | Write::RemoveMessages(..) => Ok(()),
    }
}

fn new_message(db: &Connection, user: i64, message: &Message) -> Outcome<()> {
    let thread = thread_key(db, user, &message.thread)?;
    let choices = if message.choices.is_empty() { None } else { Some(json(&message.choices)?) };
    let author = message.author.as_ref();
    run(
        db,
        NEW_MESSAGE,
        params![
            user,
            thread,
            Id(message.id.as_str()),
            message.seq,
            message.round,
            word(&message.role)?,
            word(&message.provenance)?,
            message.at.as_millis(),
            message.text,
            message.choice,
            choices,
            author.map(|author| &author.provider),
            author.map(|author| &author.model),
            author.map(|author| word(&author.place)).transpose()?,
        ],
    )
}

fn message(row: &Row<'_>, thread: ThreadId) -> Outcome<Message> {
    let author = match row.get(9)? {
        Some(provider) => Some(Author { provider, model: row.get(10)?, place: from_word(row, 11)? }),
        None => None,
    };
    Ok(Message {
        id: MessageId::new(id(row, 0)?),
        thread,
        seq: row.get(1)?,
        round: row.get(2)?,
        role: from_word(row, 3)?,
        provenance: from_word(row, 4)?,
        at: Timestamp::from_millis(row.get(5)?),
        text: row.get(6)?,
        choice: row.get(7)?,
        choices: optional_record(row, 8)?.unwrap_or_default(),
        author,
    })
}

fn find(db: &Connection, user: i64, id: &MessageId) -> Outcome<Option<Found>> {
    let found = one(db, MESSAGE, params![user, Id(id.as_str())], |row| {
        let thread: i64 = row.get(12)?;
        let name = one(db, THREAD_NAME, [user, thread], |row| Ok(row.get::<_, String>(0)?))?.ok_or_else(Fault::damaged)?;
        Ok((thread, message(row, ThreadId::try_from(name).map_err(|_| Fault::damaged())?)?))
    })?;
    let Some((thread, found)) = found else { return Ok(None) };
    let reply = one(db, REPLY, params![user, thread, found.seq], |row| message(row, found.thread.clone()))?;
    Ok(Some(Found { message: found, reply }))
}

fn put_attempt(db: &Connection, user: i64, attempt: &Attempt, holder: Option<&str>) -> Outcome<()> {
    run(
        db,
        PUT_ATTEMPT,
        params![
            user,
            Id(attempt.id.as_str()),
            word(&attempt.operation)?,
            attempt.provider,
            attempt.model,
            word(&attempt.place)?,
            Id(&attempt.instance),
            attempt.started_at.as_millis(),
            attempt.lease_until.as_millis(),
            attempt.ended_at.map(Timestamp::as_millis),
            word(&attempt.status)?,
            attempt.usage.requests,
            attempt.usage.input_tokens,
            attempt.usage.output_tokens,
            attempt.usage.cache_read_tokens,
            attempt.usage.cache_write_tokens,
            attempt.error.as_ref().map(word).transpose()?,
            holder.filter(|_| attempt.status == AttemptStatus::Running).map(Id),
        ],
    )
}

fn attempt(row: &Row<'_>) -> Outcome<Attempt> {
    Ok(Attempt {
        id: AttemptId::new(id(row, 0)?),
        operation: from_word(row, 1)?,
        provider: row.get(2)?,
        model: row.get(3)?,
        place: from_word(row, 4)?,
        instance: id(row, 5)?,
        started_at: Timestamp::from_millis(row.get(6)?),
        lease_until: Timestamp::from_millis(row.get(7)?),
        ended_at: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_millis),
        status: from_word(row, 9)?,
        usage: Usage {
            requests: row.get(10)?,
            input_tokens: row.get(11)?,
            output_tokens: row.get(12)?,
            cache_read_tokens: row.get(13)?,
            cache_write_tokens: row.get(14)?,
        },
        error: optional_word(row, 15)?,
    })
}

fn account_of(db: &Connection, key: i64) -> Outcome<Account> {
    one(db, ACCOUNT, [key], account_in)?.ok_or_else(Fault::damaged)
}

fn account_in(row: &Row<'_>) -> Outcome<Account> {
    Ok(Account {
        version: row.get(0)?,
        profile: record(row, 1)?,
        consent: optional_record(row, 2)?,
        allowance: Allowance { turns: Timestamp::from_millis(row.get(3)?), proposals: Timestamp::from_millis(row.get(4)?) },
        changes: row.get::<_, Option<u64>>(5)?.unwrap_or(0),
    })
}

fn key(db: &Connection, user: &UserId) -> Outcome<Option<i64>> {
    one(db, KEY, [user.as_str()], |row| Ok(row.get(0)?))
}

fn thread_row(db: &Connection, user: i64, thread: &ThreadId) -> Outcome<Option<(i64, Option<ThreadState>)>> {
    one(db, THREAD, params![user, String::from(thread.clone())], |row| Ok((row.get(0)?, optional_record(row, 1)?)))
}

fn thread_key(db: &Connection, user: i64, thread: &ThreadId) -> Outcome<i64> {
    let name = String::from(thread.clone());
    if let Some(key) = one(db, THREAD, params![user, name], |row| Ok(row.get(0)?))? {
        return Ok(key);
    }
    let key: i64 = one(db, NEXT_THREAD, [user], |row| Ok(row.get(0)?))?.ok_or_else(Fault::damaged)?;
    run(db, NEW_THREAD, params![user, name, key])?;
    Ok(key)
}

/// Whether there were messages or extractions in it.
fn remove_thread(db: &Connection, user: i64, thread: &ThreadId) -> Outcome<bool> {
    let name = String::from(thread.clone());
    let Some(key) = known_thread(db, user, &name)? else { return Ok(false) };
    let removed = count(db, REMOVE_MESSAGES, [user, key])? + count(db, REMOVE_EXTRACTIONS, [user, key])?;
    run(db, REMOVE_THREAD, params![user, name])?;
    Ok(removed > 0)
}

fn remove_messages(db: &Connection, user: i64, thread: &ThreadId, until: u64) -> Outcome<bool> {
    let Some(key) = known_thread(db, user, &String::from(thread.clone()))? else { return Ok(false) };
    Ok(count(db, REMOVE_MESSAGES_UNTIL, [user, key, i64::try_from(until).unwrap_or(i64::MAX)])? > 0)
}

/// Reads nothing of the state, so that what is damaged can still be removed.
fn known_thread(db: &Connection, user: i64, name: &str) -> Outcome<Option<i64>> {
    one(db, THREAD, params![user, name], |row| Ok(row.get(0)?))
}

fn count(db: &Connection, sql: &str, params: impl Params) -> Outcome<usize> {
    Ok(db.prepare_cached(sql)?.execute(params)?)
}

fn run(db: &Connection, sql: &str, params: impl Params) -> Outcome<()> {
    db.prepare_cached(sql)?.execute(params)?;
    Ok(())
}

fn one<T>(db: &Connection, sql: &str, params: impl Params, read: impl FnOnce(&Row<'_>) -> Outcome<T>) -> Outcome<Option<T>> {
    db.prepare_cached(sql)?.query_row(params, |row| Ok(read(row))).optional()?.transpose()
}

fn list<T>(db: &Connection, sql: &str, params: impl Params, read: impl Fn(&Row<'_>) -> Outcome<T>) -> Outcome<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_and_then(params, read)?;
    rows.collect()
}

fn record<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    optional_record(row, column)?.ok_or_else(Fault::damaged)
}

fn optional_record<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null().map_err(|_| Fault::damaged())?;
    text.map(|text| serde_json::from_str(text).map_err(|_| Fault::damaged())).transpose()
}

fn json<T: Serialize>(record: &T) -> Outcome<String> {
    serde_json::to_string(record).map_err(|_| Error::internal("a record cannot be written as JSON; this is a fault of the library").into())
}

/// An id of 32 hexadecimal digits, as we make them, takes half the room as its 16 bytes.
struct Id<'a>(&'a str);

impl ToSql for Id<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let number = u128::from_str_radix(self.0, 16).ok().filter(|number| format!("{number:032x}") == self.0);
        Ok(number.map_or(ToSqlOutput::from(self.0), |number| ToSqlOutput::from(number.to_be_bytes().to_vec())))
    }
}

fn id(row: &Row<'_>, column: usize) -> Outcome<String> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => {
            let bytes = bytes.try_into().map_err(|_| Fault::damaged())?;
            Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
        }
        text => Ok(text.as_str().map_err(|_| Fault::damaged())?.to_owned()),
    }
}

fn optional_id(row: &Row<'_>, column: usize) -> Outcome<Option<String>> {
    if row.get_ref(column)? == ValueRef::Null { Ok(None) } else { id(row, column).map(Some) }
}

/// A value of one of our plain enums as its name.
fn word<T: Serialize>(value: &T) -> Outcome<String> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        _ => Err(Error::internal("a value cannot be written as a word; this is a fault of the library").into()),
    }
}

fn from_word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    optional_word(row, column)?.ok_or_else(Fault::damaged)
}

fn optional_word<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<Option<T>> {
    let word = row.get_ref(column)?.as_str_or_null().map_err(|_| Fault::damaged())?;
    let read = |word: &str| T::deserialize(IntoDeserializer::<de::value::Error>::into_deserializer(word));
    word.map(read).transpose().map_err(|_| Fault::damaged())
}
