//! From the core's JSON straight to data objects, by the plan of their classes that `_data.py` makes: no dicts of dicts in between. A page of
//! messages, which may be long, goes there without JSON.

use std::borrow::Cow;
use std::fmt;

use completion_coach::{Author, Message, MessagePage, Provenance, Role, ThreadId};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use serde::Serialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// How a value is read.
enum Plan {
    /// As Python's own `json` does.
    Plain,
    /// As an object of a class: its defaults, and how each field of the JSON is read.
    Object { class: Py<PyAny>, defaults: Py<PyDict>, fields: Vec<Field>, required: usize },
    /// As a list of such values, from which this makes what it is to be.
    List { make: Option<Py<PyAny>>, item: Box<Plan> },
    /// As one of these members, or as what this says of any other text.
    Member { members: Vec<(String, Py<PyAny>)>, other: Py<PyAny> },
    /// As what this makes of it.
    Made(Py<PyAny>),
}

struct Field {
    key: String,
    name: Py<PyString>,
    required: bool,
    plan: Plan,
}

impl Plan {
    /// From what `_data.plan` says: `None`, or a tuple that begins with its sort.
    fn of(spec: &Bound<'_, PyAny>) -> PyResult<Self> {
        if spec.is_none() {
            return Ok(Self::Plain);
        }
        let spec = spec.cast::<PyTuple>()?;
        let part = |at: usize| spec.get_item(at);
        Ok(match part(0)?.extract::<String>()?.as_str() {
            "object" => {
                let mut fields = Vec::new();
                for (key, field) in part(3)?.cast::<PyDict>()? {
                    let (name, required, plan): (Bound<'_, PyString>, bool, Bound<'_, PyAny>) = field.extract()?;
                    fields.push(Field { key: key.extract()?, name: name.unbind(), required, plan: Self::of(&plan)? });
                }
                let required = fields.iter().filter(|field| field.required).count();
                Self::Object { class: part(1)?.unbind(), defaults: part(2)?.cast_into::<PyDict>()?.unbind(), fields, required }
            }
            "list" => {
                let make = part(1)?;
                Self::List { make: (!make.is_none()).then(|| make.unbind()), item: Box::new(Self::of(&part(2)?)?) }
            }
            "member" => {
                let members = part(1)?.cast::<PyDict>()?.iter().map(|(name, member)| Ok((name.extract()?, member.unbind())));
                Self::Member { members: members.collect::<PyResult<_>>()?, other: part(2)?.unbind() }
            }
            _ => Self::Made(part(1)?.unbind()),
        })
    }
}

/// What a call gives: JSON, or a page of messages as the core has it.
#[derive(IntoPyObject)]
pub enum Answer {
    Json(String),
    Page(NativePage),
}

impl From<String> for Answer {
    fn from(json: String) -> Self {
        Self::Json(json)
    }
}

/// A page of messages on its way to a [`Reader`].
#[pyclass(frozen, module = "completion_coach._core")]
pub struct NativePage(pub MessagePage);

/// What makes objects of one type from what a call gives.
#[pyclass(frozen, module = "completion_coach._core")]
pub struct Reader {
    plan: Plan,
    /// `object.__new__`, and what gives an object its fields.
    new: Py<PyAny>,
    attach: Py<PyAny>,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(plan: &Bound<'_, PyAny>, attach: Py<PyAny>) -> PyResult<Self> {
        let new = plan.py().get_type::<PyAny>().getattr("__new__")?.unbind();
        Ok(Self { plan: Plan::of(plan)?, new, attach })
    }

    /// The object behind this JSON, or behind what stands for it.
    fn read<'py>(&self, answer: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let seed = Seed { py: answer.py(), reader: self, plan: &self.plan };
        let read = match answer.cast::<NativePage>() {
            Ok(page) => seed.page(&page.get().0),
            Err(_) => seed.deserialize(&mut serde_json::Deserializer::from_str(answer.cast::<PyString>()?.to_str()?)),
        };
        // What serde would say may quote what a person wrote.
        read.map_err(|_| PyErr::take(seed.py).unwrap_or_else(|| PyValueError::new_err("this is not the JSON of such an object")))
    }
}

#[derive(Clone, Copy)]
struct Seed<'a, 'py> {
    py: Python<'py>,
    reader: &'a Reader,
    plan: &'a Plan,
}

impl<'a, 'py> Seed<'a, 'py> {
    fn with(self, plan: &'a Plan) -> Self {
        Self { plan, ..self }
    }

    fn object<E: de::Error>(self, class: &Py<PyAny>, values: Bound<'py, PyDict>) -> Result<Bound<'py, PyAny>, E> {
        let object = python(self.reader.new.bind(self.py).call1((class,)))?;
        python(self.reader.attach.bind(self.py).call1((&object, values)))?;
        Ok(object)
    }

    /// A page as from its JSON, which need not be written and read for it.
    fn page(self, page: &MessagePage) -> serde_json::Result<Bound<'py, PyAny>> {
        let MessagePage { messages, before } = page;
        self.record(|key, seed| match (key, seed.plan) {
            ("messages", Plan::List { item, .. }) => {
                let mut shared = Shared::default();
                let messages = messages.iter().map(|message| seed.with(item).message(message, &mut shared));
                let messages = messages.collect::<serde_json::Result<Vec<_>>>()?;
                python(PyTuple::new(seed.py, messages)).map(|messages| Some(messages.into_any()))
            }
            ("before", _) => before.map(|before| seed.made(before)).transpose(),
            _ => Err(de::Error::custom("the core knows no such field")),
        })
    }

    fn message<'m>(self, message: &'m Message, shared: &mut Shared<'m, 'py>) -> serde_json::Result<Bound<'py, PyAny>> {
        let Message { id, thread, seq, round, role, provenance, text, choice, choices, author, at } = message;
        self.record(|key, seed| {
            Ok(Some(match key {
                "id" => seed.made(id.as_str())?,
                "thread" => once(&mut shared.threads, thread, || seed.made(String::from(thread.clone())))?,
                "seq" => seed.made(*seq)?,
                "round" => seed.made(*round)?,
                "role" => once(&mut shared.roles, role, || seed.value(role))?,
                "provenance" => once(&mut shared.provenances, provenance, || seed.value(provenance))?,
                "text" => seed.made(text)?,
                "at" => seed.made(at.as_millis())?,
                "choice" if choice.is_none() => return Ok(None),
                "choice" => seed.value(choice)?,
                "choices" if choices.is_empty() => return Ok(None),
                "choices" => seed.value(choices)?,
                "author" => match author {
                    None => return Ok(None),
                    Some(author) => once(&mut shared.authors, author, || seed.value(author))?,
                },
                _ => return Err(de::Error::custom("the core knows no such field")),
            }))
        })
    }

    /// An object of which this says what its fields hold; those that it leaves out hold what they do by default.
    fn record(
        self,
        mut held: impl FnMut(&str, Self) -> serde_json::Result<Option<Bound<'py, PyAny>>>,
    ) -> serde_json::Result<Bound<'py, PyAny>> {
        let Plan::Object { class, defaults, fields, .. } = self.plan else {
            return Err(de::Error::custom("it does not fit"));
        };
        let values = python(defaults.bind(self.py).copy())?;
        for field in fields {
            if let Some(value) = held(&field.key, self.with(&field.plan))? {
                python(values.set_item(field.name.bind(self.py), value))?;
            }
        }
        self.object(class, values)
    }

    fn value(self, value: &impl Serialize) -> serde_json::Result<Bound<'py, PyAny>> {
        self.deserialize(serde_json::to_value(value)?)
    }

    /// What becomes of a value that is neither a list nor a dict, or that is one and has no plan of its own.
    fn made<E: de::Error>(self, value: impl IntoPyObject<'py>) -> Result<Bound<'py, PyAny>, E> {
        let value = python(value.into_bound_py_any(self.py))?;
        match self.plan {
            Plan::Made(make) => python(make.bind(self.py).call1((value,))),
            Plan::Member { other, .. } => python(other.bind(self.py).call1((value,))),
            Plan::Plain => Ok(value),
            Plan::Object { .. } | Plan::List { .. } => Err(E::custom("it does not fit")),
        }
    }
}

/// What the messages of a page have in common. None of it ever changes, so that they can have the same objects.
#[derive(Default)]
struct Shared<'m, 'py> {
    threads: Vec<(&'m ThreadId, Bound<'py, PyAny>)>,
    roles: Vec<(&'m Role, Bound<'py, PyAny>)>,
    provenances: Vec<(&'m Provenance, Bound<'py, PyAny>)>,
    authors: Vec<(&'m Author, Bound<'py, PyAny>)>,
}

/// The object that stands for a value already, or a new one.
fn once<'m, 'py, T: PartialEq>(
    known: &mut Vec<(&'m T, Bound<'py, PyAny>)>,
    value: &'m T,
    new: impl FnOnce() -> serde_json::Result<Bound<'py, PyAny>>,
) -> serde_json::Result<Bound<'py, PyAny>> {
    if let Some((_, object)) = known.iter().find(|(known, _)| *known == value) {
        return Ok(object.clone());
    }
    let object = new()?;
    known.push((value, object.clone()));
    Ok(object)
}

/// What a signal has raised meanwhile, such as Ctrl-C, does not speak of the JSON, and stays raised.
fn python<T, E: de::Error>(result: PyResult<T>) -> Result<T, E> {
    result.map_err(|raised| {
        Python::attach(|py| {
            if !raised.is_instance_of::<PyException>(py) {
                raised.restore(py);
            }
        });
        E::custom("it does not fit")
    })
}

impl<'de, 'py> DeserializeSeed<'de> for Seed<'_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, 'py> Visitor<'de> for Seed<'_, 'py> {
    type Value = Bound<'py, PyAny>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    /// An optional field; a plan has nothing to make of it.
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.made(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.made(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.made(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.made(value)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        match self.plan {
            Plan::Member { members, .. } => match members.iter().find(|(name, _)| name == value) {
                Some((_, member)) => Ok(member.bind(self.py).clone()),
                None => self.made(value),
            },
            _ => self.made(value),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let (make, plan) = match self.plan {
            Plan::List { make, item } => (Some(make), &**item),
            _ => (None, &Plan::Plain),
        };
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or_default());
        while let Some(item) = items.next_element_seed(self.with(plan))? {
            list.push(item);
        }
        match make {
            Some(None) => python(PyTuple::new(self.py, list)).map(Bound::into_any),
            Some(Some(make)) => python(PyList::new(self.py, list).and_then(|list| make.bind(self.py).call1((list,)))),
            None => self.made(python(PyList::new(self.py, list))?),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let Plan::Object { class, defaults, fields, required } = self.plan else {
            let dict = PyDict::new(self.py);
            while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
                let value = entries.next_value_seed(self.with(&Plan::Plain))?;
                python(dict.set_item(&*key, value))?;
            }
            return self.made(dict);
        };
        let values = python(defaults.bind(self.py).copy())?;
        let (mut given, mut next) = (0, 0);
        while let Some(at) = entries.next_key_seed(Known { fields, next })? {
            let Some(at) = at else {
                entries.next_value::<de::IgnoredAny>()?;
                continue;
            };
            let field = &fields[at];
            next = at + 1;
            given += usize::from(field.required);
            let value = entries.next_value_seed(self.with(&field.plan))?;
            python(values.set_item(field.name.bind(self.py), value))?;
        }
        if given < *required {
            return Err(de::Error::custom("a field is missing"));
        }
        self.object(class, values)
    }
}

/// Where the field behind a key is, if there is one. They come in the order of the class, with some left out, as a rule.
struct Known<'a> {
    fields: &'a [Field],
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Known<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Known<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        let mut places = (self.next..self.fields.len()).chain(0..self.next);
        Ok(places.find(|at| self.fields[*at].key == key))
    }
}
