//! Actions: what a person means to do, and has done.

use std::collections::HashMap;

use super::*;

mirror! {
    /// Where an action stands.
    enum ActionStatus {
        /// Suggested, and not yet looked at.
        Active,
        /// Kept for later.
        Saved,
        /// Begun.
        InProgress,
        /// Finished. Only now is there a debrief.
        Done,
        /// Not wanted.
        Dismissed,
    }
}

mirror! {
    /// What sort of action it is. The guide has questions of its own for the eight kinds it knows, and general ones for any other.
    enum ActionKind {
        /// Doing again what somebody else reported.
        Replicate,
        /// Working on something with others.
        Collaborate,
        /// Founding an organisation or a group.
        StartOrg,
        /// Finding out what is missing in a field.
        IdentifyGaps,
        /// Giving time to a cause.
        Volunteer,
        /// Making a tool that others use.
        BuildTools,
        /// Teaching or writing.
        TeachWrite,
        /// Learning a skill.
        DevelopSkills,
        /// Any other, by the host's name for it.
        Other(name: String),
    }
}

mirror! {
    /// Something objective to look at in the debrief: a merged change, a published page, a score. The coach sees it;
    /// it can never be quoted as evidence.
    record Material {
        /// What it is, in a few words.
        label: String,
        /// Where it is.
        #[uniffi(default = None)]
        link: Option<String>,
        /// What it says.
        #[uniffi(default = None)]
        text: Option<String>,
    }
}

mirror! {
    /// Where an action came from.
    enum ActionSource {
        /// Added by the host or the person.
        Host,
        /// Generated as a suggestion. Only such actions are replaced by new suggestions, and only while they are active.
        Suggested,
        /// The next step that came out of a debrief.
        Debrief,
    }
}

mirror! {
    /// Something a person set out to do, as it is stored.
    record Action {
        /// The host's id, or one made here; unique for the user.
        id: String,
        /// What sort of action it is.
        kind: ActionKind,
        /// What is to be done, in one line.
        title: String,
        /// The same at length.
        description: String,
        /// Why it was suggested.
        rationale: String,
        /// The facts of the profile that it was suggested for.
        basis: Vec<String>,
        /// What can be looked at in the debrief.
        material: Vec<Material>,
        /// Data of the host's own. It is stored and exported, and never sent to a model.
        host_data: HashMap<String, String>,
        /// Where it came from.
        source: ActionSource,
        /// Where it stands.
        status: ActionStatus,
        /// When it was added.
        created_at: Timestamp,
        /// When it was begun.
        started_at: Option<Timestamp>,
        /// When it was finished.
        completed_at: Option<Timestamp>,
        /// When its debrief was opened or marked as started; set once.
        completion_started_at: Option<Timestamp>,
    }
}

mirror! {
    /// A step that can be taken with an action.
    enum ActionStep {
        /// Keep it for later: active to saved.
        Save,
        /// Back among the active ones: saved to active.
        Unsave,
        /// Begin it: active or saved to in progress.
        Start,
        /// Give it up for now: in progress to active.
        Cancel,
        /// Finish it: in progress to done.
        Complete,
        /// It was not finished after all: done to in progress, as long as its debrief was not started.
        Reopen,
        /// It is not wanted: active or saved to dismissed.
        Dismiss,
        /// Its debrief begins. It stays done; the first time is kept.
        MarkCompletionStarted,
    }
}

mirror! {
    /// An action to add, or one that was done elsewhere.
    record NewAction {
        /// The host's id; without one, one is made.
        #[uniffi(default = None)]
        id: Option<String>,
        /// What sort of action it is.
        kind: ActionKind,
        /// What is to be done, in one line.
        title: String,
        /// The same at length.
        #[uniffi(default = "")]
        description: String,
        /// Why it is suggested.
        #[uniffi(default = "")]
        rationale: String,
        /// The facts of the profile that it is suggested for.
        #[uniffi(default)]
        basis: Vec<String>,
        /// What can be looked at in the debrief.
        #[uniffi(default)]
        material: Vec<Material>,
        /// Data of the host's own, never sent to a model.
        #[uniffi(default)]
        host_data: HashMap<String, String>,
        /// Where it comes from.
        source: ActionSource,
    }
}

mirror! {
    /// An action in a list, with where its debrief stands.
    record ListedAction {
        /// The action.
        action: Action,
        /// Where its debrief stands.
        debrief: DebriefState,
    }
}

mirror! {
    /// Whether to offer a debrief, and in which words. The words are this library's; a host may use its own.
    record Offer {
        /// Whether to ask: not if it was declined, or deferred to a time that has not come, or begun already and not deferred.
        ask: bool,
        /// The question.
        text: String,
        /// The button that opens the debrief.
        tell_us: String,
        /// The button that declines it.
        just_done: String,
        /// The button that asks again later.
        later: String,
        /// What to say about who asks.
        disclosure: Disclosure,
        /// Whether the person has yet to agree to that disclosure before a remote model gets what they write.
        consent_needed: bool,
    }
}

mirror! {
    /// An action that was recorded as done, and whether to offer its debrief.
    record Done {
        /// The action.
        action: Action,
        /// The offer.
        offer: Offer,
    }
}
