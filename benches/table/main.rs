//! The table: each promise about speed and size, against rusqlite and reqwest doing the same on the same disk in the same run.
//!
//! `cargo bench --features testing --bench table -- [QUESTION…] [--dir PATH] [--messages N]`; the questions are commit, load, turn, crowd,
//! open, memory, bytes, wire and streams. Without `--bench`, as `cargo test` runs it, everything is tried once and nothing is told.

#![allow(clippy::unwrap_used)]

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, hint, thread};

use async_trait::async_trait;
use completion_coach::testing::ScriptedModel;
use completion_coach::{
    ActionStore, CompletionCoach, Finish, Model, ModelEvents, ModelInfo, ModelPlace, Page, Request, Result, SqliteStore, UserId,
};
use tokio::runtime::Runtime;

use crate::disk::{Disk, Library};
use crate::measure::{Compared, Seconds, Spread, compare, rounds};
use crate::raw::{Raw, Ready};
use crate::replay::{Part, coach, debrief_thread, record, turn, user};

mod canned;
mod disk;
mod measure;
mod raw;
mod replay;
mod server;
mod wire;

/// What a turn of the coach reads.
const WINDOW: u32 = 120;

/// Debriefs that are open at once for the question of memory.
const OPEN: usize = 1_000;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [child, what, folder, count] = &arguments[..]
        && child == "--child"
    {
        return in_a_process_of_its_own(what, Path::new(folder), count.parse().unwrap());
    }
    let bench = Bench::new(&arguments);
    let mut table = Table::default();
    let questions: [(&str, Question); 9] = [
        ("commit", commit),
        ("load", load),
        ("turn", whole_turn),
        ("crowd", crowd),
        ("open", open),
        ("memory", memory),
        ("bytes", bytes),
        ("wire", wire::wire),
        ("streams", wire::streams),
    ];
    for (name, question) in questions {
        if bench.only.is_empty() || bench.only.iter().any(|only| only == name) {
            question(&bench, &mut table);
        }
    }
    if bench.told {
        table.tell(&bench);
    }
}

type Question = fn(&Bench, &mut Table);

struct Bench {
    only: Vec<String>,
    folder: PathBuf,
    /// Pairs of each comparison.
    pairs: usize,
    /// Messages in the large file.
    messages: usize,
    told: bool,
    runtime: Runtime,
}

impl Bench {
    fn new(arguments: &[String]) -> Self {
        let value = |name: &str| arguments.iter().position(|argument| argument == name).map(|at| arguments[at + 1].clone());
        let told = arguments.iter().any(|argument| argument == "--bench");
        let values: Vec<_> = ["--dir", "--messages", "--pairs"].into_iter().filter_map(value).collect();
        let only = arguments.iter().filter(|argument| !argument.starts_with('-') && !values.contains(argument)).cloned().collect();
        Self {
            only,
            folder: value("--dir").map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from),
            pairs: value("--pairs").map_or(if told { 40 } else { 1 }, |number| number.parse().unwrap()),
            messages: value("--messages").map_or(if told { 1_000_000 } else { 10_000 }, |number| number.parse().unwrap()),
            told,
            runtime: runtime(),
        }
    }

    fn folder(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(&self.folder).unwrap()
    }

    /// What the coach writes for so many users in so many turns.
    fn recorded(&self, users: usize, turns: usize) -> Vec<Vec<replay::Step>> {
        self.runtime.block_on(record(0..users, turns))
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[derive(Default)]
struct Table {
    rows: Vec<[String; 5]>,
    notes: Vec<String>,
}

impl Table {
    fn compared(&mut self, question: &str, compared: Compared, target: &str) {
        let Spread { low, median, high } = compared.ratio;
        let ratio = format!("{median:.2} ({low:.2} to {high:.2})");
        self.row([question.to_owned(), Seconds(compared.ours).to_string(), Seconds(compared.raw).to_string(), ratio, target.to_owned()]);
    }

    fn row(&mut self, row: [String; 5]) {
        let _ = writeln!(io::stderr(), "{}", row.join(" | "));
        self.rows.push(row);
    }

    fn tell(&self, bench: &Bench) {
        let mut out = io::stdout().lock();
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let disk = Disk::of(&bench.folder);
        let _ = writeln!(out, "{cores} cores; {disk}; SQLite {}; medians (quartiles) of {} pairs.\n", rusqlite::version(), bench.pairs);
        let _ = writeln!(out, "| | ours | raw | ratio | target |\n|---|---|---|---|---|");
        for row in &self.rows {
            let _ = writeln!(out, "| {} |", row.join(" | "));
        }
        for note in &self.notes {
            let _ = writeln!(out, "\n{note}");
        }
    }
}

fn commit(bench: &Bench, table: &mut Table) {
    let folder = bench.folder();
    let steps = bench.recorded(rounds(bench.pairs), 8);
    let ready: Vec<Vec<Ready>> = steps.iter().map(|steps| steps.iter().map(Ready::from).collect()).collect();
    let store = SqliteStore::open(folder.path().join("ours.db")).unwrap();
    let raw = Raw::open(&folder.path().join("raw.db"));
    let ours = |round: usize| {
        bench.runtime.block_on(async {
            let mut timed = Timed::default();
            for step in &steps[round] {
                let began = Instant::now();
                store.commit(&step.user, &step.change).await.unwrap();
                timed.add(step.part() == Part::First, began);
            }
            timed.mean()
        })
    };
    let raw = |round: usize| {
        let mut timed = Timed::default();
        for ready in &ready[round] {
            let began = Instant::now();
            raw.commit(ready);
            timed.add(ready.part == Part::First, began);
        }
        timed.mean()
    };
    table.compared("a turn's first commit, durable", compare(bench.pairs, ours, raw), "≤ 1.5");
}

fn load(bench: &Bench, table: &mut Table) {
    const LOADS: u32 = 100;
    for messages in [1_000, bench.messages] {
        let folder = bench.folder();
        let path = folder.path().join("library.db");
        let library = Library::build(&path, messages);
        if messages > 1_000 {
            let (bytes, took) = (library.bytes / 1_000_000, library.took.as_secs());
            table.notes.push(format!("The {messages} messages are {bytes} MB; writing them took {took} s."));
        }
        let store = SqliteStore::open(&path).unwrap();
        let raw = Raw::open(&path);
        for size in [20, WINDOW] {
            let (mut random, mut other) = (1, 2);
            let ours = |_| {
                let threads: Vec<_> = (0..LOADS).map(|_| library.pick(&mut random)).collect();
                bench.runtime.block_on(async {
                    let began = Instant::now();
                    for (user, thread) in &threads {
                        let read = store.conversation(user, thread, &Page::newest(size)).await.unwrap().unwrap();
                        assert_eq!(hint::black_box(read).messages.len(), size as usize);
                    }
                    began.elapsed() / LOADS
                })
            };
            let raw = |_| {
                let threads: Vec<_> = (0..LOADS).map(|_| library.pick(&mut other)).collect();
                let began = Instant::now();
                for (user, thread) in &threads {
                    hint::black_box(raw.read(user.as_str(), thread, size));
                }
                began.elapsed() / LOADS
            };
            let question = format!("load of the newest {size} among {messages} messages");
            table.compared(&question, compare(bench.pairs, ours, raw), "≤ 1.5");
        }
        if messages == bench.messages {
            let plans = bench.runtime.block_on(store.query_plans()).unwrap();
            let (_, plan) = plans.iter().find(|(name, _)| *name == "MESSAGES").unwrap();
            table.notes.push(format!("The load's plan: `{plan}`."));
        }
    }
}

fn whole_turn(bench: &Bench, table: &mut Table) {
    const TURNS: u32 = 4;
    let folder = bench.folder();
    let steps = bench.recorded(rounds(bench.pairs), TURNS as usize);
    let ready: Vec<Vec<Ready>> = steps.iter().map(|steps| steps.iter().map(Ready::from).collect()).collect();
    let model = ScriptedModel::default();
    let coach = coach(SqliteStore::open(folder.path().join("ours.db")).unwrap(), model.clone());
    let raw = Raw::open(&folder.path().join("raw.db"));
    let ours = |round: usize| {
        bench.runtime.block_on(async {
            let debrief = replay::open(&coach, &user(round)).await;
            let began = Instant::now();
            for _ in 0..TURNS {
                turn(&debrief, &model).await;
            }
            began.elapsed() / TURNS
        })
    };
    let raw = |round: usize| {
        let (before, turns): (Vec<_>, Vec<_>) = ready[round].iter().partition(|ready| ready.part == Part::Before);
        before.into_iter().for_each(|ready| raw.commit(ready));
        let began = Instant::now();
        for ready in turns {
            if ready.part == Part::First {
                hint::black_box(raw.read(user(round).as_str(), &debrief_thread(), WINDOW));
            }
            raw.commit(ready);
        }
        began.elapsed() / TURNS
    };
    table.compared("a whole turn: the read, both commits, the scripted model", compare(bench.pairs, ours, raw), "");
}

fn crowd(bench: &Bench, table: &mut Table) {
    for tasks in [1, 8, 64] {
        let folder = bench.folder();
        let turns = if tasks == 64 { 2 } else { 4 };
        let all = u32::try_from(tasks * turns).unwrap();
        let steps = bench.recorded(rounds(bench.pairs) * tasks, turns);
        let ready: Vec<Vec<Ready>> = steps.iter().map(|steps| steps.iter().map(Ready::from).collect()).collect();
        let model = ScriptedModel::default();
        let store = SqliteStore::open(folder.path().join("ours.db")).unwrap();
        let coach = coach(store.clone(), model.clone());
        let raw = std::sync::Mutex::new(Raw::open(&folder.path().join("raw.db")));
        let mut counted = (0, 0);
        let ours = |round: usize| {
            bench.runtime.block_on(async {
                let mut debriefs = Vec::new();
                for opening in (0..tasks).map(|task| tokio::spawn(opened(coach.clone(), user(round * tasks + task)))).collect::<Vec<_>>() {
                    debriefs.push(opening.await.unwrap());
                }
                let before = store.commit_counts();
                let began = Instant::now();
                talk(debriefs, &model, turns).await;
                let took = began.elapsed() / all;
                let after = store.commit_counts();
                counted = (counted.0 + after.0 - before.0, counted.1 + after.1 - before.1);
                took
            })
        };
        let raw = |round: usize| {
            let debriefs = &ready[round * tasks..(round + 1) * tasks];
            debriefs.iter().flatten().filter(|ready| ready.part == Part::Before).for_each(|ready| raw.lock().unwrap().commit(ready));
            let began = Instant::now();
            thread::scope(|scope| {
                for (task, steps) in debriefs.iter().enumerate() {
                    let raw = &raw;
                    scope.spawn(move || {
                        for ready in steps.iter().filter(|ready| ready.part != Part::Before) {
                            if ready.part == Part::First {
                                let user = user(round * tasks + task);
                                hint::black_box(raw.lock().unwrap().read(user.as_str(), &debrief_thread(), WINDOW));
                            }
                            raw.lock().unwrap().commit(ready);
                        }
                    });
                }
            });
            began.elapsed() / all
        };
        let compared = compare(bench.pairs, ours, raw);
        let (ours, raw) = (1.0 / compared.ours.median, 1.0 / compared.raw.median);
        let question = format!("{tasks} at once: time per turn ({ours:.0} turns a second, raw {raw:.0})");
        table.compared(&question, compared, "");
        let (commits, transactions) = counted;
        let each = commits as f64 / transactions as f64;
        let target = if tasks == 64 { "≥ 8" } else { "" };
        table.row([format!("{tasks} at once: commits per COMMIT"), format!("{each:.1}"), "1".into(), String::new(), target.into()]);
        flushes(bench, table, tasks, target);
    }
}

async fn opened(coach: CompletionCoach, user: UserId) -> completion_coach::Debrief {
    replay::open(&coach, &user).await
}

async fn talk(debriefs: Vec<completion_coach::Debrief>, model: &ScriptedModel, turns: usize) {
    let talk = |debrief: completion_coach::Debrief| {
        let model = model.clone();
        tokio::spawn(async move {
            for _ in 0..turns {
                turn(&debrief, &model).await;
            }
        })
    };
    for task in debriefs.into_iter().map(talk).collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Counts what the kernel is asked to flush in a process that opens the file, has the debriefs go on, and closes it.
fn flushes(bench: &Bench, table: &mut Table, tasks: usize, target: &str) {
    let folder = bench.folder();
    let (path, log) = (folder.path().join("ours.db"), folder.path().join("flushes"));
    bench.runtime.block_on(async {
        let coach = coach(SqliteStore::open(&path).unwrap(), ScriptedModel::default());
        for task in 0..tasks {
            opened(coach.clone(), user(task)).await;
        }
    });
    // In the kernel, which disturbs nobody, or else by stopping the process at each flush.
    let in_kernel = ["stat", "-x,", "-e", "syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync", "-o"];
    let by_stops = ["-f", "-qq", "--seccomp-bpf", "-e", "trace=fsync,fdatasync", "-o"];
    let count = |tool: &str, options: &[&str]| {
        let talk =
            [env::current_exe().unwrap().as_os_str(), "--child".as_ref(), "talk".as_ref(), folder.path().as_os_str()].map(OsStr::to_owned);
        let output = Command::new(tool).args(options).arg(&log).args(talk).arg(tasks.to_string()).stderr(Stdio::null()).output().ok()?;
        let printed = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
        let (commits, transactions) = printed.trim().split_once(' ')?;
        let log = fs::read_to_string(&log).ok()?;
        let counted = |line: &str| if line.contains("sync(") { Some(1) } else { line.split(',').next()?.parse().ok() };
        let flushes: u64 = log.lines().filter_map(counted).sum();
        Some((tool.to_owned(), commits.parse::<u64>().ok()?, transactions.parse::<u64>().ok()?, flushes))
    };
    let Some((tool, commits, transactions, flushes)) = count("perf", &in_kernel).or_else(|| count("strace", &by_stops)) else {
        table.notes.push(format!("{tasks} at once: flushes were not counted: neither perf nor strace is there and may do it."));
        return;
    };
    let each = commits as f64 / flushes as f64;
    table.row([format!("{tasks} at once: commits per fsync"), format!("{each:.1}"), "1".into(), String::new(), target.into()]);
    table.notes.push(format!(
        "{tasks} at once, counted by {tool}: {commits} commits in {transactions} transactions, {flushes} fsync and fdatasync, those of \
         opening, checkpoints and closing included."
    ));
}

fn open(bench: &Bench, table: &mut Table) {
    let large = bench.messages.min(if bench.told { 340_000 } else { 1_000 });
    for messages in [200, large] {
        let folder = bench.folder();
        let path = folder.path().join("library.db");
        let bytes = Library::build(&path, messages).bytes;
        let ours = |_| {
            let began = Instant::now();
            let store = SqliteStore::open(&path).unwrap();
            let took = began.elapsed();
            drop(store);
            took
        };
        let raw = |_| {
            let began = Instant::now();
            let raw = Raw::open(&path);
            let took = began.elapsed();
            drop(raw);
            took
        };
        let question = format!("open of a store of {:.1} MB", bytes as f64 / 1e6);
        table.compared(&question, compare(bench.pairs, ours, raw), "");
    }
}

fn memory(bench: &Bench, table: &mut Table) {
    if resident().is_none() {
        table.notes.push("Memory was not measured: the system does not tell it in /proc.".to_owned());
        return;
    }
    let kilobytes = |what: &str| {
        let each = |_| {
            let folder = bench.folder();
            let mut child = Command::new(env::current_exe().unwrap());
            let output = child.args(["--child", what]).arg(folder.path()).arg(OPEN.to_string()).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap() / OPEN as f64
        };
        let Spread { low, median, high } = Spread::of((0..if bench.told { 5 } else { 1 }).map(each).collect());
        format!("{median:.1} kB ({low:.1} to {high:.1})")
    };
    let (ours, raw) = (kilobytes("memory"), kilobytes("raw-memory"));
    table.row([format!("memory of each of {OPEN} debriefs with a turn under way"), ours, raw, String::new(), String::new()]);
}

fn bytes(bench: &Bench, table: &mut Table) {
    let folder = bench.folder();
    let turns = 100;
    let steps = bench.runtime.block_on(replay::chat(turns));
    let path = folder.path().join("ours.db");
    let store = SqliteStore::open(&path).unwrap();
    bench.runtime.block_on(async {
        for step in &steps {
            store.commit(&step.user, &step.change).await.unwrap();
        }
    });
    drop(store);
    let packed = folder.path().join("raw.db");
    Raw::open(&path).0.execute("VACUUM INTO ?1", [packed.to_str().unwrap()]).unwrap();
    let [ours, raw] = [&path, &packed].map(|path| fs::metadata(path).unwrap().len() as f64);
    let texts = turns * (replay::SAID.len() + replay::REPLY.len());
    let row = [
        format!("bytes on disk for a thread of {turns} turns"),
        format!("{:.3} MB", ours / 1e6),
        format!("{:.3} MB", raw / 1e6),
        format!("{:.2}", ours / raw),
        "≤ 0.12 MB".to_owned(),
    ];
    table.row(row);
    table.notes.push(format!("Of the {turns} turns' bytes the words are {:.3} MB; raw are the same rows, packed.", texts as f64 / 1e6));
}

/// The parts of a question that need a process to themselves. What they find out goes to standard output.
fn in_a_process_of_its_own(what: &str, folder: &Path, count: usize) {
    let answer = match what {
        "talk" => talk_in(folder, count),
        "memory" => live_turns_in(folder, count),
        "raw-memory" => rows_in(folder, count),
        "streams" => wire::streams_in(folder, count),
        "raw-streams" => wire::raw_streams_in(folder, count),
        other => unreachable!("there is no part {other}"),
    };
    let _ = writeln!(io::stdout(), "{answer}");
}

fn talk_in(folder: &Path, tasks: usize) -> String {
    runtime().block_on(async {
        let model = ScriptedModel::default();
        let store = SqliteStore::open(folder.join("ours.db")).unwrap();
        let coach = coach(store.clone(), model.clone());
        let debriefs = (0..tasks).map(|task| coach.user(user(task)).debrief(replay::ACTION)).collect();
        talk(debriefs, &model, 8).await;
        let (commits, transactions) = store.commit_counts();
        format!("{commits} {transactions}")
    })
}

fn live_turns_in(folder: &Path, count: usize) -> String {
    runtime().block_on(async {
        let coach = coach(SqliteStore::open(folder.join("ours.db")).unwrap(), Silent);
        for number in 0..count {
            replay::open(&coach, &user(number)).await;
        }
        let before = resident().unwrap();
        let mut live = Vec::new();
        for number in 0..count {
            let debrief = coach.user(user(number)).debrief(replay::ACTION);
            let mut turn = debrief.stream(replay::SAID).await.unwrap();
            live.push(tokio::spawn(async move {
                let _ = turn.next().await;
                drop(debrief);
            }));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let grown = resident().unwrap() - before;
        assert!(live.iter().all(|task| !task.is_finished()));
        grown.to_string()
    })
}

fn rows_in(folder: &Path, count: usize) -> String {
    let steps = runtime().block_on(record(0..count, 1));
    let ready: Vec<Vec<Ready>> = steps.iter().map(|steps| steps.iter().map(Ready::from).collect()).collect();
    drop(steps);
    let raw = Raw::open(&folder.join("raw.db"));
    ready.iter().flatten().filter(|ready| ready.part == Part::Before).for_each(|ready| raw.commit(ready));
    let before = resident().unwrap();
    let mut rows = Vec::new();
    for number in 0..count {
        rows.push(raw.read(user(number).as_str(), &debrief_thread(), WINDOW));
        ready[number].iter().filter(|ready| ready.part == Part::First).for_each(|ready| raw.commit(ready));
    }
    (resident().unwrap() - before).to_string()
}

/// A model that never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Model for Silent {
    fn info(&self) -> ModelInfo {
        ModelInfo { provider: "silent".to_owned(), model: "silent-1".to_owned(), place: ModelPlace::Local, address: None }
    }

    async fn ask(&self, _: &Request, _: &mut ModelEvents) -> Result<Finish> {
        std::future::pending().await
    }
}

/// Kilobytes of this process that are in memory.
fn resident() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().trim_end_matches(" kB").parse().ok()
}

#[derive(Default)]
struct Timed {
    sum: Duration,
    count: u32,
}

impl Timed {
    fn add(&mut self, counts: bool, began: Instant) {
        if counts {
            self.sum += began.elapsed();
            self.count += 1;
        }
    }

    fn mean(&self) -> Duration {
        self.sum / self.count
    }
}
