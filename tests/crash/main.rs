//! I10 under SIGKILL: real processes hold debriefs and are killed at any moment and between any two steps; nothing acknowledged is lost.
//!
//! `CRASH_KILLS` is how many kills (300), `CRASH_SEED` what they are drawn from.
#![cfg(unix)]

mod audit;
mod ledger;
mod random;
mod worker;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use completion_coach::testing::FAULT_POINTS;
use completion_coach::{ActionStore, CompletionCoach, NewMessage, SqliteStore};
use ledger::Ledger;
use random::Random;

/// Processes that are killed one after the other on one file, before a new file is begun.
const RUNS: u64 = 12;
/// Files that are worked on at once.
const FILES: u64 = 3;
/// In microseconds, for those that are killed from outside. A start takes some 20,000 of them.
const LONGEST_LIFE: u64 = 250_000;
/// How long to wait for a process to come to the point at which it is to die.
const PATIENCE: Duration = Duration::from_secs(3);
/// A start that takes longer than this to answer everything has failed; what it really takes is reported.
const SLOWEST_START: Duration = Duration::from_secs(5);

/// What happened in all lives together.
#[derive(Default)]
struct Figures {
    from_outside: u64,
    at_points: BTreeMap<&'static str, u64>,
    acknowledged: BTreeMap<String, u64>,
    resumed: u64,
    starts: Vec<Start>,
    starts_under_fire: Vec<Duration>,
}

/// How long a start took until everything was answered, and how much of that until the file was open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    took: Duration,
    opening: Duration,
}

struct Plan {
    kills: u64,
    seed: u64,
    next: AtomicU64,
    figures: Mutex<Figures>,
}

struct Stop<'a>(&'a Plan);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.next.store(u64::MAX / 2, Ordering::SeqCst);
        }
    }
}

/// What is killed. It does nothing unless the test below runs it as a process of its own.
#[test]
fn worker() {
    if let Some(life) = worker::Life::of_this_process() {
        worker::live(&life);
    }
}

#[test]
fn i10_nothing_acknowledged_is_lost_by_sigkill_at_any_moment() {
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let seed = number("CRASH_SEED").unwrap_or_else(random::from_the_clock);
    let plan = Plan { kills: number("CRASH_KILLS").unwrap_or(300), seed, next: AtomicU64::new(0), figures: Mutex::default() };
    let began = Instant::now();
    thread::scope(|scope| {
        let all: Vec<_> = (0..FILES)
            .map(|line| {
                let plan = &plan;
                scope.spawn(move || file_after_file(plan, line))
            })
            .collect();
        for one in all {
            one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let mut figures = plan.figures.into_inner().unwrap_or_else(PoisonError::into_inner);
    figures.starts.sort();
    figures.starts_under_fire.sort();
    let at_points: u64 = figures.at_points.values().sum();
    let line = format!(
        "\ncrash: seed {seed}, {} SIGKILLs in {:.0} s ({} from outside, {at_points} at points {:?}); acknowledged {:?}; {} debriefs resumed; \
         {} starts, the middle one {:.0?}, the slowest {:.0?}, {} above a second; {} starts under fire themselves, the slowest {:.0?}\n",
        figures.from_outside + at_points,
        began.elapsed().as_secs_f64(),
        figures.from_outside,
        figures.at_points,
        figures.acknowledged,
        figures.resumed,
        figures.starts.len(),
        figures.starts.get(figures.starts.len() / 2).copied().unwrap_or_default(),
        figures.starts.last().copied().unwrap_or_default(),
        figures.starts.iter().filter(|start| start.took > Duration::from_secs(1)).count(),
        figures.starts_under_fire.len(),
        figures.starts_under_fire.last().copied().unwrap_or_default(),
    );
    // The handle itself is not caught by the test's harness: the figures are to be seen.
    io::stdout().write_all(line.as_bytes()).expect("it can be written");
    assert!(figures.from_outside + at_points >= plan.kills);
    let missed: Vec<_> = FAULT_POINTS.iter().filter(|point| !figures.at_points.contains_key(*point)).collect();
    assert!(plan.kills < 300 || missed.is_empty(), "nobody died at {missed:?}");
    let never: Vec<_> = worker::ACKNOWLEDGED.iter().filter(|kind| !figures.acknowledged.contains_key(**kind)).collect();
    assert!(plan.kills < 300 || never.is_empty(), "nothing was ever {never:?}");
}

/// One file after the other; on each, processes live and are killed, and after each of them everything is looked at.
fn file_after_file(plan: &Plan, line: u64) {
    let mut random = Random::new(plan.seed ^ line.wrapping_mul(0x9E37_79B9));
    for file in line.. {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("coach.db");
        let mut ledger = Ledger::default();
        for run in 1..=RUNS {
            let kill = plan.next.fetch_add(1, Ordering::SeqCst);
            if kill >= plan.kills {
                return;
            }
            let point = point(&mut random, file, run, kill);
            let seed = random.next();
            let journal = folder.path().join(format!("journal-{run}"));
            // If something is wrong here, the other files stop, too.
            let stop = Stop(plan);
            let died_at = live_and_die(&path, &journal, seed, run, point, &mut random);
            let lines = fs::read_to_string(&journal).expect("the journal");
            let what = format!("seed {}, file {line}, run {run}, life {seed}, to die at {point:?}, died at {died_at:?}", plan.seed);
            let mut figures = plan.figures.lock().unwrap_or_else(PoisonError::into_inner);
            match died_at {
                Some(point) => *figures.at_points.entry(point).or_default() += 1,
                None => figures.from_outside += 1,
            }
            note(&lines, &mut ledger, &mut figures);
            drop(figures);
            look_and_go_on(plan, &path, &mut ledger, &mut random, &what);
            drop(stop);
        }
    }
}

/// Every second process dies at a point; a new file's first one while it makes the file.
fn point(random: &mut Random, file: u64, run: u64, kill: u64) -> Option<(&'static str, u64)> {
    let (opening, other): (Vec<&str>, Vec<&str>) = FAULT_POINTS.iter().partition(|point| point.starts_with("open: "));
    if run == 1 {
        return Some((opening[(file % opening.len() as u64) as usize], 1));
    }
    // In turn, so that none is left out.
    let turn = kill / 2;
    let point = other[(turn % other.len() as u64) as usize];
    let often = ["turn: ", "model: ", "writer: after"].iter().any(|kind| point.starts_with(kind));
    let most = if often { 1 + random.below(12) } else { 1 };
    kill.is_multiple_of(2).then(|| (point, 1 + random.below(most)))
}

/// Runs a process until it is dead, and says at which point it died if it died at one.
fn live_and_die(
    path: &Path,
    journal: &Path,
    seed: u64,
    run: u64,
    point: Option<(&'static str, u64)>,
    random: &mut Random,
) -> Option<&'static str> {
    let out = File::create(journal).expect("the journal");
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.args(["--exact", "worker", "--nocapture", "--test-threads=1"]);
    worker::Life { path: path.to_owned(), seed, run, point: point.map(|(name, nth)| (name.to_owned(), nth)) }.into_process(&mut command);
    let mut child = command.stdout(Stdio::from(out)).stderr(Stdio::inherit()).spawn().expect("a process");
    let life = if point.is_some() { PATIENCE } else { Duration::from_micros(random.below(LONGEST_LIFE)) };
    let until = Instant::now() + life;
    let by_itself = loop {
        if let Some(status) = child.try_wait().expect("its status") {
            let journal = fs::read_to_string(journal).expect("the journal");
            assert_eq!(status.signal(), Some(9), "life {seed} ended by itself: {status}\n{journal}");
            break true;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break kill(&mut child);
        }
        thread::sleep(left.min(Duration::from_millis(2)));
    };
    point.map(|(name, _)| name).filter(|_| by_itself)
}

/// False: it did not die by itself.
fn kill(child: &mut Child) -> bool {
    child.kill().expect("it can be killed");
    assert_eq!(child.wait().expect("its status").signal(), Some(9));
    false
}

fn note(journal: &str, ledger: &mut Ledger, figures: &mut Figures) {
    // What follows the last end of line was cut off.
    let whole = journal.rfind('\n').map_or("", |end| &journal[..end]);
    for line in whole.lines().filter_map(|line| line.strip_prefix("@ ")) {
        let words: Vec<_> = line.split(' ').collect();
        if let ["started", took, resumed] = words[..] {
            let took = Duration::from_micros(took.parse().expect("microseconds"));
            assert!(took < SLOWEST_START, "a start took {took:?}");
            figures.starts_under_fire.push(took);
            figures.resumed += resumed.parse::<u64>().expect("a number");
        }
        if !words[0].ends_with("ing") {
            *figures.acknowledged.entry(words[0].to_owned()).or_default() += 1;
        }
        if let ["applied", .., list] = words[..] {
            *figures.acknowledged.entry("accepted".to_owned()).or_default() +=
                list.split(',').filter(|item| item.contains('=')).count() as u64;
        }
        ledger.note(&words);
    }
}

/// Looks at what the dead process has left; then a new coach goes on with everything and is looked at as well. One time in four the
/// next process has to go on by itself, from a file that nobody has opened since.
fn look_and_go_on(plan: &Plan, path: &Path, ledger: &mut Ledger, random: &mut Random, what: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let traces = audit::traces(path, ledger);
    assert!(traces.is_empty(), "{what}\n{}", traces.join("\n"));
    let only_look = random.below(4) == 0;
    let copy = tempfile::tempdir().expect("a folder");
    let path = if only_look { audit::copy(path, copy.path()) } else { path.to_owned() };
    runtime.block_on(async {
        let began = Instant::now();
        let store: Arc<dyn ActionStore> = Arc::new(SqliteStore::open(&path).unwrap_or_else(|error| panic!("{what}\n{error}")));
        let opening = began.elapsed();
        let wrong = audit::audit(&path, &store, ledger, false).await;
        assert!(wrong.is_empty(), "{what}\n{}", wrong.join("\n"));
        if only_look {
            return;
        }
        let began = Instant::now();
        let coach = worker::coach(store.clone(), &worker::Performer::calm());
        let resumed = worker::start_again(&coach).await.unwrap_or_else(|error| panic!("{what}\ngoing on: {:?} {error}", error.kind()));
        let took = opening + began.elapsed();
        assert!(took < SLOWEST_START, "{what}\nit took {took:?} to go on");
        say_again(&coach, ledger).await.unwrap_or_else(|error| panic!("{what}\n{error}"));
        let wrong = audit::audit(&path, &store, ledger, true).await;
        assert!(wrong.is_empty(), "{what}\nafter going on\n{}", wrong.join("\n"));
        let mut figures = plan.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.starts.push(Start { took, opening });
        figures.resumed += resumed;
    });
}

/// Says the last words of every conversation again, which may or may not have arrived.
async fn say_again(coach: &CompletionCoach, ledger: &mut Ledger) -> Result<(), String> {
    for (user, thread, id) in ledger.last_words() {
        let conversation = worker::Talk::of(&coach.user(user.as_str()), &thread);
        match conversation.send(NewMessage::typed(worker::text(&id)).id(id.as_str())).await {
            Ok(reply) => {
                let seq = reply.message.seq.to_string();
                ledger.note(&["said", &user, &thread, &id]);
                ledger.note(&["answered", &user, &thread, &id, &seq]);
                ledger.said_again(&user, &thread, &id);
            }
            Err(error) if worker::is_over(&error) && !ledger.was_said(&user, &thread, &id) => {}
            Err(error) => return Err(format!("saying {id} again: {:?} {error}", error.kind())),
        }
    }
    Ok(())
}

/// The files of a database.
fn files(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let folder = fs::read_dir(path.parent().expect("a folder")).expect("the folder");
    let all = folder.map(|entry| entry.expect("an entry").path());
    all.filter(|file| file.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name))).collect()
}
