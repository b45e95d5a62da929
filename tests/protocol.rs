//! The turn protocol as a property: whatever several people do with several coaches on one store, in any order, what must always hold holds.

#[path = "protocol/checks.rs"]
mod checks;
#[path = "protocol/found.rs"]
mod found;
#[path = "protocol/ports.rs"]
mod ports;
#[path = "protocol/world.rs"]
mod world;

use std::sync::Once;
use std::time::Duration;

use completion_coach::testing::{ManualClock, ScriptedModel, SeededIds};
use completion_coach::{ActionStep, AllowanceRates, Clock, CompletionCoach, Rate};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestRunner};

use checks::check_all_can_go_on;
use world::{Drive, FAILURES, Move, Op, PANIC, Play, Run, Setting, THREADS, USERS, What, World};

/// How many cases take about a minute in a debug build; `PROPTEST_CASES` asks for more.
const CASES: u32 = 500;
/// The most operations that are held open at once.
const MOST_HELD: usize = 5;
/// More polls than any operation needs.
const TO_THE_END: usize = 400;

fn setting() -> impl Strategy<Value = Setting> {
    let budget = (1..=10_u32).prop_flat_map(|max| (1..=max, Just(max)));
    let rarely = |one_in: u8| (1..=one_in).prop_map(move |drawn| drawn == one_in);
    let switches = (rarely(3), rarely(2), rarely(3), rarely(3), rarely(3), rarely(6), rarely(20));
    let skew = || prop_oneof![3 => Just(0_i64), 1 => -20_000..20_000_i64, 1 => -400_000..400_000_i64];
    (budget, switches, [skew(), skew(), skew()]).prop_map(
        |((min, max), (live, started, model_opens, remote, fallback, tight, file), skews)| Setting {
            min,
            max,
            live,
            started,
            model_opens,
            remote,
            fallback,
            tight,
            file,
            skews,
        },
    )
}

fn play() -> impl Strategy<Value = Play> {
    prop_oneof![
        6 => (0..3_u8, any::<bool>()).prop_map(|(pieces, choices)| Play::Ask { pieces, choices }),
        2 => Just(Play::Several),
        1 => Just(Play::Nothing),
        2 => Just(Play::Farewell),
        1 => Just(Play::Empty),
        2 => any::<bool>().prop_map(|words| Play::Enough { words }),
        1 => any::<bool>().prop_map(|words| Play::HandOver { words }),
        1 => any::<u8>().prop_map(Play::Outcome),
        2 => select(FAILURES.to_vec()).prop_map(Play::Fail),
        1 => select(vec![Play::Cut, Play::Length, Play::Refuse, Play::Overrun, Play::Panic]),
        1 => select(vec![5_u16, 60, 125, 200]).prop_map(Play::Wait),
        1 => proposal(),
    ]
}

fn proposal() -> impl Strategy<Value = Play> {
    vec((any::<u8>(), any::<u8>()), 0..6).prop_map(Play::Propose)
}

fn what() -> BoxedStrategy<What> {
    let step = {
        use ActionStep::{Cancel, Complete, Dismiss, MarkCompletionStarted, Reopen, Save, Start, Unsave};
        let likely = select(vec![Start, Complete, Reopen, MarkCompletionStarted, MarkCompletionStarted]);
        prop_oneof![3 => likely, 1 => select(vec![Save, Unsave, Cancel, Dismiss])]
    };
    let say = prop_oneof![5 => 0..3_u8, 3 => any::<u8>()];
    let id = option::weighted(0.4, any::<u8>());
    let verdicts = vec((any::<u8>(), any::<u8>()), 1..5);
    prop_oneof![
        7 => Just(What::Open),
        20 => (say, id).prop_map(|(text, id)| What::Say { text, id }),
        4 => (any::<u8>(), option::weighted(0.3, Just(()))).prop_map(|(which, other)| What::Again { which, other_text: other.is_some() }),
        2 => any::<u8>().prop_map(What::Choose),
        3 => Just(What::Resume),
        4 => Just(What::TakeOver),
        8 => Just(What::Propose),
        6 => (verdicts, any::<bool>()).prop_map(|(verdicts, twice)| What::Apply { verdicts, twice }),
        6 => select(vec![What::Stop, What::Skip, What::Skip, What::Decline, What::Later, What::Reopen, What::Reopen]),
        1 => select(vec![What::Delete, What::Delete, What::DeleteAction]),
        4 => Just(What::RecordDone),
        3 => step.prop_map(What::Step),
        1 => any::<u8>().prop_map(What::SaveProfile),
        2 => select(vec![What::Consent, What::Consent, What::Withdraw]),
        1 => prop_oneof![1 => Just(What::Forget), 3 => any::<u8>().prop_map(What::Stranger)],
    ]
    .boxed()
}

fn op() -> impl Strategy<Value = Op> {
    let drive = prop_oneof![
        7 => Just(Drive::ToTheEnd),
        7 => (0..9_u8).prop_map(Drive::Hold),
        2 => (0..10_u8).prop_map(Drive::Drop),
        1 => Just(Drive::Background),
    ];
    // Most of it happens in few places, so that operations meet.
    let user = prop_oneof![6 => Just(0), 1 => 0..USERS];
    let thread = prop_oneof![4 => Just(1), 2 => 0..THREADS];
    (user, 0..3_usize, thread, what(), vec(play(), 0..3), proposal(), drive).prop_map(|(user, at, thread, what, mut plays, json, drive)| {
        if matches!(what, What::Propose) && plays.len() < 2 {
            plays = vec![json];
        }
        Op { user, at, thread, what, plays, drive }
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let jump = prop_oneof![0..30_000_i64, 100_000..200_000_i64, -200_000..0_i64];
    let one = prop_oneof![
        14 => op().prop_map(Move::Begin),
        6 => (any::<u8>(), 1..6_u8).prop_map(|(slot, polls)| Move::Poll(slot, polls)),
        3 => any::<u8>().prop_map(Move::Finish),
        1 => any::<u8>().prop_map(Move::Drop),
        1 => any::<u8>().prop_map(Move::Cancel),
        1 => (0..3_usize, jump).prop_map(|(at, by)| Move::Clock { at, by }),
    ];
    vec(one, 1..90)
}

impl World {
    fn begin(&mut self, op: Op) {
        let run = self.prepare(op);
        match run.op.drive {
            Drive::ToTheEnd | Drive::Background => self.finish(run),
            Drive::Hold(polls) => self.hold(run, polls),
            Drive::Drop(polls) => {
                if let Some(run) = self.drive(run, usize::from(polls)) {
                    self.abandon(run);
                }
            }
        }
    }

    fn hold(&mut self, run: Run, polls: u8) {
        let Some(run) = self.drive(run, usize::from(polls)) else { return };
        self.slots.push(run);
        if self.slots.len() > MOST_HELD {
            let oldest = self.slots.remove(0);
            self.finish(oldest);
        }
    }

    /// To the end, also when that takes time.
    fn finish(&mut self, run: Run) {
        let Some(mut run) = self.drive(run, TO_THE_END) else { return };
        run.late = true;
        // However often the clock was set back while it waited.
        self.advance(run.op.at, 20_000_000);
        assert!(self.drive(run, TO_THE_END).is_none(), "an operation comes to its end");
    }

    fn play(&mut self, next: Move) {
        let slot = |drawn: u8| usize::from(drawn) % self.slots.len().max(1);
        match next {
            Move::Begin(op) => self.begin(op),
            Move::Clock { at, by } => self.advance(at, by),
            _ if self.slots.is_empty() => {}
            Move::Poll(drawn, polls) => {
                let run = self.slots.remove(slot(drawn));
                self.hold(run, polls);
            }
            Move::Finish(drawn) => {
                let run = self.slots.remove(slot(drawn));
                self.finish(run);
            }
            Move::Drop(drawn) => {
                let run = self.slots.remove(slot(drawn));
                self.abandon(run);
            }
            Move::Cancel(drawn) => self.cancel(slot(drawn)),
        }
    }

    fn end(&mut self) {
        while !self.slots.is_empty() {
            let run = self.slots.remove(0);
            self.finish(run);
        }
        let latest = self.clocks.iter().map(Clock::now).max().expect("a clock");
        let clock = ManualClock::at(latest + Duration::from_secs(3_600));
        let generous = Rate::new(60_000, 2_000_000_000);
        let fresh = CompletionCoach::builder(self.store.clone(), ScriptedModel::default())
            .budget(self.setting.min, self.setting.max)
            .allowance(AllowanceRates { turns: generous, proposals: generous })
            .clock(clock)
            .ids(SeededIds::new(7))
            .build()
            .expect("a coach");
        check_all_can_go_on(self, &fresh);
    }
}

fn quiet_about_planned_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<String>().is_none_or(|text| text != PANIC) {
                usual(info);
            }
        }));
    });
}

fn given(user: usize, thread: usize, what: What) -> Move {
    Move::Begin(Op { user, at: 0, thread, what, plays: Vec::new(), drive: Drive::ToTheEnd })
}

fn what_must_always_hold(setting: &Setting, moves: Vec<Move>) {
    quiet_about_planned_panics();
    // Given two people who have done something, and a third one who is not known yet,
    let mut world = World::new(setting);
    for (user, thread) in [(0, 1), (0, 3), (1, 1), (1, 3)] {
        world.play(given(user, thread, What::RecordDone));
        world.play(given(user, 0, What::SaveProfile(1)));
        world.play(given(user, 0, What::Consent));
        if setting.started {
            world.play(given(user, thread, What::Open));
        }
    }
    // when whatever happens, then all of it holds after each step,
    for next in moves {
        world.play(next);
    }
    // and in the end everybody can go on.
    world.end();
}

/// Half of the cases, from a seed of its own.
fn any_order_of_anything(half: u64) {
    fn asked<T: std::str::FromStr>(name: &str) -> Option<T> {
        std::env::var(name).ok()?.parse().ok()
    }
    let config = ProptestConfig {
        cases: asked("PROPTEST_CASES").unwrap_or(CASES).div_ceil(2),
        failure_persistence: None,
        max_shrink_iters: asked("PROPTEST_MAX_SHRINK_ITERS").unwrap_or(1_000),
        // The same cases in every run of the test command, so that a red one speaks of the change; other seeds are tried apart.
        rng_seed: RngSeed::Fixed(asked("PROTOCOL_SEED").unwrap_or(1_u64).wrapping_add(half)),
        ..ProptestConfig::default()
    };
    let held = TestRunner::new(config).run(&(setting(), moves()), |(setting, moves)| {
        what_must_always_hold(&setting, moves);
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}

// Two tests, which two cores run side by side.
#[test]
fn i1_to_i8_hold_in_any_order_of_anything() {
    any_order_of_anything(0);
}

#[test]
fn i1_to_i8_hold_in_any_other_order_of_anything() {
    any_order_of_anything(1);
}
