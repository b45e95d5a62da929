//! What must hold after every step of the property test, by the names of the invariants.

use std::collections::BTreeSet;
use std::time::Duration;

use completion_coach::{
    ActionStatus, Attempt, AttemptStatus, Clock, DebriefState, Ending, ErrorKind, ExtractionStatus, Invitation, Live, Message, ModelPlace,
    Purpose, Result, Role, Said, ThreadId, Timestamp,
};

use crate::ports::wait;
use crate::world::{Came, Data, Play, Run, THREADS, USERS, What, World, marker, of, thread_id, user_id};

/// What wants something else of a thread than its reply.
fn clears(run: &Run) -> bool {
    use What::{Decline, Delete, DeleteAction, Forget, Later, Skip, Stop, Withdraw};
    matches!(run.op.what, Stop | Skip | Decline | Later | Delete | DeleteAction | Withdraw | Forget)
}

fn running(data: &Data) -> impl Iterator<Item = &Attempt> {
    data.attempts.iter().filter(|attempt| attempt.status == AttemptStatus::Running)
}

fn of_debrief(what: &What) -> bool {
    use What::{Choose, Decline, Later, Open, Propose, Reopen, Resume, Say, Skip, Stop, TakeOver};
    matches!(what, Open | Say { .. } | Choose(_) | Resume | TakeOver | Propose | Stop | Skip | Decline | Later | Reopen)
}

/// It ended before the coach had said anything, so there is nothing to come back to.
fn silent(data: &Data, thread: &ThreadId) -> bool {
    let ended = data.thread(thread).is_some_and(|thread| thread.state.flow.ended.is_some());
    ended && data.messages(thread).iter().all(|message| message.role == Role::User)
}

fn questions(text: &str) -> usize {
    text.split('"').step_by(2).map(|unquoted| unquoted.matches('?').count()).sum()
}

impl World {
    /// Polls an operation so often, and checks everything after each poll. It is given back if it has not ended.
    pub(crate) fn drive(&mut self, mut run: Run, polls: usize) -> Option<Run> {
        for _ in 0..polls {
            let before = self.data.clone();
            let came = self.poll(&mut run);
            self.data = (0..USERS).map(|user| self.read(user)).collect();
            let user = run.op.user;
            for other in (0..USERS).filter(|other| *other != user) {
                assert_eq!(before[other].version(), self.data[other].version(), "I2: another user's data was written");
            }
            self.check_step(&mut run, &before[user]);
            if let Some(came) = came {
                self.check_end(&run, &came);
                return None;
            }
        }
        Some(run)
    }

    fn check_step(&mut self, run: &mut Run, before: &Data) {
        let after = self.data[run.op.user].clone();
        if before.version() != after.version() {
            run.commits += 1;
            self.check_life(run, before, &after);
            self.check_threads(run, before, &after);
            check_attempts(run, before, &after, self.lives[run.op.user]);
            check_proposals(run, before, &after);
            check_profile(run, before, &after);
            check_data(run.op.user, &after);
            for other in self.slots.iter_mut().filter(|other| other.op.user == run.op.user) {
                other.alone = false;
                let live = after.thread(&other.thread).and_then(|thread| thread.state.live.as_ref());
                let named = other.attempt.as_ref().is_none_or(|attempt| live.is_some_and(|live| live.attempt == *attempt));
                other.disturbed |= other.lost;
                if !named && !other.lost && !other.gave_up {
                    let lease = before.attempts.iter().find(|attempt| Some(&attempt.id) == other.attempt.as_ref());
                    let now = self.clocks[run.op.at].now();
                    // An attempt from that far ahead was begun before a clock was set back.
                    let from_the_future = |attempt: &Attempt| attempt.started_at > now + Duration::from_secs(15 * 60);
                    let expired = lease.is_none_or(|attempt| attempt.lease_until <= now || from_the_future(attempt));
                    let taken = matches!(run.op.what, What::TakeOver) || clears(run);
                    assert!(expired || taken, "I5: {:?} did not wait for the attempt under way", run.op.what);
                    (other.lost, other.cleared) = (true, clears(run));
                }
            }
        }
        if matches!(run.op.what, What::Forget | What::Withdraw) {
            // A coach cancels its own turns before, or after, what that needs is written.
            let mine = self.slots.iter_mut().filter(|other| (other.op.user, other.op.at) == (run.op.user, run.op.at));
            mine.for_each(|other| other.cancelled = true);
        }
        let live = after.thread(&run.thread).and_then(|thread| thread.state.live.as_ref());
        let named = run.attempt.as_ref().is_some_and(|attempt| live.is_some_and(|live| live.attempt == *attempt));
        run.gave_up |= run.attempt.is_some() && !named && !run.lost;
        check_requests(run, before, &self.setting);
    }

    fn check_life(&mut self, run: &Run, before: &Data, after: &Data) {
        use What::{Consent, Forget, RecordDone, SaveProfile};
        match (&before.account, &after.account) {
            (None, Some(_)) => {
                assert!(matches!(run.op.what, Consent | RecordDone | SaveProfile(_)), "{:?} made a user", run.op.what);
                self.lives[run.op.user] += 1;
                self.dropped.retain(|(user, ..)| *user != run.op.user);
            }
            (Some(_), None) => assert!(matches!(run.op.what, Forget), "{:?} deleted a user", run.op.what),
            _ => {}
        }
    }

    fn check_threads(&self, run: &mut Run, before: &Data, after: &Data) {
        let forgotten = matches!(run.op.what, What::Forget);
        let user = run.op.user;
        for thread in (0..THREADS).map(|at| thread_id(user, at)) {
            let (old, new) = (before.messages(&thread), after.messages(&thread));
            if thread != run.thread {
                assert!(forgotten || old == new, "I1: {:?} wrote into another thread", run.op.what);
                let withdrawn = matches!(run.op.what, What::Withdraw);
                assert!(
                    forgotten || withdrawn || before.thread(&thread) == after.thread(&thread),
                    "I1: another thread's state was changed"
                );
                continue;
            }
            if before.thread(&thread).is_some() && after.thread(&thread).is_none() {
                assert!(forgotten || matches!(run.op.what, What::Delete | What::DeleteAction), "{:?} deleted a thread", run.op.what);
                continue;
            }
            assert!(new.starts_with(old), "I4: what was stored has changed");
            for message in &new[old.len()..] {
                match message.role {
                    Role::User => heard(run, message),
                    Role::Assistant => self.spoken(run, message, before, after),
                }
            }
            self.check_flow(run, before, after);
        }
    }

    fn spoken(&self, run: &mut Run, message: &Message, before: &Data, after: &Data) {
        assert!(run.spoke.is_none(), "I5: {:?} spoke twice", run.op.what);
        run.spoke = Some(message.clone());
        assert!(!message.text.contains("Half a"), "I6: half a reply was stored by {:?} with {:?}", run.op.what, run.op.plays);
        assert!(!message.text.trim().is_empty(), "I6: an empty reply was stored by {:?} with {:?}", run.op.what, run.op.plays);
        if let Some(attempt) = &run.attempt {
            let live = before.thread(&run.thread).and_then(|thread| thread.state.live.as_ref());
            assert!(live.is_some_and(|live| live.attempt == *attempt), "I5: a reply of an attempt that the thread does not name");
            assert!(!run.lost, "I5: a reply of an attempt that had lost its thread");
        }
        let (was, is) = (before.thread(&run.thread), after.thread(&run.thread));
        let reopens = matches!(run.op.what, What::Reopen);
        assert!(reopens || was.is_none_or(|was| was.state.flow.ended.is_none()), "I7: a reply after the end");
        if run.thread.action().is_some() && !self.setting.live {
            let over = is.is_some_and(|is| is.state.flow.ended.is_some());
            assert_eq!(questions(&message.text), usize::from(!over), "I7: one question, and none at the end; over: {over}");
        }
    }

    fn check_flow(&self, run: &Run, before: &Data, after: &Data) {
        let Some(is) = after.thread(&run.thread).map(|thread| &thread.state) else { return };
        let new = completion_coach::ThreadState::new(run.thread.clone());
        let was = before.thread(&run.thread).map_or(&new, |thread| &thread.state);
        let spoke = after.messages(&run.thread).len() > before.messages(&run.thread).len()
            && after.messages(&run.thread).last().is_some_and(|last| last.role == Role::Assistant);
        let reopened = matches!(run.op.what, What::Reopen) && spoke;
        assert_eq!(is.round, if reopened { was.round + 1 } else { is.round.min(1).max(was.round) }, "a round begins by reopening only");
        let opening =
            is.flow.exchanges == 0 && (reopened || after.messages(&run.thread).iter().filter(|m| m.role == Role::Assistant).count() == 1);
        let expected = if spoke && !opening {
            was.flow.exchanges + 1
        } else if reopened {
            0
        } else {
            was.flow.exchanges
        };
        assert_eq!(is.flow.exchanges, expected, "I6, I7: an exchange is a coach's reply to what was said");
        if run.thread.action().is_none() {
            return assert!(is.flow.ended.is_none(), "the chat has no end");
        }
        assert!(is.flow.exchanges <= self.setting.max, "I7: more exchanges than the budget");
        if is.flow.exchanges == self.setting.max {
            assert!(is.flow.ended.is_some(), "I7: the last exchange closes");
        }
        match (was.flow.ended, is.flow.ended) {
            (None, Some(Ending::HandedOver)) => assert!(spoke, "I6: handed over without a reply"),
            (None, Some(Ending::Stopped)) if matches!(run.op.what, What::Stop | What::Decline) || run.said.is_some() => {}
            (None, Some(_)) => assert!(spoke && is.flow.exchanges >= self.setting.min, "I7: ended too early"),
            (Some(was), is) => assert!(is == Some(was) || (reopened && is.is_none()), "I7: an end is undone by reopening only"),
            (None, None) => {}
        }
    }

    fn check_end(&self, run: &Run, came: &Result<Came>) {
        let data = &self.data[run.op.user];
        let what = &run.op.what;
        let same_life = self.lives[run.op.user] == run.life && data.account.is_some();
        let attempt = run.attempt.as_ref().and_then(|id| data.attempts.iter().find(|attempt| attempt.id == *id));
        if let Some(attempt) = attempt {
            let good = attempt.status == AttemptStatus::Done;
            assert!(attempt.status != AttemptStatus::Running, "{what:?} ended and its attempt runs");
            // The guide stood in for a model that could not be reached.
            let stood_in = self.setting.fallback && came.is_ok() && attempt.error == Some(ErrorKind::ModelUnavailable);
            let fits = good == came.is_ok() || stood_in || matches!(came, Ok(Came::Left));
            assert!(fits, "{what:?}: an attempt that is {:?}", attempt.status);
        }
        if let (Some(_), None, true) = (&run.attempt, attempt, same_life) {
            panic!("an attempt has gone");
        }
        match came {
            Ok(Came::Reply(reply)) => self.check_reply(run, reply),
            Ok(Came::Proposal(proposal)) => {
                let stored: Vec<_> = data.extractions.iter().filter(|item| item.thread == run.thread).collect();
                let shown = proposal.items.iter().chain(&proposal.known);
                assert!(shown.clone().all(|item| !run.alone || stored.contains(&item)), "a proposal is what was stored");
            }
            Ok(Came::Applied(applied)) if run.alone => {
                assert_eq!(applied.profile, data.profile(), "I8: what was applied");
                let status =
                    |id: &completion_coach::ExtractionId| data.extractions.iter().find(|item| item.id == *id).map(|item| item.status);
                let taken = [Some(ExtractionStatus::Accepted), Some(ExtractionStatus::Edited)];
                assert!(applied.accepted.iter().all(|id| taken.contains(&status(id))), "I8: accepted");
                assert!(applied.rejected.iter().all(|id| status(id) == Some(ExtractionStatus::Rejected)), "I8: rejected");
            }
            Ok(Came::Done) if matches!(what, What::Forget) && run.alone => self.check_forgotten(run.op.user),
            Ok(_) => {}
            Err(error) => {
                assert!(run.spoke.is_none() && !run.proposed, "I6: {what:?} ended with {error} and has stored a reply or proposals");
                assert!(run.attempt.is_some() || run.commits == 0, "{what:?} ended with {error} and has written");
                assert!(run.in_hand() || matches!(what, What::Propose) || run.attempt.is_none(), "{what:?}: {error}");
                self.check_kind(run, error.kind());
            }
        }
        if came.is_ok() {
            assert!(!run.lost || matches!(came, Ok(Came::Left)) || run.attempt.is_none(), "I5: {what:?} had lost its thread");
            self.check_repeat(run, came);
            self.check_freed(run);
            let action = run.thread.action().and_then(|id| run.at_first.actions.iter().find(|action| action.id == *id));
            let early = action.is_some_and(|action| action.status != ActionStatus::Done) && run.alone;
            assert!(!early || !of_debrief(what), "I3: {what:?} of an action that is not done");
        }
        if run.alone {
            self.check_reads(run.op.user);
        }
    }

    fn check_reply(&self, run: &Run, reply: &completion_coach::Reply) {
        let what = &run.op.what;
        if let Some(spoke) = &run.spoke {
            assert_eq!(*spoke, reply.message, "{what:?}: the reply is the one that was stored");
        } else {
            let known = |data: &Data| data.messages(&run.thread).contains(&reply.message);
            assert!(!run.alone || known(&run.at_first) || known(&self.data[run.op.user]), "{what:?}: an old reply is one that is stored");
        }
        if run.in_hand() && !self.setting.live {
            assert_eq!(run.text(), reply.message.text, "what was handed on is what was stored");
        }
        if let (What::Say { id: None, .. } | What::Choose(_), true) = (what, run.alone) {
            assert!(run.stored.is_some() && run.spoke.is_some(), "I4: something new is stored and answered");
        }
    }

    /// I4: what was answered is answered from the store, and what is not the same is refused.
    fn check_repeat(&self, run: &Run, came: &Result<Came>) {
        let Some((said, id)) = run.said.as_ref().and_then(|said| Some((said, said.id.as_ref()?))) else { return };
        let threads = run.at_first.threads.iter();
        let Some(old) = threads.flat_map(|thread| &thread.messages).find(|message| message.id == *id) else { return };
        if !run.alone {
            return;
        }
        let same = match &said.said {
            Said::Typed(text) => old.choice.is_none() && old.text == *text,
            Said::Chosen(choice) => old.choice.as_ref() == Some(choice),
        };
        assert!(same && old.thread == run.thread && old.role == Role::User, "I4: another message with this id was taken");
        assert!(run.stored.is_none(), "I4: stored again");
        let answer = run.at_first.messages(&run.thread).iter().find(|message| message.seq > old.seq && message.role == Role::Assistant);
        if let (Some(answer), Ok(Came::Reply(reply))) = (answer, came) {
            assert_eq!(*answer, reply.message, "I4: the stored reply");
            assert!(run.commits == 0 && run.model.requests().is_empty(), "I4: nothing is asked again");
        }
    }

    /// An attempt that the host dropped ends when its own coach touches the thread again.
    fn check_freed(&self, run: &Run) {
        let mine = self.dropped.iter().filter(|(user, at, thread, _)| (*user, *at, thread) == (run.op.user, run.op.at, &run.thread));
        let touched = matches!(run.op.what, What::Open | What::Resume | What::TakeOver | What::Propose);
        for (.., attempt) in mine.filter(|_| touched && run.alone) {
            assert!(running(&self.data[run.op.user]).all(|left| left.id != *attempt), "{:?} left a dropped attempt running", run.op.what);
        }
    }

    fn check_kind(&self, run: &Run, kind: ErrorKind) {
        use ErrorKind::{
            AllowanceSpent, Busy, Cancelled, Conflict, ConsentNeeded, DebriefOver, HandedOver, Internal, InvalidInput, ModelRefused,
            ModelUnavailable, NotFound, ReplyIncomplete, WrongStatus,
        };
        let what = &run.op.what;
        if run.attempt.is_some() {
            let planned = run.op.plays.iter().any(|play| match play {
                Play::Fail(planned) => *planned == kind,
                Play::Panic => kind == Internal,
                Play::Refuse => kind == ModelRefused,
                // What it says after the wait is no proposal.
                Play::Wait(_) => kind == ModelUnavailable || (kind == ReplyIncomplete && matches!(what, What::Propose)),
                _ => kind == ReplyIncomplete,
            });
            let late = kind == ModelUnavailable && run.late;
            // Until the model has said its opening, the action can still be reopened; then nothing is said.
            let reopened = kind == WrongStatus && self.setting.model_opens && matches!(what, What::Open | What::TakeOver);
            let lost = match kind {
                Cancelled => run.cancelled || run.cleared || run.disturbed,
                Conflict => run.lost && (!run.cleared || run.disturbed),
                _ => (planned || late || reopened) && (!run.cleared || run.disturbed),
            };
            return assert!(lost, "{what:?} with {:?}: {kind}; lost {}, cleared {}", run.op.plays, run.lost, run.cleared);
        }
        let asks = [Busy, AllowanceSpent, ConsentNeeded];
        let allowed: &[ErrorKind] = match what {
            What::Open | What::TakeOver => &[NotFound, WrongStatus, DebriefOver],
            What::Resume => &[NotFound, WrongStatus, DebriefOver],
            What::Say { .. } | What::Again { .. } | What::Choose(_) => &[NotFound, WrongStatus, DebriefOver, HandedOver, InvalidInput],
            What::Propose => &[NotFound, WrongStatus, HandedOver],
            What::Apply { .. } => &[NotFound, Conflict, InvalidInput],
            What::Skip => &[NotFound, WrongStatus, DebriefOver, HandedOver],
            What::Reopen => &[NotFound, WrongStatus, HandedOver, Busy],
            What::Stop => &[NotFound, WrongStatus, DebriefOver],
            What::Decline | What::Later | What::Step(_) => &[NotFound, WrongStatus],
            What::Delete | What::DeleteAction | What::Withdraw => &[NotFound],
            What::RecordDone | What::SaveProfile(_) | What::Consent | What::Forget | What::Stranger(_) => &[],
        };
        let turns = matches!(
            what,
            What::Open | What::TakeOver | What::Resume | What::Say { .. } | What::Again { .. } | What::Choose(_) | What::Propose
        );
        let unless = match kind {
            Busy => !matches!(what, What::TakeOver),
            // Nothing but one that was declined before the coach had spoken cannot be opened.
            DebriefOver if matches!(what, What::Open | What::TakeOver | What::Resume | What::Stop) => {
                !run.alone || silent(&run.at_first, &run.thread)
            }
            AllowanceSpent => self.setting.tight,
            ConsentNeeded => self.setting.remote && !self.setting.fallback,
            _ => true,
        };
        // A late commit after `forget` is `NotFound`.
        let contended = matches!(kind, Conflict | NotFound) && !run.alone;
        assert!(allowed.contains(&kind) || (turns && asks.contains(&kind)) || contended, "{what:?} ended with {kind}");
        assert!(unless, "{what:?} ended with {kind} in {:?}", self.setting);
        let action = run.thread.action().and_then(|id| run.at_first.actions.iter().find(|action| action.id == *id));
        if run.alone && kind == NotFound && !matches!(what, What::Apply { .. }) {
            assert!(run.at_first.account.is_none() || (run.thread.action().is_some() && action.is_none()), "{what:?} found nothing");
        }
        if run.alone && kind == WrongStatus && matches!(what, What::Open | What::TakeOver) {
            assert!(action.is_some_and(|action| action.status != ActionStatus::Done), "I3: {what:?} of a done action");
        }
    }

    pub(crate) fn check_forgotten(&self, user: usize) {
        let (store, id): (&dyn completion_coach::ActionStore, _) = (&self.store, user_id(user));
        assert!(wait(store.account(&id)).expect("readable").is_none());
        assert!(wait(store.actions(&id)).expect("readable").is_empty());
        assert!(wait(store.extractions(&id, None)).expect("readable").is_empty());
        assert!(wait(store.attempts(&id, Timestamp::MIN, Timestamp::MAX)).expect("readable").is_empty());
        assert!(wait(store.changes(&id, 0, 9)).expect("readable").is_empty());
    }

    /// Everything that a host can read is what is stored, and nothing else.
    pub(crate) fn check_reads(&self, user: usize) {
        let (data, me) = (&self.data[user], self.watcher.user(user_id(user)));
        for thread in (0..THREADS).map(|at| thread_id(user, at)) {
            let there = data.account.is_some() && thread.action().is_none_or(|id| data.actions.iter().any(|action| action.id == *id));
            let page = of!(me, thread, at => wait(async { (at.messages(500, None).await, at.proposal().await) }));
            let (Ok(page), Ok(proposal)) = page else {
                assert!(!there, "what is there can be read");
                continue;
            };
            assert_eq!(page.messages, data.messages(&thread), "I1: a thread's messages");
            assert!(proposal.items.iter().chain(&proposal.known).all(|item| item.thread == thread), "I1: a thread's proposals");
            if let (Some(id), Some(is)) = (thread.action(), data.thread(&thread).map(|thread| &thread.state)) {
                let state = wait(me.debrief(id.clone()).state()).expect("a state");
                let begun = |live: &Live| data.attempts.iter().find(|attempt| attempt.id == live.attempt).map(|attempt| attempt.started_at);
                // As long as its lease lasts, and was not taken by a clock that was set back since.
                let now = self.clocks[0].now();
                let live = is
                    .live
                    .as_ref()
                    .is_some_and(|live| live.until > now && begun(live).is_none_or(|begun| begun - now <= Duration::from_mins(15)));
                assert_eq!(state == DebriefState::Live, live);
                let declined = is.invitation == Invitation::Declined && !live;
                assert!(!declined || matches!(state, DebriefState::Declined | DebriefState::ReadyToReview));
            }
        }
        if data.account.is_some() {
            assert_eq!(wait(me.profile()).expect("a profile"), data.profile());
            let usage = wait(me.usage(Timestamp::MIN, Timestamp::MAX)).expect("a report");
            assert_eq!(usage.lines.iter().map(|line| line.attempts).sum::<u64>(), data.attempts.len() as u64, "each attempt is counted");
        }
    }
}

fn heard(run: &mut Run, message: &Message) {
    assert!(run.stored.is_none(), "I4: stored twice");
    run.stored = Some(message.clone());
    let said = run.said.as_ref().expect("I4: only what was said is stored");
    assert!(said.id.as_ref().is_none_or(|id| *id == message.id), "I4: under its id");
    match &said.said {
        Said::Typed(text) => assert_eq!(*text, message.text, "I4: to the letter"),
        Said::Chosen(choice) => assert_eq!(Some(choice), message.choice.as_ref(), "I4: what was chosen"),
    }
}

fn check_attempts(run: &mut Run, before: &Data, after: &Data, life: u32) {
    for attempt in &after.attempts {
        match before.attempts.iter().find(|old| old.id == attempt.id) {
            None => {
                // Nor does one from before the user was forgotten come back.
                assert!(run.attempt.is_none(), "one operation is one attempt");
                run.life = life;
                assert_eq!(attempt.status, AttemptStatus::Running);
                let agreed = after.account.as_ref().is_some_and(|account| account.consent.is_some());
                assert!(attempt.place != ModelPlace::Remote || agreed, "asked without consent");
                run.attempt = Some(attempt.id.clone());
            }
            Some(old) => {
                let ended = old.status != AttemptStatus::Running;
                assert!(!ended || attempt.status == old.status, "an attempt that was {:?} is {:?}", old.status, attempt.status);
            }
        }
    }
    let gone = before.attempts.iter().any(|old| after.attempts.iter().all(|attempt| attempt.id != old.id));
    assert!(!gone || after.account.is_none(), "an attempt has gone");
    let named = after.threads.iter().filter_map(|thread| thread.state.live.as_ref()).map(|live| &live.attempt);
    let (named, running): (BTreeSet<_>, BTreeSet<_>) = (named.collect(), running(after).map(|attempt| &attempt.id).collect());
    assert_eq!(named, running, "I5: what runs is what the threads name, after {:?}", run.op.what);
}

fn check_proposals(run: &mut Run, before: &Data, after: &Data) {
    for item in &after.extractions {
        let (propose, apply) = (matches!(run.op.what, What::Propose), matches!(run.op.what, What::Apply { .. }));
        match before.extractions.iter().find(|old| old.id == item.id) {
            None => {
                assert!(propose && item.thread == run.thread, "I8: only proposing proposes");
                run.proposed = true;
            }
            Some(old) if old != item => {
                assert!(propose || apply, "I8: {:?} changed a proposal", run.op.what);
                let superseded = propose && item.status == ExtractionStatus::Superseded;
                let undecided = matches!(old.status, ExtractionStatus::Pending) || (superseded && old.status == ExtractionStatus::Known);
                assert!(undecided && (superseded || apply), "I8: what is decided stays so");
                run.proposed |= propose;
            }
            Some(_) => {}
        }
    }
}

fn check_profile(run: &Run, before: &Data, after: &Data) {
    let (old, new) = (before.profile(), after.profile());
    let changes = after.changes.len().saturating_sub(before.changes.len());
    assert!(after.changes.iter().zip(1..).all(|(change, seq)| change.seq == seq), "the change log has no gaps");
    if old != new && after.account.is_some() {
        let apply = matches!(run.op.what, What::Apply { .. });
        assert!(apply || matches!(run.op.what, What::SaveProfile(_)), "I8: {:?} changed the profile", run.op.what);
        let kept = |old: &[String], new: &[String]| old.iter().all(|item| new.contains(item));
        let lists = kept(&old.skills, &new.skills) && kept(&old.interests, &new.interests) && kept(&old.insights, &new.insights);
        assert!(!apply || lists, "I8: lists are united");
        assert_eq!(changes, 1, "a change is logged once");
    } else if after.account.is_some() {
        assert_eq!(changes, 0, "what did not change is not logged");
    }
}

/// What holds for everything that is stored about a user at any moment.
fn check_data(user: usize, data: &Data) {
    let mut ids = BTreeSet::new();
    for ThreadsOf { thread, messages, state } in data.threads.iter().map(ThreadsOf::from) {
        assert!(messages.iter().zip(1..).all(|(message, seq)| message.seq == seq), "I5: positions have no gaps");
        assert_eq!(state.next_seq, messages.len() as u64 + 1, "I5: the next position");
        assert!(messages.iter().all(|message| ids.insert(&message.id)), "I4: an id is given once");
        for message in messages {
            only_of(&message.text, &[marker(user, thread)], "I1: a message in another thread");
            assert_eq!(message.thread, *thread, "I1");
        }
        if let Some(action) = thread.action().and_then(|id| data.actions.iter().find(|action| action.id == *id)) {
            let started = action.status == ActionStatus::Done && action.completion_started_at.is_some();
            assert!(started || messages.is_empty(), "I3: said before the action was done and the debrief started");
        }
        let trailing = messages.iter().rev().take_while(|message| message.role == Role::User).count();
        let waiting = if state.flow.ended.is_some() { 0 } else { trailing };
        assert_eq!(state.waiting as usize, waiting, "I4: what waits for a reply is counted");
        assert!(waiting <= 3, "I4: at most three messages wait");
    }
    for item in &data.extractions {
        let messages = data.messages(&item.thread);
        let first = item.evidence.first().expect("I8: no quote, no proposal");
        let spoken = messages.iter().find(|message| message.id == first.message && message.role == Role::User);
        let text = &spoken.expect("I8: quoted from what the person said in this thread").text;
        assert_eq!(text.get(first.start..first.end), Some(first.quote.as_str()), "I8: to the letter");
        assert!(!first.quote.is_empty() && !item.value.to_string().contains("invented"), "I8: nobody said that");
    }
}

struct ThreadsOf<'a> {
    thread: &'a ThreadId,
    messages: &'a [Message],
    state: &'a completion_coach::ThreadState,
}

impl<'a> From<&'a crate::world::ThreadData> for ThreadsOf<'a> {
    fn from(data: &'a crate::world::ThreadData) -> Self {
        Self { thread: &data.state.thread, messages: &data.messages, state: &data.state }
    }
}

/// Every marker in the text is one of these, whole or cut at its end.
fn only_of(text: &str, markers: &[String], what: &str) {
    for (at, _) in text.match_indices("zq") {
        let found: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(markers.iter().any(|marker| found.starts_with(marker) || marker.starts_with(&found)), "{what}: {found}");
    }
}

/// I1, I4: a model is given this thread's messages, each once, and this user's profile.
fn check_requests(run: &mut Run, before: &Data, setting: &crate::world::Setting) {
    let requests = run.model.requests();
    let user = run.op.user;
    for request in requests.iter().skip(run.seen) {
        assert!(run.attempt.is_some(), "a model is asked by an attempt");
        let markers = [marker(user, &run.thread), format!("zq{user}pqz")];
        for part in &request.parts {
            only_of(&part.text, &markers, "I1: in a request");
        }
        assert!(request.messages.iter().all(|message| message.thread == run.thread), "I1");
        let stored = before.messages(&run.thread);
        let state = before.thread(&run.thread).map(|thread| &thread.state);
        if run.lost || state.is_none() {
            continue;
        }
        assert!(stored.ends_with(&request.messages), "I4: what is sent is what is stored, once");
        if run.thread.action().is_some() && request.purpose != Purpose::Propose {
            let round = state.map_or(1, |state| state.round_start);
            assert_eq!(request.messages.len() as u64, stored.len() as u64 + 1 - round, "the whole round is sent");
            let over = request.purpose == Purpose::Closing;
            let exchanges = state.map_or(0, |state| state.flow.exchanges) + 1;
            assert!(exchanges < setting.max || over || request.purpose == Purpose::Open, "I7: the last exchange is a closing one");
        }
    }
    run.seen = requests.len();
    let most = if setting.live || matches!(run.op.what, What::Propose) { 1 } else { 2 };
    assert!(run.seen <= most, "a request too many");
}

/// Finally, every thread can go on.
pub(crate) fn check_all_can_go_on(world: &mut World, fresh: &completion_coach::CompletionCoach) {
    for user in 0..USERS {
        let data = world.data[user].clone();
        let me = fresh.user(user_id(user));
        if data.account.is_none() {
            world.check_forgotten(user);
            continue;
        }
        for thread in (0..THREADS).map(|at| thread_id(user, at)) {
            let done =
                |id: &completion_coach::ActionId| data.actions.iter().any(|action| action.id == *id && action.status == ActionStatus::Done);
            if !thread.action().is_none_or(done) {
                continue;
            }
            let entered = world.runtime.enter();
            let open = of!(me, thread, at => wait(async { at.open().await?.reply().await }));
            if silent(&data, &thread) {
                assert!(open.is_err_and(|error| error.kind() == ErrorKind::DebriefOver));
                continue;
            }
            let reply = open.expect("every conversation opens");
            of!(me, thread, at => wait(async { at.resume().await?.reply().await })).expect("and is resumed");
            drop(entered);
            let waited = data.thread(&thread).is_some_and(|thread| thread.state.waiting > 0);
            assert!(!waited || !data.messages(&thread).contains(&reply.message), "what waited is answered");
        }
        world.data[user] = world.read(user);
        assert_eq!(running(&world.data[user]).count(), 0, "every attempt has ended");
        world.check_reads(user);
    }
}
