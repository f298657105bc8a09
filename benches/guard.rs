//! What the order costs: a step of the table's machine beside the same machine as a hand-written `match` and by statig,
//! an event of the guard with every rule on, and a typed step beside the machine's step that it makes.
//!
//! The three machines play the same cycle of an answered call, an interruption and an end, and are first seen to go
//! through the same states. Throughput is per word, event or step. With `-- --ratios` all of them take turns, a table is
//! printed, and the bounds that OnCue promises are asserted.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "a table is what --ratios is for")]

use criterion::{Criterion, Throughput, criterion_group};
use oncue_session::owner::App;
use oncue_session::{
    Audio, Configured, Entry, Event, Fresh, Guard, Machine, NullPlatform, OutputPort, Owner,
    PlayAndRecord, Policy, State, Step, SystemEvent,
};
use oncue_trace::Line;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Rounds of `--ratios` in which each takes its turn once.
const ROUNDS: usize = 200;

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == "--ratios") {
        return ratios();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
    ExitCode::SUCCESS
}

#[derive(Clone, Copy, Debug)]
enum Word {
    App(Step),
    System(SystemEvent),
}

const CALL: [Word; 16] = [
    Word::System(SystemEvent::ActionPerformed),
    Word::App(Step::Configure),
    Word::App(Step::Prepare),
    Word::App(Step::Fulfill),
    Word::App(Step::AwaitActivation),
    Word::System(SystemEvent::DidActivate),
    Word::App(Step::StartPlayback),
    Word::App(Step::Start),
    Word::System(SystemEvent::RouteChanged),
    Word::System(SystemEvent::InterruptionBegan),
    Word::System(SystemEvent::InterruptionEnded),
    Word::System(SystemEvent::DidActivate),
    Word::App(Step::Start),
    Word::App(Step::Stop),
    Word::App(Step::EndCall),
    Word::System(SystemEvent::DidDeactivate),
];

fn machine_step(machine: &mut Machine, word: Word) -> bool {
    match word {
        Word::App(step) => machine.attempt(step).is_ok(),
        Word::System(event) => {
            machine.on_event(event);
            true
        }
    }
}

/// The same session under a call system, by hand, as far as the cycle needs it.
fn by_hand(state: &mut State, word: Word) -> bool {
    use State::{
        Active, AwaitingActivation, Configured, Fresh, Interrupted, MediaLost, Playing, Resuming,
        Running,
    };
    let next = match (word, *state) {
        (Word::App(Step::Configure), Fresh | Configured) => Configured,
        (Word::App(Step::Configure | Step::Prepare), MediaLost)
        | (Word::App(Step::Prepare), Fresh) => return false,
        (Word::App(Step::Fulfill), Configured | Interrupted | Resuming) => AwaitingActivation,
        (Word::App(Step::AwaitActivation), Fresh | Configured | MediaLost) => return false,
        (Word::App(Step::StartPlayback), Active | Resuming) => Playing,
        (Word::App(Step::Start), Active | Playing | Running | Resuming) => Running,
        (
            Word::App(Step::Start | Step::StartPlayback),
            Fresh | Configured | AwaitingActivation | Interrupted,
        ) => {
            return false;
        }
        (Word::App(Step::Stop), Playing | Running) => Active,
        (Word::App(Step::EndCall), Playing | Running) => return false,
        (Word::App(Step::EndCall), AwaitingActivation | Active | Interrupted | Resuming) => {
            Configured
        }
        (
            Word::System(SystemEvent::DidActivate),
            Configured | AwaitingActivation | Interrupted | Resuming,
        ) => Active,
        (Word::System(SystemEvent::DidDeactivate), Active | Playing | Running | Interrupted) => {
            Configured
        }
        (Word::System(SystemEvent::InterruptionBegan), Active | Playing | Running) => Interrupted,
        (_, state) => state,
    };
    *state = next;
    true
}

/// The same by statig, a library of state machines, as its users write it.
mod by_statig {
    use super::{Step, SystemEvent, Word};
    use statig::prelude::*;

    #[derive(Default)]
    pub(super) struct Session {
        pub(super) refused: bool,
    }

    #[state_machine(initial = "State::fresh()", state(derive(Debug, Clone, PartialEq)))]
    impl Session {
        fn refuse(&mut self) -> Outcome<State> {
            self.refused = true;
            Handled
        }

        #[state]
        fn fresh(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::Configure) => Transition(State::configured()),
                Word::App(
                    Step::Prepare | Step::Start | Step::StartPlayback | Step::AwaitActivation,
                ) => self.refuse(),
                _ => Handled,
            }
        }

        #[state]
        fn configured(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::Fulfill) => Transition(State::awaiting_activation()),
                Word::App(Step::Start | Step::StartPlayback | Step::AwaitActivation) => {
                    self.refuse()
                }
                Word::System(SystemEvent::DidActivate) => Transition(State::active()),
                _ => Handled,
            }
        }

        #[state]
        fn awaiting_activation(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::EndCall) => Transition(State::configured()),
                Word::App(Step::Start | Step::StartPlayback) => self.refuse(),
                Word::System(SystemEvent::DidActivate) => Transition(State::active()),
                _ => Handled,
            }
        }

        #[state]
        fn active(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::StartPlayback) => Transition(State::playing()),
                Word::App(Step::Start) => Transition(State::running()),
                Word::App(Step::EndCall) | Word::System(SystemEvent::DidDeactivate) => {
                    Transition(State::configured())
                }
                Word::System(SystemEvent::InterruptionBegan) => Transition(State::interrupted()),
                _ => Handled,
            }
        }

        #[state]
        fn playing(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::Start) => Transition(State::running()),
                Word::App(Step::Stop) => Transition(State::active()),
                Word::App(Step::EndCall) => self.refuse(),
                Word::System(SystemEvent::DidDeactivate) => Transition(State::configured()),
                Word::System(SystemEvent::InterruptionBegan) => Transition(State::interrupted()),
                _ => Handled,
            }
        }

        #[state]
        fn running(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::Stop) => Transition(State::active()),
                Word::App(Step::EndCall) => self.refuse(),
                Word::System(SystemEvent::DidDeactivate) => Transition(State::configured()),
                Word::System(SystemEvent::InterruptionBegan) => Transition(State::interrupted()),
                _ => Handled,
            }
        }

        #[state]
        fn interrupted(&mut self, event: &Word) -> Outcome<State> {
            match event {
                Word::App(Step::Fulfill) => Transition(State::awaiting_activation()),
                Word::App(Step::Start | Step::StartPlayback) => self.refuse(),
                Word::App(Step::EndCall) | Word::System(SystemEvent::DidDeactivate) => {
                    Transition(State::configured())
                }
                Word::System(SystemEvent::DidActivate) => Transition(State::active()),
                _ => Handled,
            }
        }
    }
}

fn machines(c: &mut Criterion) {
    use statig::prelude::IntoStateMachineExt;
    let mut machine = Machine::new(Owner::System);
    let mut state = State::Fresh;
    let mut statig = by_statig::Session::default().state_machine();
    for word in CALL.into_iter().cycle().take(2 * CALL.len()) {
        assert!(machine_step(&mut machine, word) && by_hand(&mut state, word));
        statig.handle(&word);
        assert!(!statig.inner().refused);
        assert_eq!(machine.state(), state);
        assert_eq!(format!("{:?}", statig.state()).split(' ').next(), Some(state.name()));
    }

    let mut group = c.benchmark_group("a machine, 16 words of a call");
    group.throughput(Throughput::Elements(CALL.len() as u64));
    group.bench_function("the table", |b| {
        b.iter(|| black_box(&CALL).iter().all(|&word| machine_step(black_box(&mut machine), word)));
    });
    group.bench_function("hand-written match", |b| {
        b.iter(|| black_box(&CALL).iter().all(|&word| by_hand(black_box(&mut state), word)));
    });
    group.bench_function("statig", |b| {
        b.iter(|| black_box(&CALL).iter().for_each(|word| black_box(&mut statig).handle(word)));
    });
    group.finish();
}

/// The events of an incoming call by push, answered, interrupted, held and taken back, ended in the app.
const EVENTS: &str = include_str!("call.jsonl");

/// How many calls are told before the story starts again.
const CALLS: u64 = 64;

/// `CALLS` calls one after the other, each with ids of its own, after a launch.
fn story() -> Vec<Entry> {
    let launch = Entry::new(Duration::ZERO, Event::Launch {});
    let calls = (0..CALLS).flat_map(|number| {
        EVENTS.lines().map(move |text| {
            let text = text.replace('$', &number.to_string());
            let (line, error) = Line::read(&text, Duration::ZERO);
            let entry = line.unwrap_or_else(|| panic!("{text}: {error:?}")).entry;
            Entry { at: entry.at + Duration::from_secs(60) * number as u32, ..entry }
        })
    });
    std::iter::once(launch).chain(calls).collect()
}

fn guard(c: &mut Criterion) {
    let story = story();
    let mut guard = Guard::new(Policy::apple());
    for entry in story.iter().chain(&story) {
        // The story starts again with a launch, at an earlier time; the guard's clock stands until it is caught up.
        let found = guard.observe(entry);
        assert!(found.is_empty(), "{found:?} at {entry:?}");
    }

    let mut group = c.benchmark_group("the guard with every rule, events of calls");
    group.throughput(Throughput::Elements(story.len() as u64));
    group.bench_function("observe", |b| {
        b.iter(|| {
            let mut guard = Guard::new(Policy::apple());
            black_box(&story).iter().map(|entry| guard.observe(entry).len()).sum::<usize>()
        });
    });
    group.finish();
}

fn typed(c: &mut Criterion) {
    let mut audio = Audio::owned_by_app(NullPlatform);
    let mut machine = Machine::new(Owner::App);
    let _ = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat()).unwrap();
    machine.attempt(Step::Configure).unwrap();

    let mut group = c.benchmark_group("four steps");
    group.throughput(Throughput::Elements(4));
    group.bench_function("typed", |b| b.iter(|| four_typed(black_box(&mut audio))));
    group.bench_function("the machine's", |b| b.iter(|| four(black_box(&mut machine))));
    group.finish();
}

fn four_typed(audio: &mut Audio<App>) -> State {
    let session = audio.expect::<Configured>().unwrap();
    let session = session.activate().unwrap().override_output(OutputPort::Speaker).unwrap();
    session.stop().unwrap().deactivate().unwrap().state()
}

fn four(machine: &mut Machine) -> State {
    machine.attempt(black_box(Step::Activate)).unwrap();
    machine.attempt(black_box(Step::OverrideOutput)).unwrap();
    machine.attempt(black_box(Step::Stop)).unwrap();
    machine.attempt(black_box(Step::Deactivate)).unwrap();
    machine.state()
}

criterion_group!(benches, machines, guard, typed);

/// What one of `count` things costs that `all` does, in ns.
fn timed(count: usize, all: impl FnOnce()) -> f64 {
    let start = Instant::now();
    all();
    start.elapsed().as_nanos() as f64 / count as f64
}

/// Measures, prints the table, and asserts what is promised.
fn ratios() -> ExitCode {
    use statig::prelude::IntoStateMachineExt;
    let story = story();
    let words: Vec<Word> = CALL.into_iter().cycle().take(200 * CALL.len()).collect();
    let mut machine = Machine::new(Owner::System);
    let mut state = State::Fresh;
    let mut statig = by_statig::Session::default().state_machine();
    let mut audio = Audio::owned_by_app(NullPlatform);
    let mut apps = Machine::new(Owner::App);
    let _ = audio.expect::<Fresh>().unwrap().configure(PlayAndRecord::voice_chat()).unwrap();
    apps.attempt(Step::Configure).unwrap();

    let names = ["the guard, an event", "the table, a word", "hand-written match", "statig"];
    let names = names.into_iter().chain(["a typed step", "the machine's step"]);
    let mut turns: Vec<(&str, Vec<f64>)> = names.map(|name| (name, Vec::new())).collect();
    for _ in 0..ROUNDS {
        let mut guard = Guard::new(Policy::apple());
        let round = [
            timed(story.len(), || {
                black_box(&story).iter().for_each(|entry| assert!(guard.observe(entry).is_empty()));
            }),
            timed(words.len(), || {
                black_box(&words)
                    .iter()
                    .for_each(|&word| assert!(machine_step(&mut machine, word)));
            }),
            timed(words.len(), || {
                black_box(&words).iter().for_each(|&word| assert!(by_hand(&mut state, word)));
            }),
            timed(words.len(), || {
                black_box(&words).iter().for_each(|word| statig.handle(word));
            }),
            timed(4000, || {
                (0..1000).for_each(|_| _ = black_box(four_typed(black_box(&mut audio))));
            }),
            timed(4000, || (0..1000).for_each(|_| _ = black_box(four(black_box(&mut apps))))),
        ];
        turns.iter_mut().zip(round).for_each(|((_, all), turn)| all.push(turn));
    }

    println!("ns, median and lowest decile of {ROUNDS} turns");
    println!("| | median | lowest decile |");
    println!("|---|--:|--:|");
    for (name, all) in &mut turns {
        all.sort_by(f64::total_cmp);
        println!("| {name} | {:.1} | {:.1} |", all[ROUNDS / 2], all[ROUNDS / 10]);
    }
    let ratio = |one: usize, other: usize| turns[one].1[ROUNDS / 10] / turns[other].1[ROUNDS / 10];
    // What is above 8 and 1 is the margin for a shared machine.
    let promises = [
        ("the guard, an event, beside a word of statig", ratio(0, 3), 24.0),
        ("a typed step beside the machine's", ratio(4, 5), 1.15),
    ];
    for (what, ratio, bound) in promises {
        let says = if ratio <= bound { "ok    " } else { "BROKEN" };
        println!("{says} {what}: {ratio:.2}, at most {bound}");
    }
    let kept = promises.iter().all(|(_, ratio, bound)| ratio <= bound);
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
