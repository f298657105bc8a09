//! What a guard step costs, beside the same machine as a hand-written `match`.
//!
//! Both play the same cycle of an answered call, an interruption and an end; each is first seen to end where the other
//! does. Printed per cycle of 16 words.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use oncue_session::{Event, Guard, Owner, State, Step};
use std::hint::black_box;

#[derive(Clone, Copy)]
enum Word {
    App(Step),
    System(Event),
}

const CALL: [Word; 16] = [
    Word::System(Event::ActionPerformed),
    Word::App(Step::Configure),
    Word::App(Step::Prepare),
    Word::App(Step::Fulfill),
    Word::App(Step::AwaitActivation),
    Word::System(Event::DidActivate),
    Word::App(Step::StartPlayback),
    Word::App(Step::Start),
    Word::System(Event::RouteChanged),
    Word::System(Event::InterruptionBegan),
    Word::System(Event::InterruptionEnded),
    Word::System(Event::DidActivate),
    Word::App(Step::Start),
    Word::App(Step::Stop),
    Word::App(Step::EndCall),
    Word::System(Event::DidDeactivate),
];

fn guard_step(guard: &mut Guard, word: Word) -> bool {
    match word {
        Word::App(step) => guard.attempt(step).is_ok(),
        Word::System(event) => {
            guard.on_event(event);
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
            Word::System(Event::DidActivate),
            Configured | AwaitingActivation | Interrupted | Resuming,
        ) => Active,
        (Word::System(Event::DidDeactivate), Active | Playing | Running | Interrupted) => {
            Configured
        }
        (Word::System(Event::InterruptionBegan), Active | Playing | Running) => Interrupted,
        (_, state) => state,
    };
    *state = next;
    true
}

fn cycle(c: &mut Criterion) {
    let mut guard = Guard::new(Owner::System);
    let mut state = State::Fresh;
    for word in CALL.into_iter().cycle().take(2 * CALL.len()) {
        assert!(guard_step(&mut guard, word) && by_hand(&mut state, word));
        assert_eq!(guard.state(), state);
    }

    let mut group = c.benchmark_group("guard, 16 words of a call");
    group.throughput(Throughput::Elements(CALL.len() as u64));
    group.bench_function("table", |b| {
        b.iter(|| black_box(&CALL).iter().all(|&word| guard_step(black_box(&mut guard), word)));
    });
    group.bench_function("hand-written match", |b| {
        b.iter(|| black_box(&CALL).iter().all(|&word| by_hand(black_box(&mut state), word)));
    });
    group.finish();
}

criterion_group!(benches, cycle);
criterion_main!(benches);
