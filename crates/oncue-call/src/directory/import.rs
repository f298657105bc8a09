//! Entries from CSV.

use super::{Fault, Kind, Rejected, Request};
use csv::{ByteRecord, ReaderBuilder, Terminator};
use std::io::Read;

/// Follows the last line: no number, so that a line of the file that looks like it is rejected as any other would be. A
/// quote that is not closed swallows it.
const END: &[u8] = b"\xff";
const SWALLOWED: &[u8] = b"\n\xff\n";

/// How many bytes of a text that is no number are shown.
const SHOWN: usize = 40;

impl Request<'_> {
    /// Adds the number of each line to those that are blocked; what else is on the line is passed over.
    ///
    /// CSV as of RFC 4180, in UTF-8: digits, with a plus sign before them or not, ascending. A first line that begins
    /// with the word `number` is a heading.
    ///
    /// # Errors
    /// [`Rejected`], with the line.
    pub fn read_blocking(&mut self, csv: impl Read) -> Result<(), Rejected> {
        self.read(Kind::Blocking, csv)
    }

    /// Adds the number and the label of each line, as [`read_blocking`](Self::read_blocking) does.
    ///
    /// # Errors
    /// [`Rejected`], with the line.
    pub fn read_identification(&mut self, csv: impl Read) -> Result<(), Rejected> {
        self.read(Kind::Identification, csv)
    }

    fn read(&mut self, kind: Kind, csv: impl Read) -> Result<(), Rejected> {
        self.still_taken()?;
        // With a line feed at the end of each record, and only there, lines can be counted: the reader itself takes
        // empty lines, and the second half of CR LF, for the beginning of the next record.
        let csv = csv.chain(SWALLOWED);
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).terminator(Terminator::Any(b'\n'));
        let mut reader = builder.from_reader(csv);
        let mut record = ByteRecord::new();
        let mut end = None;
        loop {
            let more = reader.read_byte_record(&mut record);
            let past = reader.position().line();
            match more {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => {
                    return Err(self.reject(past, Fault::Unreadable { why: error.to_string() }));
                }
            }
            let inside = record.as_slice().iter().filter(|&&byte| byte == b'\n').count();
            if record.as_slice().ends_with(SWALLOWED) {
                return Err(self.reject(past - inside as u64, Fault::OpenQuote));
            }
            let line = past - 1 - inside as u64;
            match end {
                None if record.as_slice() == END => {
                    end = Some(line);
                    continue;
                }
                None => {}
                // It was a line of the file.
                Some(line) => return Err(self.reject(line, not_a_number(END))),
            }
            let field = |place| record.get(place).map(|it| it.strip_suffix(b"\r").unwrap_or(it));
            let first = field(0).unwrap_or_default();
            let Some(number) = number(first) else {
                let empty = record.len() == 1 && first.is_empty();
                if empty || line == 1 && first == b"number" {
                    continue;
                }
                return Err(self.reject(line, not_a_number(first)));
            };
            let label = match kind {
                Kind::Blocking => "",
                Kind::Identification => match field(1).map(str::from_utf8) {
                    None | Some(Ok("")) => return Err(self.reject(line, Fault::NoLabel)),
                    Some(Ok(label)) => label,
                    Some(Err(error)) => {
                        let why = format!("the label is not UTF-8: {error}");
                        return Err(self.reject(line, Fault::Unreadable { why }));
                    }
                },
            };
            self.add(kind, line, number, label)?;
        }
    }
}

fn not_a_number(text: &[u8]) -> Fault {
    let shown = &text[..text.len().min(SHOWN)];
    Fault::NotANumber { got: String::from_utf8_lossy(shown).into_owned() }
}

/// Digits, with a plus sign before them or not; `None` too for more than 64 bits hold.
fn number(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, &digit| {
        let digit = char::from(digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}
