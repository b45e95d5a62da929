//! What a killed process was told: every acknowledged operation, and the ones that it had begun and never heard of again.

use std::collections::{BTreeMap, BTreeSet};

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fate {
    #[default]
    There,
    /// Its deletion was begun: it is all there or all gone.
    Perhaps,
    Gone,
}

/// What is known about a conversation.
#[derive(Debug, Default)]
pub(crate) struct Thread {
    /// What was said, in order, and whether that was acknowledged.
    pub(crate) said: Vec<(String, bool)>,
    /// The positions of acknowledged replies and what they answer.
    pub(crate) answered: Vec<(u64, String)>,
    /// Whether its action was recorded.
    pub(crate) made: bool,
    pub(crate) opened: bool,
    /// What was said again last, and answered.
    pub(crate) again: Option<String>,
    /// Whether its messages are there.
    pub(crate) fate: Fate,
    /// Whether its action is there.
    pub(crate) action: Fate,
    /// What was deleted for good.
    pub(crate) gone: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By user and action.
    pub(crate) threads: BTreeMap<(String, String), Thread>,
    /// Acknowledged: the proposals that were accepted, with the skill, by user.
    pub(crate) applied: BTreeSet<(String, String, String)>,
    /// Up to when a user was forgotten: no row from before is there.
    pub(crate) forgotten: BTreeMap<String, u64>,
    /// The same where it was acknowledged: no byte from before is there.
    pub(crate) erased: BTreeMap<String, u64>,
    /// Begun and never heard of again.
    pub(crate) forgetting: Option<(String, u64)>,
}

/// The moment at which the action of this id was made.
pub(crate) fn moment(id: &str) -> u64 {
    id.split(['x', 'm']).nth(1).and_then(|moment| moment.parse().ok()).expect("an id of ours")
}

impl Ledger {
    pub(crate) fn note(&mut self, words: &[&str]) {
        let pairs = |list: &str| {
            let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
            pairs.map(|(id, skill)| (id.to_owned(), skill.to_owned())).collect::<Vec<_>>()
        };
        // A line that was written after Eve was forgotten may tell of something before.
        if let [_, user, thread, ..] = *words
            && thread.contains('x')
            && self.forgotten.get(user).is_some_and(|until| moment(thread) < *until)
        {
            return;
        }
        match *words {
            ["done", user, action] => self.thread(user, action).made = true,
            ["opened", user, action] => self.thread(user, action).opened = true,
            ["saying", user, thread, id] => {
                let said = &mut self.thread(user, thread).said;
                if said.iter().all(|(known, _)| known != id) {
                    said.push((id.to_owned(), false));
                }
            }
            ["said", user, thread, id] => {
                let said = &mut self.thread(user, thread).said;
                said.iter_mut().filter(|(known, _)| known == id).for_each(|known| known.1 = true);
            }
            ["answered", user, thread, id, seq] => {
                let seq = seq.parse().expect("a number");
                self.thread(user, thread).answered.push((seq, id.to_owned()));
            }
            ["applied", user, _, list] => {
                self.applied.extend(pairs(list).into_iter().map(|(id, skill)| (user.to_owned(), id, skill)));
            }
            ["deleting", user, thread] => self.thread(user, thread).fate = Fate::Perhaps,
            ["deleted", user, thread] => self.thread(user, thread).is_gone(),
            ["removing", user, thread] => {
                let thread = self.thread(user, thread);
                (thread.fate, thread.action) = (Fate::Perhaps, Fate::Perhaps);
            }
            ["removed", user, thread] => {
                let thread = self.thread(user, thread);
                thread.is_gone();
                thread.action = Fate::Gone;
            }
            ["forgetting", user, until] => self.forgetting = Some((user.to_owned(), until.parse().expect("a moment"))),
            ["forgot", user, until] => {
                let until = until.parse().expect("a moment");
                self.erased.insert(user.to_owned(), until);
                self.were_forgotten(user, until);
            }
            ["doing" | "proposed" | "applying" | "started" | "retried", ..] => {}
            ref other => panic!("the journal says {other:?}"),
        }
    }

    fn thread(&mut self, user: &str, thread: &str) -> &mut Thread {
        self.threads.entry((user.to_owned(), thread.to_owned())).or_default()
    }

    /// Nothing of this user from before is expected any more.
    pub(crate) fn were_forgotten(&mut self, user: &str, until: u64) {
        self.forgotten.insert(user.to_owned(), until);
        self.forgetting = None;
        self.threads.retain(|(name, thread), _| name != user || moment(thread) > until);
        self.applied.retain(|(name, _, skill)| name != user || moment(skill) > until);
    }

    /// What was said last in each conversation that is still there.
    pub(crate) fn last_words(&self) -> Vec<(String, String, String)> {
        let there = self.threads.iter().filter(|(_, thread)| thread.fate == Fate::There && thread.action == Fate::There);
        there
            .filter_map(|((user, name), thread)| {
                let (id, _) = thread.said.last().filter(|(id, _)| thread.again.as_ref() != Some(id))?;
                Some((user.clone(), name.clone(), id.clone()))
            })
            .collect()
    }

    pub(crate) fn said_again(&mut self, user: &str, thread: &str, id: &str) {
        self.thread(user, thread).again = Some(id.to_owned());
    }

    pub(crate) fn was_said(&self, user: &str, thread: &str, id: &str) -> bool {
        let thread = self.threads.get(&(user.to_owned(), thread.to_owned()));
        thread.is_some_and(|thread| thread.said.iter().any(|(known, acknowledged)| known == id && *acknowledged))
    }
}

impl Thread {
    /// Its messages were deleted; it may begin anew.
    pub(crate) fn is_gone(&mut self) {
        self.gone.extend(self.said.drain(..).map(|(id, _)| id));
        self.answered.clear();
        self.opened = false;
        self.fate = Fate::There;
    }
}
