//! What the system answers when it says no: an error domain and a code, kept as they came.

/// Where a code comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Domain {
    /// `AVAudioSession` (`NSOSStatusErrorDomain`).
    AudioSession,
    /// An audio unit.
    AudioUnit,
    /// CallKit, any of its domains.
    CallKit,
}

impl core::fmt::Display for Domain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::AudioSession => "audio session",
            Self::AudioUnit => "audio unit",
            Self::CallKit => "callkit",
        })
    }
}

/// The system refused. By itself no fault of the app's order: the guard says whether there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the {domain} refused with {code}{}", FourCharacters(*code))]
pub struct Refusal {
    /// Whose code.
    pub domain: Domain,
    /// The code, e.g. 561017449.
    pub code: i32,
}

impl Refusal {
    /// `'!pri'`: something of higher priority, such as the call system, holds the session.
    pub const INSUFFICIENT_PRIORITY: Self =
        Self { domain: Domain::AudioSession, code: 561_017_449 };

    /// `'msrv'`: the media services are dead.
    pub const MEDIA_SERVICES_FAILED: Self =
        Self { domain: Domain::AudioSession, code: 1_836_282_486 };
}

/// Writes a code as ` ('!pri')` where its four bytes are printable, else nothing.
struct FourCharacters(i32);

impl core::fmt::Display for FourCharacters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let bytes = self.0.to_be_bytes();
        match core::str::from_utf8(&bytes) {
            Ok(text) if bytes.iter().all(|byte| byte.is_ascii_graphic()) => {
                write!(f, " ('{text}')")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_printable_code_shows_its_four_characters() {
        assert_eq!(
            Refusal::INSUFFICIENT_PRIORITY.to_string(),
            "the audio session refused with 561017449 ('!pri')"
        );
        assert_eq!(
            Refusal { domain: Domain::AudioUnit, code: -66637 }.to_string(),
            "the audio unit refused with -66637"
        );
    }
}
