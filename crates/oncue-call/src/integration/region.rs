//! Whether the phone counts as one of mainland China, and what says so.

use oncue_session::Version;
use std::fmt;

/// Where a phone is, as far as calls are concerned, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Where.
    pub place: Place,
    /// What says so.
    pub source: RegionSource,
}

/// Whether CallKit may be active. Hong Kong, Macao and Taiwan are stores of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Mainland China.
    MainlandChina,
    /// Anywhere else.
    Elsewhere,
    /// Nothing says where.
    Unknown,
}

/// What says where a phone is, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionSource {
    /// The app was built for the store of mainland China alone.
    Build,
    /// The account's storefront (`SKStorefront`, iOS 13).
    Storefront,
    /// The region of the phone's language settings, which the user chooses.
    Locale,
    /// Nothing.
    Nothing,
}

/// From which version of iOS on an app can ask for the storefront (`SKStorefront`).
pub const STOREFRONT: Version = Version { major: 13, minor: 0 };

impl Region {
    /// What is known of the region: of the build, the storefront's country code (`CHN`) and the locale (`zh_CN`,
    /// `zh-Hans-CN`, `ja_JP@calendar=japanese`, or its region alone, `CN`), the surest that says anything. A language alone
    /// says nothing, nor does a part of the world (`es-419`).
    #[must_use]
    pub fn of(
        ios: Version,
        build_for_china: bool,
        storefront: Option<&str>,
        locale: Option<&str>,
    ) -> Self {
        let storefront = storefront.filter(|_| ios >= STOREFRONT);
        let said = [
            build_for_china.then_some((Place::MainlandChina, RegionSource::Build)),
            storefront.and_then(country).map(|place| (place, RegionSource::Storefront)),
            locale.and_then(of_locale).map(|place| (place, RegionSource::Locale)),
        ];
        let (place, source) =
            said.into_iter().flatten().next().unwrap_or((Place::Unknown, RegionSource::Nothing));
        Self { place, source }
    }
}

/// The place of a country's code of two or three letters.
fn country(code: &str) -> Option<Place> {
    let is_code =
        matches!(code.len(), 2 | 3) && code.bytes().all(|letter| letter.is_ascii_alphabetic());
    let in_china = ["CN", "CHN"].iter().any(|china| code.eq_ignore_ascii_case(china));
    is_code.then_some(if in_china { Place::MainlandChina } else { Place::Elsewhere })
}

/// The place of a locale, as `NSLocale` names it or as BCP 47 does.
fn of_locale(locale: &str) -> Option<Place> {
    // Another region than that of the language is a keyword: `@rg=cnzzzz`, `-u-rg-cnzzzz`.
    let mut parts = locale.split(['_', '-', '@', '=', ';']);
    if parts.any(|part| part.eq_ignore_ascii_case("rg")) {
        return parts.next()?.get(..2).and_then(country);
    }
    let mut tags = locale.split('@').next()?.split(['_', '-']);
    let language = tags.next()?;
    // What follows a single letter is no part of the name.
    let mut tags = tags.take_while(|tag| tag.len() > 1).peekable();
    if tags.peek().is_none() && language.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return country(language);
    }
    tags.find(|tag| tag.len() == 2).and_then(country)
}

impl fmt::Display for RegionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Build => "the build",
            Self::Storefront => "the storefront",
            Self::Locale => "the locale",
            Self::Nothing => "nothing",
        })
    }
}
