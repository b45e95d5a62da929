//! The guards in Spanish: what is denied, wished for, imagined, somebody else's or asked, and plain claims, as people type them.

use super::*;
use crate::evidence::ground::Dropped;

use Caution::{Hypothetical, Negated, Question, SelfRated, ThirdPerson, Wish};

fn talk(said: &str) -> Talk {
    let profile = Profile { language: Some("es-MX".into()), ..Profile::default() };
    Talk { words: words("es"), ..Talk::typed(said).profile(profile) }
}

fn checked((value, said): &(&str, &str)) -> bool {
    talk(said).proposed("skills", *value, said_part(value, said)).checked
}

fn said_part<'a>(value: &'a str, said: &'a str) -> &'a str {
    if said.contains(value) { value } else { said }
}

/// What the lists were tuned on, by the caution that is due.
const NO_CLAIMS: &[(Caution, &[(&str, &str)])] = &[
    (
        Negated,
        &[
            ("SQL", "Al final no toqué SQL"),
            ("docker", "nunca use docker en este proyecto"),
            ("Go", "Aprendí Rust, pero de Go nada"),
            ("Kubernetes", "No llegué a usar Kubernetes por falta de tiempo"),
            ("R", "lo hice todo sin R"),
            ("Terraform", "Nadie del equipo usó Terraform"),
            ("Python", "Usé Julia en vez de Python"),
            ("React", "Tampoco aprendí React"),
        ],
    ),
    (
        Wish,
        &[
            ("Rust", "Quiero aprender Rust"),
            ("Docker", "me gustaria saber mas de Docker"),
            ("SQL", "Voy a estudiar SQL el mes que viene"),
            ("Python", "Ojalá supiera Python"),
            ("Kubernetes", "Tengo pendiente meterme con Kubernetes"),
            ("Terraform", "La próxima vez usaré Terraform"),
            ("R", "Espero poder usar R pronto"),
            ("estadística", "Necesito mejorar en estadística"),
        ],
    ),
    (
        Hypothetical,
        &[
            ("Rust", "Si hubiera usado Rust habría sido más rápido"),
            ("Docker", "Con más tiempo habría aprendido Docker"),
            ("SQL", "Quizás podría usar SQL"),
            ("Python", "tal vez con Python se arregle"),
            ("R", "Si supiera R lo haría yo misma"),
            ("Kubernetes", "En teoría podríamos usar Kubernetes"),
            ("Terraform", "A lo mejor con Terraform era más fácil"),
            ("Go", "De haber sabido Go, lo escribo en Go"),
        ],
    ),
    (
        ThirdPerson,
        &[
            ("Go", "Mi compañero programa en Go"),
            ("Rust", "ella sabe Rust"),
            ("SQL", "Mi jefa usó SQL para todo"),
            ("Docker", "Aprendió Docker en dos días"),
            ("Kubernetes", "Un amigo mío trabaja con Kubernetes"),
            ("Terraform", "los del otro equipo usan Terraform"),
            ("Python", "Yo hice el diseño y mi colega escribió el Python"),
            ("R", "Alguien del grupo sabía R"),
        ],
    ),
    (
        Question,
        &[
            ("Rust", "¿Debería aprender Rust?"),
            ("docker", "vale la pena aprender docker?"),
            ("SQL", "Hay algún curso de SQL"),
            ("Python", "cómo se empieza con Python"),
            ("Kubernetes", "¿Y si uso Kubernetes?"),
            ("R", "Sabes si hay algo de R para esto?"),
            ("Go", "que me recomiendas para aprender Go"),
            ("Terraform", "Conviene Terraform o es demasiado?"),
        ],
    ),
];

const CLAIMS: &[(&str, &str)] = &[
    ("Rust", "Aprendí Rust"),
    ("docker", "por fin entendi docker y lo use en el despliegue"),
    ("SQL", "No salió como esperaba, pero aprendí SQL"),
    ("Python", "Escribí los scripts en Python con mi compañera"),
    ("R", "Usé R para el análisis"),
    ("facilitación de reuniones", "Fue la primera vez que hice facilitación de reuniones"),
    ("Kubernetes", "El despliegue falló y tuve que aprender Kubernetes"),
    ("Go", "Mi jefe usa Java y yo escribí mi parte en Go"),
    ("Terraform", "Gracias a mi tutora aprendí Terraform"),
    ("git", "No sabía nada de control de versiones. Ahora manejo git bien"),
    ("diseño de encuestas", "Lo que más aprendí fue diseño de encuestas"),
    ("React", "Armamos el front en React"),
    ("Rust", "No usé SQL, aprendí Rust"),
    ("Go", "No usé Python sino Go"),
    ("git bisect", "Mi jefa me enseñó git bisect"),
    ("pandas", "Nunca lo había hecho y aprendí pandas"),
];

/// Written before any list, and not looked at while the lists were made.
const UNSEEN_NO_CLAIMS: &[(&str, &str)] = &[
    ("Excel", "de Excel sigo sin entender nada"),
    ("Swift", "Dejé Swift a la segunda semana"),
    ("LaTeX", "me rendí con LaTeX bastante rápido"),
    ("SQL", "Ni SQL ni nada parecido, todo fue a mano"),
    ("Figma", "Se me hizo imposible aprender Figma"),
    ("Go", "Rust sí, Go todavía no"),
    ("estadística", "soy malísimo en estadística"),
    ("oratoria", "La oratoria no es lo mío"),
    ("Blender", "Me encantaría manejar Blender algún día"),
    ("Figma", "Estoy viendo de anotarme en un curso de Figma"),
    ("Swift", "A ver si en enero me pongo con Swift"),
    ("Go", "mi idea es pasarme a Go en cuanto pueda"),
    ("SQL", "Tendría que ponerme las pilas con SQL"),
    ("Spark", "me quedé con ganas de probar Spark"),
    ("Docker", "Ahorita lo que sigue es aprenderle a Docker"),
    ("LaTeX", "Me he propuesto aprender LaTeX este año"),
    ("Figma", "Capaz que con Figma salía mejor"),
    ("Julia", "Pude haber usado Julia"),
    ("Spark", "Igual con Spark tardaba menos"),
    ("Swift", "Si me hubieran dado un mes más, aprendía Swift"),
    ("LaTeX", "supongamos que sé algo de LaTeX"),
    ("Excel", "Yo lo hubiese hecho en Excel"),
    ("Blender", "Probablemente con Blender quedaba más bonito"),
    ("SQL", "Me imagino usando SQL en el trabajo"),
    ("SQL", "Marta se encargó del SQL"),
    ("estadística", "Mi tutor es buenísimo en estadística"),
    ("Docker", "el chavo de sistemas le sabe a Docker"),
    ("Python", "Los becarios hicieron la parte de Python"),
    ("Excel", "Mi vieja labura con Excel todo el día"),
    ("Julia", "Vi cómo mi compañera hacía el análisis en Julia"),
    ("Figma", "la parte de Figma la llevó una chica de diseño"),
    ("Blender", "Mis alumnos terminaron usando Blender"),
    ("Excel", "Me servirá de algo saber Excel?"),
    ("Figma", "cuánto se tarda en aprender Figma"),
    ("Spark", "Por dónde empiezo con Spark"),
    ("Swift", "alguna idea de cómo usar Swift en esto?"),
    ("LaTeX", "¿Qué tal es LaTeX"),
    ("Blender", "qué onda con Blender, sirve o no"),
    ("Julia", "Es muy difícil Julia?"),
    ("SQL", "me pregunto si SQL bastaría"),
];

const UNSEEN_CLAIMS: &[(&str, &str)] = &[
    ("Excel", "Le agarré la mano a Excel"),
    ("Figma", "Hice los prototipos en Figma, que no fue poco"),
    ("Spark", "me costó un montón pero ya manejo Spark"),
    ("Swift", "Sin Ana no hubiera llegado, pero la app está hecha en Swift"),
    ("LaTeX", "He aprendido a maquetar en LaTeX"),
    ("Julia", "Reescribimos el modelo en Julia y quedó mucho más rápido"),
    ("mentoría", "Di mentoría a dos estudiantes de primero"),
    ("negociación", "Practiqué negociación con dos proveedores"),
    ("estadística", "Aunque el estudio no replicó, repasé un montón de estadística"),
    ("Blender", "Ahora sé usar Blender"),
    ("revisión por pares", "Me pidieron cambios y entendí cómo funciona la revisión por pares"),
    ("oratoria", "Mejoré mi oratoria, aunque al principio me temblaba la voz"),
    ("SQL", "Me tocó escribir todo el SQL porque nadie más podía"),
    ("Go", "Terminé haciéndolo en Go, no en Python"),
    ("Docker", "Le expliqué Docker a mi equipo y ya lo usan todos"),
    ("pandas", "no fue nada fácil pero le saqué jugo a pandas"),
];

#[test]
fn what_is_no_claim_is_unchecked_for_its_reason_and_claims_stay_checked() {
    let mut wrong = Vec::new();
    for (caution, sentences) in NO_CLAIMS {
        for (value, said) in *sentences {
            let cautions = talk(said).proposed("skills", *value, value).cautions;
            if !cautions.contains(caution) {
                wrong.push(format!("{caution:?} missed: {said} ({cautions:?})"));
            }
        }
    }
    for (value, said) in CLAIMS {
        let cautions = talk(said).proposed("skills", *value, value).cautions;
        if !cautions.is_empty() {
            wrong.push(format!("{cautions:?} for a claim: {said}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn unseen() {
    for said in UNSEEN_NO_CLAIMS {
        if checked(said) {
            println!("MISS {said:?}");
        }
    }
    for said in UNSEEN_CLAIMS {
        if !checked(said) {
            println!("FALSE {said:?} {:?}", talk(said.1).proposed("skills", said.0, said.0).cautions);
        }
    }
}
