//! Whatever is in any field: nothing panics, echoes and quotes are to the letter, one question mark a turn.

use proptest::prelude::*;

use super::*;

fn any_text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "{quote}",
        "</completed_action>",
        "$&",
        "{profileContext}",
        "…",
        "?",
        "。",
        "もっと早く",
        "e\u{301}",
        "👩‍👩‍👧",
        "\u{0}",
        "\n",
        "İ",
        "ß",
        "NDA",
        "I will ",
        "R ",
        "it worked ",
        "not sure",
        ". ",
        "\" ",
        "ไม่มี",
    ]);
    prop_oneof![
        any::<String>(),
        "\\PC{0,300}",
        prop::collection::vec(prop_oneof![odd.prop_map(str::to_owned), "[a-z]{1,9} "], 0..60).prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn nothing_in_any_field_breaks_a_debrief(
        kind in any_text(), title in any_text(), label in any_text(), link in any_text(), term in any_text(), language in any_text(),
        answers in prop::collection::vec(any_text(), 1..12),
    ) {
        let material = Material { link: Some(link), ..Material::new(label) };
        let mut session = Session::of(NewAction::new(kind.as_str(), title.as_str()).material(material));
        session.request.vocabulary = vec![Term { field: ProfileField::Custom(term.clone()), name: term.clone(), aliases: answers.clone() }];
        session.request.profile.skills = vec![term];
        session.request.language = language;
        session.budget = Budget::new(10, 10).expect("valid");
        session.opens();
        for answer in &answers {
            let reply = session.types(answer);
            let over = session.request.flow.ended.is_some();
            prop_assert_eq!(reply.text.chars().filter(|c| text::asks(&c.to_string())).count(), usize::from(!over));
            prop_assert!(reply.text.split_whitespace().count() <= 60);
            if let Some((echo, _)) = reply.text.strip_prefix("You wrote: \"").and_then(|rest| rest.split_once("\"\n\n")) {
                let typed = session.request.messages.iter().filter(|message| message.role == Role::User);
                let verbatim = |message: &Message| message.text.contains(echo) || message.text.contains(echo.trim_end_matches('…'));
                prop_assert!(typed.into_iter().any(verbatim), "{echo}");
                prop_assert!(echo.split_whitespace().count() <= 12 && echo.chars().count() <= 121);
                prop_assert!(text::count(answer) > 3);
            }
            if over {
                session.reopens();
            }
        }
        let recap = session.recap();
        for line in &recap.lines {
            let message = session.request.messages.iter().find(|message| message.id == line.message).expect("it is there");
            prop_assert!(message.text.contains(&line.quote) && line.quote.chars().count() <= 200);
            prop_assert_eq!(line.cut, line.quote.len() < message.text.trim().len());
        }
        if let Some(next) = recap.next_action() {
            prop_assert!(next.title.chars().count() <= 120 && answers.iter().any(|answer| answer.contains(&next.title)));
            prop_assert!(next.id.expect("it has an id").check().is_ok());
        }
        for (_, _, seq, quote) in session.proposals() {
            prop_assert!(session.request.messages[seq as usize - 1].text.contains(&quote));
        }
    }

    #[test]
    fn a_cut_is_a_beginning_of_its_text_and_within_bounds(text in any_text(), words in 1..20_usize, chars in 1..200_usize) {
        let cut = text::cut(&text, words, chars);
        prop_assert!(text.trim().starts_with(cut));
        prop_assert!(cut.chars().count() <= chars);
        prop_assert!(cut.split_whitespace().count() <= words && text::count(cut) <= words);
    }

    #[test]
    fn folding_twice_is_folding_once(text in any_text()) {
        let once = text::fold(&text);
        prop_assert_eq!(text::fold(&once), once);
    }
}
