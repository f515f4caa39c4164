//! Civil time as integers: days and seconds since 1970-01-01, as if there were no zones.
//!
//! Day arithmetic is on the proleptic Gregorian calendar, as RFC 5545 §3.3.4 has it.

use crate::time::{Civil, Date};

pub(super) const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01.
pub(super) const FIRST_DAY: i64 = days(1, 1, 1);
/// 9999-12-31, the last date that RFC 5545 §3.3.4 can write.
pub(super) const LAST_DAY: i64 = days(9999, 12, 31);
/// The last second of [`LAST_DAY`].
pub(super) const LAST_SECOND: i64 = (LAST_DAY + 1) * SECONDS_PER_DAY - 1;

/// The bits 1 to 12.
pub(super) const ALL_MONTHS: u16 = 0x1ffe;

/// A month and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Month {
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// The day number of its first day.
    pub first: i64,
    /// 28 to 31.
    pub len: u8,
}

impl Month {
    #[inline]
    pub(super) const fn new(year: i32, month: u8) -> Self {
        Self { year, month, first: days(year, month, 1), len: month_len(year, month) }
    }

    /// The month of a day.
    #[inline]
    pub(super) const fn of(day: i64) -> Self {
        let (year, month, day_of_month) = ymd(day);
        Self { year, month, first: day - (day_of_month as i64 - 1), len: month_len(year, month) }
    }

    #[inline]
    pub(super) const fn next(self) -> Self {
        let (year, month) = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        Self { year, month, first: self.first + self.len as i64, len: month_len(year, month) }
    }

    /// The next one that `months` has: bits 1 to 12, not empty.
    #[inline]
    pub(super) const fn next_in(self, months: u16) -> Self {
        let later = months >> self.month >> 1;
        match later.trailing_zeros() as u8 {
            0 => self.next(),
            more => self.skip(more, months),
        }
    }

    const fn skip(self, months_between: u8, months: u16) -> Self {
        if months_between < 12 {
            Self::new(self.year, self.month + 1 + months_between)
        } else {
            Self::new(self.year + 1, months.trailing_zeros() as u8)
        }
    }

    pub(super) const fn previous(self) -> Self {
        let (year, month) = if self.month == 1 { (self.year - 1, 12) } else { (self.year, self.month - 1) };
        let len = month_len(year, month);
        Self { year, month, first: self.first - len as i64, len }
    }

    /// Months since year 0.
    pub(super) const fn index(self) -> i64 {
        self.year as i64 * 12 + self.month as i64 - 1
    }

    pub(super) const fn from_index(index: i64) -> Self {
        Self::new(index.div_euclid(12) as i32, index.rem_euclid(12) as u8 + 1)
    }

    /// The day of the year of its first day, counted from 0.
    pub(super) const fn offset_in_year(self) -> u32 {
        const BEFORE: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        BEFORE[self.month as usize - 1] as u32 + (self.month > 2 && is_leap(self.year)) as u32
    }

    /// The first day after it.
    pub(super) const fn end(self) -> i64 {
        self.first + self.len as i64
    }
}

#[inline]
pub(super) const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// 365 or 366.
pub(super) const fn year_len(year: i32) -> u32 {
    365 + is_leap(year) as u32
}

#[inline]
const fn month_len(year: i32, month: u8) -> u8 {
    match month {
        2 => 28 + is_leap(year) as u8,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day number of a date. Years are counted from March, so that the leap day is the last of its year.
#[inline]
pub(super) const fn days(year: i32, month: u8, day: u8) -> i64 {
    let year = year as i64 - (month <= 2) as i64;
    let from_march = (month as i64 + 9) % 12;
    let before_month = (153 * from_march + 2) / 5;
    let before_year = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    before_year + before_month + day as i64 - 1 - DAYS_TO_EPOCH
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;

/// The date of a day number.
///
/// Seeking in a short window is little more than this, hence the arithmetic of Neri and Schneider, "Euclidean affine
/// functions and their application to calendar algorithms" (2022): three multiplications instead of a chain of divisions.
#[inline]
pub(super) const fn ymd(day: i64) -> (i32, u8, u8) {
    let quarters = 4 * (day + DAYS_TO_EPOCH) + 3;
    let century = quarters.div_euclid(146_097);
    let of_century = (quarters - century * 146_097) as u64 | 3;
    let year_and_rest = 2_939_745 * of_century;
    let day_of_year = (year_and_rest as u32) / 2_939_745 / 4;
    let month_and_rest = 2141 * day_of_year + 197_913;
    let (month, day) = ((month_and_rest >> 16) as u8, (month_and_rest & 0xffff) / 2141 + 1);
    // Years are counted from March here.
    let after_december = day_of_year >= 306;
    let year = 100 * century as i32 + (year_and_rest >> 32) as i32 + after_december as i32;
    (year, if after_december { month - 12 } else { month }, day as u8)
}

/// Days from Monday: 0 to 6. 1970-01-01 was a Thursday.
pub(super) const fn weekday(day: i64) -> u8 {
    (day + 3).rem_euclid(7) as u8
}

/// The first day of the week of `day`, for weeks that start on `week_start` (days from Monday).
pub(super) const fn week_of(day: i64, week_start: u8) -> i64 {
    day - (day + 3 - week_start as i64).rem_euclid(7)
}

/// The first day of week 1 of a year: the first week with four days or more in it (RFC 5545 §3.3.10, BYWEEKNO).
pub(super) const fn week_one(year: i32, week_start: u8) -> i64 {
    week_of(days(year, 1, 4), week_start)
}

/// The day and the second in it.
#[inline]
pub(super) const fn split(seconds: i64) -> (i64, u32) {
    (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY) as u32)
}

pub(super) fn day_of(date: Date) -> i64 {
    days(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

pub(super) fn seconds_of(civil: Civil) -> i64 {
    let clock = i64::from(civil.hour()) * 3600 + i64::from(civil.minute()) * 60 + i64::from(civil.second());
    day_of(civil.date()) * SECONDS_PER_DAY + clock
}

/// The civil time of a number that [`seconds_of`] gave, or that lies within the years 1 to 9999.
pub(super) fn civil_of(seconds: i64) -> Civil {
    let (day, second) = split(seconds.clamp(FIRST_DAY * SECONDS_PER_DAY, LAST_SECOND));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    date_of(day).at(hour as i8, minute as i8, second as i8, 0)
}

pub(super) fn date_of(day: i64) -> Date {
    let (year, month, day) = ymd(day.clamp(FIRST_DAY, LAST_DAY));
    Date::constant(year as i16, month as i8, day as i8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_agree_with_jiff() {
        let mut date = jiff::civil::date(1, 1, 1);
        let mut month = Month::new(1, 1);
        for day in FIRST_DAY..=LAST_DAY {
            let (year, m, d) = ymd(day);
            assert_eq!((year as i16, m as i8, d as i8), (date.year(), date.month(), date.day()));
            assert_eq!(days(year, m, d), day);
            if d == 1 {
                assert_eq!(i64::from(weekday(day)), i64::from(date.weekday().to_monday_zero_offset()));
                assert_eq!((month, Month::of(day + 3)), (Month::new(year, m), month));
                assert_eq!(month.offset_in_year() + 1, date.day_of_year() as u32);
                assert_eq!((month.next().previous(), Month::from_index(month.index())), (month, month));
                month = month.next();
            }
            date = date.tomorrow().unwrap_or(date);
        }
    }

    #[test]
    fn seconds_and_back() {
        for civil in ["0001-01-01T00:00:00", "1969-12-31T23:59:59", "2026-03-29T02:30:00", "9999-12-31T23:59:59"] {
            let civil: Civil = civil.parse().unwrap();
            assert_eq!(civil_of(seconds_of(civil)), civil);
        }
    }
}
