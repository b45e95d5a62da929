//! The checks of a coach's turn.

use super::*;

mirror! {
    /// What a coach's turn must pass. A turn that fails is asked for once more and then replaced by the guide's question.
    ///
    /// Each says what it does, in which languages, and what it misses. A language that this library has words of is English, Spanish, Portuguese or
    /// Japanese; quotations are somebody else's words and are passed over, except by `Invented`.
    enum Gate else TooLong {
        /// It shows a tag of the prompt, a run of seven words of the instructions, or speaks of its instructions. Any language; the last part only
        /// in those with words. A paraphrase of the instructions is missed.
        PromptLeak,
        /// It claims to be human or to have lived something. By phrases, in languages with words; other ways to say so are missed.
        ClaimsToBeHuman,
        /// It names a condition that is not the person's own subject. By phrases, in languages with words; conditions that no list has are missed.
        Diagnoses,
        /// It claims to have saved, noted or changed something. By phrases, in languages with words.
        ClaimsToSave,
        /// It claims to remember, or refers to earlier conversations. By phrases, in languages with words.
        ClaimsToRemember,
        /// It has a number or an address, in languages with words also a name or a term of the host's vocabulary, that neither the person, the
        /// profile nor the action has. Names are told by their capital letter in the middle of a sentence, by capitals inside, or by さん and 氏
        /// behind them; a name at the beginning of a sentence, a spelled-out number, and a skill that no vocabulary lists are missed.
        Invented,
        /// It is not in the user's language: by script in any language, and by its most frequent words among those with words. A language without
        /// words is told apart from English only. Mixed turns of which less than half is foreign are missed.
        WrongLanguage,
        /// It asks nothing although the debrief goes on. By question marks in any language (in Greek also `;`), in Japanese also by か at the end of
        /// a sentence; a question without any mark is missed elsewhere.
        NoQuestion,
        /// It asks more than one question: several marks in any language; under one mark a second one behind an "and how", in languages with words.
        SeveralQuestions,
        /// It asks a question although the debrief is over. As `NoQuestion`.
        QuestionAtTheEnd,
        /// The closing turn begins something new. By phrases, in languages with words; a new idea without such a phrase is missed.
        NewTopic,
        /// It has more than 90 words, or 240 graphemes in a script without spaces. Any language.
        TooLong,
    }
}

mirror! {
    /// That a turn breaks a gate, and where.
    record Finding {
        /// The gate.
        gate: Gate,
        /// Where it is broken: the first byte in the turn's UTF-8.
        start: u32,
        /// The byte behind the last one.
        end: u32,
        /// The first UTF-16 code unit, as Swift's and Kotlin's strings count.
        start_utf16: u32,
        /// The code unit behind the last one.
        end_utf16: u32,
    }
}

mirror! {
    /// What is reported of a turn and never held against it: measured on coded counselling transcripts, these tell good turns from bad ones poorly
    /// or not at all (share of open questions: AUC .49; echo: .49; praise: more in good sessions; advice: precision of .26 a turn).
    record TurnMeasures {
        /// Words; two characters count as one where words are not set apart.
        words: u32,
        /// Questions, by their marks.
        questions: u32,
        /// Whether the first question is an open one; `None` without a question, or without words of the language.
        open_question: Option<bool>,
        /// The share of the turn's words that the person has used as well, from 0 to 1; frequent words do not count.
        echo: f32,
        /// Words of praise; 0 without words of the language.
        praise: u32,
        /// Words of advice; 0 without words of the language.
        advice: u32,
        /// The turn's share of the words of the turn and the newest message together, from 0 to 1.
        talk_share: f32,
    }
}

mirror! {
    /// What a check of a turn found.
    record TurnReport {
        /// The gates that it breaks, the most serious first, each once.
        findings: Vec<Finding>,
        /// What is only reported.
        measures: TurnMeasures,
        /// The gates that could not be looked at, because this library has no words of the language.
        not_possible: Vec<Gate>,
    }
}

mirror! {
    /// How a person is, as far as code should act on it.
    ///
    /// It is the highest of three: phrase lists in English, Spanish, Portuguese and Japanese, whatever language is set; the host's own
    /// `SafetyClassifier`; and the model's signal. Lists of phrases miss things: what is put in other words, in other
    /// languages, or between the lines. A host that needs more brings its classifier.
    enum SafetyLevel {
        /// Nothing to act on.
        None,
        /// The person is in distress: it is acknowledged, stopping is offered, and nothing is made of those sentences for their profile.
        Distress,
        /// The person may harm themselves, or somebody is in danger: code ends the questions, proposes nothing, and tells the host to hand over.
        Danger,
    }
}
