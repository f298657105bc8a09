//! A staged roll-out: each account has its place between 0 and 100 %, for good, and is in once the share has reached it.
//! So whoever is in stays in while the share grows.

use crate::AppId;
use std::fmt;

/// To whom something is rolled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollOut {
    /// Its name. Roll-outs with different names begin with different accounts.
    pub name: String,
    /// How far it is.
    pub share: Share,
}

/// A share of all accounts, in hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u16);

impl Share {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self(10_000);

    /// `percent` of all accounts, to a hundredth; `None` beyond 0 to 100.
    #[must_use]
    pub fn percent(percent: f64) -> Option<Self> {
        let within = (0.0..=100.0).contains(&percent);
        within.then(|| Self((percent * 100.0).round() as u16))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 100.0)
    }
}

impl RollOut {
    /// Whether the account is in.
    #[must_use]
    pub fn includes(&self, account: &AppId) -> bool {
        self.place_of(account) < self.share
    }

    /// Where the account stands: it is in once the share is greater. The same in every version of this crate.
    #[must_use]
    pub fn place_of(&self, account: &AppId) -> Share {
        let mut hash = Fnv::new();
        hash.take(self.name.as_bytes());
        match account {
            // A byte that no UTF-8 text holds stands between, so that no two pairs run together.
            AppId::Number(number) => {
                hash.take(&[0xff]);
                hash.take(&number.to_be_bytes());
            }
            AppId::Text(text) => {
                hash.take(&[0xfe]);
                hash.take(text.as_bytes());
            }
        }
        let places = u64::from(Share::ALL.0);
        Share((hash.mixed() % places) as u16)
    }
}

/// Fowler–Noll–Vo 1a, 64 bits, then the finalizer of MurmurHash3, since the low bits of short texts differ little.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    const fn mixed(&self) -> u64 {
        let mut hash = self.0;
        hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ hash >> 33
    }
}
