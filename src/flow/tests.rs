//! Tests of the debrief's course: its budget holds whatever is said, and every path through the questions is the intended one.

use proptest::prelude::*;

use super::*;
use Step::{LeftBehind, Lesson, More, Next};

fn told(id: usize) -> Answer {
    Answer { messages: vec![MessageId::new(format!("m{id}"))], ..Answer::default() }
}

fn terse(id: usize) -> Answer {
    Answer { terse: true, ..told(id) }
}

fn skip() -> Answer {
    Answer::default()
}

fn stop() -> Answer {
    Answer { stop: true, ..Answer::default() }
}

/// The steps that are asked about after the first question, and how it ended.
fn course(start: Flow, budget: Budget, answers: &[Answer]) -> (Vec<Step>, Option<Ending>) {
    let mut flow = start;
    let mut asked = Vec::new();
    for answer in answers {
        flow = flow.heard(answer, &budget);
        if flow.ended.is_some() {
            break;
        }
        asked.push(flow.step);
    }
    (asked, flow.ended)
}

fn budget(min: u32, max: u32) -> Budget {
    Budget::new(min, max).expect("a valid budget")
}

#[test]
fn a_full_debrief_asks_four_questions_and_closes() {
    let answers: Vec<_> = (0..4).map(told).collect();
    assert_eq!(course(Flow::new(), Budget::default(), &answers), (vec![Lesson, LeftBehind, Next], Some(Ending::Complete)));
}

#[test]
fn every_budget_has_its_course() {
    let all: Vec<_> = (0..12).map(told).collect();
    for (min, max, asked) in [
        (1, 1, vec![]),
        (1, 2, vec![Lesson]),
        (2, 3, vec![Lesson, Next]),
        (2, 10, vec![Lesson, LeftBehind, Next]),
        (6, 10, vec![Lesson, LeftBehind, Next, More, More]),
        (10, 10, vec![Lesson, LeftBehind, Next, More, More, More, More, More, More]),
    ] {
        assert_eq!(course(Flow::new(), budget(min, max), &all), (asked, Some(Ending::Complete)), "{min} to {max}");
    }
}

#[test]
fn two_terse_answers_in_a_row_end_it_kindly_and_one_is_asked_again_once() {
    let flow = Flow::new().heard(&terse(0), &Budget::default());
    assert!(flow.rephrased && flow.step == Step::Outcome && flow.ended.is_none());
    assert_eq!(flow.heard(&terse(1), &Budget::default()).ended, Some(Ending::Terse));

    let better = flow.heard(&told(1), &Budget::default());
    assert_eq!((better.step, better.rephrased, better.terse), (Lesson, false, 0));
    let both = vec![Answered { step: Step::Outcome, messages: vec!["m0".into(), "m1".into()] }];
    assert_eq!(better.answered, both, "both answers belong to the one question");
}

#[test]
fn terse_answers_before_the_fewest_exchanges_move_on_instead() {
    let strict = budget(4, 6);
    let twice = Flow::new().heard(&terse(0), &strict).heard(&terse(1), &strict);
    assert_eq!((twice.step, twice.ended), (Lesson, None));
}

#[test]
fn the_last_question_is_about_what_comes_next_even_after_a_terse_answer() {
    let flow = Flow::new().heard(&told(0), &Budget::default()).heard(&told(1), &Budget::default()).heard(&terse(2), &Budget::default());
    assert_eq!((flow.step, flow.rephrased, flow.ended), (Next, true, None));
    let ended = flow.heard(&told(3), &Budget::default());
    assert_eq!(ended.ended, Some(Ending::Complete));
    assert_eq!(ended.answered.iter().map(|answered| answered.step).collect::<Vec<_>>(), [Step::Outcome, Lesson, LeftBehind, Next]);
}

#[test]
fn a_skipped_question_is_an_exchange_and_no_answer() {
    let flow = Flow::new().heard(&skip(), &Budget::default());
    assert_eq!((flow.step, flow.exchanges, flow.answered.len()), (Lesson, 1, 0));
    let skipped = course(Flow::new(), Budget::default(), &[skip(), skip(), skip(), skip()]);
    assert_eq!(skipped, (vec![Lesson, LeftBehind, Next], Some(Ending::Stopped)), "nothing was said, so nothing is complete");
}

#[test]
fn a_skipped_next_step_is_not_asked_for_again() {
    let answers = [told(0), told(1), told(2), skip(), told(4), told(5)];
    assert_eq!(course(Flow::new(), budget(6, 8), &answers).0, [Lesson, LeftBehind, Next, More, More]);
}

#[test]
fn a_stop_ends_it_at_once_wherever_it_is() {
    for before in 0..4 {
        let mut answers: Vec<_> = (0..before).map(told).collect();
        answers.push(stop());
        assert_eq!(course(Flow::new(), budget(10, 10), &answers).1, Some(Ending::Stopped));
    }
}

#[test]
fn a_reopened_round_has_a_fresh_budget_keeps_what_is_known_and_asks_what_changed_and_what_is_next() {
    let mut ended = Flow::new();
    for id in 0..4 {
        ended = ended.heard(&Answer { outcome: Some(Outcome::Failure), ..told(id) }, &Budget::default());
    }
    let again = ended.reopened();
    assert_eq!((again.step, again.exchanges, again.ended, again.outcome), (More, 0, None, Some(Outcome::Failure)));
    assert_eq!(again.answered, ended.answered);

    assert_eq!(course(again.clone(), Budget::default(), &[told(5), told(6)]), (vec![Next], Some(Ending::Complete)));
    assert_eq!(course(again.clone(), Budget::default(), &[terse(5), told(6), told(7)]), (vec![More, Next], Some(Ending::Complete)));
    assert_eq!(course(again, budget(4, 6), &[told(5), told(6), told(7), told(8)]), (vec![Next, More, More], Some(Ending::Complete)));
}

#[test]
fn what_has_ended_stays_ended() {
    let ended = Flow::new().heard(&stop(), &Budget::default());
    assert_eq!(ended.heard(&told(1), &Budget::default()), ended);
}

#[test]
fn the_coach_can_end_it_only_after_the_fewest_exchanges() {
    let mut early = Flow::new().heard(&told(0), &Budget::default());
    early.enough(&Budget::default());
    assert_eq!(early.ended, None);
    let mut late = early.heard(&told(1), &Budget::default());
    late.enough(&Budget::default());
    assert_eq!(late.ended, Some(Ending::Complete));
}

#[test]
fn only_budgets_that_can_be_kept_are_accepted() {
    for (min, max) in [(0, 1), (3, 2), (1, 11), (0, 0), (u32::MAX, u32::MAX)] {
        assert!(Budget::new(min, max).is_err(), "{min} to {max}");
    }
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let outcome = prop::option::of(prop::sample::select(Outcome::ALL.to_vec()));
    (0..4_usize, any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.05), outcome).prop_map(
        |(messages, terse, skip, stop, outcome)| {
            let messages = (0..messages).map(|id| MessageId::new(format!("m{id}"))).collect();
            Answer { messages: if skip { Vec::new() } else { messages }, terse, stop, outcome }
        },
    )
}

proptest! {
    #[test]
    fn i7_the_budget_holds_whatever_is_said(
        (min, max) in (1..=10_u32).prop_flat_map(|max| (1..=max, Just(max))),
        reopened in any::<bool>(),
        answers in prop::collection::vec(any_answer(), 10..16),
    ) {
        let budget = budget(min, max);
        let mut flow = if reopened { Flow::new().heard(&told(0), &budget).reopened() } else { Flow::new() };
        let mut questions = 1;
        let mut asked_next = 0;
        for answer in &answers {
            let before = flow.clone();
            flow = flow.heard(answer, &budget);
            if before.ended.is_some() {
                prop_assert_eq!(&flow, &before);
                continue;
            }
            prop_assert_eq!(flow.exchanges, before.exchanges + 1);
            prop_assert!(flow.exchanges <= max);
            if flow.ended.is_none() {
                questions += 1;
                asked_next += u32::from(flow.step == Next && before.step != Next);
                prop_assert!(!flow.rephrased || !before.rephrased, "one rephrasing a question");
                prop_assert!(!flow.rephrased || flow.step == before.step || flow.step == Next);
            } else if !answer.stop {
                prop_assert!(flow.exchanges >= min);
            } else {
                prop_assert_eq!(flow.ended, Some(Ending::Stopped));
            }
        }
        prop_assert!(flow.ended.is_some(), "ten answers always end it");
        prop_assert!(questions <= max);
        prop_assert!(asked_next <= 1);
    }
}
