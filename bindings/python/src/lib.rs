//! The native half of the Python package `completion_coach`. It decides nothing: JSON in, the core's calls, JSON out.

use pyo3::prelude::*;

mod call;
mod coach;
mod errors;
mod models;
mod operation;
mod ports;
mod reader;
mod runtime;
mod testing;
mod tools;
mod turn;
mod writer;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<operation::Operation>()?;
    module.add_class::<turn::Turn>()?;
    module.add_class::<coach::Coach>()?;
    module.add_class::<models::NativeModel>()?;
    module.add_class::<models::AnthropicModel>()?;
    module.add_class::<models::OpenAiModel>()?;
    module.add_class::<models::OfflineGuide>()?;
    module.add_class::<models::SqliteStore>()?;
    module.add_class::<ports::Sink>()?;
    module.add_class::<reader::NativePage>()?;
    module.add_class::<reader::Reader>()?;
    module.add_class::<writer::Writer>()?;
    module.add_class::<testing::ScriptedModel>()?;
    module.add_class::<testing::ManualClock>()?;
    module.add_class::<testing::SeededIds>()?;
    module.add_function(wrap_pyfunction!(testing::check_store, module)?)?;
    module.add_function(wrap_pyfunction!(tools::check_turn, module)?)?;
    module.add_function(wrap_pyfunction!(tools::build_profile_context, module)?)?;
    module.add_function(wrap_pyfunction!(tools::default_texts, module)?)?;
    module.add_function(wrap_pyfunction!(tools::extract, module)?)?;
    module.add_function(wrap_pyfunction!(tools::estimate, module)?)?;
    module.add_function(wrap_pyfunction!(tools::evaluate, module)?)?;
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add("COMPLETION_COACH_PROMPT", completion_coach::COMPLETION_COACH_PROMPT)?;
    module.add("GENERAL_COACH_PROMPT", completion_coach::GENERAL_COACH_PROMPT)?;
    module.add("EXTRACTION_PROMPT", completion_coach::EXTRACTION_PROMPT)?;
    let end = wrap_pyfunction!(runtime::shut_down, module)?;
    module.py().import("atexit")?.call_method1("register", (end,))?;
    Ok(())
}
