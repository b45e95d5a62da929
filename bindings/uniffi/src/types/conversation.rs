//! Conversations: messages, replies, and where a debrief stands.

use super::*;
use crate::error::ErrorKind;

mirror! {
    /// A conversation. A message belongs to exactly one, and no other ever shows it.
    enum ThreadId {
        /// The chat about the profile as a whole.
        General,
        /// The debrief of this action.
        Debrief(action: String),
    }
}

mirror! {
    /// Who speaks.
    enum Role {
        /// The person.
        User,
        /// The coach.
        Assistant,
    }
}

mirror! {
    /// Where a message's words came from. Only what a user typed or chose can be quoted as evidence.
    enum Provenance {
        /// The person typed it.
        Typed,
        /// The person chose it among the choices that the coach offered.
        Chosen,
        /// The coach said it.
        Coach,
        /// The host put it there. It is context and never evidence.
        Seed,
    }
}

mirror! {
    /// An answer that the coach offers, to be taken with one tap.
    record Choice {
        /// Its id, unique within the message that offers it.
        id: String,
        /// What the person says by choosing it.
        text: String,
        /// The field of the profile that choosing it is a statement about, if it is.
        #[uniffi(default = None)]
        field: Option<ProfileField>,
    }
}

mirror! {
    /// Who wrote a reply.
    record Author {
        /// The model's provider; `guide` for the guide's own questions.
        provider: String,
        /// The model, by its provider's name for it.
        model: String,
        /// Where it runs. A script is no language model at all.
        place: ModelPlace,
    }
}

mirror! {
    /// A message as it is stored. Messages are never changed.
    record Message {
        /// Its id: the host's, or one made here; unique for the user.
        id: String,
        /// The conversation it belongs to, and no other.
        thread: ThreadId,
        /// Its position there, from 1, without gaps.
        seq: u64,
        /// The round of the debrief, from 1; 1 in the general chat.
        round: u32,
        /// Who speaks.
        role: Role,
        /// Where the words came from.
        provenance: Provenance,
        /// The words.
        text: String,
        /// The id of the choice that was taken, for a chosen message.
        choice: Option<String>,
        /// The choices that the coach offers with it.
        choices: Vec<Choice>,
        /// Who wrote it, for a coach's message.
        author: Option<Author>,
        /// When it was stored.
        at: Timestamp,
    }
}

mirror! {
    /// How something is said.
    enum Said {
        /// In the person's own words.
        Typed(text: String),
        /// By taking one of the choices that the coach's last message offers, by its id.
        Chosen(choice: String),
    }
}

mirror! {
    /// Something the user says.
    record NewMessage {
        /// The host's id; without one, one is made.
        #[uniffi(default = None)]
        id: Option<String>,
        /// What is said.
        said: Said,
    }
}

mirror! {
    /// The coach's answer, as it is stored.
    record Reply {
        /// The message.
        message: Message,
        /// The exchanges of the current round, now; 0 after an opening.
        exchange: u32,
        /// Whether something was said that no proposal has read yet, and the debrief is over: the time to propose.
        review_due: bool,
        /// Whether the debrief is over, now.
        over: bool,
        /// Why it is over. In the chat, which has no end, `HandedOver` says that the message before this one is for people, and not for a coach.
        ended: Option<Ending>,
        /// What the checks found in the reply and let pass, because it was handed on as it came.
        findings: Vec<Finding>,
        /// What was measured of it, if a model has just written it. It is reported and decides nothing.
        measures: Option<TurnMeasures>,
    }
}

mirror! {
    /// Messages of a conversation, oldest first.
    record MessagePage {
        /// The messages.
        messages: Vec<Message>,
        /// Pass this to read the page before this one; `None` if this is the first.
        before: Option<u64>,
    }
}

mirror! {
    /// What the coach asks about.
    enum Step {
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
}

mirror! {
    /// What came of the action.
    enum Outcome {
        /// It worked.
        Success,
        /// Some of it worked.
        Mixed,
        /// It did not work.
        Failure,
        /// It was not really done.
        NotDone,
    }
}

mirror! {
    /// Why a debrief ended.
    enum Ending {
        /// It reached its end.
        Complete,
        /// The person ended it.
        Stopped,
        /// Two terse answers in a row.
        Terse,
        /// It was handed over to people.
        HandedOver,
    }
}

mirror! {
    /// The messages that answered one question.
    record Answered {
        /// The question.
        step: Step,
        /// The answer, oldest first.
        messages: Vec<String>,
    }
}

mirror! {
    /// Where a debrief is.
    record Flow {
        /// The question that was asked last.
        step: Step,
        /// Whether it was asked in easier words, after a terse answer.
        rephrased: bool,
        /// Terse answers in a row.
        terse: u32,
        /// Exchanges of this round.
        exchanges: u32,
        /// What came of the action, once it is known.
        outcome: Option<Outcome>,
        /// What was answered so far, in this round and earlier ones.
        answered: Vec<Answered>,
        /// Why it ended, once it has.
        ended: Option<Ending>,
    }
}

mirror! {
    /// Where an action's debrief stands, for lists.
    enum DebriefState {
        /// There is none yet.
        None,
        /// The person wants to be asked again at this time.
        Deferred(until: Timestamp),
        /// "Just done".
        Declined,
        /// The coach has asked and waits for an answer.
        Open,
        /// The person has answered and waits for a reply.
        Pending,
        /// A reply is being made.
        Live,
        /// It has ended, and nothing was proposed yet.
        Ended(ending: Ending),
        /// Proposals wait for a verdict.
        ReadyToReview,
        /// Everything that was proposed is decided.
        Reviewed,
    }
}

mirror! {
    /// What the person said to one question.
    record RecapLine {
        /// The question.
        step: Step,
        /// What to call it, in the language of the debrief.
        label: String,
        /// The person's words, to the letter: whole sentences, at most 200 characters.
        quote: String,
        /// Whether the message goes on after the quote.
        cut: bool,
        /// The message that is quoted.
        message: String,
    }
}

mirror! {
    /// The next step that the person named, as an action to be.
    record NextStep {
        /// The id of the action that it becomes, always the same for the same answer.
        action: String,
        /// What sort of action: the same as the one that was finished.
        kind: ActionKind,
        /// The person's sentence, to the letter, without what ends it; at most 120 characters.
        title: String,
        /// The message that it comes from.
        message: String,
    }
}

mirror! {
    /// What came out of a debrief, in the person's own words.
    record Recap {
        /// What came of the action, if it is known.
        outcome: Option<Outcome>,
        /// What was said, in the order of the questions. A question without an answer to speak of has no line.
        lines: Vec<RecapLine>,
        /// What the person named as their next step.
        next: Option<NextStep>,
    }
}

mirror! {
    /// What happens during a turn.
    enum TurnEvent {
        /// More of the reply.
        Text(text: String),
        /// Answers to offer with the reply.
        Choices(choices: Vec<Choice>),
        /// The model's words failed the checks, for this reason, and it is asked once more.
        AskedAgain(finding: Finding),
        /// They failed again, or no second ones came, and the guide's question takes their place. This is what was wrong first.
        Replaced(finding: Finding),
        /// The guide writes this reply in place of a model that could not be reached, or may not be asked: why not.
        StoodIn(kind: ErrorKind),
        /// A person should take over. The host shows its own resources, in this language (a BCP 47 tag); the library has none.
        HandOver {
            /// The user's language.
            language: String,
        },
        /// The reply as it is stored. The last event of a turn that succeeds.
        Reply(reply: Reply),
    }
}
