//! What calls, actions, units and pushes are told apart by.

/// A UUID, or a short name in its place.
///
/// Names of up to 15 characters are kept as they are; longer ones are told apart, but cannot be read back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// The id with this value, e.g. a UUID's.
    pub const fn new(value: u128) -> Self {
        Self(value)
    }

    /// Its value.
    pub const fn value(self) -> u128 {
        self.0
    }

    /// The id that a text names: a UUID in its usual form, or any other name.
    pub const fn named(text: &str) -> Self {
        let bytes = text.as_bytes();
        if let Some(value) = uuid(bytes) {
            return Self(value);
        }
        let mut value = 0;
        if bytes.len() <= NAME {
            let mut at = 0;
            while at < bytes.len() {
                value |= (bytes[at] as u128) << (8 * (NAME - at));
                at += 1;
            }
            return Self(value);
        }
        // Fowler–Noll–Vo 1a, 128 bits.
        value = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        let mut at = 0;
        while at < bytes.len() {
            value =
                (value ^ bytes[at] as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            at += 1;
        }
        Self(value)
    }
}

/// How long a name may be that is kept as it is. The last byte of its value is zero.
const NAME: usize = 15;

const fn uuid(bytes: &[u8]) -> Option<u128> {
    if bytes.len() != 36 {
        return None;
    }
    let (mut value, mut at) = (0, 0);
    while at < bytes.len() {
        let dash = matches!(at, 8 | 13 | 18 | 23);
        match (bytes[at] as char).to_digit(16) {
            Some(digit) if !dash => value = value << 4 | digit as u128,
            None if dash && bytes[at] == b'-' => {}
            _ => return None,
        }
        at += 1;
    }
    Some(value)
}

impl core::fmt::Display for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let bytes = self.0.to_be_bytes();
        let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        let rest = bytes.get(length..).unwrap_or_default();
        match bytes.get(..length).map(core::str::from_utf8) {
            Some(Ok(name))
                if length > 0
                    && rest.iter().all(|&byte| byte == 0)
                    && !name.contains(char::is_control) =>
            {
                f.write_str(name)
            }
            _ => {
                let [a, b, c, d] = [
                    self.0 >> 96,
                    self.0 >> 80 & 0xffff,
                    self.0 >> 64 & 0xffff,
                    self.0 >> 48 & 0xffff,
                ];
                write!(f, "{a:08X}-{b:04X}-{c:04X}-{d:04X}-{:012X}", self.0 & 0xffff_ffff_ffff)
            }
        }
    }
}

impl core::fmt::Debug for Id {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Id;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a UUID or a name")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id::named(text))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn names_and_uuids_read_back_as_written() {
        for text in [
            "A",
            "call-1",
            "fifteen-letters",
            "E621E1F8-C36C-495A-93FC-0C247A3E6E5F",
            "00000000-0000-0000-0000-000000000000",
        ] {
            assert_eq!(Id::named(text).to_string(), text);
        }
    }

    #[test]
    fn a_uuid_is_its_value_in_either_case() {
        let lower = Id::named("e621e1f8-c36c-495a-93fc-0c247a3e6e5f");
        assert_eq!(lower.value(), 0xe621_e1f8_c36c_495a_93fc_0c24_7a3e_6e5f);
        assert_eq!(lower, Id::named("E621E1F8-C36C-495A-93FC-0C247A3E6E5F"));
    }

    #[test]
    fn long_names_differ() {
        assert_ne!(Id::named("a-name-longer-than-that-1"), Id::named("a-name-longer-than-that-2"));
    }
}
