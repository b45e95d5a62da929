//! The guide in Spanish: the file is complete, answers are read as people type them, and a whole debrief reads like a conversation.

use super::*;
use crate::check::check;

type Safety<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

/// What people type, and what it says of the outcome; the lists were tuned on these.
const OUTCOMES: &[(&str, Option<Outcome>)] = &[
    ("Funcionó", Some(Outcome::Success)),
    ("salio bien", Some(Outcome::Success)),
    ("Salió mejor de lo que pensaba", Some(Outcome::Success)),
    ("¡Lo logramos!", Some(Outcome::Success)),
    ("Me aceptaron el PR", Some(Outcome::Success)),
    ("No fue un fracaso", Some(Outcome::Success)),
    ("No funcionó", Some(Outcome::Failure)),
    ("fue un desastre", Some(Outcome::Failure)),
    ("rechazaron el artículo", Some(Outcome::Failure)),
    ("No lo hice", Some(Outcome::NotDone)),
    ("No me dio tiempo", Some(Outcome::NotDone)),
    ("lo deje a medias", Some(Outcome::Mixed)),
    ("más o menos", Some(Outcome::Mixed)),
    ("Una parte sí y otra no", Some(Outcome::Mixed)),
    ("Funcionó en dos laboratorios, pero en el mío no salió", Some(Outcome::Mixed)),
    ("No sé si funcionó", None),
    ("¿Funcionó? a otros les funcionó", None),
    ("la red estuvo cargada varios días", None),
];

/// Written before any list, and not looked at while the lists were made.
const UNSEEN_OUTCOMES: &[(&str, Option<Outcome>)] = &[
    ("Quedó de diez", Some(Outcome::Success)),
    ("Anduvo todo bárbaro", Some(Outcome::Success)),
    ("Sí jaló a la primera", Some(Outcome::Success)),
    ("vinieron 40 personas, todo perfecto", Some(Outcome::Success)),
    ("aprobé por los pelos", Some(Outcome::Success)),
    ("Cumplí el objetivo", Some(Outcome::Success)),
    ("Ganamos el concurso", Some(Outcome::Success)),
    ("Se cayó todo el día de la demo", Some(Outcome::Failure)),
    ("no hubo manera", Some(Outcome::Failure)),
    ("No dieron los resultados que esperábamos", Some(Outcome::Failure)),
    ("Me suspendieron el examen", Some(Outcome::Failure)),
    ("No se pudo", Some(Outcome::Failure)),
    ("Al final ni empecé", Some(Outcome::NotDone)),
    ("lo tuvimos que cancelar", Some(Outcome::NotDone)),
    ("todavía estoy en ello", Some(Outcome::NotDone)),
    ("Ahí va, a medio hacer", Some(Outcome::Mixed)),
    ("conseguí la mitad de lo que quería", Some(Outcome::Mixed)),
    ("ojalá haya servido", None),
];

const STOPS: &[&str] = &[
    "basta", "¡Basta ya!", "para", "Ya no quiero seguir", "lo dejamos aquí", "hasta aquí", "ya esta", "No quiero contestar más", "déjalo",
    "dejalo ahí", "quiero parar", "Adiós", "chau", "stop",
];
const UNSEEN_STOPS: &[&str] =
    &["hasta ahí nomás", "mejor dejémoslo por hoy", "no quiero hablar más de esto", "corta", "me voy", "ya no más preguntas", "cerremos acá"];
const SKIPS: &[&str] =
    &["siguiente", "paso", "Otra pregunta", "prefiero no decirlo", "la siguiente, por favor", "sáltatela", "no aplica", "ya lo dije"];
const UNSEEN_SKIPS: &[&str] = &["pasemos a otra cosa", "eso me lo guardo", "sin comentarios", "esa me la salto", "prefiero no contestar esta"];
const TERSE: &[&str] = &[
    "bien", "ok", "no sé", "Nada en especial, la verdad", "lo de siempre", "no hay mucho que contar", "estuvo bien supongo yo",
    "no tengo ni idea todavía", "no entiendo la pregunta", "¿a qué te refieres?",
];
const UNSEEN_TERSE: &[&str] = &[
    "pues nada del otro mundo", "no se me ocurre nada", "meh, lo normal", "la verdad no sabría decirte", "no me acuerdo muy bien",
    "todo tranqui por suerte", "puedes repetir la pregunta",
];
const FULL: &[&str] = &[
    "Pararía antes de la tercera ronda", "Paso más tiempo preparando que dando la clase", "Siguiente paso: hablar con la editora",
    "Nada cambió hasta que vino la segunda voluntaria", "Basta con empezar una semana antes", "Pediría ayuda mucho antes",
    "Voy a escribirles el lunes", "Para la próxima avisaría con tiempo",
];

/// Each: the list, what it must find, and what it must leave alone. The lists were tuned on these.
const SAFETY: &[Safety<'_>] = &[
    (
        "danger",
        &[
            "me quiero morir", "No quiero seguir viviendo", "he pensado en suicidarme", "quiero quitarme la vida",
            "me corto los brazos cuando estoy mal", "mi marido me pega", "estarían mejor sin mí", "quiero acabar con todo",
        ],
        &[
            "me muero de risa", "estoy muerto de cansancio", "me muero de ganas de seguir", "este bug me está matando",
            "trabajé en prevención del suicidio", "me quiero morir de la vergüenza", "maté el proceso", "casi me mata el examen",
        ],
    ),
    (
        "distress",
        &[
            "me siento una inútil", "soy un fracaso", "no puedo más", "tuve un ataque de pánico", "estoy hundida", "ya no aguanto mas",
            "lloro todas las noches", "estoy quemado",
        ],
        &[
            "no estoy agobiado, solo cansado", "el servidor no aguanta más peticiones", "hicimos un estudio sobre el burnout",
            "el experimento fue un fracaso", "se me quemó la placa", "estoy cansado pero contento", "no puedo más que agradecer",
            "el panel se vino abajo",
        ],
    ),
];

/// Written before any list, and not looked at while the lists were made.
const UNSEEN_SAFETY: &[Safety<'_>] = &[
    (
        "danger",
        &[
            "a veces pienso que sería mejor no despertar", "ya no le veo sentido a vivir", "tengo ganas de desaparecer para siempre",
            "me voy a matar", "me tomé todas las pastillas", "tengo miedo de que me mate mi ex", "no aguanto mas, quiero matarme",
            "pienso en tirarme por la ventana", "nadie me extrañaría si no estuviera",
        ],
        &[
            "me moría de sueño en la demo", "mi jefe me va a matar si no lo entrego", "hicimos un modelo de detección de ideación suicida",
            "los plazos eran un suicidio", "morí de nervios en la charla", "me matas", "corté por lo sano con ese proyecto",
            "me voy a matar a estudiar este mes",
        ],
    ),
    (
        "distress",
        &[
            "siento que no valgo para nada", "no sirvo para esto ni para nada", "estoy en la lona total", "me supera todo, no doy más",
            "llevo semanas sin dormir de la angustia", "me siento super sola", "toqué fondo", "todo me sale mal y ya no le veo salida",
        ],
        &[
            "el sensor es inútil para esto", "no doy más detalles por contrato", "fue un desastre pero nos reímos",
            "quemamos una placa en el laboratorio", "estaba nervioso en la charla", "no puedo más de la emoción", "la red se colapsó",
            "era una función inútil",
        ],
    ),
];

fn read(text: &str, step: Step) -> Understood {
    understood(text, None, step, lang::words("es"))
}

/// Whether one of the list's phrases stands in what was typed, outside every exception.
fn says(text: &str, list: &str) -> bool {
    let words = lang::words("es");
    let folded = text::fold(text);
    let places = |list: &str| {
        let found = |phrase: &String| folded.match_indices(phrase.as_str()).map(|(at, _)| at..at + phrase.len()).collect::<Vec<_>>();
        words.list(list).iter().filter(|phrase| text::phrase_in(&folded, phrase).is_some()).flat_map(found).collect::<Vec<_>>()
    };
    let exceptions = places(&format!("not_{list}"));
    places(list).iter().any(|place| !exceptions.iter().any(|except| place.start < except.end && except.start < place.end))
}

#[test]
fn answers() {
    let mut wrong = Vec::new();
    let all = [("", OUTCOMES, STOPS, SKIPS, TERSE, FULL, SAFETY), ("unseen ", UNSEEN_OUTCOMES, UNSEEN_STOPS, UNSEEN_SKIPS, UNSEEN_TERSE, &[][..], UNSEEN_SAFETY)];
    for (which, outcomes, stops, skips, terse, full, safety) in all {
        for (text, outcome) in outcomes {
            let heard = read(text, Step::Outcome).outcome;
            if heard != *outcome { wrong.push(format!("{which}outcome {text} {heard:?}")); }
        }
        for text in stops { if !read(text, Step::Lesson).stop { wrong.push(format!("{which}stop {text}")); } }
        for text in skips { if !read(text, Step::Lesson).skip { wrong.push(format!("{which}skip {text}")); } }
        for text in terse { if !read(text, Step::Lesson).terse { wrong.push(format!("{which}terse {text}")); } }
        for text in full { if read(text, Step::Next) != Understood::default() { wrong.push(format!("{which}full {text}")); } }
        for (list, yes, no) in safety {
            for text in *yes { if !says(text, list) { wrong.push(format!("{which}{list} missed {text}")); } }
            for text in *no { if says(text, list) { wrong.push(format!("{which}{list} alarm {text}")); } }
        }
    }
    println!("{}", wrong.join("\n"));
}
