//! A turn with its model's server on this machine, against plain reqwest and rusqlite making the same requests and commits.

use std::hint;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, iter};

use completion_coach::{AnthropicModel, CompletionCoach, Credentials, Debrief, Delivery, Endpoint, SqliteStore, TurnEvent};
use reqwest::{Client, redirect};
use tokio::task::{JoinSet, spawn_blocking};

use crate::canned::Canned;
use crate::measure::{Spread, compare, rounds};
use crate::raw::{Raw, Ready};
use crate::replay::{self, Part, SAID, coach, debrief_thread, record_with, user};
use crate::server::{self, ANSWER, Pace};
use crate::{Bench, Table, WINDOW, resident, runtime};

/// Between two pieces of a model that writes 60 words in half a second.
const PACE: Duration = Duration::from_millis(16);

/// Debriefs whose turns stream at once.
const STREAMS: usize = 1_000;

/// Open files that they need: both ends of each connection are in this process.
const FILES: usize = 2 * STREAMS + 200;

pub(crate) fn wire(bench: &Bench, table: &mut Table) {
    let every = if bench.told { PACE } else { Duration::from_millis(1) };
    let pace = format!("a piece every {} ms, {} pieces", every.as_millis(), server::pieces().len());
    // Both commit as an async program does it, apart from the runtime's threads, or both where they are, on a thread that may block.
    for (tasks, turns, apart, pace, name) in [
        (1, 4, true, Pace::AtOnce, "a whole turn over the wire, one at a time".to_owned()),
        (1, 4, false, Pace::AtOnce, "the same, both committing on the caller's thread".to_owned()),
        (8, 4, true, Pace::AtOnce, "8 at once over the wire: time per turn".to_owned()),
        (64, 2, true, Pace::AtOnce, "64 at once over the wire: time per turn".to_owned()),
        (1, 1, true, Pace::Every(every), format!("a whole turn over the wire, paced: {pace}")),
    ] {
        let folder = bench.folder();
        let address = server::start(pace);
        let coach = coach(SqliteStore::open(folder.path().join("ours.db")).unwrap(), model(&format!("http://{address}")));
        let rehearsed = bench.runtime.block_on(Rehearsed::new(rounds(bench.pairs) * tasks, turns));
        let plain = Arc::new(Plain::new(&folder.path().join("raw.db"), format!("http://{address}/v1/messages"), rehearsed));
        let all = u32::try_from(tasks * turns).unwrap();
        let ours = |round: usize| {
            bench.runtime.block_on(async {
                let _here = (!apart).then(SqliteStore::block_here);
                let debriefs = open(&coach, round * tasks..(round + 1) * tasks).await;
                let talk = |debrief: Debrief| async move {
                    for _ in 0..turns {
                        turn(&debrief).await;
                    }
                };
                let began = Instant::now();
                together(debriefs.into_iter().map(talk)).await;
                began.elapsed() / all
            })
        };
        let raw = |round: usize| {
            let users = round * tasks..(round + 1) * tasks;
            plain.open(users.clone());
            bench.runtime.block_on(async {
                let talk = |user: usize| {
                    let plain = plain.clone();
                    async move {
                        for number in 0..turns {
                            plain.turn(user, number, apart).await;
                        }
                    }
                };
                let began = Instant::now();
                together(users.map(talk)).await;
                began.elapsed() / all
            })
        };
        table.compared(&name, compare(bench.pairs, ours, raw), "≤ 1.25");
    }
}

/// A thousand turns that stream at once, each side in processes of their own that may have so many files open.
pub(crate) fn streams(bench: &Bench, table: &mut Table) {
    let (count, times) = if bench.told { (STREAMS, 5) } else { (8, 1) };
    let measured = |what: &str| {
        let once = |_| {
            let folder = bench.folder();
            let limit = format!("[ \"$(ulimit -n)\" -ge {FILES} ] || ulimit -n {FILES} || exit 3; exec \"$@\"");
            let mut child = Command::new("sh");
            child.args(["-c", &limit, "sh"]).arg(env::current_exe().unwrap()).args(["--child", what]).arg(folder.path());
            let output = child.arg(count.to_string()).output().ok()?;
            assert!(output.status.success() || output.status.code() == Some(3), "{}", String::from_utf8_lossy(&output.stderr));
            let figures: Vec<f64> =
                String::from_utf8(output.stdout).unwrap().split_whitespace().map(|word| word.parse().unwrap()).collect();
            (figures.len() == 5).then_some(figures)
        };
        let runs: Option<Vec<_>> = (0..times).map(once).collect();
        runs.map(|runs| [0, 1, 2, 3, 4].map(|at| Spread::of(runs.iter().map(|run| run[at]).collect())))
    };
    let (Some(ours), Some(raw)) = (measured("streams"), measured("raw-streams")) else {
        table.notes.push(format!("{STREAMS} streams were not measured: `ulimit -n {FILES}` and /proc are needed."));
        return;
    };
    for (at, question, unit) in [
        (0, "turns a second", ""),
        (1, "resident memory each, the server's part included", " kB"),
        (2, "a piece from the server's write to the host, p50", " ms"),
        (3, "the same, p99", " ms"),
        (4, "the same for the last ten pieces, when no turn is at its start, p99", " ms"),
    ] {
        let [ours, raw] = [ours[at], raw[at]].map(|Spread { low, median, high }| format!("{median:.1}{unit} ({low:.1} to {high:.1})"));
        table.row([format!("{count} debriefs stream at once: {question}"), ours, raw, String::new(), String::new()]);
    }
    table.notes.push(format!(
        "The {count} begin together, and their server works on the same cores. Raw commits one after the other, so that its streams never are \
         all under way at once: its times are those of fewer."
    ));
}

/// Turns a second, kilobytes each, and the milliseconds within which half of the pieces came, 99 of 100, and 99 of 100 of the last ones.
pub(crate) fn streams_in(folder: &Path, count: usize) -> String {
    runtime().block_on(async {
        let epoch = Instant::now();
        let address = server::start(Pace::Stamped(PACE, epoch));
        let coach = replay::builder(SqliteStore::open(folder.join("ours.db")).unwrap(), model(&format!("http://{address}")));
        let coach = coach.delivery(Delivery::Live).build().unwrap();
        let debriefs = open(&coach, 0..count).await;
        let heard = |debrief: Debrief| async move {
            let mut times = Vec::new();
            let mut turn = debrief.stream(SAID).await.unwrap();
            while let Some(event) = turn.next().await {
                if let TurnEvent::Text(stamp) = event.unwrap() {
                    times.push(since(epoch, &stamp));
                }
            }
            times
        };
        measured(debriefs.into_iter().map(heard).collect()).await
    })
}

pub(crate) fn raw_streams_in(folder: &Path, count: usize) -> String {
    runtime().block_on(async {
        let epoch = Instant::now();
        let address = server::start(Pace::Stamped(PACE, epoch));
        let rehearsed = Rehearsed::new(count, 1).await;
        let plain = Arc::new(Plain::new(&folder.join("raw.db"), format!("http://{address}/v1/messages"), rehearsed));
        plain.open(0..count);
        let heard = |user: usize| {
            let plain = plain.clone();
            async move {
                let mut times = Vec::new();
                plain.heard(user, 0, true, |stamp| times.push(since(epoch, stamp))).await;
                times
            }
        };
        measured((0..count).map(heard).collect()).await
    })
}

async fn measured(turns: Vec<impl Future<Output = Vec<f64>> + Send + 'static>) -> String {
    let (count, before, began) = (turns.len(), resident().unwrap(), Instant::now());
    let mut turns = turns.into_iter().collect::<JoinSet<_>>();
    let (mut times, mut last, mut most) = (Vec::new(), Vec::new(), before);
    let mut look = tokio::time::interval(Duration::from_millis(20));
    while !turns.is_empty() {
        tokio::select! {
            Some(heard) = turns.join_next() => {
                let heard = heard.unwrap();
                assert_eq!(heard.len(), server::pieces().len());
                last.extend_from_slice(&heard[heard.len() - 10..]);
                times.extend(heard);
            }
            _ = look.tick() => most = most.max(resident().unwrap()),
        }
    }
    let took = began.elapsed().as_secs_f64();
    let within = |times: &mut Vec<f64>, hundredth: usize| {
        times.sort_by(f64::total_cmp);
        times[(times.len() - 1) * hundredth / 100]
    };
    let [half, nearly_all, of_the_last] = [within(&mut times, 50), within(&mut times, 99), within(&mut last, 99)];
    format!("{} {} {half} {nearly_all} {of_the_last}", count as f64 / took, (most - before) as f64 / count as f64)
}

/// Milliseconds since the piece that is this stamp was written.
fn since(epoch: Instant, stamp: &str) -> f64 {
    let now = epoch.elapsed().as_nanos();
    (now - stamp.trim().parse::<u128>().unwrap()) as f64 / 1e6
}

fn model(address: &str) -> AnthropicModel {
    anthropic(Endpoint::new(address, Credentials::none()))
}

fn anthropic(endpoint: Endpoint) -> AnthropicModel {
    AnthropicModel::new("claude-haiku-5-5", endpoint.on_this_device()).unwrap()
}

async fn open(coach: &CompletionCoach, users: std::ops::Range<usize>) -> Vec<Debrief> {
    let mut debriefs = Vec::new();
    for number in users {
        debriefs.push(replay::open(coach, &user(number)).await);
    }
    debriefs
}

/// One alone stays on this thread, several are tasks.
async fn together(mut talks: impl ExactSizeIterator<Item = impl Future<Output = ()> + Send + 'static>) {
    match talks.next() {
        Some(alone) if talks.len() == 0 => alone.await,
        first => drop(first.into_iter().chain(talks).collect::<JoinSet<_>>().join_all().await),
    }
}

async fn turn(debrief: &Debrief) {
    let reply = debrief.send(SAID).await.unwrap();
    assert_eq!(reply.message.text, ANSWER);
}

/// What the coach sends and writes.
struct Rehearsed {
    debriefs: Vec<Vec<Ready>>,
    /// Those of one debrief's turns; they are the same in every debrief.
    bodies: Vec<Vec<u8>>,
}

impl Rehearsed {
    async fn new(users: usize, turns: usize) -> Self {
        let canned = Canned::new(iter::repeat_n(server::stream(), users * turns));
        let model = anthropic(Endpoint::over(canned.clone(), "http://127.0.0.1:1", Credentials::none()));
        let steps = record_with(model, 0..users, turns, turn).await;
        let bodies = canned.bodies();
        assert!(bodies.chunks(turns).all(|debrief| debrief == &bodies[..turns]));
        Self { debriefs: steps.iter().map(|steps| steps.iter().map(Ready::from).collect()).collect(), bodies: bodies[..turns].to_vec() }
    }
}

/// The same without this library.
struct Plain {
    db: Mutex<Raw>,
    client: Client,
    url: String,
    rehearsed: Rehearsed,
}

impl Plain {
    fn new(path: &Path, url: String, rehearsed: Rehearsed) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).redirect(redirect::Policy::none());
        let client = client.connect_timeout(Duration::from_secs(10)).build().unwrap();
        Self { db: Mutex::new(Raw::open(path)), client, url, rehearsed }
    }

    fn open(&self, users: std::ops::Range<usize>) {
        let db = self.db.lock().unwrap();
        self.rehearsed.debriefs[users].iter().flatten().filter(|ready| ready.part == Part::Before).for_each(|ready| db.commit(ready));
    }

    async fn turn(self: &Arc<Self>, user: usize, number: usize, crowded: bool) {
        let mut said = String::new();
        self.heard(user, number, crowded, |text| said.push_str(text)).await;
        assert_eq!(said, ANSWER);
    }

    /// In a crowd the file is used on the runtime's threads for that, so that nobody's commit holds up the others' streams.
    async fn heard(self: &Arc<Self>, user: usize, number: usize, crowded: bool, piece: impl FnMut(&str)) {
        if crowded {
            let plain = self.clone();
            spawn_blocking(move || plain.first(user, number)).await.unwrap();
            self.ask(number, piece).await;
            let plain = self.clone();
            spawn_blocking(move || plain.second(user, number)).await.unwrap();
        } else {
            self.first(user, number);
            self.ask(number, piece).await;
            self.second(user, number);
        }
    }

    fn first(&self, number: usize, turn: usize) {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        hint::black_box(db.read(user(number).as_str(), &debrief_thread(), WINDOW));
        db.commit(self.part(number, turn, Part::First));
    }

    fn second(&self, number: usize, turn: usize) {
        self.db.lock().unwrap_or_else(PoisonError::into_inner).commit(self.part(number, turn, Part::Second));
    }

    fn part(&self, user: usize, turn: usize, part: Part) -> &Ready {
        self.rehearsed.debriefs[user].iter().filter(|ready| ready.part == part).nth(turn).unwrap()
    }

    /// Sends the coach's own body, and looks for the text in what comes back, which holds nothing that is escaped.
    async fn ask(&self, turn: usize, mut piece: impl FnMut(&str)) {
        let request = self.client.post(&self.url).header("content-type", "application/json").header("anthropic-version", "2026-10-21");
        let mut response = request.body(self.rehearsed.bodies[turn].clone()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut read = Vec::new();
        while let Some(bytes) = response.chunk().await.unwrap() {
            read.extend_from_slice(&bytes);
            let whole = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            for line in std::str::from_utf8(&read[..whole]).unwrap().lines() {
                if let Some((_, text)) = line.split_once(r#"{"type":"text_delta","text":""#) {
                    piece(text.strip_suffix(r#""}}"#).unwrap());
                }
            }
            read.drain(..whole);
        }
    }
}
