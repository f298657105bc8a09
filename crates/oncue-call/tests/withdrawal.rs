//! CallKit is withdrawn from an app in use and comes back, as WeChat had it: out in 6.6.2 (May 2018), back for some from
//! 8.0.7 on (2021): what the policy decides, and what redials. What the centre does then stands in
//! `timelines/3.14-withdrawn.txt`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::integration::{
    AppVersion, CallUi, Circumstances, Device, Integration, Place, Region, RegionSource, Rights,
    RollOut, Share, UseLck, Withdrawal,
};
use oncue_call::{
    AppId, Ending, Handle, IdentityStore, MemoryStore, NewCall, PersonHandle, PersonHandleType,
    StartCallRequest,
};
use oncue_session::{Framework, Id, Owner, Version};
use std::time::SystemTime;

const CALLKIT: CallUi = CallUi::System(Framework::CallKit);

/// The account's place in the roll-out called "callkit" is 57.29 %.
const ACCOUNT: AppId = AppId::Number(10_001);

fn app_version(text: &str) -> AppVersion {
    AppVersion::parse(text).unwrap()
}

/// The app's policy: without CallKit from 6.6.2 until 8.0.7, and then for a share of the accounts.
fn wechat(percent: f64) -> Integration {
    let withdrawal = Withdrawal { from: app_version("6.6.2"), until: Some(app_version("8.0.7")) };
    Integration {
        roll_out: RollOut { name: "callkit".into(), share: Share::percent(percent).unwrap() },
        withdrawn: vec![withdrawal],
        live_communication_kit: UseLck::Never,
        ..Integration::default()
    }
}

/// A phone outside mainland China, in 2018: the withdrawal was for everybody.
fn phone(app: &str) -> Circumstances {
    let ios = Version { major: 11, minor: 4 };
    Circumstances {
        ios,
        app: app_version(app),
        device: Device::Phone,
        region: Region { place: Place::Elsewhere, source: RegionSource::Locale },
        account: ACCOUNT,
        switched_on: true,
        video: false,
        rights: Rights {
            voip_background_mode: true,
            multitasking_camera: false,
            linked_against: ios,
            deployment_target: ios,
            stage_manager: false,
        },
    }
}

#[test]
fn the_apps_own_version_decides() {
    #[rustfmt::skip]
    let rows = [
        ("6.5.22", 100.0, CALLKIT),
        ("6.6.1",  100.0, CALLKIT),
        ("6.6.2",  100.0, CallUi::InApp),
        ("7.0",    100.0, CallUi::InApp),
        ("8.0.6",  100.0, CallUi::InApp),
        ("8.0.7",  0.0,   CallUi::InApp),   // back, for nobody yet
        ("8.0.7",  57.29, CallUi::InApp),
        ("8.0.7",  57.30, CALLKIT),
        ("8.0.7",  100.0, CALLKIT),
    ];
    for (app, percent, ui) in rows {
        let decision = wechat(percent).decide(&phone(app));
        assert_eq!(decision.ui, ui, "{app} {percent}");
        assert_eq!(decision.owner == Owner::App, ui == CallUi::InApp);
    }
    let reasons = wechat(100.0).decide(&phone("6.6.2")).reasons;
    let said: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    let withdrawn =
        "version 6.6.2 of the app is without CallKit, as all are from 6.6.2 on until 8.0.7";
    assert!(said.contains(&withdrawn.to_owned()), "{said:?}");
}

#[test]
fn an_old_entry_of_recents_is_redialled_in_the_app() {
    // A call under CallKit, in 6.6.1.
    assert_eq!(wechat(100.0).decide(&phone("6.6.1")).ui, CALLKIT);
    let mut store = MemoryStore::new();
    let call = NewCall {
        uuid: Id::named("A"),
        peer: "wxid_alice".into(),
        handle: Handle::generic("h-77"),
        outgoing: false,
        video: false,
        in_recents: true,
        at: SystemTime::UNIX_EPOCH,
    };
    store.begin(&call).unwrap();
    store.end(call.uuid, SystemTime::UNIX_EPOCH, Ending::Local).unwrap();

    // 5, 6: the update; the user taps the entry of before, as the phone's Recents hand it over.
    let person = PersonHandle { kind: PersonHandleType::Unknown, value: Some("h-77".into()) };
    let redial = StartCallRequest::Audio(vec![person.into()]).redial(&store).unwrap();
    // 7: the peer is known, and dialled in the app, which owns the session.
    assert_eq!(redial.peer, call.peer);
    let decision = wechat(100.0).decide(&phone("6.6.2"));
    assert!(!decision.starts_by_transaction());
    assert_eq!(decision.owner, Owner::App);
}
