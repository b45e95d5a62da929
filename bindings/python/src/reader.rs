//! From the core's JSON straight to data objects, by the plan of their classes that `_data.py` makes: no dicts of dicts in between.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// How a value is read.
enum Plan {
    /// As Python's own `json` does.
    Plain,
    /// As an object of a class: its defaults, and how each field of the JSON is read.
    Object { class: Py<PyAny>, defaults: Py<PyDict>, fields: HashMap<String, Field>, required: usize },
    /// As a list of such values, from which this makes what it is to be.
    List { make: Option<Py<PyAny>>, item: Box<Plan> },
    /// As one of these members, or as what this says of any other text.
    Member { members: HashMap<String, Py<PyAny>>, other: Py<PyAny> },
    /// As what this makes of it.
    Made(Py<PyAny>),
}

struct Field {
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
                let mut fields = HashMap::new();
                for (key, field) in part(3)?.cast::<PyDict>()? {
                    let (name, required, plan): (Bound<'_, PyString>, bool, Bound<'_, PyAny>) = field.extract()?;
                    fields.insert(key.extract()?, Field { name: name.unbind(), required, plan: Self::of(&plan)? });
                }
                let required = fields.values().filter(|field| field.required).count();
                Self::Object { class: part(1)?.unbind(), defaults: part(2)?.cast_into::<PyDict>()?.unbind(), fields, required }
            }
            "list" => {
                let make = part(1)?;
                Self::List { make: (!make.is_none()).then(|| make.unbind()), item: Box::new(Self::of(&part(2)?)?) }
            }
            "member" => Self::Member { members: part(1)?.extract()?, other: part(2)?.unbind() },
            _ => Self::Made(part(1)?.unbind()),
        })
    }
}

/// What makes objects of one type from their JSON.
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

    /// The object behind this JSON.
    fn read<'py>(&self, py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
        let mut source = serde_json::Deserializer::from_str(json);
        let seed = Seed { py, reader: self, plan: &self.plan };
        // What serde would say may quote what a person wrote.
        seed.deserialize(&mut source).map_err(|_| PyValueError::new_err("this is not the JSON of such an object"))
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

fn python<T, E: de::Error>(result: PyResult<T>) -> Result<T, E> {
    result.map_err(|_| E::custom("it does not fit"))
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
            Plan::Member { members, .. } => match members.get(value) {
                Some(member) => Ok(member.bind(self.py).clone()),
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
        let mut given = 0;
        while let Some(field) = entries.next_key_seed(Known(fields))? {
            let Some(field) = field else {
                entries.next_value::<de::IgnoredAny>()?;
                continue;
            };
            given += usize::from(field.required);
            let value = entries.next_value_seed(self.with(&field.plan))?;
            python(values.set_item(field.name.bind(self.py), value))?;
        }
        if given < *required {
            return Err(de::Error::custom("a field is missing"));
        }
        let object = python(self.reader.new.bind(self.py).call1((class,)))?;
        python(self.reader.attach.bind(self.py).call1((&object, values)))?;
        Ok(object)
    }
}

/// The field behind a key, if there is one.
struct Known<'a>(&'a HashMap<String, Field>);

impl<'de, 'a> DeserializeSeed<'de> for Known<'a> {
    type Value = Option<&'a Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Known<'a> {
    type Value = Option<&'a Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(key))
    }
}
