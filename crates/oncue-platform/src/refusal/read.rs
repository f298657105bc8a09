//! Reads a refusal from what a person or a log writes of it. It knows spellings, not meanings, and allocates nothing.

use super::{Domain, Refusal};
use crate::codes::{Named, four};

impl Refusal {
    /// The refusals that a person or a log may mean: by number (`561017449`, `-66637`, `0x10004003`), by four
    /// characters (`!pri`, `'!pri'`), by name (`InsufficientPriority`, `CXErrorCodeIncomingCallError.filteredByBlockList`),
    /// by domain and number (`CXErrorCodeIncomingCallError 4`), or in the line that the system prints
    /// (`Error Domain=com.apple.CallKit.error.incomingcall Code=4 "(null)"`).
    ///
    /// Without a domain each domain that has the code is meant, and there is none if no domain has it. With a domain
    /// the code need not be known.
    pub fn parse(text: &str) -> impl Iterator<Item = Self> {
        let asked = Asked::read(text);
        let known =
            asked.is_some_and(|asked| Domain::ALL.iter().any(|&domain| asked.known(domain)));
        Domain::ALL.into_iter().filter_map(move |domain| {
            let asked = asked.filter(|asked| !known || asked.known(domain))?;
            asked.of(domain)
        })
    }
}

/// A code as somebody wrote it, with what was written of its domain.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    domain: Option<&'a str>,
    code: &'a str,
}

impl<'a> Asked<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut words = words(text);
        // A line of a log has words around the domain, and the code somewhere after it.
        if let Some(domain) =
            words.find(|word| Domain::ALL.iter().any(|domain| says(*domain, word)))
        {
            let of_domain = |code: &&str| {
                Domain::ALL.iter().any(|it| says(*it, domain) && code_of(*it, code).is_some())
            };
            return words.find(of_domain).map(|code| Self { domain: Some(domain), code });
        }
        let mut words = self::words(text);
        let code = words.next()?;
        words.next().is_none().then_some(Self { domain: None, code })
    }

    /// The refusal that it is in this domain.
    fn of(self, domain: Domain) -> Option<Refusal> {
        let code = match self.domain {
            Some(word) if says(domain, word) => code_of(domain, self.code)?,
            Some(_) => return None,
            None => {
                let within = domain.spellings().iter().find_map(|spelling| {
                    let (head, tail) = self.code.split_at_checked(spelling.len())?;
                    let tail = tail.trim_start_matches(['.', '_']);
                    head.eq_ignore_ascii_case(spelling).then_some(tail)
                });
                let within = within.map(|it| it.strip_prefix("Code.").unwrap_or(it));
                within
                    .and_then(|it| code_of(domain, it))
                    .or_else(|| code_of(domain, self.code).filter(|&code| has(domain, code)))?
            }
        };
        Some(Refusal { domain, code })
    }

    fn known(self, domain: Domain) -> bool {
        self.of(domain).is_some_and(|refusal| has(domain, refusal.code))
    }
}

fn has(domain: Domain, code: i32) -> bool {
    Named::of(domain, code).is_some()
}

fn says(domain: Domain, word: &str) -> bool {
    domain.spellings().iter().any(|spelling| spelling.eq_ignore_ascii_case(word))
}

/// The words of a text that may be a domain or a code, without what stands around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "=,:;/(){}[]".contains(c))
        .map(|word| word.trim_matches(['\'', '"', '`', '‘', '’', '“', '”']).trim_end_matches('.'))
        .filter(|word| {
            !["", "error", "code", "osstatus"].iter().any(|it| it.eq_ignore_ascii_case(word))
        })
}

/// A code of this domain by number, four characters or name. A number need not be known to the domain.
fn code_of(domain: Domain, word: &str) -> Option<i32> {
    let name = || {
        let name = word.trim_start_matches('.');
        Named::all().find(|named| {
            let names = [named.name(), named.apple_name()];
            named.domain() == domain && names.iter().any(|it| it.eq_ignore_ascii_case(name))
        })
    };
    let characters = || {
        let characters: &[u8; 4] = word.as_bytes().try_into().ok()?;
        let code = four(characters);
        // An unknown code of letters alone is a word of a sentence.
        let letters = characters.iter().all(u8::is_ascii_alphabetic);
        let graphic = characters.iter().all(u8::is_ascii_graphic);
        (domain == Domain::AudioSession && graphic && (has(domain, code) || !letters))
            .then_some(code)
    };
    number(word).or_else(|| name().map(Named::code)).or_else(characters)
}

/// A decimal or hexadecimal number, signed or as the unsigned number of the same bits.
fn number(word: &str) -> Option<i32> {
    // The minus sign of typeset text too.
    let (negative, digits) = match word.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let bits = u32::from_str_radix(digits, radix).ok()?;
    if negative { i32::try_from(-i64::from(bits)).ok() } else { Some(bits.cast_signed()) }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;
    use std::string::ToString;
    use std::vec::Vec;

    fn parse(text: &str) -> Vec<Refusal> {
        Refusal::parse(text).collect()
    }

    #[test]
    fn every_way_to_write_a_code_is_read() {
        let blocked = Refusal::incoming(4);
        let priority = Refusal::INSUFFICIENT_PRIORITY;
        for (text, refusal) in [
            ("561017449", priority),
            ("'!pri'", priority),
            ("!pri", priority),
            ("‘!pri’", priority),
            ("0x21707269", priority),
            ("InsufficientPriority", priority),
            ("insufficientPriority", priority),
            ("AVAudioSessionErrorCodeInsufficientPriority", priority),
            ("AVAudioSession.ErrorCode.insufficientPriority", priority),
            ("OSStatus error 561017449.", priority),
            ("Error Domain=NSOSStatusErrorDomain Code=561017449 \"(null)\"", priority),
            ("NSOSStatusErrorDomain failed with code 'inac'", Refusal::session(b"inac")),
            ("-50", Refusal { domain: Domain::AudioSession, code: -50 }),
            ("-66637", Refusal::unit(-66_637)),
            ("−66637", Refusal::unit(-66_637)),
            ("4294900659", Refusal::unit(-66_637)),
            ("0x10004003", Refusal::unit(268_451_843)),
            ("kAudioUnitErr_TooManyFramesToProcess", Refusal::unit(-10_874)),
            (
                "Error Domain=com.apple.coreaudio.avfaudio Code=-10868 \"(null)\"",
                Refusal::unit(-10_868),
            ),
            ("0xbaadca11", Refusal { domain: Domain::PushKit, code: -1_163_015_663 }),
            ("CXErrorCodeIncomingCallError 4", blocked),
            ("CXErrorCodeIncomingCallError.filteredByBlockList", blocked),
            ("CXErrorCodeIncomingCallError.Code.filteredByBlockList", blocked),
            ("CXErrorCodeIncomingCallErrorFilteredByBlockList", blocked),
            ("com.apple.CallKit.error.incomingcall 4", blocked),
            (
                "The operation couldn’t be completed. (com.apple.CallKit.error.incomingcall error 4.)",
                blocked,
            ),
            (
                "Error Domain=com.apple.CallKit.error.incomingcall Code=4 \"(null)\" UserInfo={a=1}",
                blocked,
            ),
            ("CXErrorCodeUnentitled", Refusal::callkit(1)),
            ("com.apple.CallKit.error 3", Refusal::callkit(3)),
            ("org.webrtc.RTC_OBJC_TYPE(RTCAudioSession) -1", Refusal::webrtc(-1)),
        ] {
            assert_eq!(parse(text), [refusal], "{text}");
        }
    }

    #[test]
    fn a_small_number_alone_means_each_domain_that_has_it() {
        let four = [Refusal::incoming(4), Refusal::transaction(4), Refusal::directory(4)];
        assert_eq!(parse("4"), four);
        let domains: Vec<_> = parse("Unentitled").iter().map(|refusal| refusal.domain).collect();
        assert_eq!(domains, [Domain::CallKit, Domain::IncomingCall, Domain::RequestTransaction]);
    }

    #[test]
    fn an_unknown_code_is_read_where_its_domain_is_named() {
        assert_eq!(parse("CXErrorCodeIncomingCallError 99"), [Refusal::incoming(99)]);
        let store = Refusal { domain: Domain::CallDirectoryStore, code: 2 };
        assert_eq!(parse("com.apple.CallKit.error.calldirectorystore 2"), [store]);
        assert_eq!(parse("AVAudioSessionErrorCode '!prj'"), [Refusal::session(b"!prj")]);
        let either = [Refusal::session(b"!prj"), Refusal::unit(561_017_450)];
        assert_eq!(parse("NSOSStatusErrorDomain 561017450"), either);
    }

    #[test]
    fn what_is_no_code_means_nothing() {
        for text in [
            "",
            " ",
            "-",
            "0x",
            "+4",
            "--4",
            "99",
            "!prj",
            "no such thing",
            "CXErrorCodeIncomingCallError",
            "CXErrorCodeIncomingCallErrorNothing",
            "99999999999999999999",
            "-4294967295",
            "4 4",
            "é",
        ] {
            assert_eq!(parse(text), [], "{text:?}");
        }
    }

    #[test]
    fn every_code_is_read_back_from_its_domain_and_number_and_from_its_names() {
        for named in Named::all() {
            let refusal = Refusal::from(named);
            assert_eq!(refusal.named(), Some(named));
            let (domain, code, name) = (refusal.domain.name(), refusal.code, named.name());
            assert_eq!(parse(&format!("{domain} {code}")), [refusal]);
            assert_eq!(parse(&format!("{domain}.{name}")), [refusal]);
            assert_eq!(parse(named.apple_name()), [refusal]);
            for alone in [code.to_string(), format!("{:#x}", code), name.to_string()] {
                assert!(parse(&alone).contains(&refusal), "{alone}");
            }
            if let Some(characters) = refusal.four_characters() {
                let characters = characters.map(char::from).iter().collect::<std::string::String>();
                assert_eq!(parse(&characters), [refusal]);
                assert_eq!(parse(&format!("'{characters}'")), [refusal]);
            }
        }
    }
}
