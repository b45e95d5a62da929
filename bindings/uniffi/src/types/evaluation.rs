//! Measuring what comes out of a corpus of transcripts.

use std::collections::HashMap;

use super::*;

mirror! {
    /// One item that is expected.
    record Expectation {
        /// The field.
        field: ProfileField,
        /// The value. In a list of skills, interests, jobs, studies or of the host's own an item is this but for case and white space; a text, or an
        /// insight, holds it.
        value: FieldValue,
        /// Other values that are as good.
        #[uniffi(default)]
        or: Vec<FieldValue>,
        /// Whether it should be checked by default; without it, either is fine.
        #[uniffi(default = None)]
        checked: Option<bool>,
    }
}

mirror! {
    /// A debrief, and what must and must not come out of it. In JSON only `name` and `messages` are needed.
    record EvaluationCase {
        /// Its name, unique in its corpus.
        name: String,
        /// What it is a case of, in whatever words the corpus uses.
        #[uniffi(default = "")]
        case: String,
        /// The profile before the debrief, with the language that is spoken; without one, English.
        profile: Profile,
        /// What was done.
        #[uniffi(default = None)]
        action: Option<NewAction>,
        /// The host's vocabulary.
        #[uniffi(default)]
        vocabulary: Vec<Term>,
        /// What was said, oldest first. Where the coach speaks last, that closes the debrief.
        #[uniffi(default)]
        messages: Vec<TranscriptMessage>,
        /// A model's answer to the request for proposals, as it was recorded. In JSON it is a text, or the JSON that the text would hold.
        #[uniffi(default = None)]
        answer: Option<String>,
        /// What the person has rejected before.
        #[uniffi(default)]
        rejected: Vec<Expectation>,
        /// What must come out.
        #[uniffi(default)]
        must: Vec<Expectation>,
        /// What may come out.
        #[uniffi(default)]
        may: Vec<Expectation>,
        /// What must be found to be there already.
        #[uniffi(default)]
        known: Vec<Expectation>,
        /// What no proposed value may hold.
        #[uniffi(default)]
        must_not: Vec<String>,
        /// What neither a proposed value nor a quote may hold, such as somebody else's address.
        #[uniffi(default)]
        private: Vec<String>,
        /// Whether nothing at all may come out.
        #[uniffi(default = false)]
        empty: bool,
    }
}

mirror! {
    /// What is asked, and how it is priced.
    record EvaluationOptions {
        /// Whether each of the coach's turns is asked for again as well, and checked.
        #[uniffi(default = false)]
        turns: bool,
        /// How the coach speaks in those.
        voice: Voice,
        /// Instructions of the host's own in place of `COMPLETION_COACH_PROMPT`.
        #[uniffi(default = None)]
        coach_prompt: Option<String>,
        /// Instructions of the host's own in place of `EXTRACTION_PROMPT`.
        #[uniffi(default = None)]
        extraction_prompt: Option<String>,
        /// The prices.
        prices: PriceTable,
    }
}

mirror! {
    /// What an evaluation is about to use. An estimate: an ASCII character counts as a quarter of a token, any other one as a whole one, and
    /// answers are taken to be of a usual length.
    record EvaluationEstimate {
        /// The requests.
        requests: u32,
        /// Tokens of the prompts.
        input_tokens: u64,
        /// Tokens of the answers.
        output_tokens: u64,
        /// What that costs in micro-dollars; `None` if the price is not known.
        cost: Option<u64>,
        /// The day of the price table.
        prices_as_of: String,
    }
}

mirror! {
    /// Figures of the cases of one language, or of all.
    record EvaluationLine {
        /// The language, as a BCP 47 tag; `all` for the sum.
        language: String,
        /// Debriefs.
        cases: u32,
        /// Proposals that came out.
        proposals: u32,
        /// Proposals of which a quote is not what the person wrote at that place.
        unsupported: u32,
        /// Proposals that are checked by default.
        checked: u32,
        /// Those among them that are expected, and may be checked.
        checked_right: u32,
        /// Items that must come out.
        wanted: u32,
        /// Those that did.
        found: u32,
        /// Items that came out checked, or unchecked, where the opposite was expected.
        misjudged: u32,
        /// Proposals that came out twice, or that the profile holds already.
        duplicates: u32,
        /// Debriefs out of which nothing may come.
        empty: u32,
        /// Those out of which nothing came.
        empty_right: u32,
        /// Values and quotes that may not come out and did.
        forbidden: u32,
        /// Turns of the coach's that were checked.
        turns: u32,
        /// What the checks found in them.
        gate_hits: u32,
        /// Answers that could not be read; nothing is proposed from those.
        unreadable: u32,
        /// Requests that failed.
        errors: u32,
    }
}

mirror! {
    /// What is wrong in a case.
    enum EvaluationFault else Error {
        /// A proposal's quote is not what the person wrote at that place.
        Unsupported,
        /// A value or a quote that may not come out.
        Forbidden,
        /// Checked by default, and not expected, or not expected to be checked.
        WronglyChecked,
        /// Expected to be checked by default, and not.
        Unchecked,
        /// It did not come out.
        Missing,
        /// It was not found to be there already.
        NotKnown,
        /// It came out twice, or the profile holds it already.
        Duplicate,
        /// Something came out where nothing may.
        NotEmpty,
        /// A check found something in a turn of the coach's.
        Gate,
        /// The model failed.
        Error,
    }
}

mirror! {
    /// What is wrong in a case, with the words that show it.
    record EvaluationFailure {
        /// The case.
        case: String,
        /// What is wrong.
        fault: EvaluationFault,
        /// The item, the turn or the error.
        detail: String,
        /// The model's answer that it came from, if it came from one.
        answer: Option<String>,
    }
}

mirror! {
    /// What an evaluation came to. Its `Display` is a table of figures that holds nothing of the cases.
    record EvaluationReport {
        /// Figures by language, in the order in which they first came.
        lines: Vec<EvaluationLine>,
        /// Those of all cases together.
        total: EvaluationLine,
        /// How often each check of a turn found something, by its name.
        gates: HashMap<String, u32>,
        /// What the model used.
        usage: Usage,
        /// What that costs in micro-dollars; `None` if the price is not known.
        cost: Option<u64>,
        /// The day of the price table.
        prices_as_of: String,
        /// What was wrong, in the order of the cases.
        failures: Vec<EvaluationFailure>,
    }
}
