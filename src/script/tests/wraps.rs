//! What a debrief leaves: the recap in the person's words, the next action, the proposals.

use super::*;
use crate::action::{ActionKind, ActionSource};
use crate::limits::Limits;

fn held(next: &str) -> Session {
    let mut session = Session::new("volunteer");
    session.opens();
    session.chooses("mixed");
    session.types("That two people can run the kitchen if the rota is out a week before.");
    session.types("skip");
    session.types(next);
    session
}

#[test]
fn the_recap_is_in_the_persons_words_and_in_the_order_of_the_questions() {
    let recap = held("Ask for the rota a week early. Then we will see.").recap();
    let lines: Vec<_> = recap.lines.iter().map(|line| (line.step, line.quote.as_str(), line.cut)).collect();
    assert_eq!(
        lines,
        [
            (Step::Outcome, "Some of it worked out", false),
            (Step::Lesson, "That two people can run the kitchen if the rota is out a week before.", false),
            (Step::Next, "Ask for the rota a week early. Then we will see.", false),
        ]
    );
    assert_eq!(recap.outcome, Some(Outcome::Mixed));
}

#[test]
fn the_next_step_becomes_the_same_action_however_often_it_is_taken() {
    let session = held("Ask for the rota a week early. Then we will see.");
    let next = session.recap().next_action().expect("a next step was named");
    assert_eq!(next.title, "Ask for the rota a week early");
    assert_eq!(next.id, Some(ActionId::new("a1-next-1")));
    assert_eq!((next.kind.clone(), next.source, next.description.as_str()), (ActionKind::Volunteer, ActionSource::Debrief, ""));
    assert!(next == session.recap().next_action().expect("again"));
    assert!(next.check(&Limits::default()).is_ok());
}

#[test]
fn no_next_action_comes_out_of_nothing_a_question_or_a_pause() {
    for nothing in ["nothing yet", "Not sure.", "I don't know yet", "What would make sense for me to do?", "ok", "stop", "skip", "???"] {
        assert!(held(nothing).recap().next_action().is_none(), "{nothing}");
    }
    for (id, named) in [("again", true), ("further", true), ("else", true), ("pause", false)] {
        let mut session = Session::new("volunteer");
        session.budget = Budget::new(1, 10).expect("valid");
        session.opens();
        session.chooses("mixed");
        session.types("That two people can run the kitchen easily");
        session.types("skip");
        session.types("hm");
        session.chooses(id);
        let next = session.recap().next_action();
        assert_eq!(next.is_some(), named, "{id}");
        assert!(id != "further" || next.is_some_and(|next| next.title == "Take \"Replicate the attention-span study\" a step further"));
    }
}

#[test]
fn the_ids_of_a_chain_of_next_steps_stay_apart_and_short() {
    let mut id = ActionId::new("0f8fad5b-d9cb-469f-a165-70867728950e");
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        let mut session = held("Ask for the rota a week early");
        session.request.action.as_mut().expect("an action").id = id.clone();
        id = session.recap().next.expect("a next step").action;
        assert!(id.check().is_ok() && seen.insert(id.clone()), "{id}");
    }
    let mut session = held("Ask for the rota a week early");
    session.request.action.as_mut().expect("an action").id = ActionId::new("é".repeat(100));
    let long = session.recap().next.expect("a next step").action;
    assert!(long.check().is_ok() && long.as_str().ends_with("é-next-1"));
}

#[test]
fn terse_answers_are_in_a_recap_only_when_there_is_nothing_else() {
    let mut session = Session::new("volunteer");
    session.opens();
    session.types("fine");
    session.types("meh");
    assert_eq!(session.recap().lines.iter().map(|line| line.quote.as_str()).collect::<Vec<_>>(), ["fine"]);
    assert!(held("hm").recap().lines.iter().all(|line| line.quote != "hm"));
}

#[test]
fn a_long_answer_is_quoted_up_to_a_sentence_and_says_that_it_goes_on() {
    let long = "First we moved the whole kitchen. ".repeat(10);
    let recap = held(&long).recap();
    let line = recap.lines.last().expect("a line");
    assert!(line.cut && line.quote.chars().count() <= 200 && line.quote.ends_with("kitchen.") && long.starts_with(&line.quote));
    let endless = "kitchen ".repeat(60);
    let line = held(&endless).recap().lines.pop().expect("a line");
    assert!(line.cut && line.quote.chars().count() <= 200 && line.quote.ends_with("kitchen") && endless.starts_with(&line.quote));
}

#[test]
fn a_recap_survives_json_and_shows_no_words_when_debugged() {
    let recap = held("Ask for the rota a week early").recap();
    let json = serde_json::to_string(&recap).expect("it serialises");
    assert!(serde_json::from_str::<Recap>(&json).expect("and back") == recap);
    assert!(!format!("{recap:?}").contains("rota"));
}

#[test]
fn a_chosen_term_an_insight_and_recognised_words_are_proposed_with_their_quotes() {
    let session = cases::reopened();
    let items = session.proposals();
    let found = |field: &str, value: &str| items.iter().find(|item| item.0 == field && item.1 == value);
    let (.., message, quote) = found("skills", "R").expect("a capital that stands alone");
    assert!(session.request.messages[*message as usize - 1].text.contains(quote.as_str()));
    assert_eq!(found("interests", "meta-analysis").map(|item| item.2), Some(11));
    assert_eq!(found("insights", &items[1].3).map(|item| item.2), Some(4));
    assert_eq!(items[0], ("skills".to_owned(), "preregistration".to_owned(), 6, "preregistration".to_owned()));
    assert_eq!(items.iter().filter(|item| item.1 == "preregistration").count(), 1);
}

#[test]
fn at_most_eight_are_proposed_and_only_from_what_the_person_said() {
    let names: Vec<String> = (0..20).map(|n| format!("skill{n}")).collect();
    let terms: Vec<_> = names.iter().map(|name| (ProfileField::Skills, name.as_str())).collect();
    let mut session = Session::new("volunteer").knowing(&terms);
    session.push(Role::Assistant, Provenance::Coach, "Did you use skill1?", None, Vec::new());
    session.push(Role::User, Provenance::Seed, "I used skill2 here.", None, Vec::new());
    assert_eq!(session.proposals(), []);
    session.push(Role::User, Provenance::Typed, &names.join(" "), None, Vec::new());
    assert_eq!(session.proposals().len(), 8);
}
