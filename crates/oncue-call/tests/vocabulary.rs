//! The vocabulary has CallKit's numbers and fields.
//!
//! Independent: the lists are copied by hand from the rule book, §4.1.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use oncue_call::{
    CallAction, CallUpdate, DtmfType, Handle, HandleType, ProviderConfiguration, TranslationEngine,
};
use oncue_session::{
    ActionKind, CallDirectoryError, CallKitError, EndedReason, Id, IncomingCallError,
    NotificationServiceExtensionError, RequestTransactionError,
};

#[test]
fn the_handle_types_dtmf_types_and_engines_have_their_numbers() {
    let handles =
        [(1, HandleType::Generic), (2, HandleType::PhoneNumber), (3, HandleType::EmailAddress)];
    assert_eq!(HandleType::ALL.map(|kind| (kind.code(), kind)), handles);
    let tones = [(1, DtmfType::SingleTone), (2, DtmfType::SoftPause), (3, DtmfType::HardPause)];
    assert_eq!(DtmfType::ALL.map(|kind| (kind.code(), kind)), tones);
    let engines = [(0, TranslationEngine::Default), (1, TranslationEngine::Custom)];
    assert_eq!(TranslationEngine::ALL.map(|kind| (kind.code(), kind)), engines);
}

#[test]
fn the_reasons_of_an_end_have_their_numbers() {
    let reasons: Vec<_> = EndedReason::ALL.iter().map(|reason| (reason.code(), *reason)).collect();
    assert_eq!(
        reasons,
        [
            (1, EndedReason::Failed),
            (2, EndedReason::RemoteEnded),
            (3, EndedReason::Unanswered),
            (4, EndedReason::AnsweredElsewhere),
            (5, EndedReason::DeclinedElsewhere),
        ]
    );
}

/// The names of a table's row, from 0 on.
fn names<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    code: impl Fn(T) -> i32,
) -> Vec<(i32, &'static str)> {
    all.iter().map(|&it| (code(it), name(it))).collect()
}

#[test]
fn the_errors_have_their_numbers() {
    /// A table, what its numbers are called here, and what the header calls them, from 0 on.
    type Row = (&'static str, Vec<(i32, &'static str)>, &'static [&'static str]);
    let rows: [Row; 5] = [
        (
            "CXErrorCode",
            names(CallKitError::ALL, CallKitError::name, CallKitError::code),
            &["Unknown", "Unentitled", "InvalidArgument", "MissingVoIPBackgroundMode"],
        ),
        (
            "IncomingCall",
            names(IncomingCallError::ALL, IncomingCallError::name, IncomingCallError::code),
            &[
                "Unknown",
                "Unentitled",
                "CallUuidAlreadyExists",
                "FilteredByDoNotDisturb",
                "FilteredByBlockList",
                "FilteredDuringRestrictedSharingMode",
                "CallIsProtected",
                "FilteredBySensitiveParticipants",
            ],
        ),
        (
            "RequestTransaction",
            names(
                RequestTransactionError::ALL,
                RequestTransactionError::name,
                RequestTransactionError::code,
            ),
            &[
                "Unknown",
                "Unentitled",
                "UnknownCallProvider",
                "EmptyTransaction",
                "UnknownCallUuid",
                "CallUuidAlreadyExists",
                "InvalidAction",
                "MaximumCallGroupsReached",
                "CallIsProtected",
            ],
        ),
        (
            "CallDirectoryManager",
            names(CallDirectoryError::ALL, CallDirectoryError::name, CallDirectoryError::code),
            &[
                "Unknown",
                "NoExtensionFound",
                "LoadingInterrupted",
                "EntriesOutOfOrder",
                "DuplicateEntries",
                "MaximumEntriesExceeded",
                "ExtensionDisabled",
                "CurrentlyLoading",
                "UnexpectedIncrementalRemoval",
            ],
        ),
        (
            "NotificationServiceExtension",
            names(
                NotificationServiceExtensionError::ALL,
                NotificationServiceExtensionError::name,
                NotificationServiceExtensionError::code,
            ),
            &["Unknown", "InvalidClientProcess", "MissingNotificationFilteringEntitlement"],
        ),
    ];
    for (table, named, expected) in rows {
        let expected: Vec<_> = (0..).zip(expected.iter().copied()).collect();
        assert_eq!(named, expected, "{table}");
    }
}

#[test]
fn a_provider_has_the_defaults_of_the_system() {
    let configuration = ProviderConfiguration::default();
    assert_eq!((configuration.localized_name, configuration.ringtone_sound), (None, None));
    assert_eq!(configuration.icon_template_image, None);
    assert_eq!(configuration.maximum_call_groups, 2);
    assert_eq!(configuration.maximum_calls_per_call_group, 5);
    assert!(configuration.includes_calls_in_recents);
    assert!(!configuration.supports_video);
    assert!(!configuration.supports_audio_translation);
    // Without a type nothing is handed back from Recents; the app's own text is what QQ uses.
    assert_eq!(configuration.supported_handle_types, [HandleType::Generic]);
}

#[test]
fn an_update_lets_a_call_do_what_calls_can() {
    let update = CallUpdate::default();
    assert!(update.supports_holding && update.supports_grouping && update.supports_ungrouping);
    assert!(update.supports_dtmf && !update.has_video);
    assert_eq!((update.remote_handle, update.localized_caller_name), (None, None));
}

#[test]
fn there_are_eight_call_actions_and_each_knows_its_call() {
    let call = Id::named("A");
    let actions = [
        (
            CallAction::Start { call, handle: Handle::generic("bob"), contact: None, video: false },
            ActionKind::Start,
        ),
        (CallAction::Answer { call }, ActionKind::Answer),
        (CallAction::End { call }, ActionKind::End),
        (CallAction::SetHeld { call, on_hold: true }, ActionKind::Hold),
        (CallAction::SetMuted { call, muted: false }, ActionKind::Unmute),
        (CallAction::SetGroup { call, with: None }, ActionKind::Group),
        (
            CallAction::PlayDtmf { call, digits: "1".into(), kind: DtmfType::SingleTone },
            ActionKind::PlayTones,
        ),
        (
            CallAction::SetTranslating {
                call,
                translating: true,
                local: "zh-Hans".into(),
                remote: "en".into(),
            },
            ActionKind::Translate,
        ),
    ];
    for (action, kind) in actions {
        assert_eq!((action.call(), action.kind()), (call, kind));
    }
}
