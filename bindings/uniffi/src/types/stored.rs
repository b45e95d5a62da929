//! What a store of the host's keeps and gives.

use super::*;

mirror! {
    /// Whether and when the person wants to be asked.
    enum Invitation {
        /// Nothing was decided.
        Open,
        /// Ask again at this time.
        Later(until: Timestamp),
        /// "Just done": do not ask.
        Declined,
    }
}

mirror! {
    /// How far the review of a proposal is.
    enum Review {
        /// Nothing was proposed.
        None,
        /// Something waits for a verdict.
        Ready,
        /// Everything that was proposed is decided.
        Done,
    }
}

mirror! {
    /// The attempt that a thread waits for.
    record Live {
        /// Which one. Only this one may store its reply.
        attempt: String,
        /// When anybody may take it over.
        until: Timestamp,
    }
}

mirror! {
    /// What is known about a thread besides its messages: budgets and positions come from here, never from a window of messages.
    record ThreadState {
        /// Which thread.
        thread: ThreadId,
        /// The position of the next message.
        next_seq: u64,
        /// The current round; 0 before the first message.
        round: u32,
        /// The position of the current round's first message.
        round_start: u64,
        /// Where the debrief is; unused in the general chat but for the number of exchanges.
        flow: Flow,
        /// The user's messages that wait for a reply, at most 3.
        waiting: u32,
        /// Their length together, in characters.
        waiting_chars: u64,
        /// The position of the user's newest message that says more than `skip` or `stop`; 0 if there is none.
        last_user_seq: u64,
        /// The attempt under way.
        live: Option<Live>,
        /// The last attempt that the person's stop, skip, decline or later cleared away.
        cancelled: Option<String>,
        /// Whether and when to ask.
        invitation: Invitation,
        /// The position up to which the last proposal has read, exclusive; 0 if there was none.
        proposed_until: u64,
        /// How far its review is.
        review: Review,
    }
}

mirror! {
    /// What is known about a user besides actions and conversations.
    record Account {
        /// Which version of everything about this user this is. Every commit names the one it was decided on.
        version: u64,
        /// The profile.
        profile: Profile,
        /// What the user has agreed to.
        consent: Option<Consent>,
        /// How often a model may be asked.
        allowance: Allowance,
        /// The position of the newest entry in the change log; 0 if there is none.
        changes: u64,
    }
}

mirror! {
    /// An action, and the state of its debrief if there is one.
    record ActionRecord {
        /// The action.
        action: Action,
        /// Its debrief.
        debrief: Option<ThreadState>,
    }
}

mirror! {
    /// A message that was looked for by its id, wherever it is, and the coach's next message after it.
    record Found {
        /// The message.
        message: Message,
        /// The coach's first message after it in its thread.
        reply: Option<Message>,
    }
}

mirror! {
    /// Everything that a decision about one thread needs, read at once.
    record Conversation {
        /// The user.
        account: Account,
        /// The action, for a debrief.
        action: Option<Action>,
        /// The thread; `None` if nothing has happened in it.
        state: Option<ThreadState>,
        /// The attempt that the thread names as live.
        attempt: Option<Attempt>,
        /// A hint: the store knows that whoever holds the live attempt is dead; false if it does not know. A wrong `true` costs a reply, which is
        /// thrown away, and nothing else.
        holder_gone: bool,
        /// The newest messages before the position asked for, oldest first.
        messages: Vec<Message>,
        /// The message that was looked for by its id.
        found: Option<Found>,
    }
}

mirror! {
    /// Which messages of a thread to read.
    record Page {
        /// At most so many.
        size: u32,
        /// Only messages before this position; the newest ones without it.
        before: Option<u64>,
        /// Look for this message as well, in whichever thread of the user's it is.
        find: Option<String>,
    }
}

mirror! {
    /// One thing to write. A store handles every kind: a new one does not compile until it does.
    enum Write {
        /// Puts the profile.
        Profile(profile: Profile),
        /// Puts or removes the consent.
        Consent(consent: Option<Consent>),
        /// Puts the allowance.
        Allowance(allowance: Allowance),
        /// Puts an action by its id.
        Action(action: Action),
        /// Removes an action and everything of its debrief, as `Write::RemoveThread` does. Nothing there is not an error.
        RemoveAction(action: String),
        /// Puts a thread's state.
        Thread(state: ThreadState),
        /// Removes a thread's state, messages and extractions. Its attempts stay: they hold no words. Nothing there is not an error.
        RemoveThread(thread: ThreadId),
        /// Removes a thread's messages up to this position, inclusive. The others keep their positions. Nothing there is not an error.
        RemoveMessages(thread: ThreadId, until: u64),
        /// Inserts a message. One with the same id, or at the same position of the thread, is `Conflict`.
        Message(content: Message),
        /// Puts an extraction by its id.
        Extraction(extraction: Extraction),
        /// Puts an attempt by its id.
        Attempt(attempt: Attempt),
        /// Inserts an entry into the change log. One at the same position is `Conflict`. It becomes `Account::changes`.
        Change(change: ProfileChange),
    }
}

mirror! {
    /// Writes that belong together, decided on one version of the user.
    record Change {
        /// The `Account::version` that was read; 0 to create a user who does not exist.
        expected: u64,
        /// The version after it.
        next: u64,
        /// What to write, in this order.
        writes: Vec<Write>,
    }
}
