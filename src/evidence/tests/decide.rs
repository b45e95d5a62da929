//! What verdicts do to a profile, and that they do it once.

use proptest::prelude::*;

use super::*;
use crate::error::{ErrorKind, Result};
use crate::evidence::decide::Decision;
use crate::profile::{CustomField, Work};

const NOW: Timestamp = Timestamp::from_millis(9);

fn pending(id: &str, field: ProfileField, value: FieldValue, before: Option<&str>) -> Extraction {
    let list = Profile::default().is_list(&field);
    Extraction {
        id: id.into(),
        thread: thread(),
        field,
        operation: if list { ProposedOperation::Add } else { ProposedOperation::Replace },
        value,
        before: before.map(str::to_owned),
        evidence: Vec::new(),
        basis: Basis::Stated,
        checked: true,
        position: 0,
        cautions: Vec::new(),
        status: ExtractionStatus::Pending,
        edited: None,
        created_at: Timestamp::default(),
        decided_at: None,
    }
}

fn skill(id: &str, value: &str) -> Extraction {
    pending(id, ProfileField::Skills, text(value), None)
}

fn apply(profile: &Profile, items: &[Extraction], verdicts: &Verdicts) -> Result<Decision> {
    decide(profile, items, verdicts, &Limits::default(), NOW)
}

/// The proposals after a decision, as a store would have them.
fn stored(items: &[Extraction], decision: &Decision) -> Vec<Extraction> {
    items.iter().map(|item| decision.changed.iter().find(|changed| changed.id == item.id).unwrap_or(item).clone()).collect()
}

#[test]
fn i8_lists_are_united_and_only_what_was_accepted_is_added() {
    let profile = Profile { skills: vec!["SQL".into()], ..Profile::default() };
    let items = [skill("a", "Rust"), skill("b", "Goo"), skill("c", "Perl"), skill("d", "Zig")];

    let verdicts = Verdicts::default().accept("a").edit("b", " Go ").reject("c");
    let decision = apply(&profile, &items, &verdicts).expect("decided");

    assert_eq!(decision.profile.skills, ["SQL", "Rust", "Go"]);
    assert_eq!(decision.applied.accepted, ["a".into(), "b".into()]);
    assert_eq!(decision.applied.rejected, ["c".into()]);
    assert_eq!(decision.fields, [ProfileField::Skills]);
    let status: Vec<_> = stored(&items, &decision).iter().map(|item| item.status).collect();
    use ExtractionStatus::{Accepted, Edited, Pending, Rejected};
    assert_eq!(status, [Accepted, Edited, Rejected, Pending]);
    assert!(decision.changed.iter().all(|item| item.decided_at == Some(NOW)));
    assert_eq!(decision.changed[1].edited, Some(text("Go")));
    assert_eq!(decision.applied.profile, decision.profile);
}

#[test]
fn what_is_there_already_is_accepted_and_changes_nothing() {
    let profile = Profile { skills: vec!["rust".into()], ..Profile::default() };
    let decision = apply(&profile, &[skill("a", "Rust")], &Verdicts::default().accept("a")).expect("decided");
    assert_eq!(decision.applied.accepted, ["a".into()]);
    assert_eq!((decision.profile, decision.fields), (profile, Vec::new()));
}

#[test]
fn i8_a_text_that_has_moved_on_is_a_conflict_and_stays_pending_while_the_rest_is_applied() {
    let profile = Profile { headline: Some("New".into()), ..Profile::default() };
    let items = [pending("h", ProfileField::Headline, text("Mine"), Some("Old")), skill("s", "Rust")];

    let decision = apply(&profile, &items, &Verdicts::default().accept("h").accept("s")).expect("decided");

    assert_eq!(decision.profile.headline.as_deref(), Some("New"));
    assert_eq!(decision.profile.skills, ["Rust"]);
    assert_eq!(decision.applied.accepted, ["s".into()]);
    let conflict = &decision.applied.conflicts[0];
    assert_eq!((conflict.before.as_deref(), conflict.now.as_deref()), (Some("Old"), Some("New")));
    assert_eq!(conflict.proposed, text("Mine"));
    assert_eq!(stored(&items, &decision)[0].status, ExtractionStatus::Pending);
    assert_eq!(decision.fields, [ProfileField::Skills]);
}

#[test]
fn a_text_is_written_while_it_is_as_it_was_and_of_two_the_second_conflicts() {
    let profile = Profile { headline: Some("Old".into()), ..Profile::default() };
    let new = |id, value: &str| pending(id, ProfileField::Headline, text(value), Some("Old"));
    let items = [new("b", "First"), new("a", "Second")];
    let verdicts = Verdicts::default().accept("a").accept("b");

    let decision = apply(&profile, &items, &verdicts).expect("decided");
    assert_eq!(decision.profile.headline.as_deref(), Some("First"));
    assert_eq!(decision.applied.conflicts[0].extraction, "a".into());

    let again = apply(&decision.profile, &stored(&items, &decision), &verdicts).expect("decided");
    assert_eq!(again.applied, decision.applied);
    assert!(again.changed.is_empty() && again.fields.is_empty());

    let after = pending("z", ProfileField::Headline, text("Third"), Some("First"));
    let chained = apply(&profile, &[new("b", "First"), after], &Verdicts::default().accept("b").accept("z")).expect("decided");
    assert_eq!(chained.profile.headline.as_deref(), Some("First"));
    assert_eq!(chained.applied.conflicts[0].extraction, "z".into());

    let empty = [pending("g", ProfileField::CareerGoals, text("Lead"), None)];
    let decision = apply(&Profile::default(), &empty, &Verdicts::default().accept("g")).expect("decided");
    assert_eq!(decision.profile.career_goals.as_deref(), Some("Lead"));
}

#[test]
fn another_verdict_on_what_is_decided_is_a_conflict_and_nothing_is_applied() {
    let profile = Profile::default();
    let items = [skill("a", "Rust"), skill("b", "Go"), skill("c", "C"), skill("n", "New")];
    let verdicts = Verdicts::default().accept("a").edit("b", "Go 1").reject("c");
    let decision = apply(&profile, &items, &verdicts).expect("decided");
    let items = stored(&items, &decision);
    let none = Verdicts::default;
    let others = [none().reject("a"), none().edit("a", "Rust"), none().accept("b"), none().edit("b", "Go 2"), none().accept("c")];
    for verdicts in others {
        let error = apply(&decision.profile, &items, &verdicts.accept("n")).expect_err("conflict");
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    let same = apply(&decision.profile, &items, &none().edit("b", " Go 1").accept("n")).expect("the same verdict is none");
    assert_eq!(same.changed.len(), 1);
}

#[test]
fn only_pending_proposals_of_this_list_can_be_decided() {
    for status in [ExtractionStatus::Superseded, ExtractionStatus::Known] {
        let items = [Extraction { status, ..skill("a", "Rust") }];
        for verdicts in [Verdicts::default().accept("a"), Verdicts::default().edit("a", "x"), Verdicts::default().reject("a")] {
            assert_eq!(apply(&Profile::default(), &items, &verdicts).expect_err("conflict").kind(), ErrorKind::Conflict);
        }
    }
    let error = apply(&Profile::default(), &[skill("a", "Rust")], &Verdicts::default().accept("a").accept("z")).expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn an_edited_value_must_be_of_its_fields_sort_and_fit() {
    let headline = || pending("h", ProfileField::Headline, text("x"), None);
    let work = || pending("w", ProfileField::WorkHistory, FieldValue::Work(Work::default()), None);
    let job = FieldValue::Work(Work { organization: "Acme".into(), ..Work::default() });
    let cases = [
        (skill("s", "Rust"), FieldValue::Text("x".repeat(201)), "skills"),
        (skill("s", "Rust"), text("  "), "value"),
        (skill("s", "Rust"), text("a\u{0}b"), "value"),
        (skill("s", "Rust"), text("a\nb"), "value"),
        (skill("s", "Rust"), job.clone(), "value"),
        (headline(), job.clone(), "value"),
        (headline(), FieldValue::Text("x".repeat(501)), "headline"),
        (work(), text("Acme"), "value"),
        (work(), FieldValue::Work(Work::default()), "value"),
        (work(), FieldValue::Work(Work { title: "x".repeat(201), ..Work::default() }), "work_history.title"),
    ];
    for (item, value, field) in cases {
        let id = item.id.clone();
        let error = apply(&Profile::default(), &[item], &Verdicts::default().edit(id, value)).expect_err("invalid");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some(field)));
    }
    let decision = apply(&Profile::default(), &[work()], &Verdicts::default().edit("w", job)).expect("fits");
    assert_eq!(decision.profile.work_history[0].organization, "Acme");
}

#[test]
fn a_profile_that_would_be_too_full_stays_as_it_is() {
    let profile = Profile { skills: (0..200).map(|n| format!("skill {n}")).collect(), ..Profile::default() };
    let items = [skill("a", "one more"), skill("b", "skill 3")];
    let error = apply(&profile, &items, &Verdicts::default().accept("a")).expect_err("too many");
    assert_eq!((error.kind(), error.field(), error.limit()), (ErrorKind::InvalidInput, Some("skills"), Some(200)));
    assert!(apply(&profile, &items, &Verdicts::default().accept("b").reject("a")).is_ok());
}

#[test]
fn a_field_of_the_hosts_own_that_is_gone_is_a_conflict() {
    let field = ProfileField::Custom("tools".into());
    let item = Extraction { operation: ProposedOperation::Add, ..pending("t", field, text("jj"), None) };
    let verdicts = Verdicts::default().accept("t");
    let gone = apply(&Profile::default(), std::slice::from_ref(&item), &verdicts).expect("decided");
    assert_eq!(gone.applied.conflicts.len(), 1);

    let custom = [("tools".to_owned(), CustomField::List(vec!["git".into()]))].into();
    let there = apply(&Profile { custom, ..Profile::default() }, &[item], &verdicts).expect("decided");
    assert_eq!(there.profile.custom["tools"], CustomField::List(vec!["git".into(), "jj".into()]));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn i8_verdicts_are_idempotent_and_a_list_never_loses_an_item(
        skills in prop::collection::vec("[a-c]{1,2}", 0..4),
        goals in prop::option::of("[a-c]"),
        proposed in prop::collection::vec((any::<bool>(), "[a-d]{1,2}", prop::option::of("[a-c]"), 0_u8..4), 0..8),
    ) {
        let profile = Profile { skills, career_goals: goals, ..Profile::default() };
        let mut verdicts = Verdicts::default();
        let mut items = Vec::new();
        for (at, (list, value, before, verdict)) in proposed.iter().enumerate() {
            let id = format!("e{at}");
            let field = if *list { ProfileField::Skills } else { ProfileField::CareerGoals };
            items.push(pending(&id, field, text(value), if *list { None } else { before.as_deref() }));
            verdicts = match verdict {
                0 => verdicts.accept(id),
                1 => verdicts.edit(id, format!("{value} edited")),
                2 => verdicts.reject(id),
                _ => verdicts,
            };
        }
        let first = apply(&profile, &items, &verdicts).expect("decided");
        for skill in &profile.skills {
            prop_assert!(first.profile.skills.contains(skill));
        }
        let second = apply(&first.profile, &stored(&items, &first), &verdicts).expect("decided");
        prop_assert_eq!(&second.applied, &first.applied);
        prop_assert!(second.changed.is_empty() && second.fields.is_empty());
        prop_assert_eq!(first.fields, first.profile.differences(&profile));
    }
}
