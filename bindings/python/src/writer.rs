//! From a call's arguments straight to the core's JSON: data objects by what `_data.py` says of their fields, with no dicts in between.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::call::unreadable;
use crate::errors::raised;

/// How deep arguments may be nested; the core's are not deeper than ten.
const DEPTH: u32 = 64;

/// What makes JSON of any object, list or dict of them, as `encode` does.
#[pyclass(frozen, module = "completion_coach._core")]
pub struct Writer {
    /// The fields of a class: name, key, and the value that is left out; the class itself stands for none. `None` for what is no such class.
    fields: Py<PyAny>,
    /// What it has said so far.
    known: Py<PyDict>,
    /// `_data.encode`, for everything else.
    encode: Py<PyAny>,
}

#[pymethods]
impl Writer {
    #[new]
    fn new(py: Python<'_>, fields: Py<PyAny>, encode: Py<PyAny>) -> Self {
        Self { fields, known: PyDict::new(py).unbind(), encode }
    }

    /// The JSON of this value.
    fn write(&self, value: &Bound<'_, PyAny>) -> PyResult<String> {
        let py = value.py();
        serde_json::to_string(&Written { writer: self, value, depth: 0 })
            .map_err(|_| PyErr::take(py).unwrap_or_else(|| raised(py, &unreadable())))
    }
}

impl Writer {
    fn fields_of<'py>(&self, class: &Bound<'py, PyType>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let known = self.known.bind(class.py());
        let fields = match known.get_item(class)? {
            Some(fields) => fields,
            None => {
                let fields = self.fields.bind(class.py()).call1((class,))?;
                known.set_item(class, &fields)?;
                fields
            }
        };
        Ok(if fields.is_none() { None } else { Some(fields.cast_into()?) })
    }
}

struct Written<'a, 'py> {
    writer: &'a Writer,
    value: &'a Bound<'py, PyAny>,
    depth: u32,
}

impl<'py> Written<'_, 'py> {
    fn object<S: Serializer>(&self, class: &Bound<'py, PyType>, fields: &Bound<'py, PyTuple>, to: S) -> Result<S::Ok, S::Error> {
        let held = python(self.value.getattr("__dict__").and_then(|held| Ok(held.cast_into::<PyDict>()?)))?;
        let mut map = to.serialize_map(None)?;
        for field in fields.iter_borrowed() {
            let (name, key, left_out): (Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyAny>) = python(field.extract())?;
            let item = python(held.get_item(name))?.ok_or_else(|| S::Error::custom("a field is missing"))?;
            if left_out.is(class) || python(item.ne(left_out))? {
                map.serialize_entry(python(key.to_str())?, &self.inside(&item))?;
            }
        }
        map.end()
    }

    fn items<S: Serializer>(&self, items: impl ExactSizeIterator<Item = Bound<'py, PyAny>>, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(items.len()))?;
        for item in items {
            list.serialize_element(&self.inside(&item))?;
        }
        list.end()
    }

    fn inside<'b>(&'b self, value: &'b Bound<'py, PyAny>) -> Written<'b, 'py> {
        Written { writer: self.writer, value, depth: self.depth + 1 }
    }
}

impl Serialize for Written<'_, '_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let value = self.value;
        if self.depth > DEPTH {
            return Err(S::Error::custom("it is nested too deep"));
        }
        if value.is_none() {
            return to.serialize_unit();
        }
        // Also a member of an enum, which is a text.
        if let Ok(text) = value.cast::<PyString>() {
            return to.serialize_str(python(text.to_str())?);
        }
        if let Ok(flag) = value.cast::<PyBool>() {
            return to.serialize_bool(flag.is_true());
        }
        if let Ok(number) = value.cast::<PyInt>() {
            return match number.extract::<i64>() {
                Ok(number) => to.serialize_i64(number),
                Err(_) => to.serialize_u64(number.extract().map_err(|_| S::Error::custom("no number of the core's is so large"))?),
            };
        }
        if let Ok(number) = value.cast::<PyFloat>() {
            let number = number.value();
            return if number.is_finite() { to.serialize_f64(number) } else { Err(S::Error::custom("it is no number")) };
        }
        if let Ok(dict) = value.cast::<PyDict>() {
            let mut map = to.serialize_map(Some(dict.len()))?;
            for (key, item) in dict {
                map.serialize_entry(python(python(key.str())?.to_str())?, &self.inside(&item))?;
            }
            return map.end();
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.items(list.iter(), to);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.items(tuple.iter(), to);
        }
        let class = value.get_type();
        match python(self.writer.fields_of(&class))? {
            Some(fields) => self.object(&class, &fields, to),
            None => {
                let encoded = python(self.writer.encode.bind(value.py()).call1((value,)))?;
                self.inside(&encoded).serialize(to)
            }
        }
    }
}

/// What was raised is what the caller gets.
fn python<T, E: serde::ser::Error>(result: PyResult<T>) -> Result<T, E> {
    result.map_err(|raised| {
        Python::attach(|py| raised.restore(py));
        E::custom("it cannot be written")
    })
}
