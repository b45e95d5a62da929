//! Checks that what was written comes back to the letter, and what was asked for in its order.

use std::sync::Arc;

use super::people::*;
use super::{Verdict, ensure, same};
use crate::action::{Action, ActionSource, ActionStatus};
use crate::conversation::{
    Account, ActionRecord, ChangeCause, Choice, Consent, Invitation, Message, ProfileChange, Provenance, Review, Role, ThreadState,
};
use crate::error::ErrorKind;
use crate::evidence::{Basis, Extraction, ExtractionStatus, ProposedOperation};
use crate::flow::{Ending, Flow};
use crate::profile::{CustomField, Education, FieldValue, Profile, ProfileField, Work};
use crate::runtime::{ThreadId, Timestamp};
use crate::store::{ActionStore, Page, Write};
use crate::usage::{Allowance, Attempt, AttemptStatus, ModelPlace, Operation, Usage};

pub(super) async fn everything_comes_back(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn nothing_comes_back_as_nothing(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn every_name_comes_back(store: Arc<dyn ActionStore>) -> Verdict {
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
    for (n, kind) in ErrorKind::ALL.iter().enumerate() {
        let operation = [Operation::Open, Operation::Reply, Operation::Propose][n % 3];
        let status = [T::Running, T::Done, T::Failed, T::Cancelled, T::Abandoned][n % 5];
        let place = [ModelPlace::Script, ModelPlace::Local, ModelPlace::Remote][n % 3];
        attempts.push(Attempt { operation, status, place, error: Some(*kind), ..attempt("", n as i64, "") });
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

pub(super) async fn texts_come_back_to_the_letter(store: Arc<dyn ActionStore>) -> Verdict {
    let huge = "grüße 👩‍👩‍👧 \u{0}\n".repeat(1 << 15);
    let short = ["", " ", "\n", "\0", "a\0b\0", "\u{fffd}", "null", "NULL", "1e400", "０１２", "\\ud800"];
    let long = [
        "  two  spaces\t",
        "a\r\nb\rc",
        "\u{feff}mark \u{ffff} \u{10ffff} \u{1}\u{7f}\u{85}\u{2028}\u{2029}",
        "e\u{301} é ﬁ Å 👩‍👩‍👧‍👦🏽 שלום \u{202e}olleh\u{202c} مرحبا",
        "'; DROP TABLE message; -- %s %_ $1 ?1 :a \\u0000 \\",
        "\"quoted\" 'and' `so` {\"a\": [1]} <b>&amp;</b>",
        huge.as_str(),
    ];
    let mut me = Person::new(&store).await?;
    let thread = debrief("a");
    for (n, text) in short.into_iter().chain(long).enumerate() {
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

pub(super) async fn ids_are_compared_to_the_letter(store: Arc<dyn ActionStore>) -> Verdict {
    let short = [
        "a", "A", "a ", " a", "á", "ﬁ", "fi", "ß", "ss", "ı", "i", "İ", "%", "_", "*", "?", "'", "\"", "\\", "a%", "general", "null", "0",
        "00", "1", "1.0", "👩", "👩🏽", "Ａ",
    ];
    let invisible = ["a\u{301}", "\u{200b}", "\u{feff}", "\u{ffff}"];
    let long = [
        "debrief:a",
        "debrief:general",
        "0123456789abcdef0123456789abcdef",
        "0123456789ABCDEF0123456789abcdef",
        "+123456789abcdef0123456789abcdef",
        &"é".repeat(100),
    ]
    .map(str::to_owned);
    let mut ids: Vec<_> = short.into_iter().chain(invisible).chain(long.iter().map(String::as_str)).collect();
    ids.sort_unstable();
    let mut me = Person::new(&store).await?;
    for &id in &ids {
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
    same("the actions in the order of their ids", &titles, &ids.iter().map(|id| (*id).to_owned()).collect())?;
    same("the attempts", &me.attempts().await?.len(), &ids.len())?;
    same("the general chat", &me.conversation(&ThreadId::General, &newest()).await?.messages, &vec![])?;
    for &id in &ids {
        let thread = debrief(id);
        let read = me.conversation(&thread, &finding(id)).await?;
        same("the messages of one id", &read.messages, &vec![message(id, &thread, 1, Role::User, id)])?;
        ensure(read.found.is_some_and(|found| found.message.text == id && found.message.thread == thread), "another message was found")?;
        let proposed = store.extractions(&me.id, Some(&thread)).await?;
        ensure(proposed == vec![proposal(id, &thread, id)], "the extractions of one id are not its own")?;
    }
    Ok(())
}

pub(super) async fn numbers_come_back(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn what_is_put_replaces(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn i4_find_is_of_any_thread(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn pages_are_cut_from_the_end(store: Arc<dyn ActionStore>) -> Verdict {
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
        let alone = store.messages(&me.id, &general, &Page { size, before, find: None }).await?;
        same(&format!("{size} before {before:?}, alone"), &alone, &Some(read.messages))?;
    }
    let nobody = Person::nobody(&store).id;
    same("messages of nobody", &store.messages(&nobody, &general, &newest()).await?, &None)?;
    same("messages of no action", &store.messages(&me.id, &debrief("a"), &newest()).await?, &None)?;
    me.commit(vec![Write::Action(action("a"))]).await?;
    same("no messages yet", &store.messages(&me.id, &debrief("a"), &newest()).await?, &Some(Vec::new()))
}

pub(super) async fn lists_are_in_order(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn attempts_of_a_period(store: Arc<dyn ActionStore>) -> Verdict {
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

pub(super) async fn changes_after_a_position(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    me.commit((1..=5).map(|seq| Write::Change(change(seq, ""))).collect()).await?;
    let cases = [(0, 2, vec![1, 2]), (2, 9, vec![3, 4, 5]), (4, u32::MAX, vec![5]), (5, 9, vec![]), (0, 0, vec![]), (u64::MAX, 9, vec![])];
    for (after, limit, expected) in cases {
        let found = store.changes(&me.id, after, limit).await?;
        same(&format!("{limit} after {after}"), &found.iter().map(|change| change.seq).collect(), &expected)?;
    }
    Ok(())
}
