//! What the checks of a turn take: for a coach's reply in each language, and for ten times the text.
//!
//! `cargo bench --features testing --bench checks` tells it; without `--bench`, as `cargo test` runs it, everything is tried once.

#![allow(clippy::unwrap_used)]

use std::io::{self, Write as _};
use std::time::{Duration, Instant};
use std::{env, hint, iter};

use completion_coach::{COMPLETION_COACH_PROMPT, Gate, ProfileField, Term, TurnFacts, TurnReport, check_turn};

use crate::measure::{Compared, Seconds, Spread, compare};

#[path = "table/measure.rs"]
#[expect(dead_code, reason = "the table's own count of rounds")]
mod measure;

/// Characters of a text and of one of the same kind that is ten times as long.
const SHORT: usize = 500;
const LONG: usize = 5_000;
/// Characters of the profile, and of the action.
const KNOWN: usize = 1_500;
const SKILLS: [&str; 12] = [
    "Python",
    "SQL",
    "PyTorch",
    "Data pipelines",
    "Statistics",
    "Technical writing",
    "Experiment design",
    "Docker",
    "Kubernetes",
    "Project management",
    "Public speaking",
    "R",
];

/// Somebody's debrief in one language.
struct Talk {
    language: &'static str,
    reply: &'static str,
    /// Three messages in a row.
    said: [&'static str; 3],
    /// What the profile and the action are made of.
    known: &'static str,
}

const TALKS: [Talk; 4] = [
    Talk {
        language: "en",
        reply: "You picked the figure about noise, rebuilt it on a small model, and found the effect at about half the size that the paper \
            reported. Most of the time went into a harness that gives the same numbers twice, and you wrote that the seeds and the order of \
            the batches mattered more than you had thought. One of the authors answered your note within a day and asked \
            you to their monthly call. Looking at the harness, what do you understand now about it that you did not before?",
        said: [
            "I picked the figure about noise and rebuilt it on a small model that sandbags on purpose. Most of the time went into getting \
             the harness to give the same numbers twice, because the seeds and the order of the batches changed everything. In the end the \
             effect was there, but it was only about half the size that the paper reported for its own.",
            "I learned LoRA fine-tuning and Inspect, which I had never used, and a lot about seeds and batches. I sent the note to one of \
             the authors and she answered within a day, pointed out that my noise scale was set for every layer instead of once, and \
             invited me to their monthly call, which I did not expect at all when I wrote to her.",
            "Yes, it does. I thought that I wanted to work on dangerous capabilities, but now I would rather work on how reliable \
             evaluations are. I would look for a project of three to six months, part time, and before that I want to run all of this once \
             more with the global noise scale, to see whether the other half of the effect comes back.",
        ],
        known: "Marta Quiroga, data engineer in Buenos Aires, moving into evaluations; senior at MercadoLibre since 2019, owns the pipeline \
            for fraud and leads a group of four. Rebuild one figure of a recent paper on a small open model, and write two pages on what \
            held up. ",
    },
    Talk {
        language: "es",
        reply: "Elegiste la figura del ruido, la rehiciste con un modelo pequeño y encontraste el efecto con la mitad del tamaño que contaba \
            el artículo. La mayor parte del tiempo se fue en un arnés que diera dos veces los mismos números, y escribiste que las semillas \
            y el orden de los lotes importaban más de lo que pensabas. Una de las autoras te contestó en un día y te \
            invitó a su llamada de cada mes. Si miras solo el arnés, ¿qué entiendes ahora de él que antes no entendías?",
        said: [
            "Elegí la figura del ruido y la rehice con un modelo pequeño que se hace el tonto a propósito. La mayor parte del tiempo se me \
             fue en conseguir que el arnés diera dos veces los mismos números, porque las semillas y el orden de los lotes lo cambiaban \
             todo. Al final el efecto estaba, pero solo con la mitad del tamaño del artículo.",
            "Aprendí a afinar con LoRA y a usar Inspect, que no había usado nunca, y mucho sobre semillas y lotes. Le mandé la nota a una \
             de las autoras y me contestó en un día, me dijo que mi escala de ruido estaba puesta por capa y no una sola vez, y me invitó \
             a su llamada de cada mes, que no me esperaba para nada.",
            "Sí, lo cambia. Pensaba que quería trabajar en capacidades peligrosas, pero ahora prefiero trabajar en lo fiables que son las \
             evaluaciones. Buscaría un proyecto de tres a seis meses, a tiempo parcial, y antes quiero repetir todo esto con la escala de \
             ruido global, para ver si vuelve la otra mitad del efecto que me faltaba en las pruebas.",
        ],
        known: "Marta Quiroga, ingeniera de datos en Buenos Aires, camino de las evaluaciones; en MercadoLibre desde 2019, lleva los datos \
            del fraude y un grupo de cuatro. Rehacer una figura de un artículo reciente con un modelo abierto y pequeño, y escribir dos \
            páginas sobre lo que se sostuvo. ",
    },
    Talk {
        language: "pt",
        reply: "Você escolheu a figura do ruído, refez tudo com um modelo pequeno e encontrou o efeito com metade do tamanho que o artigo \
            contava. A maior parte do tempo foi para um arnês que desse duas vezes os mesmos números, e você escreveu que as sementes e a \
            ordem dos lotes importavam mais do que pensava antes de começar. Uma das autoras respondeu em um dia e convidou você para a \
            chamada de cada mês. Olhando só para o arnês, o que você entende agora dele que antes não entendia?",
        said: [
            "Escolhi a figura do ruído e refiz tudo com um modelo pequeno que finge de propósito. A maior parte do tempo foi para fazer o \
             arnês dar duas vezes os mesmos números, porque as sementes e a ordem dos lotes mudavam tudo. No fim o efeito estava lá, mas só \
             com metade do tamanho que o artigo contava, e isso eu não esperava.",
            "Aprendi a ajustar com LoRA e a usar o Inspect, que eu nunca tinha usado, e muito sobre sementes e lotes. Mandei a nota para \
             uma das autoras e ela respondeu em um dia, disse que a minha escala de ruído estava posta por camada e não uma vez só, e me \
             convidou para a chamada de cada mês, o que eu não esperava.",
            "Sim, muda. Eu pensava que queria trabalhar com capacidades perigosas, mas agora prefiro trabalhar com a confiança nas \
             avaliações. Eu procuraria um projeto de três a seis meses, em tempo parcial, e antes quero repetir tudo isto com a escala de \
             ruído global, para ver se volta a outra metade do efeito que faltava nos testes.",
        ],
        known: "Marta Quiroga, engenheira de dados em Buenos Aires, a caminho das avaliações; no MercadoLibre desde 2019, cuida dos dados \
            de fraude e lidera um grupo de quatro. Refazer uma figura de um artigo recente com um modelo aberto e pequeno, e escrever duas \
            páginas sobre o que se manteve. ",
    },
    Talk {
        language: "ja",
        reply: "ノイズの図を選び、小さなモデルで作り直したところ、論文に書かれた効果のおよそ半分が出たのですね。時間の多くは、同じ数字が二度出る\
            仕組みを整えることに使われ、始める前に思っていたよりも、種とバッチの順番のほうが結果に響くと書いてくれました。論文を書いた一人が一日で\
            返事をくれて、毎月の集まりにも誘ってくれたとのことです。結果を待つあいだも、測り方を一つずつ確かめていった様子が伝わってきます。その仕組み\
            だけを見ると、前には分からず、今は分かるようになったことは何ですか。",
        said: [
            "ノイズの図を選んで、わざと力を出さない小さなモデルで作り直しました。同じ数字が二度出るように仕組みを整えるのに一番時間がかかりました。\
             種とバッチの順番で全部が変わってしまうからです。結局、効果は出ましたが、論文の半分くらいでした。",
            "初めてLoRAとInspectを使い、種とバッチについても多くを学びました。論文を書いた一人にメモを送ったら一日で返事が来て、ノイズの大きさが\
             層ごとになっていると教えてくれて、毎月の集まりに誘ってくれました。思ってもいませんでした。",
            "はい、変わりました。危険な能力の評価をしたいと思っていましたが、今は評価がどれだけ信頼できるかに取り組みたいです。三か月から六か月の\
             仕事を探します。その前に、全体で一つのノイズの大きさでもう一度やり直して、残りの半分が出るか見たいです。",
        ],
        known: "キロガ・マルタ、ブエノスアイレスのデータ技術者で、評価の仕事へ移るところです。2019年から不正検知のデータを担当し、四人の組を率いて\
            います。最近の論文の図を一つ選び、小さな公開モデルで作り直し、何が残ったかを二ページにまとめます。",
    },
];

/// Its name, the language that it is checked in, and how so many characters of it are made.
type Kind = (&'static str, &'static str, fn(usize) -> String);

const KINDS: [Kind; 13] = [
    ("prose", "en", |length| cycled(TALKS[0].known, length)),
    ("one long question", "en", |length| asked("the model was small ", length)),
    ("quotation marks that never close", "en", |length| cycled("“a „b «c 「d ", length)),
    ("question marks", "en", |length| cycled("?", length)),
    ("scripts, emoji and combining marks", "en", |length| cycled("Añá e\u{301}\u{323} Жук 漢字かな 👩🏽‍🚀🇧🇷 ไทย עברית ", length)),
    ("one word", "en", |length| cycled("a", length)),
    ("`i saved`", "en", |length| cycled("i saved ", length)),
    ("any scalar values", "en", scalars),
    ("claims that are excused", "en", |length| cycled("if i saved ", length)),
    ("conjunctions and a question mark", "en", |length| asked("and what ", length)),
    ("prose in Japanese", "ja", |length| cycled(TALKS[3].known, length)),
    ("commas in Japanese and a question mark", "ja", |length| asked("話か、", length)),
    ("titles in Japanese", "ja", |length| cycled("先生", length)),
];

fn main() {
    let told = env::args().any(|argument| argument == "--bench");
    let (runs, pairs) = if told { (200, 20) } else { (1, 0) };
    let replies: Vec<_> = TALKS.iter().flat_map(|talk| [false, true].map(|last| talk.timed(last, runs))).collect();
    let kinds: Vec<_> = KINDS.iter().map(|(name, language, text)| (*name, grown(language, *text, pairs))).collect();
    if told {
        tell(&replies, &kinds).unwrap();
    }
}

/// How long the checks of a reply took, and what they found.
struct Timed {
    language: &'static str,
    last: bool,
    words: usize,
    chars: usize,
    took: Spread,
    found: Vec<Gate>,
}

impl Talk {
    fn timed(&self, last: bool, runs: usize) -> Timed {
        let (profile, action) = (cycled(self.known, KNOWN), cycled(self.known, KNOWN));
        let vocabulary = SKILLS.map(|skill| Term::new(ProfileField::Skills, skill));
        let known = [profile.as_str(), action.as_str()];
        let instructions = COMPLETION_COACH_PROMPT;
        let facts = TurnFacts { language: self.language, last, said: &self.said, known: &known, vocabulary: &vocabulary, instructions };
        let found = held(self.reply, &facts).findings.iter().map(|finding| finding.gate).collect();
        let took = Spread::of((0..runs).map(|_| checked(self.reply, &facts).as_secs_f64()).collect());
        let (words, chars) = (self.reply.split_whitespace().count(), self.reply.chars().count());
        Timed { language: self.language, last, words, chars, took, found }
    }
}

/// The long text against the short one.
fn grown(language: &str, text: fn(usize) -> String, pairs: usize) -> Option<Compared> {
    let (long, short) = (text(LONG), text(SHORT));
    for last in [false, true] {
        for text in [&long, &short] {
            held(text, &TurnFacts { language, last, ..TurnFacts::default() });
        }
    }
    let facts = TurnFacts { language, ..TurnFacts::default() };
    // Others on this machine interrupt what takes long more often: so many short ones in a row are interrupted as often.
    let times = (LONG / SHORT) as u32;
    let several = |_| (0..times).map(|_| checked(&short, &facts)).sum::<Duration>() / times;
    (pairs > 0).then(|| compare(pairs, |_| checked(&long, &facts), several))
}

fn checked(text: &str, facts: &TurnFacts<'_>) -> Duration {
    let began = Instant::now();
    hint::black_box(check_turn(hint::black_box(text), facts));
    began.elapsed()
}

/// What is found lies within the text.
fn held(text: &str, facts: &TurnFacts<'_>) -> TurnReport {
    let report = check_turn(text, facts);
    for finding in &report.findings {
        assert!(text.get(finding.start..finding.end).is_some(), "{finding:?}");
        assert!(finding.start_utf16 <= finding.end_utf16 && finding.end_utf16 <= text.encode_utf16().count(), "{finding:?}");
    }
    report
}

fn cycled(pattern: &str, length: usize) -> String {
    pattern.chars().cycle().take(length).collect()
}

/// One sentence that is a question.
fn asked(pattern: &str, length: usize) -> String {
    cycled(pattern, length - 1) + "?"
}

/// The same ones each time, by an xorshift.
fn scalars(length: usize) -> String {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from_u32((state >> 32) as u32 % 0x11_0000)
    };
    iter::repeat_with(&mut next).flatten().take(length).collect()
}

fn tell(replies: &[Timed], kinds: &[(&str, Option<Compared>)]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "| a coach's reply | words | characters | all its checks: median (quartiles) | found |\n|---|---|---|---|---|")?;
    for Timed { language, last, words, chars, took, found } in replies {
        let turn = if *last { "closing" } else { "asking" };
        writeln!(out, "| {language}, {turn} | {words} | {chars} | {} | {found:?} |", Seconds(*took))?;
    }
    writeln!(out, "\n| sort of text | {LONG} characters | {SHORT} | ratio |\n|---|---|---|---|")?;
    for (name, compared) in kinds {
        let Some(Compared { ours, raw, ratio: Spread { low, median, high } }) = compared else { continue };
        writeln!(out, "| {name} | {} | {} | {median:.1} ({low:.1} to {high:.1}) |", Seconds(*ours), Seconds(*raw))?;
    }
    Ok(())
}
