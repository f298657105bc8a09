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

/// From which version of iOS on an app can ask for the storefront.
const STOREFRONT: Version = Version { major: 13, minor: 0 };

impl Region {
    /// What is known of the region: of the build, the storefront's country code (`CHN`) and the locale (`CN`,
    /// `zh_CN`, `zh-Hans-CN`), the surest that says anything.
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
            storefront.and_then(place).map(|place| (place, RegionSource::Storefront)),
            locale.and_then(place).map(|place| (place, RegionSource::Locale)),
        ];
        let (place, source) =
            said.into_iter().flatten().next().unwrap_or((Place::Unknown, RegionSource::Nothing));
        Self { place, source }
    }
}

/// The place of a country code, or of a locale that ends with one. A language alone says nothing.
fn place(code: &str) -> Option<Place> {
    let country = code.rsplit(['_', '-']).next()?;
    match country {
        "CN" | "CHN" => Some(Place::MainlandChina),
        _ if matches!(country.len(), 2 | 3)
            && country.bytes().all(|letter| letter.is_ascii_uppercase()) =>
        {
            Some(Place::Elsewhere)
        }
        _ => None,
    }
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
