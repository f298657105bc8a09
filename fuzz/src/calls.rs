//! Bytes as a story of several calls: the centre with a guard attached, on the phone that the random stories are told on.

#[path = "../../crates/oncue-call/tests/phone/mod.rs"]
mod phone;
#[path = "../../crates/oncue-call/tests/story/mod.rs"]
mod story;

use arbitrary::{Result, Unstructured};
use oncue_call::integration::CallUi;
use oncue_call::{FulfilAt, Order, Other, PushKind};
use oncue_session::{EndedReason, Framework, Owner};
use phone::{Happens, Phone, Said, Screen, Wished};

/// How many calls of the app there can be in a story.
const CALLS: u64 = 6;

/// How many events a story has at most.
const EVENTS: usize = 200;

/// Tells the story that the bytes are.
///
/// # Panics
/// If the guard finds something, or a call, an action, a push or a UUID is not as it should be.
pub fn calls(data: &[u8]) {
    let mut bytes = Unstructured::new(data);
    let Ok(setting) = bytes.int_in_range(0..=u8::MAX) else { return };
    let order = if setting & 1 == 0 { Order::Apple } else { Order::Qq };
    let fulfil_at = if setting & 2 == 0 { FulfilAt::Accept } else { FulfilAt::Joined };
    let owner = if setting & 8 == 0 { Owner::System } else { Owner::App };
    let launched = if setting & 16 == 0 { Phone::new } else { Phone::cold };
    let mut phone = launched(order, fulfil_at, setting & 4 == 0, owner);
    for _ in 0..EVENTS {
        if bytes.is_empty() {
            break;
        }
        let Ok(happens) = happens(&mut bytes) else { break };
        phone.happens(happens);
        phone.check();
    }
    phone.finish();
}

fn happens(bytes: &mut Unstructured<'_>) -> Result<Happens> {
    let call = |bytes: &mut Unstructured<'_>| bytes.int_in_range(0..=CALLS - 1);
    let reason = |bytes: &mut Unstructured<'_>| bytes.choose(EndedReason::ALL).copied();
    Ok(match bytes.int_in_range(0..=28_u8)? {
        0 => Happens::Push {
            call: call(bytes)?,
            kind: match bytes.int_in_range(0..=3_u8)? {
                0 => PushKind::Cancelled(reason(bytes)?),
                1 => PushKind::Expired,
                _ => PushKind::Calls,
            },
            must_report: *bytes.choose(&[None, None, Some(true), Some(false)])?,
        },
        1 => {
            let said = match bytes.int_in_range(0..=6_u8)? {
                0 => Said::Invites,
                1 => Said::Dialled,
                2 => Said::Rings,
                3 => Said::Answers,
                4 => Said::Joined,
                5 => Said::Ends(reason(bytes)?),
                _ => Said::EndSent,
            };
            Happens::Signal(said, call(bytes)?)
        }
        2 => {
            let wished = match bytes.int_in_range(0..=10_u8)? {
                0 => Wished::Start,
                1 => Wished::Redial,
                2 => Wished::Answer(*bytes.choose(&[Other::Keep, Other::End, Other::Hold])?),
                3 => Wished::End,
                4 => Wished::Hold(bytes.arbitrary()?),
                5 => Wished::Swap,
                6 => Wished::Mute(bytes.arbitrary()?),
                7 => Wished::Group(bytes.arbitrary()?),
                8 => Wished::Tones,
                9 => Wished::Translate,
                _ => Wished::Speaker(bytes.arbitrary()?),
            };
            Happens::Wish(wished, call(bytes)?, call(bytes)?)
        }
        3 => Happens::Reports(*bytes.choose(&[None, None, None, Some(0), Some(3), Some(7)])?),
        4 => Happens::Takes(bytes.ratio(9_u8, 10_u8)?),
        5 => Happens::Performs,
        6 => {
            let screen = match bytes.int_in_range(0..=7_u8)? {
                0 => Screen::Answers,
                1 => Screen::EndsAndAnswers,
                2 => Screen::Ends,
                3 => Screen::Holds(bytes.arbitrary()?),
                4 => Screen::Mutes(bytes.arbitrary()?),
                5 => Screen::Groups(bytes.arbitrary()?),
                6 => Screen::PlaysTones,
                _ => Screen::AsksOfNobody,
            };
            Happens::OnScreen(screen, call(bytes)?)
        }
        7 => Happens::TimesOut,
        8 => Happens::CategorySet(bytes.ratio(9_u8, 10_u8)?),
        9 => Happens::AudioStarted(bytes.ratio(9_u8, 10_u8)?),
        10 => Happens::Activates,
        11 => Happens::ActivatesAgain,
        12 => Happens::Deactivates,
        13 => Happens::Interrupts,
        14 => Happens::InterruptionEnds,
        15 => Happens::MediaLost,
        16 => Happens::MediaReset,
        17 => Happens::ProviderReset,
        18 => Happens::Foreground(bytes.arbitrary()?),
        19 => Happens::Signalling(bytes.arbitrary()?),
        20 => Happens::Locked(bytes.arbitrary()?),
        21 => Happens::Waits(*bytes.choose(&[1, 20, 300, 1500, 6000])?),
        22 => Happens::ActiveRefused,
        23 => Happens::Decided(*bytes.choose(&[
            CallUi::System(Framework::CallKit),
            CallUi::System(Framework::LiveCommunicationKit),
            CallUi::InApp,
        ])?),
        24 => Happens::ActivatesNoMore,
        25 => Happens::Signal(Said::InvitesToVideo, call(bytes)?),
        26 => Happens::Signal(Said::Updates(bytes.arbitrary()?), call(bytes)?),
        27 => Happens::Wish(Wished::StartVideo, 0, 0),
        _ => Happens::OtherCall {
            call: call(bytes)?,
            on_hold: bytes.arbitrary()?,
            has_connected: bytes.arbitrary()?,
            has_ended: bytes.arbitrary()?,
        },
    })
}
