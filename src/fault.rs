//! Where a test can make the process die: a point between any two steps, and nothing at all without the feature `testing`.

#[cfg(feature = "testing")]
pub(crate) use self::plan::{POINTS, kill_at, point};

/// A place where a test can make the process die. Without the feature `testing` there is nothing here.
#[cfg(not(feature = "testing"))]
#[inline]
pub(crate) const fn point(_: &'static str) {}

#[cfg(feature = "testing")]
mod plan {
    use std::process::{Command, Stdio};
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Every point there is, in the order in which a process comes by.
    pub(crate) const POINTS: &[&str] = &[
        "open: after BEGIN",
        "open: after a step of the schema",
        "open: after the schema",
        "open: after the log is on",
        "turn: before the first commit",
        "turn: after the first commit",
        "model: after asking began",
        "model: after a piece",
        "turn: before the second commit",
        "turn: after the second commit",
        "failure: before it is recorded",
        "failure: after it is recorded",
        "propose: before the first commit",
        "propose: after the first commit",
        "propose: before the second commit",
        "propose: after the second commit",
        "apply: before the commit",
        "apply: after the commit",
        "writer: after BEGIN",
        "writer: after a write",
        "writer: after a change",
        "writer: before COMMIT",
        "writer: after COMMIT",
        "writer: after an answer",
        "writer: before the traces are erased",
        "forget: after BEGIN",
        "forget: after a table",
        "forget: before COMMIT",
        "forget: after COMMIT",
        "forget: after VACUUM",
        "forget: after the log is cut",
    ];

    static PLAN: OnceLock<(String, AtomicU32)> = OnceLock::new();

    /// Plans the process's death; the first plan of a process counts.
    pub(crate) fn kill_at(name: &str, nth: u32) {
        let _ = PLAN.set((name.to_owned(), AtomicU32::new(nth.max(1))));
    }

    /// A place where a test can make the process die.
    pub(crate) fn point(name: &'static str) {
        debug_assert!(POINTS.contains(&name), "the point {name} is not in the list");
        let Some((planned, left)) = PLAN.get() else { return };
        if planned == name && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            die();
        }
    }

    /// By SIGKILL, which nothing can catch. Whoever came here goes no further, although the signal takes a moment to come.
    fn die() -> ! {
        let killed = Command::new("kill").args(["-9", &std::process::id().to_string()]).stderr(Stdio::null()).status();
        if killed.is_err() {
            std::process::abort();
        }
        loop {
            std::thread::park();
        }
    }
}
