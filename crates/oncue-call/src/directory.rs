//! The call directory: numbers that the phone blocks, and numbers that it shows a label for (`CXCallDirectory`).
//!
//! As on a phone, an extension adds entries in ascending order within a request, and the request is taken whole or
//! rejected whole, with the error that the call directory manager would give and the line that it is about.

mod entries;
mod import;

use entries::Entries;
use oncue_session::{CallDirectoryError, Domain};
use std::collections::BTreeSet;

/// The highest number: `CXCallDirectoryPhoneNumberMax`, which is `INT64_MAX - 1`. The lowest is 1. A number is that of
/// E.164, country code first, without its plus sign.
pub const MAXIMUM_NUMBER: i64 = i64::MAX - 1;

/// The entries that the phone holds.
///
/// ```
/// use oncue_call::directory::Directory;
///
/// let mut directory = Directory::new();
/// let mut request = directory.request();
/// request.add_blocking(8_613_800_138_000)?;
/// request.read_identification("8613900139000,courier\n8613900139001,\"bank, maybe\"\n".as_bytes())?;
/// request.complete()?;
///
/// assert!(directory.is_blocked(8_613_800_138_000));
/// assert_eq!(directory.labels(8_613_900_139_001).collect::<Vec<_>>(), ["bank, maybe"]);
/// # Ok::<(), oncue_call::directory::Rejected>(())
/// ```
#[derive(Clone, Debug)]
pub struct Directory {
    blocking: Entries,
    identification: Entries,
    maximum: usize,
}

impl Default for Directory {
    fn default() -> Self {
        Self::with_maximum(usize::MAX)
    }
}

impl Directory {
    /// A directory without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A directory without entries that takes at most `maximum` of each kind. A phone has a maximum, which is not
    /// documented; without one, this directory takes `u32::MAX`.
    #[must_use]
    pub fn with_maximum(maximum: usize) -> Self {
        let maximum = maximum.min(u32::MAX as usize);
        Self { blocking: Entries::default(), identification: Entries::default(), maximum }
    }

    /// Whether calls from this number are blocked.
    #[must_use]
    pub fn is_blocked(&self, number: i64) -> bool {
        !self.blocking.find(number).is_empty()
    }

    /// What the phone shows for this number, in the order in which it was added.
    pub fn labels(&self, number: i64) -> impl Iterator<Item = &str> {
        self.identification.find(number).map(|place| self.identification.label(place))
    }

    /// How many blocking entries there are.
    #[must_use]
    pub fn blocking_count(&self) -> usize {
        self.blocking.len()
    }

    /// How many identification entries there are.
    #[must_use]
    pub fn identification_count(&self) -> usize {
        self.identification.len()
    }

    /// A request whose entries take the place of all that are there.
    pub fn request(&mut self) -> Request<'_> {
        Request::new(self, false)
    }

    /// A request that adds to what is there and removes from it (`isIncremental`, iOS 11).
    pub fn incremental_request(&mut self) -> Request<'_> {
        Request::new(self, true)
    }
}

/// A load of entries (`CXCallDirectoryExtensionContext`). Until [`complete`](Self::complete) returns `Ok` the directory
/// is what it was, and it stays so when the request is dropped. After an error a request takes nothing more.
#[derive(Debug)]
#[must_use = "nothing is loaded before `complete`"]
pub struct Request<'a> {
    directory: &'a mut Directory,
    incremental: bool,
    blocking: Changes,
    identification: Changes,
    /// How many entries were added or removed.
    count: u64,
    rejected: Option<Rejected>,
}

/// What a request does to one of the two kinds of entries.
#[derive(Debug, Default)]
struct Changes {
    added: Entries,
    /// The line of the last that was added.
    line: u64,
    removed: BTreeSet<i64>,
    all_removed: bool,
}

/// Which of the two kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blocking,
    Identification,
}

impl<'a> Request<'a> {
    fn new(directory: &'a mut Directory, incremental: bool) -> Self {
        let (blocking, identification) = Default::default();
        Self { directory, incremental, blocking, identification, count: 0, rejected: None }
    }

    /// Adds a number to block (`addBlockingEntryWithNextSequentialPhoneNumber:`).
    ///
    /// # Errors
    /// [`Rejected`]: numbers ascend, each is there once.
    pub fn add_blocking(&mut self, number: i64) -> Result<(), Rejected> {
        self.count += 1;
        self.add(Kind::Blocking, self.count, number, "")
    }

    /// Adds a label to show for a number (`addIdentificationEntryWithNextSequentialPhoneNumber:label:`).
    ///
    /// # Errors
    /// [`Rejected`]: numbers ascend; one that has several labels comes several times in a row, each label once.
    pub fn add_identification(&mut self, number: i64, label: &str) -> Result<(), Rejected> {
        self.count += 1;
        self.add(Kind::Identification, self.count, number, label)
    }

    /// No longer blocks a number that was loaded before. One that was not is no error, and the order is free. What is
    /// removed may be added again in the same request, after that.
    ///
    /// # Errors
    /// [`Rejected`] in a request that is not incremental.
    pub fn remove_blocking(&mut self, number: i64) -> Result<(), Rejected> {
        self.removal(Kind::Blocking)?.removed.insert(number);
        Ok(())
    }

    /// Takes away all labels of a number that were loaded before.
    ///
    /// # Errors
    /// As [`remove_blocking`](Self::remove_blocking).
    pub fn remove_identification(&mut self, number: i64) -> Result<(), Rejected> {
        self.removal(Kind::Identification)?.removed.insert(number);
        Ok(())
    }

    /// Removes all blocking entries that were loaded before.
    ///
    /// # Errors
    /// As [`remove_blocking`](Self::remove_blocking).
    pub fn remove_all_blocking(&mut self) -> Result<(), Rejected> {
        self.removal(Kind::Blocking)?.all_removed = true;
        Ok(())
    }

    /// Removes all identification entries that were loaded before.
    ///
    /// # Errors
    /// As [`remove_blocking`](Self::remove_blocking).
    pub fn remove_all_identification(&mut self) -> Result<(), Rejected> {
        self.removal(Kind::Identification)?.all_removed = true;
        Ok(())
    }

    /// Takes the whole request.
    ///
    /// # Errors
    /// The first [`Rejected`] of the request; the directory is what it was.
    pub fn complete(self) -> Result<(), Rejected> {
        if let Some(rejected) = self.rejected {
            return Err(rejected);
        }
        let Directory { blocking, identification, maximum } = self.directory;
        let now_blocking = self.blocking.applied_to(blocking, self.incremental, *maximum)?;
        let now_identification =
            self.identification.applied_to(identification, self.incremental, *maximum)?;
        // Nothing is rejected any more.
        if let Some(now) = now_blocking {
            *blocking = now;
        }
        if let Some(now) = now_identification {
            *identification = now;
        }
        Ok(())
    }

    /// Adds an entry that comes from `line`.
    fn add(&mut self, kind: Kind, line: u64, number: i64, label: &str) -> Result<(), Rejected> {
        self.still_taken()?;
        let (changes, before) = match kind {
            Kind::Blocking => (&mut self.blocking, &self.directory.blocking),
            Kind::Identification => (&mut self.identification, &self.directory.identification),
        };
        let added = &mut changes.added;
        let is_there = |entries: &Entries| {
            let mut places = entries.find(number);
            match kind {
                Kind::Blocking => !places.is_empty(),
                Kind::Identification => places.any(|place| entries.label(place) == label),
            }
        };
        let fault = match added.last() {
            _ if !(1..=MAXIMUM_NUMBER).contains(&number) => Fault::OutOfRange { number },
            Some(last) if number < last => Fault::OutOfOrder { number, after: last },
            Some(last) if number == last && is_there(added) => Fault::Duplicate { number },
            _ if self.incremental
                && !changes.all_removed
                && !changes.removed.contains(&number)
                && is_there(before) =>
            {
                Fault::Duplicate { number }
            }
            _ if added.len() == self.directory.maximum || !added.has_room_for(label) => {
                Fault::TooMany { maximum: added.len() }
            }
            _ => {
                match kind {
                    Kind::Blocking => added.push(number),
                    Kind::Identification => added.push_labelled(number, label),
                }
                changes.line = line;
                return Ok(());
            }
        };
        Err(self.reject(line, fault))
    }

    fn removal(&mut self, kind: Kind) -> Result<&mut Changes, Rejected> {
        self.count += 1;
        self.still_taken()?;
        if !self.incremental {
            return Err(self.reject(self.count, Fault::NotIncremental));
        }
        Ok(match kind {
            Kind::Blocking => &mut self.blocking,
            Kind::Identification => &mut self.identification,
        })
    }

    fn still_taken(&self) -> Result<(), Rejected> {
        self.rejected.clone().map_or(Ok(()), Err)
    }

    fn reject(&mut self, line: u64, fault: Fault) -> Rejected {
        let rejected = Rejected { line, fault };
        self.rejected = Some(rejected.clone());
        rejected
    }
}

impl Changes {
    /// What is there after them; `None` if they change nothing.
    fn applied_to(
        self,
        before: &Entries,
        incremental: bool,
        maximum: usize,
    ) -> Result<Option<Entries>, Rejected> {
        let Self { added, line, removed, all_removed } = self;
        let mut now = if !incremental || all_removed {
            added
        } else if added.len() == 0 && removed.is_empty() {
            return Ok(None);
        } else {
            before.merged_with(&added, |number| !removed.contains(&number))
        };
        if now.len() > maximum {
            // What was there before has room, so that the last one added has none.
            return Err(Rejected { line, fault: Fault::TooMany { maximum } });
        }
        now.seal();
        Ok(Some(now))
    }
}

/// A request was rejected, whole. The directory holds what it held.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}; the whole load is rejected, and what was loaded before stays ({} {} {})", Domain::CallDirectory.name(), fault.error().code(), fault.error().name())]
pub struct Rejected {
    /// The line of the CSV; for entries that the app adds itself, which of the request's calls it was, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a load of entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Numbers ascend.
    #[error("{number} comes after {after}; sort the entries by number, ascending")]
    OutOfOrder {
        /// The number.
        number: i64,
        /// The one before it.
        after: i64,
    },
    /// The entry is there already, in this load or, where it is incremental, from an earlier one.
    #[error("{number} is there already; leave it out, or remove it first")]
    Duplicate {
        /// The number.
        number: i64,
    },
    /// No phone number.
    #[error("{number} is out of range; phone numbers go from 1 to {MAXIMUM_NUMBER}")]
    OutOfRange {
        /// The number.
        number: i64,
    },
    /// More entries of this kind than there may be.
    #[error("more entries than {maximum}; leave some out")]
    TooMany {
        /// How many there may be.
        maximum: usize,
    },
    /// Only an incremental load removes.
    #[error("a removal in a load that replaces all entries; ask for an incremental request")]
    NotIncremental,
    /// A line of a CSV that does not begin with a phone number.
    #[error("expected a number such as +8613800138000, got {got:?}")]
    NotANumber {
        /// The text in its place.
        got: String,
    },
    /// A quote that swallows the rest of a CSV.
    #[error("a quote is opened and not closed; close it, or take it away")]
    OpenQuote,
    /// A line of a CSV without a label, where there has to be one.
    #[error("expected a label after the number")]
    NoLabel,
    /// The CSV could not be read on.
    #[error("{why}")]
    Unreadable {
        /// Why.
        why: String,
    },
}

impl Fault {
    /// The error that the system's call directory manager has for it. Where the system would never see the entry, since
    /// the extension cannot read it or it is no number at all, the load is one that was interrupted.
    #[must_use]
    pub const fn error(&self) -> CallDirectoryError {
        match self {
            Self::OutOfOrder { .. } => CallDirectoryError::EntriesOutOfOrder,
            Self::Duplicate { .. } => CallDirectoryError::DuplicateEntries,
            Self::TooMany { .. } => CallDirectoryError::MaximumEntriesExceeded,
            Self::NotIncremental => CallDirectoryError::UnexpectedIncrementalRemoval,
            Self::OutOfRange { .. }
            | Self::NotANumber { .. }
            | Self::OpenQuote
            | Self::NoLabel
            | Self::Unreadable { .. } => CallDirectoryError::LoadingInterrupted,
        }
    }
}
