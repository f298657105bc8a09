//! The keys by which the rules name their sources.

/// A source of the rule book.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The keys that stand for it.
    pub keys: &'static [&'static str],
    /// What it is, and where.
    pub what: &'static str,
}

/// The sources that rules name by a key, in the order of the rule book.
pub const fn sources() -> &'static [Source] {
    SOURCES
}

const SOURCES: &[Source] = &[
    Source { keys: &["SEED-QQ"], what: "the talk of the QQ team on CallKit, in English" },
    Source { keys: &["SEED-WX"], what: "36kr on CallKit in WeChat, 2021-06-10" },
    Source {
        keys: &["QQ-ZH"],
        what: "Chinese original of the QQ talk (dev.qq.com/topic/58009392302e4725036142fc; segmentfault.com/a/1190000007261076)",
    },
    Source {
        keys: &["W16-230"],
        what: "WWDC 2016 session 230, transcript ASCIIwwdc/wwdc-session-transcripts en/2016/230.vtt",
    },
    Source { keys: &["W19-707"], what: "WWDC 2019 session 707, same repository en/2019/707.vtt" },
    Source {
        keys: &["W23-10233"],
        what: "WWDC 2023 session 10233 (AirPods press-to-mute, AVAudioApplication)",
    },
    Source {
        keys: &["W26-226"],
        what: "WWDC 2026 session 226 \"Create live communication experiences\", guitaripod/wwdc-sessions sessions/wwdc2026/226-…/transcript.json",
    },
    Source {
        keys: &["SPKBOX"],
        what: "Apple Speakerbox sample 2016, mirror tarun567/SpeakerBoxSwift @4cc481e2 (ProviderDelegate.swift, Audio/AudioController.mm, CallAudio.swift)",
    },
    Source {
        keys: &["ART-VOIP"],
        what: "Apple article \"Making and receiving VoIP calls\" (Averyy/apple-dev-docs mirror)",
    },
    Source {
        keys: &["H-CX", "H-AV", "H-CAT", "H-AT", "H-PK", "H-IN", "H-AVF"],
        what: "Apple headers via objc2-call-kit / -avf-audio / -core-audio-types / -audio-toolbox / -push-kit / -intents / -av-foundation 0.3.2",
    },
    Source {
        keys: &["DOC"],
        what: "Apple's documentation page of the symbol or key that is named",
    },
    Source {
        keys: &["MACIOS"],
        what: "dotnet/macios @d0107f43 bindings (src/callkit.cs, src/avfoundation.cs …; used for availability)",
    },
    Source {
        keys: &["QA1631", "QA1749", "QA1754", "ASPG"],
        what: "Apple Technical Q&As and the Audio Session Programming Guide",
    },
    Source { keys: &["DTS-n"], what: "Apple developer forum thread n" },
    Source {
        keys: &["RTC"],
        what: "webrtc-sdk/webrtc @cd6792e5, sdk/objc/components/audio/RTCAudioSession.mm unless another file is named",
    },
    Source {
        keys: &["SIG"],
        what: "signalapp/Signal-iOS: Signal/Calls/UserInterface/CallKitCallUIAdaptee.swift @0225dbf, CallUIAdapter.swift @002904d, CallAudioService.swift @06c5e772, AudioSession+WebRTC.swift @5ea36cd",
    },
    Source { keys: &["LKS"], what: "livekit/client-sdk-swift @eebf7806" },
    Source {
        keys: &["TW"],
        what: "twilio/voice-quickstart-ios @5d3f3901 (Docs/managing-audio-interruptions.md, Docs/migration-guide-*.md, examples; TW-LCK = LiveCommunicationKitExample)",
    },
    Source {
        keys: &["TWV"],
        what: "twilio/video-quickstart-ios @10d28563, VideoCallKitQuickStart/ViewController+CallKit.swift",
    },
    Source {
        keys: &["LKS-EX"],
        what: "livekit-examples/swift-example-collection @7c83c40b, callkit/callkit-example/CallManager.swift",
    },
    Source {
        keys: &["CHIME"],
        what: "aws/amazon-chime-sdk-ios @abf948ba, AmazonChimeSDKDemo/AmazonChimeSDKDemo (CallKitManager.swift, MeetingModule.swift, MeetingModel.swift)",
    },
    Source {
        keys: &["AZ"],
        what: "Azure-Samples/communication-services-ios-quickstarts @773229d8, add-video-calling-callkit/iOSVideo/CallKitHelper.swift",
    },
    Source {
        keys: &["SB"],
        what: "sendbird/quickstart-calls-directcall-ios @2ebe32e1, QuickStart/CXExtensions/CXCallManager.swift",
    },
    Source {
        keys: &["LIN"],
        what: "BelledonneCommunications/linphone-iphone @44bb74ef, Linphone/TelecomManager/{ProviderDelegate,EarlyPushkitDelegate}.swift",
    },
    Source {
        keys: &["MS2"],
        what: "BelledonneCommunications/mediastreamer2 @62d456a1, src/audiofilters/msiounit.mm",
    },
    Source {
        keys: &["LLP"],
        what: "BelledonneCommunications/liblinphone @9896e6c9, include/linphone/core_utils.h:144-183",
    },
    Source {
        keys: &["RNCK"],
        what: "react-native-webrtc/react-native-callkeep @db693d5b, ios/RNCallKeep/RNCallKeep.m",
    },
    Source {
        keys: &["FCI"],
        what: "hiennguyen92/flutter_callkit_incoming @8df0558c, ios/.../SwiftFlutterCallkitIncomingPlugin.swift",
    },
    Source {
        keys: &["EXPO"],
        what: "mfairley/expo-callkit-telecom @2b63b81b, ios/Managers/AudioManager.swift, FulfillRequestManager.swift",
    },
    Source {
        keys: &["GS"],
        what: "GetStream/stream-video-swift @8196aff7, Sources/StreamVideo/CallKit/CallKitService.swift and Utils/AudioSession",
    },
    Source {
        keys: &["PJ"],
        what: "pjsip/pjproject @b7317ffc, pjsip-apps/src/pjsua/ios/ipjsua/ipjsuaAppDelegate.m, pjmedia/src/pjmedia-audiodev/coreaudio_dev.m",
    },
    Source {
        keys: &["CPAL"],
        what: "RustAudio/cpal @8f7e77a8, src/host/coreaudio/ios/session_event_manager.rs",
    },
    Source {
        keys: &["RCL"],
        what: "RongCloud RCLiveCommunicationKit.swift (2025-08-20; a public copy)",
    },
];
