//! The same statements without this library: rusqlite on the caller's own thread, statements prepared once, JSON and ids made beforehand.

use std::path::Path;

use completion_coach::{ThreadId, Write};
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use serde::Serialize;

use crate::replay::{Part, Step};

const SCHEMA: &str = include_str!("../../src/store/sqlite/v1.sql");

const KEY: &str = "SELECT key, version FROM account WHERE user = ?1";
const ACCOUNT: &str = "SELECT version, profile, consent, turns, proposals, (SELECT max(seq) FROM change WHERE change.user = account.key) \
                       FROM account WHERE key = ?1";
const NEW_ACCOUNT: &str = "INSERT INTO account (user, version, profile, turns, proposals) VALUES (?1, ?2, '{}', 0, 0)";
const PUT_VERSION: &str = "UPDATE account SET version = ?2 WHERE key = ?1";
const PUT_PROFILE: &str = "UPDATE account SET profile = ?2 WHERE key = ?1";
const PUT_ALLOWANCE: &str = "UPDATE account SET turns = ?2, proposals = ?3 WHERE key = ?1";
const ACTION: &str = "SELECT record FROM action WHERE user = ?1 AND id = ?2";
const PUT_ACTION: &str = "INSERT OR REPLACE INTO action (user, id, record) VALUES (?1, ?2, ?3)";
const THREAD: &str = "SELECT key, state FROM thread WHERE user = ?1 AND name = ?2";
const NEXT_THREAD: &str = "SELECT coalesce(max(key), 0) + 1 FROM thread WHERE user = ?1";
const NEW_THREAD: &str = "INSERT INTO thread (user, name, key) VALUES (?1, ?2, ?3)";
const PUT_STATE: &str = "UPDATE thread SET state = ?3 WHERE user = ?1 AND name = ?2";
const MESSAGES: &str = "SELECT id, seq, round, role, provenance, at, text, choice, choices, provider, model, place, thread FROM message \
                        WHERE user = ?1 AND thread = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4";
const NEW_MESSAGE: &str = "INSERT INTO message (user, thread, id, seq, round, role, provenance, at, text, choice, choices, provider, \
                           model, place) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const PUT_ATTEMPT: &str = "INSERT OR REPLACE INTO attempt (user, id, operation, provider, model, place, instance, started_at, \
                           lease_until, ended_at, status, requests, input_tokens, output_tokens, cache_read_tokens, \
                           cache_write_tokens, error) \
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
const NEW_CHANGE: &str = "INSERT INTO change (user, seq, record) VALUES (?1, ?2, ?3)";

/// One connection.
#[derive(Debug)]
pub(crate) struct Raw(pub(crate) Connection);

/// A recorded commit with everything made of it that can be made beforehand.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) part: Part,
    user: String,
    thread: String,
    expected: u64,
    next: u64,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    sql: &'static str,
    /// Whether the thread's key follows the user's.
    in_thread: bool,
    values: Vec<Value>,
}

/// Version, profile, consent, both allowances, and the newest change.
type Account = (u64, String, Option<String>, i64, i64, Option<i64>);

/// What was read of a conversation, as SQLite gives it.
#[derive(Debug)]
#[expect(dead_code, reason = "it is read to have been read")]
pub(crate) struct Rows {
    account: Account,
    action: Option<String>,
    state: Option<String>,
    messages: Vec<Message>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "it is read to have been read")]
struct Message {
    id: Value,
    seq: u64,
    round: u32,
    role: String,
    provenance: String,
    at: i64,
    text: String,
    choice: Option<String>,
    choices: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    place: Option<String>,
}

impl Raw {
    pub(crate) fn open(path: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).unwrap();
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        if version == 0 {
            db.execute_batch(SCHEMA).unwrap();
            db.pragma_update(None, "user_version", 1).unwrap();
        }
        db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        db.pragma_update(None, "fullfsync", true).unwrap();
        db.pragma_update(None, "checkpoint_fullfsync", true).unwrap();
        db.pragma_update_and_check(None, "secure_delete", true, |_| Ok(())).unwrap();
        db.pragma_update(None, "temp_store", "MEMORY").unwrap();
        db.pragma_update(None, "trusted_schema", false).unwrap();
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
        db.set_prepared_statement_cache_capacity(64);
        Self(db)
    }

    fn run(&self, sql: &str) {
        self.0.prepare_cached(sql).unwrap().execute([]).unwrap();
    }

    pub(crate) fn commit(&self, ready: &Ready) {
        let db = &self.0;
        self.run("BEGIN IMMEDIATE");
        let known: Option<(i64, u64)> =
            db.prepare_cached(KEY).unwrap().query_row([&ready.user], |row| Ok((row.get(0)?, row.get(1)?))).optional().unwrap();
        let user = match known {
            Some((user, version)) => {
                assert_eq!(version, ready.expected);
                db.prepare_cached(PUT_VERSION).unwrap().execute((user, ready.next)).unwrap();
                user
            }
            None => {
                db.prepare_cached(NEW_ACCOUNT).unwrap().execute((&ready.user, ready.next)).unwrap();
                db.last_insert_rowid()
            }
        };
        let mut thread = None;
        for row in &ready.rows {
            let mut statement = db.prepare_cached(row.sql).unwrap();
            statement.raw_bind_parameter(1, user).unwrap();
            let mut from = 2;
            if row.in_thread {
                let thread = *thread.get_or_insert_with(|| thread_key(db, user, &ready.thread));
                statement.raw_bind_parameter(2, thread).unwrap();
                from = 3;
            }
            for (at, value) in row.values.iter().enumerate() {
                statement.raw_bind_parameter(from + at, value).unwrap();
            }
            statement.raw_execute().unwrap();
        }
        self.run("COMMIT");
    }

    pub(crate) fn read(&self, user: &str, thread: &ThreadId, size: u32) -> Rows {
        let db = &self.0;
        self.run("BEGIN");
        let user: i64 = db.prepare_cached(KEY).unwrap().query_row([user], |row| row.get(0)).unwrap();
        let action = thread.action().map(|id| {
            let mut statement = db.prepare_cached(ACTION).unwrap();
            statement.query_row((user, id.as_str()), |row| row.get(0)).unwrap()
        });
        let account = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
        let account = db.prepare_cached(ACCOUNT).unwrap().query_row([user], account).unwrap();
        let name = String::from(thread.clone());
        let (key, state): (i64, _) =
            db.prepare_cached(THREAD).unwrap().query_row((user, name), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut statement = db.prepare_cached(MESSAGES).unwrap();
        let messages = statement.query_map((user, key, i64::MAX, size), message).unwrap();
        let mut messages: Vec<_> = messages.collect::<rusqlite::Result<_>>().unwrap();
        messages.reverse();
        drop(statement);
        self.run("COMMIT");
        Rows { account, action, state, messages }
    }
}

fn message(row: &rusqlite::Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        seq: row.get(1)?,
        round: row.get(2)?,
        role: row.get(3)?,
        provenance: row.get(4)?,
        at: row.get(5)?,
        text: row.get(6)?,
        choice: row.get(7)?,
        choices: row.get(8)?,
        provider: row.get(9)?,
        model: row.get(10)?,
        place: row.get(11)?,
    })
}

fn thread_key(db: &Connection, user: i64, name: &str) -> i64 {
    let known = db.prepare_cached(THREAD).unwrap().query_row((user, name), |row| row.get(0)).optional().unwrap();
    known.unwrap_or_else(|| {
        let key: i64 = db.prepare_cached(NEXT_THREAD).unwrap().query_row([user], |row| row.get(0)).unwrap();
        db.prepare_cached(NEW_THREAD).unwrap().execute((user, name, key)).unwrap();
        key
    })
}

impl From<&Step> for Ready {
    fn from(step: &Step) -> Self {
        let thread = step.change.writes.iter().find_map(|write| match write {
            Write::Message(message) => Some(message.thread.clone()),
            Write::Thread(state) => Some(state.thread.clone()),
            _ => None,
        });
        Self {
            part: step.part(),
            user: step.user.as_str().to_owned(),
            thread: thread.map(String::from).unwrap_or_default(),
            expected: step.change.expected,
            next: step.change.next,
            rows: step.change.writes.iter().map(row).collect(),
        }
    }
}

fn row(write: &Write) -> Row {
    let (sql, values) = match write {
        Write::Profile(profile) => (PUT_PROFILE, vec![json(profile)]),
        Write::Allowance(left) => (PUT_ALLOWANCE, vec![left.turns.as_millis().into(), left.proposals.as_millis().into()]),
        Write::Action(action) => (PUT_ACTION, vec![text(action.id.as_str()), json(action)]),
        Write::Thread(state) => (PUT_STATE, vec![text(&String::from(state.thread.clone())), json(state)]),
        Write::Change(change) => (NEW_CHANGE, vec![number(change.seq), json(change)]),
        Write::Message(message) => {
            let author = message.author.as_ref();
            let values = vec![
                id(message.id.as_str()),
                number(message.seq),
                message.round.into(),
                word(&message.role),
                word(&message.provenance),
                message.at.as_millis().into(),
                text(&message.text),
                message.choice.clone().into(),
                if message.choices.is_empty() { Value::Null } else { json(&message.choices) },
                author.map(|author| author.provider.clone()).into(),
                author.map(|author| author.model.clone()).into(),
                author.map_or(Value::Null, |author| word(&author.place)),
            ];
            return Row { sql: NEW_MESSAGE, in_thread: true, values };
        }
        Write::Attempt(attempt) => {
            let values = vec![
                id(attempt.id.as_str()),
                word(&attempt.operation),
                text(&attempt.provider),
                text(&attempt.model),
                word(&attempt.place),
                id(&attempt.instance),
                attempt.started_at.as_millis().into(),
                attempt.lease_until.as_millis().into(),
                attempt.ended_at.map(|time| time.as_millis()).into(),
                word(&attempt.status),
                attempt.usage.requests.into(),
                number(attempt.usage.input_tokens),
                number(attempt.usage.output_tokens),
                number(attempt.usage.cache_read_tokens),
                number(attempt.usage.cache_write_tokens),
                attempt.error.as_ref().map_or(Value::Null, word),
            ];
            (PUT_ATTEMPT, values)
        }
        other => unreachable!("no turn of the bench writes {other:?}"),
    };
    Row { sql, in_thread: false, values }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap())
}

fn json(record: &impl Serialize) -> Value {
    Value::Text(serde_json::to_string(record).unwrap())
}

fn word(value: &impl Serialize) -> Value {
    Value::Text(serde_json::to_value(value).unwrap().as_str().unwrap().to_owned())
}

fn id(id: &str) -> Value {
    match u128::from_str_radix(id, 16) {
        Ok(number) if id.len() == 32 => Value::Blob(number.to_be_bytes().to_vec()),
        _ => text(id),
    }
}
