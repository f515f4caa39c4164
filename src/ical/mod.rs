//! Text to domain and back: iCalendar (RFC 5545, RFC 7986) read and written.
//!
//! Writing is canonical and byte-stable: the same values give the same bytes, on every instance, at any time, in a fixed
//! property order, with CRLF and lines folded at 75 octets between characters. [`event`] writes one VEVENT, [`calendar`]
//! the VCALENDAR around it and VFREEBUSY, [`timezone`] the VTIMEZONE a `TZID` needs.
//!
//! Reading begins with [`mod@guard`], which bounds the input and unfolds it before any parser sees it. [`mod@read`] is the
//! lenient reading of calendars that are imported: an event it cannot use is reported with line, column and reason, and
//! does not stop the others; [`mod@object`] the strict reading of what CalDAV clients keep. [`zones`] knows the names that calendars give to time zones.

pub mod busy;
pub mod calendar;
pub mod event;
pub mod guard;
pub mod object;
pub mod personal;
pub mod read;
pub mod reason;
pub mod text;
pub mod timezone;
mod value;
pub mod zones;
