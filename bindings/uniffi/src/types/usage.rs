//! What a model has used and costs, and how often it may be asked.

use super::*;
use crate::error::ErrorKind;

mirror! {
    /// Where a model runs, which decides what must be disclosed and agreed to.
    enum ModelPlace {
        /// No language model at all: a script of questions, on the device.
        Script,
        /// A language model on the device or inside the host's own process. Nothing leaves it.
        Local,
        /// A language model behind a network. It gets nothing before the user has agreed.
        Remote,
    }
}

mirror! {
    /// How a model describes itself.
    record ModelInfo {
        /// Who runs it, such as `anthropic`.
        provider: String,
        /// Which model, by the provider's name for it.
        model: String,
        /// Where it runs.
        place: ModelPlace,
        /// Where its server is, without credentials. Another address needs the user's agreement anew.
        #[uniffi(default = None)]
        address: Option<String>,
    }
}

mirror! {
    /// What an attempt was for.
    enum Operation {
        /// The first question of a round.
        Open,
        /// A reply to what the user said.
        Reply,
        /// Proposals for the profile.
        Propose,
    }
}

mirror! {
    /// How an attempt stands.
    enum AttemptStatus {
        /// Under way, or its process has died and nobody has touched the thread since.
        Running,
        /// Its reply or proposal was stored.
        Done,
        /// It ended with an error. With the offline fallback the guide's words may have been stored in its place.
        Failed,
        /// The host dropped it, or the person ended what it was for.
        Cancelled,
        /// It was found without anybody working on it.
        Abandoned,
    }
}

mirror! {
    /// Tokens, as the model counted them. What a model does not report is zero.
    record Usage {
        /// Requests that were sent: more than one where a reply was asked for again.
        #[uniffi(default = 0)]
        requests: u32,
        /// Prompt tokens that were neither read from nor written to a cache.
        #[uniffi(default = 0)]
        input_tokens: u64,
        /// Tokens of the answer, thinking included.
        #[uniffi(default = 0)]
        output_tokens: u64,
        /// Prompt tokens read from the provider's cache.
        #[uniffi(default = 0)]
        cache_read_tokens: u64,
        /// Prompt tokens written to the provider's cache.
        #[uniffi(default = 0)]
        cache_write_tokens: u64,
    }
}

mirror! {
    /// One attempt to get something from a model. It is written before the model is asked, and is the usage record as well.
    record Attempt {
        /// Its id, new for every attempt.
        id: String,
        /// What it is for.
        operation: Operation,
        /// Who is asked.
        provider: String,
        /// Which model.
        model: String,
        /// Whether that costs anything: a script never does.
        place: ModelPlace,
        /// The coach that makes it; a coach knows which of its own attempts are alive.
        instance: String,
        /// When it began.
        started_at: Timestamp,
        /// When anybody may take it over: its deadline and a margin.
        lease_until: Timestamp,
        /// When it ended.
        ended_at: Option<Timestamp>,
        /// How it stands.
        status: AttemptStatus,
        /// What it used.
        usage: Usage,
        /// Why it failed.
        error: Option<ErrorKind>,
    }
}

mirror! {
    /// What a model costs, in micro-dollars (millionths of a US dollar) per million tokens.
    record Price {
        /// The provider, as the model describes itself.
        provider: String,
        /// The model, as the model describes itself.
        model: String,
        /// The most prompt tokens of a request for which this price holds; `None` for any. Of several prices of a model the first one that holds
        /// counts.
        up_to: Option<u64>,
        /// For a million prompt tokens.
        input: u64,
        /// For a million tokens of the answer.
        output: u64,
        /// For a million prompt tokens read from a cache.
        cache_read: u64,
        /// For a million prompt tokens written to a cache.
        cache_write: u64,
    }
}

mirror! {
    /// What models cost, and as of when. A host replaces it as a whole, because prices change and depend on its contract.
    record PriceTable {
        /// The day on which these prices held, as `2026-11-20`.
        as_of: String,
        /// The prices.
        prices: Vec<Price>,
    }
}

mirror! {
    /// What one operation with one model used over a period.
    record UsageLine {
        /// What for.
        operation: Operation,
        /// Who was asked.
        provider: String,
        /// Which model.
        model: String,
        /// Attempts that began in the period.
        attempts: u64,
        /// How many of them ended with an error.
        failed: u64,
        /// How many of them were cancelled or abandoned.
        cancelled: u64,
        /// What all of them used together.
        usage: Usage,
        /// What that costs in micro-dollars; `None` if the price is not known, zero for a script and for what runs on the device.
        cost: Option<u64>,
    }
}

mirror! {
    /// What a user's debriefs and chats used over a period.
    record UsageReport {
        /// A line for each operation and model, in that order.
        lines: Vec<UsageLine>,
        /// What all of it costs in micro-dollars; `None` if the price of any line is not known.
        cost: Option<u64>,
        /// The day of the price table that was used.
        prices_as_of: String,
    }
}

mirror! {
    /// How often something is allowed: so many a minute, and so many at once after a pause.
    record Rate {
        /// How many a minute, in the long run; at least 1.
        per_minute: u32,
        /// How many at once; at least 1.
        burst: u32,
    }
}

mirror! {
    /// What is left of a user's allowance: for each rate, when it will be whole again.
    record Allowance {
        /// For turns.
        turns: Timestamp,
        /// For proposals.
        proposals: Timestamp,
    }
}

mirror! {
    /// How many turns and proposals a user may ask for.
    record AllowanceRates {
        /// Turns (default 20 a minute with a burst of 5).
        turns: Rate,
        /// Proposals (default 10 a minute with a burst of 3).
        proposals: Rate,
    }
}

mirror! {
    /// What a user is told before anything is shared with whoever writes the coach's words.
    record Disclosure {
        /// Stands for this disclosure in a consent. Another provider or address has another one.
        id: String,
        /// Whether a language model writes the words; a script does not.
        is_ai: bool,
        /// Who runs it.
        provider: String,
        /// Which model.
        model: String,
        /// Where it runs.
        place: ModelPlace,
        /// What to show, in the language asked for if this library speaks it, else in English.
        text: String,
    }
}

mirror! {
    /// The user's agreement to a disclosure.
    record Consent {
        /// The disclosure that was agreed to, by its id.
        disclosure: String,
        /// When.
        at: Timestamp,
    }
}
