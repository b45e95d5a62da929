//! One debrief in a terminal.
fn main() {}
