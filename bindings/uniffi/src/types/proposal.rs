//! Proposals, their evidence, and what a person makes of them.

use super::*;

mirror! {
    /// The person's own words behind a proposal: where they stand, and the words exactly as they were written.
    record Evidence {
        /// The message.
        message: String,
        /// The words, cut from the message to the letter.
        quote: String,
        /// Where they begin in the message, in bytes of UTF-8.
        start: u32,
        /// Where they end, in bytes of UTF-8.
        end: u32,
        /// Where they begin, in UTF-16 code units, as Swift's and Kotlin's strings count.
        start_utf16: u32,
        /// Where they end, in UTF-16 code units.
        end_utf16: u32,
    }
}

mirror! {
    /// What a proposal does with its field.
    enum ProposedOperation {
        /// Adds an item to a list. Nothing is ever removed.
        Add,
        /// Puts a text in place of what the field holds.
        Replace,
    }
}

mirror! {
    /// How firmly a proposal stands on what was said.
    enum Basis {
        /// The value is in the person's own words, or they chose it.
        Stated,
        /// The person said yes to the coach's question that named it. Both messages are evidence.
        Confirmed,
        /// The value is not in the words that are quoted.
        Inferred,
    }
}

mirror! {
    /// Why a proposal is not checked by default, although it has a quote.
    enum Caution {
        /// The words around the quote deny it.
        Negated,
        /// The person wishes for it.
        Wish,
        /// The person only imagines it.
        Hypothetical,
        /// It is about somebody else.
        ThirdPerson,
        /// It is a question.
        Question,
        /// The value is not in the words that are quoted.
        Inferred,
        /// A word was recognised in the text, without understanding the sentence.
        Recognised,
        /// The person rates themselves ("now an expert"), and a rating is not a fact.
        SelfRated,
        /// The field already holds something else.
        Replaces,
    }
}

mirror! {
    /// What became of a proposal.
    enum ExtractionStatus {
        /// Nobody has decided yet.
        Pending,
        /// Accepted as it was proposed.
        Accepted,
        /// Accepted with the person's own value.
        Edited,
        /// Rejected. It is not proposed again.
        Rejected,
        /// Undecided when a newer proposal took its place.
        Superseded,
        /// The profile held it already when it was found; there is nothing to decide.
        Known,
    }
}

mirror! {
    /// One proposed change to a profile.
    record Extraction {
        /// Its id.
        id: String,
        /// The conversation that it came out of.
        thread: ThreadId,
        /// The field.
        field: ProfileField,
        /// What is done with it.
        operation: ProposedOperation,
        /// What is added or put there.
        value: FieldValue,
        /// What the field held when this was proposed, for a text that is replaced.
        before: Option<String>,
        /// The person's own words; never empty.
        evidence: Vec<Evidence>,
        /// How firmly it stands on them.
        basis: Basis,
        /// Whether it should be ticked when it is shown.
        checked: bool,
        /// Why not, if not.
        cautions: Vec<Caution>,
        /// What became of it.
        status: ExtractionStatus,
        /// What the person made of the value, if they edited it.
        edited: Option<FieldValue>,
        /// When it was proposed.
        created_at: Timestamp,
        /// Its place among those that were proposed at once, from 0.
        position: u32,
        /// When it was decided.
        decided_at: Option<Timestamp>,
    }
}

mirror! {
    /// What a person decided about one proposal.
    enum Verdict {
        /// Take it as it is.
        Accept,
        /// Take this instead. The person is the source, so it needs no quote.
        Edit(value: FieldValue),
        /// Leave it, and do not propose it again.
        Reject,
    }
}

mirror! {
    /// What a conversation's proposals are, as they stand now.
    record Proposal {
        /// What is proposed or was decided, oldest first and then in the order in which it was found; never superseded ones.
        items: Vec<Extraction>,
        /// What the person said that the profile holds already.
        known: Vec<Extraction>,
    }
}

mirror! {
    /// A text that has changed since its replacement was proposed. The proposal stays pending.
    record FieldConflict {
        /// The proposal.
        extraction: String,
        /// The field.
        field: ProfileField,
        /// What it held when the change was proposed.
        before: Option<String>,
        /// What it holds now.
        now: Option<String>,
        /// What would be put there.
        proposed: FieldValue,
    }
}

mirror! {
    /// What verdicts led to.
    record Applied {
        /// The proposals that are now in the profile.
        accepted: Vec<String>,
        /// The proposals that were rejected.
        rejected: Vec<String>,
        /// What could not be written because the field has changed; all else was.
        conflicts: Vec<FieldConflict>,
        /// The profile as it is now.
        profile: Profile,
    }
}
