//! How the values of a call stand in the file, and back. A value that no version writes is an error.

use super::super::{AppId, CallRecord, Ending, NewCall};
use crate::{Handle, HandleType};
use oncue_session::{EndedReason, Id};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use std::time::{Duration, SystemTime};

/// A row of `call`, as [`CALL`](super::CALL) selects it.
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<CallRecord> {
    let time = |column| row.get(column).map(|at: Option<i64>| at.map(moment));
    let began: i64 = row.get(7)?;
    let ended = match time(9)? {
        Some(at) => Some((at, row.get(10)?)),
        None => None,
    };
    Ok(CallRecord {
        call: NewCall {
            uuid: Id::new(u128::from_be_bytes(row.get(0)?)),
            peer: row.get(1)?,
            handle: Handle { kind: row.get(2)?, value: row.get(3)? },
            outgoing: row.get(4)?,
            video: row.get(5)?,
            in_recents: row.get(6)?,
            at: moment(began),
        },
        connected: time(8)?,
        ended,
    })
}

/// Nanoseconds since 1970; the last that fits for times past the year 2262.
pub(super) fn nanoseconds(at: SystemTime) -> i64 {
    match at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

fn moment(nanoseconds: i64) -> SystemTime {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 {
        SystemTime::UNIX_EPOCH - distance
    } else {
        SystemTime::UNIX_EPOCH + distance
    }
}

impl ToSql for AppId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => Ok(number.cast_signed().into()),
            Self::Text(text) => text.to_sql(),
        }
    }
}

impl FromSql for AppId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Integer(number) => Ok(Self::Number(number.cast_unsigned())),
            value => value.as_str().map(Self::from),
        }
    }
}

impl ToSql for HandleType {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.code().into())
    }
}

impl FromSql for HandleType {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = value.as_i64()?;
        u8::try_from(code).ok().and_then(Self::of).ok_or(FromSqlError::OutOfRange(code))
    }
}

/// How the file says why a call ended: the header's number of a reason that was reported, or one of ours.
const fn number(ending: Ending) -> i64 {
    match ending {
        Ending::LeftBehind => -1,
        Ending::Local => 0,
        Ending::Reported(EndedReason::Failed) => 1,
        Ending::Reported(EndedReason::RemoteEnded) => 2,
        Ending::Reported(EndedReason::Unanswered) => 3,
        Ending::Reported(EndedReason::AnsweredElsewhere) => 4,
        Ending::Reported(EndedReason::DeclinedElsewhere) => 5,
    }
}

impl ToSql for Ending {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(number(*self).into())
    }
}

impl FromSql for Ending {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let found = value.as_i64()?;
        let reported = EndedReason::ALL.iter().map(|&reason| Self::Reported(reason));
        [Self::Local, Self::LeftBehind]
            .into_iter()
            .chain(reported)
            .find(|&ending| number(ending) == found)
            .ok_or(FromSqlError::OutOfRange(found))
    }
}
