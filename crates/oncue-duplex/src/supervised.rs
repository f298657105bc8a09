//! Tests: the supervisor against anything that devices, apps and time do. What is demanded here is read off the orders
//! alone, not off its phases.

use super::*;
use cpal::ErrorKind;
use proptest::prelude::*;

const RECOVERY: Recovery = Recovery {
    follow_default: false,
    rebuild_after: Duration::from_millis(500),
    retry_at_most: Duration::from_millis(320),
};
const BLOCK: Duration = Duration::from_millis(10);
const NEITHER: [Direction; 2] = [Direction::Capture, Direction::Playback];

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn gone() -> LossCause {
    LossCause::Error(ErrorKind::DeviceNotAvailable.into())
}

fn refused() -> OpenError {
    OpenError::Device(DeviceError::Refused {
        operation: crate::Operation::OpenHost,
        error: ErrorKind::HostUnavailable.into(),
    })
}

fn orders(supervisor: &mut Supervisor, now: Duration) -> Vec<Order> {
    core::iter::from_fn(|| supervisor.order(now, true)).collect()
}

/// A direction that ran is lost, and its stream is gone.
fn lost_and_dropped(direction: Direction) -> Supervisor {
    let mut supervisor = Supervisor::new(RECOVERY);
    supervisor.started(direction, 0, ms(0));
    supervisor.lose(direction, gone(), ms(0));
    orders(&mut supervisor, ms(0));
    supervisor.dropped(direction, ms(0));
    supervisor
}

#[test]
fn a_lost_direction_is_dropped_rebuilt_at_once_and_told_when_its_first_callback_came() {
    let direction = Direction::Capture;
    let mut supervisor = Supervisor::new(RECOVERY);
    supervisor.started(direction, 5, ms(0));
    supervisor.heard(direction, 6, BLOCK, ms(10));
    supervisor.lose(direction, gone(), ms(30));
    let lost = Order::Tell(StreamEvent::Lost { direction, cause: gone() });
    assert_eq!(orders(&mut supervisor, ms(30)), [lost, Order::Drop(direction)]);
    supervisor.dropped(direction, ms(40));
    assert_eq!(orders(&mut supervisor, ms(40)), [Order::Rebuild(direction)]);
    supervisor.rebuilt(direction, Ok(6), ms(20), ms(60));
    supervisor.heard(direction, 6, BLOCK, ms(70));
    assert_eq!(orders(&mut supervisor, ms(70)), [], "no callback yet");
    supervisor.heard(direction, 7, BLOCK, ms(80));
    let recovered = StreamEvent::Recovered { direction, attempts: 1, gap: ms(70) };
    assert_eq!(orders(&mut supervisor, ms(80)), [Order::Tell(recovered)]);
    assert!(!supervisor.is_busy());
}

#[test]
fn pauses_double_up_to_the_longest_and_a_failure_is_told_once() {
    let direction = Direction::Playback;
    let mut supervisor = lost_and_dropped(direction);
    let (mut begun, mut told) = (Vec::new(), 0);
    for now in 0..2000 {
        for order in orders(&mut supervisor, ms(now)) {
            match order {
                Order::Rebuild(_) => {
                    begun.push(now);
                    supervisor.rebuilt(direction, Err(refused()), ms(0), ms(now));
                }
                Order::Tell(StreamEvent::StillLost { .. }) => told += 1,
                _ => {}
            }
        }
    }
    assert_eq!(begun, [0, 10, 30, 70, 150, 310, 630, 950, 1270, 1590, 1910]);
    assert_eq!(told, 1);
}

#[test]
fn a_server_that_takes_long_to_refuse_is_asked_less_often() {
    let direction = Direction::Playback;
    let mut supervisor = lost_and_dropped(direction);
    orders(&mut supervisor, ms(0));
    supervisor.rebuilt(direction, Err(refused()), ms(2000), ms(2000));
    orders(&mut supervisor, ms(2000));
    assert_eq!(orders(&mut supervisor, ms(5999)), []);
    assert_eq!(orders(&mut supervisor, ms(6000)), [Order::Rebuild(direction)]);
}

#[test]
fn a_server_that_did_not_answer_is_asked_again_as_soon_as_one_that_refused() {
    let direction = Direction::Playback;
    let mut supervisor = lost_and_dropped(direction);
    orders(&mut supervisor, ms(0));
    let (operation, after) = (crate::Operation::OpenHost, ms(2000));
    let error = OpenError::Device(DeviceError::TimedOut { operation, after });
    supervisor.rebuilt(direction, Err(error), after, ms(2000));
    orders(&mut supervisor, ms(2000));
    assert_eq!(orders(&mut supervisor, ms(2010)), [Order::Rebuild(direction)]);
}

#[test]
fn long_blocks_are_no_stall() {
    let direction = Direction::Capture;
    let mut supervisor = Supervisor::new(RECOVERY);
    supervisor.started(direction, 0, ms(0));
    supervisor.heard(direction, 0, ms(2000), ms(5999));
    assert_eq!(orders(&mut supervisor, ms(5999)), []);
    supervisor.heard(direction, 0, ms(2000), ms(6000));
    let cause = LossCause::NoCallbacks(ms(6000));
    let lost = Order::Tell(StreamEvent::Lost { direction, cause });
    assert_eq!(orders(&mut supervisor, ms(6000)), [lost, Order::Drop(direction)]);
}

/// What the world does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    Start(Direction),
    Stop,
    Callback(Direction),
    Fault(Direction),
    Dropped(Direction),
    Rebuilt(Direction, bool),
    /// Whether there is room for attempts.
    Room(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let direction = prop_oneof![Just(Direction::Capture), Just(Direction::Playback)];
    let step = (0..12_u8, direction, 0..700_u64).prop_map(|(kind, direction, ms)| match kind {
        0..3 => Step::Pass(ms),
        3 => Step::Start(direction),
        4 if ms < 200 => Step::Stop,
        4 | 5 => Step::Callback(direction),
        6 => Step::Fault(direction),
        7 | 8 => Step::Dropped(direction),
        9 | 10 => Step::Rebuilt(direction, ms % 3 > 0),
        _ => Step::Room(ms % 4 > 0),
    });
    prop::collection::vec(step, 0..200)
}

/// What the orders of one direction have said so far.
#[derive(Default)]
struct Told {
    on: bool,
    dropping: bool,
    rebuilding: bool,
    has_stream: bool,
    lost: bool,
    /// When the last attempt began since the direction was last well.
    begun: Option<Duration>,
    callbacks: u64,
}

proptest! {
    #[test]
    fn whatever_happens(steps in steps()) {
        let mut supervisor = Supervisor::new(RECOVERY);
        let mut told = [Told::default(), Told::default()];
        let (mut now, mut room) = (Duration::ZERO, true);
        // In the end everything works: then both directions must come back.
        let end = (0..40).map(|_| Step::Pass(40));
        let count = steps.len();
        for (index, step) in steps.into_iter().chain(end).enumerate() {
            let healing = index >= count;
            room |= healing;
            match step {
                Step::Pass(ms) => now += Duration::from_millis(ms),
                Step::Start(direction) => {
                    let side = &mut told[direction as usize];
                    if !side.on {
                        *side = Told { on: true, has_stream: true, callbacks: side.callbacks, ..Told::default() };
                    }
                    supervisor.started(direction, side.callbacks, now);
                }
                Step::Stop => {
                    supervisor.stopped();
                    for side in &mut told {
                        *side = Told { callbacks: side.callbacks, ..Told::default() };
                    }
                }
                Step::Callback(direction) => {
                    let side = &mut told[direction as usize];
                    side.callbacks += u64::from(side.has_stream);
                }
                Step::Fault(direction) => supervisor.lose(direction, gone(), now),
                Step::Dropped(direction) => told[direction as usize].dropping = false,
                Step::Rebuilt(direction, ok) => {
                    let side = &mut told[direction as usize];
                    if core::mem::take(&mut side.rebuilding) {
                        side.has_stream = ok;
                        let result = if ok { Ok(side.callbacks) } else { Err(refused()) };
                        supervisor.rebuilt(direction, result, ms(0), now);
                    }
                }
                Step::Room(there) => room = there,
            }
            for direction in NEITHER {
                let side = &mut told[direction as usize];
                if healing {
                    side.dropping = false;
                    if core::mem::take(&mut side.rebuilding) {
                        side.has_stream = true;
                        supervisor.rebuilt(direction, Ok(side.callbacks), ms(0), now);
                    }
                    side.callbacks += u64::from(side.has_stream);
                }
                supervisor.heard(direction, side.callbacks, BLOCK, now);
                // Said at each look: a loss of this very moment has not had its order yet.
                if !side.dropping {
                    supervisor.dropped(direction, now);
                }
            }
            while let Some(order) = supervisor.order(now, room) {
                match order {
                    Order::Drop(direction) => {
                        let side = &mut told[direction as usize];
                        prop_assert!(side.on && side.has_stream, "drops what is there, within a run");
                        (side.dropping, side.has_stream) = (true, false);
                    }
                    Order::Rebuild(direction) => {
                        let side = &mut told[direction as usize];
                        prop_assert!(room, "no attempt without room");
                        prop_assert!(side.on, "nothing is built after a stop or before a start");
                        prop_assert!(!side.dropping, "the old stream is gone first");
                        prop_assert!(!side.rebuilding && !side.has_stream, "one stream at a time");
                        if let Some(begun) = side.begun.filter(|_| side.lost) {
                            let apart = now.saturating_sub(begun);
                            prop_assert!(apart >= RECOVERY.retry_at_most / FIRST_PAUSE, "{:?} apart", apart);
                        }
                        side.begun = Some(now);
                        side.rebuilding = true;
                    }
                    Order::Tell(StreamEvent::Lost { direction, .. }) => {
                        let side = &mut told[direction as usize];
                        prop_assert!(!side.lost, "told once until it is recovered");
                        (side.lost, side.begun) = (true, None);
                    }
                    Order::Tell(StreamEvent::Recovered { direction, attempts, .. }) => {
                        let side = &mut told[direction as usize];
                        prop_assert!(side.lost && side.has_stream && attempts > 0);
                        side.lost = false;
                    }
                    Order::Tell(StreamEvent::StillLost { direction, .. }) => {
                        prop_assert!(told[direction as usize].lost);
                    }
                    Order::Tell(event) => prop_assert!(false, "{:?}", event),
                }
            }
        }
        for side in told {
            prop_assert!(side.has_stream == side.on && !side.lost, "a direction did not come back");
        }
        prop_assert!(!supervisor.is_busy());
    }
}
