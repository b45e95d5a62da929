//! Proposals without a store: the same request and the same grounding as the coach's, for transcripts that were held elsewhere.

use completion_coach::testing::{Act, ScriptedModel};
use completion_coach::{
    Basis, CompletionCoach, Error, ErrorKind, EvaluationCase, EvaluationFault, EvaluationOptions, ModelInfo, ModelPlace, NewAction,
    OfflineGuide, Profile, ProfileField, Purpose, SqliteStore, TranscriptMessage, Usage, estimate, evaluate, extract,
};

const ANSWER: &str = r#"{"items": [{"field": "skills", "value": "Rust", "message": 2, "quote": "i learned Rust"},
    {"field": "skills", "value": "sql", "message": 2, "quote": "my SQL"}, {"field": "skills", "value": "Go", "message": 1, "quote": "Go"}]}"#;

fn profile() -> Profile {
    Profile { skills: vec!["SQL".into()], ..Profile::default() }
}

fn transcript() -> Vec<TranscriptMessage> {
    vec![TranscriptMessage::assistant("Was it Go?"), TranscriptMessage::user("no, i learned Rust, and my SQL was enough")]
}

#[tokio::test]
async fn what_comes_out_stands_on_the_persons_words_by_the_messages_number() {
    let model = ScriptedModel::default();
    model.say(ANSWER);
    let proposal = extract(&profile(), &transcript(), &model).await.expect("the answer is sound");
    let [item] = &proposal.items[..] else { panic!("one is new") };
    assert_eq!((item.basis, item.checked, item.evidence[0].message.as_str()), (Basis::Stated, true, "2"));
    let text = &transcript()[1].text;
    assert_eq!(text[item.evidence[0].start..item.evidence[0].end], item.evidence[0].quote);
    assert_eq!(proposal.known.len(), 1);
    let other = extract(&profile(), &transcript(), model.say(ANSWER)).await.expect("the answer is sound");
    assert_ne!(item.id, other.items[0].id, "an id is never given twice");
}

#[tokio::test]
async fn the_model_is_asked_what_the_coach_asks_it() {
    let model = ScriptedModel::default();
    let coach = CompletionCoach::builder(SqliteStore::in_memory().expect("memory"), model.clone()).build().expect("a coach");
    let me = coach.user("ada");
    me.save_profile(&profile()).await.expect("saved");
    me.record_done(NewAction::new("build_tools", "A linter").id("a")).await.expect("recorded");
    let debrief = me.debrief("a");
    let opening = debrief.open().await.expect("opened").reply().await.expect("a question");
    let reply = debrief.send("it runs, and i learned Rust").await.expect("a reply");
    debrief.propose().await.expect("nothing is proposed");

    let said = [
        TranscriptMessage::assistant(opening.message.text),
        TranscriptMessage::user("it runs, and i learned Rust"),
        TranscriptMessage::assistant(reply.message.text),
    ];
    extract(&profile(), &said, &model).await.expect("nothing is proposed");

    let requests = model.requests();
    let [.., by_coach, alone] = &requests[..] else { panic!("both asked") };
    assert_eq!(by_coach.purpose, Purpose::Propose);
    assert!(by_coach.parts == alone.parts && by_coach.output == alone.output, "the prompts are the same to the byte");
    assert_eq!((by_coach.max_tokens, by_coach.signals), (alone.max_tokens, alone.signals));
}

#[tokio::test]
async fn where_nobody_has_said_anything_nobody_is_asked() {
    let model = ScriptedModel::default();
    for said in [vec![], vec![TranscriptMessage::assistant("What came of it?")]] {
        let proposal = extract(&profile(), &said, &model).await.expect("nothing to read is no error");
        assert!(proposal.items.is_empty() && proposal.known.is_empty());
    }
    assert!(model.requests().is_empty());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anybody_is_asked() {
    let model = ScriptedModel::default();
    let long = TranscriptMessage::user("x".repeat(5_001));
    let many = vec![TranscriptMessage::user("x"); 501];
    let large = Profile { headline: Some("x".repeat(501)), ..Profile::default() };
    let cases = [
        (Profile::default(), vec![long], "message", Some(5_000)),
        (Profile::default(), vec![TranscriptMessage::user(" \n")], "message", None),
        (Profile::default(), many, "messages", Some(500)),
        (large, transcript(), "headline", Some(500)),
    ];
    for (profile, said, field, limit) in cases {
        let error = extract(&profile, &said, &model).await.expect_err("it does not fit");
        assert_eq!((error.kind(), error.field(), error.limit()), (ErrorKind::InvalidInput, Some(field), limit));
    }
    assert!(model.requests().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error() {
    let cases = [
        (vec![Act::Say("no JSON".into())], ErrorKind::ReplyIncomplete),
        (vec![Act::Say(ANSWER.into()), Act::Cut], ErrorKind::ReplyIncomplete),
        (vec![Act::Say(ANSWER.into()), Act::Length], ErrorKind::ReplyIncomplete),
        (vec![Act::Say(" ".into())], ErrorKind::ReplyIncomplete),
        (vec![Act::Overrun("x".repeat(1_000), 100)], ErrorKind::ReplyIncomplete),
        (vec![Act::Refuse], ErrorKind::ModelRefused),
    ];
    for (acts, kind) in cases {
        let model = ScriptedModel::default();
        model.play(acts);
        assert_eq!(extract(&profile(), &transcript(), &model).await.expect_err("it is none").kind(), kind);
    }
}

#[tokio::test]
async fn the_guide_recognises_what_the_profile_holds() {
    let proposal = extract(&profile(), &transcript(), &OfflineGuide).await.expect("the guide never fails");
    assert!(proposal.items.is_empty());
    assert_eq!(proposal.known[0].field, ProfileField::Skills);
}

fn cases() -> Vec<EvaluationCase> {
    EvaluationCase::read(
        r#"[{"name": "a", "messages": [{"role": "assistant", "text": "Was it Go?"}, {"role": "user", "text": "no, i learned Rust"},
             {"role": "assistant", "text": "Done."}], "must": [{"field": "skills", "value": "Rust", "checked": true}]},
            {"name": "b", "profile": {"language": "es"}, "messages": [{"role": "user", "text": "bien"}], "empty": true}]"#,
    )
    .expect("they are cases")
}

#[tokio::test]
async fn a_model_is_asked_for_proposals_and_for_each_turn_and_what_it_used_is_added_up() {
    let model = ScriptedModel::new(ModelInfo {
        provider: "anthropic".into(),
        model: "claude-sonnet-5-5".into(),
        place: ModelPlace::Remote,
        address: None,
    });
    let used = |usage| Act::Use(Usage { input_tokens: usage, output_tokens: 10, ..Usage::default() });
    model.play([Act::Say(ANSWER.into()), used(100)]).play([Act::Say("What came of it? And why?".into()), used(1)]);
    model.play([Act::Say("That is all.".into()), used(1)]).play([Act::Cut]);
    let options = EvaluationOptions { turns: true, ..EvaluationOptions::default() };
    let mut steps = Vec::new();

    let report = evaluate(&cases(), &options, Some(&model), |done, of| steps.push((done, of))).await.expect("it runs to its end");

    assert_eq!(steps, [(1, 2), (2, 2)]);
    assert_eq!((report.total.cases, report.total.turns, report.total.found, report.total.checked_right), (2, 2, 1, 1));
    assert_eq!(report.lines.iter().map(|line| line.language.as_str()).collect::<Vec<_>>(), ["en", "es"]);
    assert_eq!(report.gates.get("several_questions"), Some(&1));
    let faults: Vec<_> = report.failures.iter().map(|failure| (failure.case.as_str(), failure.fault)).collect();
    assert_eq!(faults, [("a", EvaluationFault::Gate), ("b", EvaluationFault::Error)]);
    assert_eq!((report.usage.requests, report.usage.input_tokens, report.usage.output_tokens), (4, 102, 30));
    assert_eq!(report.cost, Some(102 * 2 + 30 * 10));
    assert!(!report.passes(), "a request has failed");
    let purposes: Vec<_> = model.requests().iter().map(|request| request.purpose).collect();
    assert_eq!(purposes, [Purpose::Propose, Purpose::Open, Purpose::Closing, Purpose::Propose]);
    let table = report.to_string();
    assert!(table.contains("several_questions 1") && table.contains("0.0005 dollars") && !table.contains("Rust"), "{table}");
}

#[tokio::test]
async fn the_hosts_own_prompts_take_the_place_of_ours() {
    let model = ScriptedModel::default();
    let (coach_prompt, extraction_prompt) = (Some("Be brief.".to_owned()), Some("Find skills.".to_owned()));
    let options = EvaluationOptions { turns: true, coach_prompt, extraction_prompt, ..EvaluationOptions::default() };
    evaluate(&with_action(), &options, Some(&model), |_, _| {}).await.expect("it runs to its end");
    let first =
        |purpose| model.requests().into_iter().find(|request| request.purpose == purpose).expect("it was asked").parts[0].text.clone();
    assert!(first(Purpose::Propose).starts_with("Find skills.\n"));
    assert!(first(Purpose::Open).starts_with("Be brief.\n"));
}

fn with_action() -> Vec<EvaluationCase> {
    let action = NewAction::new("build_tools", "A linter");
    cases().into_iter().map(|case| EvaluationCase { action: Some(action.clone()), ..case }).collect()
}

#[test]
fn an_estimate_says_what_it_would_cost_if_the_price_is_known() {
    let info = |model: &str, place| ModelInfo { provider: "anthropic".into(), model: model.into(), place, address: None };
    let all = EvaluationOptions { turns: true, ..EvaluationOptions::default() };
    let asked = |options: &EvaluationOptions, info: ModelInfo| estimate(&cases(), options, &info).expect("they fit");

    let known = asked(&all, info("claude-sonnet-5-5", ModelPlace::Remote));
    assert_eq!((known.requests, known.output_tokens), (4, 2 * 300 + 2 * 80));
    assert!(known.input_tokens > 500 && known.cost == Some(known.input_tokens * 2 + known.output_tokens * 10));
    assert_eq!(asked(&EvaluationOptions::default(), info("claude-sonnet-5-5", ModelPlace::Remote)).requests, 2);
    assert_eq!(asked(&all, info("unheard-of", ModelPlace::Remote)).cost, None);
    assert_eq!(asked(&all, info("mine", ModelPlace::Local)).cost, Some(0));
}

#[tokio::test]
async fn the_guide_needs_no_recorded_answer_and_costs_nothing() {
    let options = EvaluationOptions { turns: true, ..EvaluationOptions::default() };
    let report = evaluate(&with_action(), &options, Some(&OfflineGuide), |_, _| {}).await.expect("the guide never fails");
    assert_eq!((report.cost, report.total.errors, report.total.unsupported, report.total.gate_hits), (Some(0), 0, 0, 0));
    let error = evaluate(&cases(), &options, None, |_, _| {}).await.expect_err("there is nothing to replay");
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("answer")));
}

#[tokio::test]
async fn an_error_that_will_not_pass_ends_it() {
    let model = ScriptedModel::default();
    model.play([Act::Fail(Error::new(ErrorKind::Unauthorised, "the key was refused").permanent())]);
    let error = evaluate(&cases(), &EvaluationOptions::default(), Some(&model), |_, _| {}).await.expect_err("the key is wrong");
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::Unauthorised, 1));
}

#[tokio::test]
async fn a_model_that_is_out_of_reach_is_not_asked_about_every_case() {
    let model = ScriptedModel::default();
    let away = || [Act::Fail(Error::new(ErrorKind::ModelUnavailable, "nobody is there"))];
    model.play(away()).play(away()).say(ANSWER).play(away()).play(away()).play(away());
    let cases = [cases(), cases(), cases(), cases()].concat();
    let error = evaluate(&cases, &EvaluationOptions::default(), Some(&model), |_, _| {}).await.expect_err("it is away");
    assert_eq!((error.kind(), model.requests().len()), (ErrorKind::ModelUnavailable, 6));
}
