//! What a model is asked.

use super::*;

mirror! {
    /// What a request is for.
    enum Purpose {
        /// The first question of a round.
        Open,
        /// A reply that asks one question.
        Reply,
        /// The last reply, without a question.
        Closing,
        /// Proposals for the profile.
        Propose,
    }
}

mirror! {
    /// Who says a part of a prompt.
    enum PartRole {
        /// The instructions and the context.
        System,
        /// The person.
        User,
        /// The coach.
        Assistant,
    }
}

mirror! {
    /// A part of a prompt, ready to be sent.
    record Part {
        /// Who says it.
        role: PartRole,
        /// The text.
        text: String,
        /// Whether it is the same, to the byte, in the thread's next request, so that a provider can cache it.
        stable: bool,
    }
}

mirror! {
    /// What an answer must be.
    enum Output {
        /// Prose for the person.
        Text,
        /// JSON that follows this JSON schema.
        Json(schema: String),
    }
}

mirror! {
    /// A request to a model: the facts, typed, for a model that is a script, and `parts` for one that reads prose.
    record Request without texts {
        /// What it is for.
        purpose: Purpose,
        /// The language to answer in, as a BCP 47 tag.
        language: String,
        /// The person.
        profile: Profile,
        /// The action, in a debrief; `None` in the general chat.
        action: Option<Action>,
        /// Where the debrief is, with the step that this reply asks about.
        flow: Flow,
        /// The thread's messages, oldest first, the newest one last.
        messages: Vec<Message>,
        /// The host's vocabulary.
        vocabulary: Vec<Term>,
        /// The prompt.
        parts: Vec<Part>,
        /// What the answer must be.
        output: Output,
        /// Whether the model may send signals beside its text.
        signals: bool,
        /// The most tokens that the answer may have.
        max_tokens: u32,
    }
}

mirror! {
    /// What makes the coach the host's own.
    record Voice {
        /// The field that the people work in, such as `marine biology`.
        #[uniffi(default = None)]
        field_of_work: Option<String>,
        /// How the coach speaks, such as `warm and plain`.
        #[uniffi(default = None)]
        tone: Option<String>,
        /// Whatever else the coach is told. It is put after this library's own instructions and cannot lift its rules, which code keeps.
        #[uniffi(default = None)]
        instructions: Option<String>,
    }
}

mirror! {
    /// What a profile is told for.
    enum ContextPurpose {
        /// A debrief of one action.
        Debrief,
        /// The general chat about the profile.
        General,
        /// Proposals of changes to the profile.
        Extraction,
    }
}

mirror! {
    /// Something structured that a model says beside its text. Never a word searched for in prose.
    enum Signal {
        /// What came of the action, as the person described it.
        Outcome(outcome: Outcome),
        /// The debrief has what it needs: this reply is the last one. Ignored before the fewest exchanges.
        Enough,
        /// A person should take over.
        HandOver,
    }
}

mirror! {
    /// How an answer ended.
    enum Finish {
        /// The model said all that it wanted to say.
        Complete,
        /// It ran into a limit in the middle.
        Length,
        /// It declined to answer.
        Refused,
        /// For a reason that this library does not know.
        Other,
    }
}

mirror! {
    /// What was said in a conversation that this library did not hold.
    record TranscriptMessage {
        /// Who said it.
        role: Role,
        /// The words, as they were written.
        text: String,
    }
}
