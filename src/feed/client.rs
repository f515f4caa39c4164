//! What is known about the client from its request headers: pure.

use axum::http::header::{ACCEPT_ENCODING, HeaderMap, USER_AGENT};

/// Names in the User-Agent of Microsoft's fetchers (Outlook, Exchange Online, Office). Outlook.com is reported to
/// break on a compressed calendar although it asks for one (markuspoerschke/iCal#541).
const NO_GZIP: [&str; 6] = ["microsoft", "outlook", "exchange", "msoffice", "ms-office", "office 365"];

/// The longest User-Agent that is kept, in characters.
const KEPT: usize = 200;

/// Whether the client wants its calendar compressed and can be trusted with it.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    accepts_gzip(headers) && !headers.get(USER_AGENT).is_some_and(|agent| is_microsoft(agent.as_bytes()))
}

/// Whether `Accept-Encoding` names gzip with a weight above 0 (RFC 9110 §12.5.3). `*` is not taken for a wish.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|list| {
        list.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let name = name.trim();
            let refused = weight.trim().strip_prefix(['q', 'Q']).is_some_and(|value| {
                value.trim_start().trim_start_matches('=').trim().bytes().all(|b| matches!(b, b'0' | b'.'))
            });
            (name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip")) && !refused
        })
    })
}

fn is_microsoft(agent: &[u8]) -> bool {
    NO_GZIP.iter().any(|name| agent.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name.as_bytes())))
}

/// The client's name as it is kept and shown: at most 200 characters, none of them a control character.
pub(super) fn name(headers: &HeaderMap) -> std::borrow::Cow<'_, str> {
    let Some(agent) = headers.get(USER_AGENT) else { return "".into() };
    let text = String::from_utf8_lossy(agent.as_bytes());
    let clean = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}');
    if text.len() <= KEPT && text.chars().all(clean) {
        return text;
    }
    text.chars().filter(|c| clean(*c)).take(KEPT).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(encoding: &str, agent: &[u8]) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(ACCEPT_ENCODING, HeaderValue::from_str(encoding).unwrap());
        map.insert(USER_AGENT, HeaderValue::from_bytes(agent).unwrap());
        map
    }

    #[test]
    fn gzip_for_those_who_ask_and_can() {
        for (encoding, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("x-gzip", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("deflate, br", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(&headers(encoding, b"curl/8")), expected, "{encoding}");
        }
        for agent in [
            "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
            "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
            "Microsoft.Exchange.CalendarSync/15.20",
            "outlook-ios/2.0",
        ] {
            assert!(!takes_gzip(&headers("gzip", agent.as_bytes())), "{agent}");
        }
    }

    #[test]
    fn a_kept_name_is_short_and_clean() {
        assert_eq!(
            name(&headers("", b"DAVx5/4.4 (2025/01/02; dav4jvm; okhttp/5)")),
            "DAVx5/4.4 (2025/01/02; dav4jvm; okhttp/5)"
        );
        assert_eq!(name(&headers("", b"a\tb\xc2\x9bc\xff")), "abc\u{fffd}");
        assert_eq!(name(&headers("", &[b'x'; 5000])).len(), 200);
        assert_eq!(name(&HeaderMap::new()), "");
    }
}
