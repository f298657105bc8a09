//! Random stories of several calls, with a phone that answers, performs, activates and refuses as it likes.
//!
//! Independent: the phone knows nothing of the centre's inside; it keeps its own books of calls, actions, reports and
//! pushes, and the guard judges by its own rules. What is asked of the centre: no finding of the guard, no call lost or
//! ended twice, every action completed once unless it timed out, every push reported before its callback returns and
//! completed once, every UUID new, each far end told of each beginning, hold and end once, nobody heard who is muted, and
//! nobody left in silence untold, nor told of a silence in which nobody is.
//!
//! `ONCUE_CALL_CASES` sets how many stories are told (1000), each of up to 120 events.

mod phone;
mod story;

use oncue_call::integration::CallUi;
use oncue_call::{FulfilAt, Order, Other, PushKind};
use oncue_session::{EndedReason, Framework, Owner};
use phone::{Happens, Phone, Said, Screen, Wished};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

/// How many calls of the app there can be in a story.
const CALLS: u64 = 6;

/// What may be decided for the calls to come.
const SHOWN_BY: [CallUi; 3] = [
    CallUi::System(Framework::CallKit),
    CallUi::System(Framework::LiveCommunicationKit),
    CallUi::InApp,
];

/// The stories have no state that a step would depend on: the phone itself leaves out what cannot happen.
struct Stories;

fn reason() -> impl Strategy<Value = EndedReason> {
    prop::sample::select(EndedReason::ALL)
}

impl ReferenceStateMachine for Stories {
    type State = ();
    type Transition = Happens;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<Happens> {
        use Happens::*;
        let call = || 0..CALLS;
        let kind = prop_oneof![
            4 => Just(PushKind::Calls),
            1 => reason().prop_map(PushKind::Cancelled),
            1 => Just(PushKind::Expired),
        ];
        let said = prop_oneof![
            4 => Just(Said::Invites),
            2 => Just(Said::Dialled),
            1 => Just(Said::Rings),
            2 => Just(Said::Answers),
            1 => Just(Said::Joined),
            1 => reason().prop_map(Said::Ends),
            1 => Just(Said::EndSent),
            1 => Just(Said::InvitesToVideo),
            1 => any::<bool>().prop_map(Said::Updates),
        ];
        let other = prop_oneof![Just(Other::Keep), Just(Other::End), Just(Other::Hold)];
        let wished = prop_oneof![
            4 => Just(Wished::Start),
            1 => Just(Wished::Redial),
            3 => other.prop_map(Wished::Answer),
            1 => Just(Wished::End),
            2 => any::<bool>().prop_map(Wished::Hold),
            1 => Just(Wished::Swap),
            1 => any::<bool>().prop_map(Wished::Mute),
            1 => any::<bool>().prop_map(Wished::Group),
            1 => Just(Wished::Tones),
            1 => Just(Wished::Translate),
            1 => any::<bool>().prop_map(Wished::Speaker),
            1 => Just(Wished::StartVideo),
        ];
        let screen = prop_oneof![
            4 => Just(Screen::Answers),
            1 => Just(Screen::EndsAndAnswers),
            1 => Just(Screen::Ends),
            2 => any::<bool>().prop_map(Screen::Holds),
            1 => any::<bool>().prop_map(Screen::Mutes),
            1 => any::<bool>().prop_map(Screen::Groups),
            1 => Just(Screen::PlaysTones),
            1 => Just(Screen::AsksOfNobody),
        ];
        prop_oneof![
            6 => (call(), kind, prop::option::weighted(0.1, any::<bool>()))
                .prop_map(|(call, kind, must_report)| Push { call, kind, must_report }),
            12 => (said, call()).prop_map(|(said, call)| Signal(said, call)),
            10 => (wished, call(), call()).prop_map(|(wished, call, with)| Wish(wished, call, with)),
            12 => prop::option::weighted(0.1, prop::sample::select(&[0, 1, 3, 4, 5, 6, 7][..]))
                .prop_map(Reports),
            10 => prop::bool::weighted(0.9).prop_map(Takes),
            14 => Just(Performs),
            12 => (screen, call()).prop_map(|(screen, call)| OnScreen(screen, call)),
            1 => Just(TimesOut),
            12 => prop::bool::weighted(0.95).prop_map(CategorySet),
            12 => prop::bool::weighted(0.95).prop_map(AudioStarted),
            10 => Just(Activates),
            1 => Just(ActivatesAgain),
            1 => Just(ActiveRefused),
            8 => Just(Deactivates),
            1 => Just(Interrupts),
            1 => Just(InterruptionEnds),
            1 => Just(MediaLost),
            2 => Just(MediaReset),
            1 => Just(ProviderReset),
            1 => any::<bool>().prop_map(Foreground),
            2 => prop::bool::weighted(0.8).prop_map(Signalling),
            1 => prop::bool::weighted(0.3).prop_map(Locked),
            1 => prop::sample::select(&SHOWN_BY[..]).prop_map(Decided),
            1 => (call(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
                |(call, on_hold, has_connected, has_ended)| {
                    OtherCall { call, on_hold, has_connected, has_ended }
                }
            ),
            1 => Just(ActivatesNoMore),
            8 => prop_oneof![Just(1), Just(20), Just(300), Just(1500), Just(6000)].prop_map(Waits),
        ]
        .boxed()
    }

    fn apply((): (), _: &Happens) {}
}

struct Calls<const TOLD: usize>;

/// The orders and settings that stories are told in.
const SETTINGS: [(Order, FulfilAt, bool, Owner); 6] = [
    (Order::Apple, FulfilAt::Accept, true, Owner::System),
    (Order::Qq, FulfilAt::Accept, true, Owner::System),
    (Order::Apple, FulfilAt::Joined, false, Owner::System),
    (Order::Qq, FulfilAt::Joined, false, Owner::System),
    (Order::Apple, FulfilAt::Joined, true, Owner::App),
    (Order::Qq, FulfilAt::Accept, true, Owner::System),
];

/// Which of them are told from a process on that has just been started.
const COLD: usize = 5;

impl<const TOLD: usize> StateMachineTest for Calls<TOLD> {
    type SystemUnderTest = Phone;
    type Reference = Stories;

    fn init_test((): &()) -> Phone {
        let (order, fulfil_at, ringback, owner) = SETTINGS[TOLD];
        if TOLD == COLD {
            Phone::cold(order, fulfil_at, ringback, owner)
        } else {
            Phone::new(order, fulfil_at, ringback, owner)
        }
    }

    fn apply(mut phone: Phone, (): &(), happens: Happens) -> Phone {
        phone.happens(happens);
        phone
    }

    fn check_invariants(phone: &Phone, (): &()) {
        phone.check();
    }

    fn teardown(phone: Phone, (): ()) {
        phone.finish();
    }
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("ONCUE_CALL_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = cases.unwrap_or(1000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

prop_state_machine! {
    #![proptest_config(cases())]

    #[test]
    fn apple(sequential 1..120 => Calls<0>);

    #[test]
    fn qq(sequential 1..120 => Calls<1>);

    #[test]
    fn apple_fulfilled_when_joined(sequential 1..120 => Calls<2>);

    #[test]
    fn qq_fulfilled_when_joined(sequential 1..120 => Calls<3>);

    #[test]
    fn conversations_that_the_app_activates(sequential 1..120 => Calls<4>);

    #[test]
    fn a_process_that_has_just_been_started(sequential 1..120 => Calls<5>);
}
