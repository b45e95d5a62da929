//! Limits and times that a host may set.

use super::*;

mirror! {
    /// How much of anything is accepted. Characters are Unicode scalar values; beyond a limit is
    /// `InvalidInput`, never a silent cut.
    record Limits {
        /// One message, and all that waits together for one reply, in characters (default 5,000).
        message: u32,
        /// A short field, in characters (default 200): name, pronouns, location, language, kind of action, label, degree, field of study,
        /// organisation, institution, job title, start and end, one item of a list, one fact of an action's basis, the name of a field or an
        /// entry of the host's own.
        line: u32,
        /// A headline, an action's title or a link, in characters (default 500).
        title: u32,
        /// A long field, in characters (default 5,000): career goals, seeking, match preferences, summary, descriptions, the reason an action was
        /// suggested, one value of the host's own.
        text: u32,
        /// One insight, in characters (default 500).
        insight: u32,
        /// The text of one piece of material, in characters (default 20,000).
        material: u32,
        /// The items of one list, or the fields of the host's own (default 200).
        items: u32,
    }
}

mirror! {
    /// How long a model's server may take.
    record TimeLimits {
        /// Until the head of a response is there, connecting included (default 60 s).
        answer: TimeSpan,
        /// Between two pieces of a response (default 30 s).
        idle: TimeSpan,
        /// For a call as a whole, with every retry and wait (default 120 s). A turn has a deadline of its own beside it.
        overall: TimeSpan,
    }
}

mirror! {
    /// How failed requests are sent again.
    record Retries {
        /// How often at most (default 2, as the vendors' own clients do).
        most: u32,
        /// The longest wait that a server may ask for (default 20 s). If it asks for more, the call fails at once and the error says how long.
        longest_wait: TimeSpan,
    }
}

mirror! {
    /// How a coach's words reach the host.
    enum Delivery {
        /// A reply is held until it has passed the checks. One that fails is asked for once more and then replaced by the guide's question.
        Checked,
        /// Pieces are handed on as they come; what the checks find is reported with the reply.
        Live,
    }
}

mirror! {
    /// How a server takes the limit of an answer's tokens.
    enum TokenLimit {
        /// `max_tokens`, which nearly all servers read.
        MaxTokens,
        /// `max_completion_tokens`, which OpenAI's newer models ask for. Ollama ignores it without a word, and its replies have no end then.
        MaxCompletionTokens,
    }
}
