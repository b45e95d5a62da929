//! The debrief's course: which question comes next, when it ends and why. It knows no words and no clock.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::runtime::MessageId;

/// How many exchanges a debrief takes. An exchange is a coach's reply to what the user said; a skipped question is one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    min: u32,
    max: u32,
}

impl Budget {
    /// Before `min` exchanges only the person may end it; the reply that is number `max` closes it. 1 ≤ min ≤ max ≤ 10.
    ///
    /// # Errors
    /// `InvalidInput` for any other numbers.
    pub fn new(min: u32, max: u32) -> Result<Self> {
        if 1 <= min && min <= max && max <= 10 {
            return Ok(Self { min, max });
        }
        Err(Error::invalid("budget", "it needs 1 ≤ min ≤ max ≤ 10"))
    }

    /// The fewest exchanges before the coach may end it.
    pub const fn min(&self) -> u32 {
        self.min
    }

    /// The exchange that closes it.
    pub const fn max(&self) -> u32 {
        self.max
    }
}

impl Default for Budget {
    /// 2 to 4 exchanges.
    fn default() -> Self {
        Self { min: 2, max: 4 }
    }
}

/// What the coach asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// What came of it, compared with the plan.
    Outcome,
    /// What was learned, asked by branch.
    Lesson,
    /// What it left behind: a skill, a person, an insight, a changed interest.
    LeftBehind,
    /// What changes next.
    Next,
    /// What has changed since, when a debrief is reopened, and whatever else is worth keeping.
    More,
}

/// What came of the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It worked.
    Success,
    /// Some of it worked.
    Mixed,
    /// It did not work.
    Failure,
    /// It was not really done.
    NotDone,
}

impl Outcome {
    /// Every outcome, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Success, Self::Mixed, Self::Failure, Self::NotDone];

    /// The outcome's name in snake case, which is also the id of the choice that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Mixed => "mixed",
            Self::Failure => "failure",
            Self::NotDone => "not_done",
        }
    }
}

/// Why a debrief ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It reached its end.
    Complete,
    /// The person ended it.
    Stopped,
    /// Two terse answers in a row.
    Terse,
    /// It was handed over to people.
    HandedOver,
}

/// What the user said to one question, as far as the course of the debrief depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The messages that answer, oldest first; not the one that only skips or stops.
    pub messages: Vec<MessageId>,
    /// Whether it was three words or fewer, and not a choice.
    pub terse: bool,
    /// Whether the person wants to end it.
    pub stop: bool,
    /// What it says about what came of the action.
    pub outcome: Option<Outcome>,
}

/// The messages that answered one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The question.
    pub step: Step,
    /// The answer, oldest first.
    pub messages: Vec<MessageId>,
}

/// Where a debrief is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The question that was asked last.
    pub step: Step,
    /// Whether it was asked in easier words, after a terse answer.
    #[serde(default)]
    pub rephrased: bool,
    /// Terse answers in a row.
    #[serde(default)]
    pub terse: u32,
    /// Exchanges of this round.
    #[serde(default)]
    pub exchanges: u32,
    /// What came of the action, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What was answered so far, in this round and earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<Answered>,
    /// Why it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
}

impl Flow {
    /// A debrief that has not begun.
    pub const fn new() -> Self {
        Self { step: Step::Outcome, rephrased: false, terse: 0, exchanges: 0, outcome: None, answered: Vec::new(), ended: None }
    }

    /// The next round: a fresh budget, and what is known so far kept.
    #[must_use]
    pub fn reopened(&self) -> Self {
        Self { step: Step::More, rephrased: false, terse: 0, exchanges: 0, ended: None, ..self.clone() }
    }

    /// Where the debrief is after this answer: the step to ask about, or why it ends. The reply that follows is one exchange.
    ///
    /// Before `min` exchanges only the person ends it; the reply that is number `max` always closes it. One that has ended stays as it is.
    #[must_use]
    pub fn heard(&self, answer: &Answer, budget: &Budget) -> Self {
        let mut next = self.clone();
        if self.ended.is_some() {
            return next;
        }
        next.exchanges += 1;
        let number = next.exchanges;
        if !answer.messages.is_empty() {
            match next.answered.last_mut().filter(|last| last.step == self.step && self.rephrased) {
                Some(last) => last.messages.extend(answer.messages.iter().cloned()),
                None => next.answered.push(Answered { step: self.step, messages: answer.messages.clone() }),
            }
        }
        if answer.outcome.is_some() {
            next.outcome = answer.outcome;
        }
        next.terse = if answer.terse { self.terse + 1 } else { 0 };
        if answer.stop {
            next.ended = Some(Ending::Stopped);
        } else if next.terse >= 2 && number >= budget.min {
            next.ended = Some(Ending::Terse);
        } else if number >= budget.max {
            next.ended = Some(next.end_of_course());
        } else if answer.terse && !self.rephrased {
            next.rephrased = true;
            // The last question is about what comes next, in easy words at once.
            if number + 1 == budget.max && matches!(self.step, Step::Lesson | Step::LeftBehind) {
                next.step = Step::Next;
            }
        } else {
            next.advance(number, budget);
        }
        next
    }

    /// The debrief ends with the reply that is being made, because the coach has what it needs. Ignored before `min` exchanges.
    pub(crate) fn enough(&mut self, budget: &Budget) {
        if self.ended.is_none() && self.exchanges >= budget.min {
            self.ended = Some(Ending::Complete);
        }
    }

    fn advance(&mut self, number: u32, budget: &Budget) {
        let was_rephrased = std::mem::take(&mut self.rephrased);
        // This reply may ask; each later one that may ask needs an exchange before the closing one.
        let questions_left = budget.max - number;
        let next = match self.step {
            Step::Outcome => Some(Step::Lesson),
            // What comes next matters more than what is left behind when there is room for one question only.
            Step::Lesson if questions_left == 1 => Some(Step::Next),
            Step::Lesson => Some(Step::LeftBehind),
            Step::LeftBehind => Some(Step::Next),
            // A reopened round begins with `More`; in any other place it comes after `Next`, which is not asked twice.
            Step::More if number == 1 || (number == 2 && was_rephrased) => Some(Step::Next),
            Step::More | Step::Next => None,
        };
        match next {
            Some(step) => self.step = step,
            None if number >= budget.min => self.ended = Some(self.end_of_course()),
            None => self.step = Step::More,
        }
    }

    fn end_of_course(&self) -> Ending {
        if self.answered.is_empty() { Ending::Stopped } else { Ending::Complete }
    }
}

impl Default for Flow {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
