//! The canaries: one distinctive word for every field that people, hosts or models write, to be looked for where none may be.

use completion_coach::{ActionKind, CustomField, Education, Material, NewAction, Profile, Work};

/// Every field that has a canary.
const FIELDS: [&str; 56] = [
    "name",
    "pronouns",
    "location",
    "headline",
    "link",
    "career goals",
    "seeking",
    "match preferences",
    "summary",
    "language",
    "skill",
    "interest",
    "insight",
    "organization",
    "job title",
    "job start",
    "job end",
    "job description",
    "institution",
    "degree",
    "field of study",
    "study start",
    "study end",
    "custom name",
    "custom text",
    "custom list name",
    "custom line",
    "kind",
    "title",
    "description",
    "rationale",
    "basis",
    "material label",
    "material link",
    "material text",
    "host data name",
    "host data",
    "message",
    "field of work",
    "tone",
    "instructions",
    "term",
    "alias",
    "term field",
    "verdict",
    "reply",
    "panic",
    "proposed",
    "choice id",
    "choice",
    "choice field",
    "new headline",
    "key",
    "header",
    "body",
    "header of a response",
];

const HALVES: [&str; 2] = ["kestrel", "zorilla"];

/// The canary of this field. No id, number or word of this library's looks like either half of it.
pub(crate) fn canary(field: &str) -> String {
    let at = FIELDS.iter().position(|known| *known == field).expect("every field with a canary is listed");
    format!("{}{at:03}-{}{at:03}", HALVES[0], HALVES[1])
}

/// The fields whose canaries, or halves of them, are in this text.
pub(crate) fn leaks(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    let whole = |half: &str, at: usize| text.contains(&format!("{half}{at:03}"));
    let found = FIELDS.iter().enumerate().filter(|(at, _)| HALVES.iter().any(|half| whole(half, *at)));
    let mut found: Vec<_> = found.map(|(_, field)| *field).collect();
    if found.is_empty() && HALVES.iter().any(|half| text.contains(half)) {
        found.push("a part of one");
    }
    found
}

pub(crate) fn profile() -> Profile {
    let one = |field| Some(canary(field));
    Profile {
        name: one("name"),
        pronouns: one("pronouns"),
        location: one("location"),
        headline: one("headline"),
        link: one("link"),
        work_history: vec![Work {
            organization: canary("organization"),
            title: canary("job title"),
            start: one("job start"),
            end: one("job end"),
            current: true,
            description: one("job description"),
        }],
        education: vec![Education {
            institution: canary("institution"),
            degree: one("degree"),
            field: one("field of study"),
            start: one("study start"),
            end: one("study end"),
        }],
        skills: vec![canary("skill")],
        interests: vec![canary("interest")],
        insights: vec![canary("insight")],
        career_goals: one("career goals"),
        seeking: one("seeking"),
        match_preferences: one("match preferences"),
        summary: one("summary"),
        language: one("language"),
        custom: [
            (canary("custom name"), CustomField::Text(canary("custom text"))),
            (canary("custom list name"), CustomField::List(vec![canary("custom line")])),
        ]
        .into(),
    }
}

pub(crate) fn action() -> NewAction {
    NewAction {
        basis: vec![canary("basis")],
        material: vec![Material {
            label: canary("material label"),
            link: Some(canary("material link")),
            text: Some(canary("material text")),
        }],
        host_data: [(canary("host data name"), canary("host data"))].into(),
        ..NewAction::new(ActionKind::Other(canary("kind")), canary("title"))
            .description(canary("description"))
            .rationale(canary("rationale"))
    }
}
