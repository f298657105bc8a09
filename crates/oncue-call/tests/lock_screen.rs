//! An answer in every state of the phone: {in front, behind, locked} x {the process runs, the push starts it} (rule book
//! §3.2, “Lock screen vs foreground”), by either order.
//!
//! The same wrong order often passes in the foreground and fails on the lock screen. So the order must be the same in every
//! cell, and a wrong one must be found in every cell, in the foreground too.
//!
//! Independent: what differs between the cells, and the one sequence that does not, are written by hand; the guard judges
//! with its own rules, and the wrong orders with the rule that each breaks are named by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod story;

use oncue_call::Order;
use oncue_session::{Entry, Event, EventKind, Rule};

/// Where the phone is when the call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    /// The app is on the screen.
    Foreground,
    /// The phone is unlocked, another app is on the screen.
    Background,
    /// The phone is locked; it was unlocked since its start, so that the app can read its files.
    Locked,
}

/// Whether the app's process runs when the call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    Runs,
    Cold,
}

/// What is different in a cell.
struct Cell {
    place: Where,
    process: Process,
    /// Before the call.
    before: &'static str,
    /// Between the answer's category and its acceptance.
    connection: &'static str,
    /// Around the hang-up.
    hang_up: &'static str,
}

/// The connection to the server is up.
const UP: &str = "
5 > send 42 accept";

/// A process that has just started has none yet: the answer waits for it, and blocks nothing.
const COMES_UP: &str = "
5 ? A answering
5 < signalling up
5 > send 42 accept";

/// The app stays awake in front.
const AT_ONCE: &str = "
5 > send 42 end";

/// Behind or locked it may be put to sleep: the hang-up is given time to leave.
const WITH_TIME: &str = "
5 > begin-background-task
5 > send 42 end";

/// A process that starts registers for pushes and makes its provider before anything else.
const LAUNCHED_BY_USER: &str = "
cold
2 > register-for-pushes
2 > create-provider provider-1
2 < foreground";
const LAUNCHED_BY_PUSH: &str = "
cold
2 > register-for-pushes
2 > create-provider provider-1
2 < background";
const LAUNCHED_BY_PUSH_LOCKED: &str = "
cold
2 > register-for-pushes
2 > create-provider provider-1
2 < background
2 < unlocked
2 < locked";

#[rustfmt::skip]
const CELLS: [Cell; 6] = [
    Cell { place: Where::Foreground, process: Process::Runs, before: "",                           connection: UP,       hang_up: AT_ONCE },
    Cell { place: Where::Background, process: Process::Runs, before: "given background",           connection: UP,       hang_up: WITH_TIME },
    Cell { place: Where::Locked,     process: Process::Runs, before: "given background\ngiven unlocked\ngiven locked", connection: UP, hang_up: WITH_TIME },
    Cell { place: Where::Foreground, process: Process::Cold, before: LAUNCHED_BY_USER,             connection: COMES_UP, hang_up: AT_ONCE },
    Cell { place: Where::Background, process: Process::Cold, before: LAUNCHED_BY_PUSH,             connection: COMES_UP, hang_up: WITH_TIME },
    Cell { place: Where::Locked,     process: Process::Cold, before: LAUNCHED_BY_PUSH_LOCKED,      connection: COMES_UP, hang_up: WITH_TIME },
];

/// The answer in this cell, by this order: the report before anything else, then everything as in §3.2 and §3.3.
fn story(cell: &Cell, order: Order) -> String {
    let Cell { before, connection, hang_up, .. } = *cell;
    let qq = order == Order::Qq;
    let only = |here: bool, lines: &'static str| if here { lines } else { "" };
    let order = if qq { "order qq" } else { "order apple" };
    [
        "== 3.2 answered",
        order,
        before,
        "2 < push p1 42 from alice",
        only(qq, "2 > set-category PlayAndRecord VoiceChat"),
        "2 > configure-provider provider-1",
        "2 > report-incoming A alice",
        only(qq, "2 < category-set"),
        "2 < reported A",
        "2 > complete-push p1",
        "2 ? A ringing",
        "2 < perform a1 answer A within 20000",
        "3 > set-category PlayAndRecord VoiceChat",
        "3 < category-set",
        only(qq, "4 > prepare-audio unit-1"),
        connection,
        "6 > fulfill a1",
        "6 ? session AwaitingActivation",
        "8 < did-activate",
        "9 > tell-stack active",
        "9 > start-audio unit-1",
        "9 < audio-started",
        "10 ? A connected",
        "10 ? session Running",
        "10 < wait 10000",
        "3 < perform e1 end A",
        only(!qq, "4 > stop-audio unit-1"),
        hang_up,
        "6 > fulfill e1",
        "8 < did-deactivate",
        only(qq, "9 > stop-audio unit-1"),
        "9 > dispose-audio unit-1",
        "9 > tell-stack inactive",
        "9 > restore-audio",
        "10 ? A over",
    ]
    .join("\n")
}

/// Every cell by every order, with a name for what is said of it.
fn every_cell() -> impl Iterator<Item = (&'static Cell, Order, String)> {
    CELLS.iter().flat_map(|cell| {
        [Order::Apple, Order::Qq]
            .map(|order| (cell, order, format!("{:?}, {:?}, {order:?}", cell.place, cell.process)))
    })
}

#[test]
fn the_table_has_every_cell_once() {
    for place in [Where::Foreground, Where::Background, Where::Locked] {
        for process in [Process::Runs, Process::Cold] {
            let here = |cell: &&Cell| cell.place == place && cell.process == process;
            assert_eq!(CELLS.iter().filter(here).count(), 1, "{place:?} {process:?}");
        }
    }
}

#[test]
fn the_order_is_the_same_in_every_cell() {
    for (cell, order, name) in every_cell() {
        let text = story(cell, order);
        for story in story::stories(&text) {
            story.play(&name).unwrap_or_else(|error| panic!("{error}\n{text}"));
        }
    }
}

fn first(trace: &[Entry], kind: EventKind) -> usize {
    trace.iter().position(|it| it.event.kind() == kind).unwrap()
}

/// Moves the first event of one kind to the first of another: right before it, or right behind it.
fn put(trace: &mut Vec<Entry>, moved: EventKind, beside: EventKind, behind: bool) {
    let mut entry = trace.remove(first(trace, moved));
    let place = first(trace, beside);
    entry.at = trace[place].at;
    trace.insert(place + usize::from(behind), entry);
}

/// The first event of this kind did not happen.
fn leave_out(trace: &mut Vec<Entry>, kind: EventKind) {
    trace.remove(first(trace, kind));
}

/// The app does this right after the first event of that kind.
fn put_in(trace: &mut Vec<Entry>, event: Event, after: EventKind) {
    let place = first(trace, after);
    trace.insert(place + 1, Entry::new(trace[place].at, event));
}

/// What an app does wrong: its name, how it spoils a trace, and the rule that it breaks.
type Wrong = (&'static str, fn(&mut Vec<Entry>), &'static str);

/// Deviations that §3.1 and §3.2 tell of, and the rule that each breaks.
#[rustfmt::skip]
const WRONG: [Wrong; 5] = [
    ("audio starts before the activation",
        |trace| put(trace, EventKind::StartUnit, EventKind::DidActivate, false), "io-start-after-did-activate"),
    ("no category is set",
        |trace| while trace.iter().any(|it| it.event.kind() == EventKind::SetCategory) {
            leave_out(trace, EventKind::SetCategory);
        }, "category-before-activation"),
    ("the app activates where it configures",
        |trace| put_in(trace, Event::SetActive { active: true }, EventKind::SendAccept), "configure-without-activating"),
    ("audio never starts",
        |trace| leave_out(trace, EventKind::StartUnit), "io-starts-after-activation"),
    ("the push returns before its report",
        |trace| put(trace, EventKind::PushReturned, EventKind::Push, true), "push-reports-a-call"),
];

#[test]
fn a_wrong_order_is_found_in_every_cell() {
    for (cell, order, name) in every_cell() {
        let text = story(cell, order);
        let right = story::stories(&text).remove(0).trace(&name);
        for (what, spoil, rule) in WRONG {
            let mut trace = right.clone();
            spoil(&mut trace);
            let mut watched = story::Watched::new(story::policy(order));
            trace.iter().for_each(|entry| watched.see(entry));
            let roots: Vec<_> = watched
                .found
                .iter()
                .filter(|it| it.because_of.is_none())
                .map(|it| it.rule)
                .collect();
            assert_eq!(roots.first(), Rule::by_id(rule).as_ref(), "{name}: {what}: {roots:?}");
        }
    }
}
