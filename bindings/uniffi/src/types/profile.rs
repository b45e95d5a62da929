//! Profiles, and the history of their changes.

use std::collections::HashMap;

use super::*;

mirror! {
    record Work {
        /// Where.
        organization: String,
        /// As what.
        title: String,
        /// Since when.
        #[uniffi(default = None)]
        start: Option<String>,
        /// Until when.
        #[uniffi(default = None)]
        end: Option<String>,
        /// Whether it goes on.
        current: bool,
        /// What was done there.
        #[uniffi(default = None)]
        description: Option<String>,
    }
}

mirror! {
    /// A course of study.
    record Education {
        /// Where.
        #[uniffi(default = "")]
        institution: String,
        /// What it led to.
        #[uniffi(default = None)]
        degree: Option<String>,
        /// Of what.
        #[uniffi(default = None)]
        field: Option<String>,
        /// Since when.
        #[uniffi(default = None)]
        start: Option<String>,
        /// Until when.
        #[uniffi(default = None)]
        end: Option<String>,
    }
}

mirror! {
    /// A field of the host's own: a text, or a list of lines.
    enum CustomField {
        /// One text.
        Text(text: String),
        /// A list of lines.
        List(items: Vec<String>),
    }
}

mirror! {
    /// What is known about a person. Every field may be missing.
    ///
    /// The most that fits into each field is in `Limits`.
    record Profile {
        /// What the person is called.
        #[uniffi(default = None)]
        name: Option<String>,
        /// How the person is spoken of.
        #[uniffi(default = None)]
        pronouns: Option<String>,
        /// Where the person lives.
        #[uniffi(default = None)]
        location: Option<String>,
        /// The person in one line.
        #[uniffi(default = None)]
        headline: Option<String>,
        /// A page about the person.
        #[uniffi(default = None)]
        link: Option<String>,
        /// Jobs.
        #[uniffi(default)]
        work_history: Vec<Work>,
        /// Studies.
        #[uniffi(default)]
        education: Vec<Education>,
        /// What the person can do.
        #[uniffi(default)]
        skills: Vec<String>,
        /// What the person cares about.
        #[uniffi(default)]
        interests: Vec<String>,
        /// What debriefs left behind, in the person's own words.
        #[uniffi(default)]
        insights: Vec<String>,
        /// Where the person wants to go.
        #[uniffi(default = None)]
        career_goals: Option<String>,
        /// What the person is looking for now.
        #[uniffi(default = None)]
        seeking: Option<String>,
        /// Whom or what the person wants to be matched with.
        #[uniffi(default = None)]
        match_preferences: Option<String>,
        /// The person at length.
        #[uniffi(default = None)]
        summary: Option<String>,
        /// The language to talk in, as a BCP 47 tag such as `en` or `pt-BR`.
        #[uniffi(default = None)]
        language: Option<String>,
        /// Fields of the host's own, by name.
        #[uniffi(default)]
        custom: HashMap<String, CustomField>,
    }
}

mirror! {
    /// A field of the profile. In JSON it is its name in snake case, and `custom:NAME` for one of the host's own.
    enum ProfileField {
        /// `Profile::name`.
        Name,
        /// `Profile::pronouns`.
        Pronouns,
        /// `Profile::location`.
        Location,
        /// `Profile::headline`.
        Headline,
        /// `Profile::link`.
        Link,
        /// `Profile::work_history`.
        WorkHistory,
        /// `Profile::education`.
        Education,
        /// `Profile::skills`.
        Skills,
        /// `Profile::interests`.
        Interests,
        /// `Profile::insights`.
        Insights,
        /// `Profile::career_goals`.
        CareerGoals,
        /// `Profile::seeking`.
        Seeking,
        /// `Profile::match_preferences`.
        MatchPreferences,
        /// `Profile::summary`.
        Summary,
        /// `Profile::language`.
        Language,
        /// A field of the host's own.
        Custom(name: String),
    }
}

mirror! {
    /// What one field holds, or one item of a field that is a list.
    enum FieldValue {
        /// A text.
        Text(text: String),
        /// A job.
        Work(work: Work),
        /// A course of study.
        Education(education: Education),
    }
}

mirror! {
    /// A word of the host's own vocabulary: what is recognised in a person's text, and what is proposed for it.
    record Term {
        /// The list that it belongs to, such as skills or interests.
        field: ProfileField,
        /// The word as it is put into the profile.
        name: String,
        /// Other ways of writing it.
        #[uniffi(default)]
        aliases: Vec<String>,
    }
}

mirror! {
    /// Why a profile changed.
    enum ChangeCause {
        /// The host saved it.
        Saved,
        /// Proposals were accepted.
        Applied,
        /// The person flagged something that the coach said. Nothing in the profile changed.
        Reported,
    }
}

mirror! {
    /// Something that the coach said and the person flagged.
    record Report {
        /// The coach's message.
        message: String,
        /// Why, in the person's own words.
        reason: String,
    }
}

mirror! {
    /// An entry in the change log: that a profile changed and in which fields. The values are in the profile.
    record ProfileChange {
        /// Its position, from 1, without gaps.
        seq: u64,
        /// When.
        at: Timestamp,
        /// Why.
        cause: ChangeCause,
        /// The fields that changed.
        fields: Vec<ProfileField>,
        /// The conversation whose proposals were applied.
        thread: Option<ThreadId>,
        /// The proposals that were decided.
        extractions: Vec<String>,
        /// What the person flagged.
        report: Option<Report>,
    }
}
