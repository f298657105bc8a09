//! `oncue policy`: which call system a call may use on a phone, and why.

use crate::args::OwnerArg;
use crate::rules::{say, version};
use clap::{Args, ValueEnum};
use oncue_call::AppId;
use oncue_call::integration::{
    AppVersion, BackgroundCamera, Circumstances, Decision, Device, Integration, Region, Rights,
    RollOut, STOREFRONT, Share, UseLck, VideoCalls, Withdrawal,
};
use oncue_session::{Owner, Version};
use serde_json::json;
use std::fmt;

/// The facts of a call, and what the app decided.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Policy {
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,

    /// The version of iOS, e.g. 12 or 17.4
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = CALL)]
    ios: Version,
    /// The storefront's country code (SKStorefront, iOS 13), e.g. CHN
    #[arg(long, value_name = "CODE", value_parser = storefront, help_heading = CALL)]
    storefront: Option<String>,
    /// The locale or its region, e.g. zh_CN or CN; counts where the storefront says nothing
    #[arg(long, value_name = "LOCALE", value_parser = locale, help_heading = CALL)]
    locale: Option<String>,
    /// What the app runs on
    #[arg(long, value_name = "DEVICE", value_enum, default_value_t = DeviceArg::Phone, help_heading = CALL)]
    on: DeviceArg,
    /// The phone is an iPad that has Stage Manager with an external display
    #[arg(long, help_heading = CALL)]
    stage_manager: bool,
    /// The account that is signed in: a number or a name
    #[arg(long, value_name = "ID", default_value = "1", help_heading = CALL)]
    account: String,
    /// The user's own switch, for this account
    #[arg(long, value_name = "SWITCH", value_enum, default_value_t = Switch::On, help_heading = CALL)]
    switch: Switch,
    /// A call with video
    #[arg(long, help_heading = CALL)]
    video: bool,

    /// To how many of the accounts it is rolled out
    #[arg(long, value_name = "PERCENT", value_parser = share, default_value = "100", help_heading = APP)]
    roll_out: Share,
    /// The roll-out's name: roll-outs with different names begin with different accounts
    #[arg(long, value_name = "NAME", default_value = "callkit", help_heading = APP)]
    roll_out_name: String,
    /// Versions of the app without CallKit, e.g. 6.6.2 or 6.6.2..8.0.7; the last has it again
    #[arg(long, value_name = "FROM[..UNTIL]", value_parser = withdrawal, help_heading = APP)]
    withdrawn: Vec<Withdrawal>,
    /// How the app's video calls come: by the call system, or as a banner (WeChat)
    #[arg(long, value_name = "HOW", value_enum, default_value_t = VideoAs::CallSystem, help_heading = APP)]
    video_as: VideoAs,
    /// When the app uses LiveCommunicationKit, from iOS 17.4 on
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Lck::InPlaceOfCallkit, help_heading = APP)]
    lck: Lck,
    /// Who activates the session of a call under LiveCommunicationKit, which no source settles
    #[arg(long, value_name = "OWNER", value_enum, default_value_t = OwnerArg::System, help_heading = APP)]
    lck_owner: OwnerArg,
    /// The app uses CallKit where nothing says which region it is
    #[arg(long, help_heading = APP)]
    callkit_in_unknown_region: bool,

    /// The app's own version
    #[arg(long, value_name = "VERSION", value_parser = app_version, default_value = "1.0", help_heading = BUILD)]
    app: AppVersion,
    /// The app was built for the store of mainland China
    #[arg(long, help_heading = BUILD)]
    china_build: bool,
    /// The app does not declare voip among its UIBackgroundModes
    #[arg(long, help_heading = BUILD)]
    no_voip_mode: bool,
    /// The app has the entitlement multitasking-camera-access
    #[arg(long, help_heading = BUILD)]
    camera_entitlement: bool,
    /// The version of iOS that the app is linked against [default: --ios]
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = BUILD)]
    linked: Option<Version>,
    /// The oldest version of iOS that the app runs on [default: --ios]
    #[arg(long, value_name = "VERSION", value_parser = version, help_heading = BUILD)]
    oldest: Option<Version>,
}

const CALL: &str = "The call";
const APP: &str = "What the app decided";
const BUILD: &str = "The app's build";

const EXAMPLES: &str = "\
Each fact that had a part in the decision is listed: whether it speaks for a call system or against
one, and the rule behind it, which `oncue explain RULE` tells more of.

Examples:
  oncue policy --ios 17.4 --storefront CHN
  oncue policy --ios 16.2 --locale zh_CN --video --video-as banner
  oncue policy --ios 11.4 --locale US --app 6.6.2 --withdrawn 6.6.2..8.0.7";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DeviceArg {
    Phone,
    Mac,
    Simulator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VideoAs {
    CallSystem,
    Banner,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lck {
    Never,
    InPlaceOfCallkit,
    Always,
}

/// Prints the decision.
///
/// # Errors
/// Two options say what cannot be.
pub(crate) fn run(args: &Policy) -> Result<u8, String> {
    if let Some(why) = args.contradiction() {
        return Err(why);
    }
    let decision = args.integration().decide(&args.circumstances());
    let said = Said { decision: &decision };
    say(|out| if args.json { writeln!(out, "{:#}", said.json()) } else { write!(out, "{said}") })
        .map(|()| 0)
}

impl Policy {
    fn contradiction(&self) -> Option<String> {
        let ios = self.ios;
        if self.storefront.is_some() && ios < STOREFRONT {
            return Some(format!(
                "no app can ask for the storefront before iOS {}; give the --locale, or --china-build",
                STOREFRONT.major
            ));
        }
        let oldest = self.oldest.filter(|&oldest| oldest > ios)?;
        Some(format!("an app that needs iOS {oldest} does not run on {ios}; give another --oldest"))
    }

    fn integration(&self) -> Integration {
        Integration {
            roll_out: RollOut { name: self.roll_out_name.clone(), share: self.roll_out },
            withdrawn: self.withdrawn.clone(),
            video: match self.video_as {
                VideoAs::CallSystem => VideoCalls::CallSystem,
                VideoAs::Banner => VideoCalls::Banner,
            },
            live_communication_kit: match self.lck {
                Lck::Never => UseLck::Never,
                Lck::InPlaceOfCallkit => UseLck::InPlaceOfCallKit,
                Lck::Always => UseLck::Always,
            },
            lck_owner: match self.lck_owner {
                OwnerArg::System => Owner::System,
                OwnerArg::App => Owner::App,
            },
            callkit_in_unknown_region: self.callkit_in_unknown_region,
        }
    }

    fn circumstances(&self) -> Circumstances {
        let (storefront, locale) = (self.storefront.as_deref(), self.locale.as_deref());
        Circumstances {
            ios: self.ios,
            app: self.app,
            device: match self.on {
                DeviceArg::Phone => Device::Phone,
                DeviceArg::Mac => Device::Mac,
                DeviceArg::Simulator => Device::Simulator,
            },
            region: Region::of(self.ios, self.china_build, storefront, locale),
            account: account(&self.account),
            switched_on: self.switch == Switch::On,
            video: self.video,
            rights: Rights {
                voip_background_mode: !self.no_voip_mode,
                multitasking_camera: self.camera_entitlement,
                linked_against: self.linked.unwrap_or(self.ios),
                deployment_target: self.oldest.unwrap_or(self.ios),
                stage_manager: self.stage_manager,
            },
        }
    }
}

/// A decision as it is printed.
struct Said<'a> {
    decision: &'a Decision,
}

impl Said<'_> {
    fn json(&self) -> serde_json::Value {
        let decision = self.decision;
        json!({
            "ui": decision.ui.name(),
            "owner": match decision.owner {
                Owner::System => "system",
                Owner::App => "app",
            },
            "voip_pushes": decision.voip_pushes(),
            "starts_by_transaction": decision.starts_by_transaction(),
            "reasons": decision.reasons.iter().map(|reason| json!({
                "speaks": if reason.speaks_against() { "against" } else { "for" },
                "text": reason.to_string(),
                "rule": reason.rule().map(|rule| rule.id()),
            })).collect::<Vec<_>>(),
            "camera": decision.camera.map(|camera| json!({
                "in_background": match camera.in_background {
                    BackgroundCamera::GoesOn => "goes-on",
                    BackgroundCamera::GoesOnIfEnabled => "goes-on-if-enabled",
                    BackgroundCamera::Interrupted => "interrupted",
                },
                "picture_in_picture": camera.picture_in_picture,
            })),
        })
    }
}

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = self.decision;
        writeln!(f, "{}", decision.ui)?;
        for reason in &decision.reasons {
            let speaks = if reason.speaks_against() { "against" } else { "for" };
            write!(f, "  {speaks:<8} {reason}")?;
            match reason.rule() {
                Some(rule) => writeln!(f, " [{rule}]")?,
                None => writeln!(f)?,
            }
        }
        let owner = match decision.owner {
            Owner::System => "the call system activates it; the app only configures",
            Owner::App => "the app activates it itself",
        };
        writeln!(f, "session  {owner}")?;
        let (pushes, outgoing) = if decision.voip_pushes() {
            ("VoIP pushes, each of which is reported", "asks the call system first")
        } else {
            ("ordinary alerts, no VoIP pushes", "is dialled at once, from old Recents entries too")
        };
        writeln!(f, "incoming {pushes}")?;
        writeln!(f, "outgoing {outgoing}")?;
        let Some(camera) = decision.camera else { return Ok(()) };
        let behind = match camera.in_background {
            BackgroundCamera::GoesOn => "goes on behind another app",
            BackgroundCamera::GoesOnIfEnabled => {
                "goes on behind another app if isMultitaskingCameraAccessEnabled is set before it runs"
            }
            BackgroundCamera::Interrupted => "is interrupted behind another app",
        };
        let with = if camera.picture_in_picture { "with" } else { "without" };
        writeln!(f, "camera   {behind}; {with} picture in picture")
    }
}

fn storefront(text: &str) -> Result<String, String> {
    is_code(text).then(|| text.into()).ok_or_else(|| "use a country code such as CHN".into())
}

fn locale(text: &str) -> Result<String, String> {
    let begins = text.split(['_', '-', '@']).next().is_some_and(is_code);
    begins
        .then(|| text.into())
        .ok_or_else(|| "use a locale such as zh_CN, or its region, CN".into())
}

/// Whether it may be the code of a language or a country.
fn is_code(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_alphabetic())
}

/// A number where it is written as one: `007` is a name.
fn account(text: &str) -> AppId {
    let number = text.parse().ok().filter(|number: &u64| number.to_string() == text);
    number.map_or_else(|| text.into(), AppId::Number)
}

fn app_version(text: &str) -> Result<AppVersion, String> {
    AppVersion::parse(text).ok_or_else(|| "use a version such as 8.0.7".into())
}

fn share(text: &str) -> Result<Share, String> {
    let percent = text.strip_suffix('%').unwrap_or(text).trim_end().parse().ok();
    percent.and_then(Share::percent).ok_or_else(|| "use a percentage from 0 to 100".into())
}

fn withdrawal(text: &str) -> Result<Withdrawal, String> {
    let (from, until) = match text.split_once("..") {
        Some((from, until)) => (from, Some(app_version(until)?)),
        None => (text, None),
    };
    let from = app_version(from)?;
    if until.is_some_and(|until| until <= from) {
        return Err("the second version comes after the first".into());
    }
    Ok(Withdrawal { from, until })
}
