//! Dates of HTTP (RFC 9110 §5.6.7).

use std::time::{Duration, SystemTime};

use super::Instant;

/// `Sun, 06 Nov 1994 08:49:37 GMT`. What is before 1970 is its first second.
#[must_use]
pub fn http_date(at: Instant) -> String {
    let seconds = at.min(Instant::MAX).unix().try_into().unwrap_or_default();
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The instant of an HTTP date in the form that is sent today, or in one of the two obsolete forms that a recipient
/// must still read.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Instant> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Instant::from_unix(since.as_secs().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_there_and_back() {
        let at = Instant::from_unix(784_111_777);
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        for form in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse_http_date(form), Some(at), "{form}");
        }
        assert_eq!(http_date(Instant::from_unix(-1)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert!(http_date(Instant::from_unix(i64::MAX)).ends_with("9999 22:00:00 GMT"));
        for bad in ["", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 25:49:37 GMT"] {
            assert_eq!(parse_http_date(bad), None, "{bad}");
        }
    }
}
