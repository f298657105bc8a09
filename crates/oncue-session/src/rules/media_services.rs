//! Media services (rule book §1.7): the rules of a media server that dies, and of units that stall.

use super::declaration::{Applies, Check, Effect, Flow, Grade, On, reported};
use crate::facts::{Facts, Seen};
use crate::{Level, Rule, State};
use oncue_platform::{Event, EventKind, Refusal};

super::rules! {
    starts at super::hold::END;

    MediaServicesLostStop {
        wrong "media-services-lost-stop: the media services are dead"
        first "first: wait for `audio.media_services_were_reset()`, then configure again"
        otherwise "otherwise: every call to the session fails with 'msrv', and the old units stay silent"
        holds
            System [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming]
            App [Fresh Configured AwaitingActivation Active Playing Running Interrupted Resuming]
        statement: "On AVAudioSessionMediaServicesWereLost: drop all I/O objects; do not restart.",
        before: "lost",
        after: "stop all",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::session(b"msrv"))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::MediaServices],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "QA1749; H-AV; CPAL (DeviceNotAvailable); counter-example RTC.mm:578-582 (calls setActive here as well, §2.8)",
        level: Level::Deny,
        leads_to: &[Rule::MediaServicesResetRebuild, Rule::StalledUnitWatchdog],
        check: Check::Checked(&[]),
    }

    MediaServicesResetRebuild {
        wrong "media-services-reset-rebuild: the media services were reset, and the app goes on with its old units or configuration"
        first "first: dispose every audio object, `setCategory(_:mode:options:)`, recreate; under CallKit wait for `didActivate`, with a deadline"
        otherwise "otherwise: 'msrv' from the session and dead units: silence in both directions; a wait without a bound never ends"
        statement: "On reset: dispose and recreate every audio object, re-apply category/mode/options; under CallKit do not activate but wait for didActivate, no longer than activation-watchdog allows.",
        before: "reset",
        after: "dispose→reconfigure→wait (bounded)",
        effects: &[Effect::Both],
        codes: &[reported(Refusal::session(b"msrv"))],
        applies: Applies::EVERY_IOS,
        flows: &[Flow::MediaServices],
        grades: &[Grade::Apple],
        contradicted: true,
        evidence: "QA1749; DOC mediaServicesWereResetNotification (playback and recording are not restarted until the user acts); H-CAT MediaServicesFailed text; SPKBOX AudioController.mm:138-150 (rebuilds after 25 ms and starts at once); RTC.mm:584-588 with :802-815 (activates by itself); GS restores only the output override and does not activate",
        level: Level::Deny,
        leads_to: &[
            Rule::CategoryBeforeActivation,
            Rule::IoStartAfterDidActivate,
            Rule::ActivationWatchdog,
            Rule::StalledUnitWatchdog,
        ],
        check: Check::Checked(&[On {
            kinds: &[EventKind::InitializeUnit, EventKind::StartUnit, EventKind::SetActive],
            broken: goes_on_as_before_the_reset,
        }]),
    }

    StalledUnitWatchdog {
        wrong "stalled-unit-watchdog: a started unit has delivered no samples for a second, and it is not rebuilt"
        first "first: compare the sample counter once a second; without progress dispose the unit and create it anew"
        otherwise "otherwise: silence in capture or in both directions, and no error from the system"
        statement: "If no samples arrive for ~1 s while the unit is started and the mic is enabled, rebuild it.",
        before: "1 s no samples",
        after: "rebuild",
        effects: &[Effect::Both, Effect::Capture],
        codes: &[],
        applies: Applies::EVERY_IOS,
        flows: Flow::ALL,
        grades: &[Grade::Code],
        contradicted: false,
        evidence: "MS2:1260-1272 (random silent units blamed on iOS; compares the sample counter once a second)",
        level: Level::Deny,
        leads_to: &[],
        check: Check::Checked(&[]),
    }
}

/// A unit that is new, and an own activation, need the category too, which the reset took.
fn goes_on_as_before_the_reset(facts: &Facts, seen: &Seen<'_>) -> bool {
    if matches!(seen.event, Event::SetActive { active } if !active || facts.under_system()) {
        return false;
    }
    let is_old = facts.unit(seen).is_some_and(|unit| unit.dead);
    !facts.session.is(State::MediaLost) && (is_old || facts.session.reset)
}
