//! One question at a time with criterion, for a profiler: `cargo bench --features testing --bench store -- commit/ours`.
//!
//! It works in the target folder; `table` says how it compares.

#![allow(clippy::unwrap_used)]

use std::hint;
use std::path::Path;
use std::time::{Duration, Instant};

use completion_coach::testing::ScriptedModel;
use completion_coach::{ActionStore, Page, SqliteStore};
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::{Builder, Runtime};

use crate::raw::{Raw, Ready};
use crate::replay::{Part, coach, debrief_thread, record, turn, user};

#[path = "table/raw.rs"]
mod raw;
#[path = "table/replay.rs"]
mod replay;

const TURNS: usize = 8;

fn commit(criterion: &mut Criterion) {
    let runtime = runtime();
    let steps = runtime.block_on(record(0..1, TURNS)).remove(0);
    let ready: Vec<_> = steps.iter().map(Ready::from).collect();
    let mut group = criterion.benchmark_group("commit");
    group.bench_function("ours", |bench| {
        let folder = folder();
        bench.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times.div_ceil(TURNS as u64) {
                let store = fresh(folder.path(), |path| SqliteStore::open(path).unwrap());
                runtime.block_on(async {
                    for step in &steps {
                        let began = Instant::now();
                        store.commit(&step.user, &step.change).await.unwrap();
                        sum += if step.part() == Part::First { began.elapsed() } else { Duration::ZERO };
                    }
                });
            }
            sum
        });
    });
    group.bench_function("raw", |bench| {
        let folder = folder();
        bench.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times.div_ceil(TURNS as u64) {
                let raw = fresh(folder.path(), Raw::open);
                for ready in &ready {
                    let began = Instant::now();
                    raw.commit(ready);
                    sum += if ready.part == Part::First { began.elapsed() } else { Duration::ZERO };
                }
            }
            sum
        });
    });
}

fn load(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = folder();
    let path = folder.path().join("coach.db");
    let store = SqliteStore::open(&path).unwrap();
    for step in runtime.block_on(replay::chat(60)).iter().chain(&runtime.block_on(record(1..2, TURNS))[0]) {
        runtime.block_on(store.commit(&step.user, &step.change)).unwrap();
    }
    let raw = Raw::open(&path);
    let mut group = criterion.benchmark_group("load");
    let threads = [("debrief", user(1), debrief_thread()), ("chat", user(0), completion_coach::ThreadId::General)];
    for (name, user, thread) in threads {
        group.bench_function(format!("{name}/ours"), |bench| {
            bench.iter(|| runtime.block_on(store.conversation(&user, &thread, &Page::newest(120))).unwrap());
        });
        group.bench_function(format!("{name}/raw"), |bench| bench.iter(|| raw.read(user.as_str(), &thread, 120)));
    }
}

fn whole_turn(criterion: &mut Criterion) {
    let runtime = runtime();
    let folder = folder();
    let model = ScriptedModel::default();
    let coach = coach(SqliteStore::open(folder.path().join("coach.db")).unwrap(), model.clone());
    let mut number = 0;
    criterion.bench_function("turn/ours", |bench| {
        bench.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times.div_ceil(TURNS as u64) {
                number += 1;
                runtime.block_on(async {
                    let debrief = replay::open(&coach, &user(number)).await;
                    let began = Instant::now();
                    for _ in 0..TURNS {
                        turn(&debrief, &model).await;
                    }
                    sum += hint::black_box(began.elapsed());
                });
            }
            sum
        });
    });
}

/// A new file in the place of the last one.
fn fresh<T>(folder: &Path, open: impl Fn(&Path) -> T) -> T {
    for entry in folder.read_dir().unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    open(&folder.join("coach.db"))
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

criterion_group!(questions, commit, load, whole_turn);
criterion_main!(questions);
