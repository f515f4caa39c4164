//! Addresses of clients and networks, and the id of a request. Pure.
//!
//! On the ground floor because the rooms that limit or log by client (`auth`, `api`, `feed`) need the types
//! that `server` fills in.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::http::Uri;

/// A range of addresses in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), such as `10.0.0.0/8` or `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is neither an address nor an address with a prefix length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an address or network; write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32")]
pub struct BadNetwork(pub String);

impl Network {
    /// Whether `address` lies in this range. An IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let shift = 32 - u32::from(self.prefix);
                u64::from(ours.to_bits()) >> shift == u64::from(theirs.to_bits()) >> shift
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let shift = 128 - u32::from(self.prefix);
                // A shift by the full width is not defined: /0 holds every address.
                ours.to_bits().checked_shr(shift) == theirs.to_bits().checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.chars().take(64).filter(|c| !c.is_control()).collect());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if !digits.starts_with('+') => digits.parse().map_err(|_| bad())?,
            Some(_) => return Err(bad()),
        };
        if prefix > longest {
            return Err(bad());
        }
        Ok(Self { address, prefix })
    }
}

/// A list of networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// The networks named by `texts`.
    ///
    /// # Errors
    /// [`BadNetwork`] with the first text that is not one.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, BadNetwork> {
        texts.iter().map(|text| text.as_ref().trim().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether any of them holds `address`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// Where people reach this installation, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether by https.
    pub https: bool,
    /// The host, an IPv6 address in its brackets.
    pub host: String,
    /// The port, also where the URL leaves it out.
    pub port: u16,
}

impl Origin {
    /// Takes apart a URL of scheme and authority; `None` for anything else.
    #[must_use]
    pub fn parse(url: &str) -> Option<Self> {
        let uri = Uri::from_str(url).ok()?;
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Some(Self { https, host: uri.host()?.to_owned(), port })
    }

    /// Whether a password sent there is protected on its way: by https, or because it stays on this machine (RFC 4918
    /// §20.1).
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        self.https || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Where a request came from: the address of the client itself, behind any trusted proxies.
///
/// The server puts it into the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    /// Finds the client by walking `X-Forwarded-For` from right to left: every proxy appends the peer it saw, so
    /// an entry counts only when everything to its right is a trusted proxy, and what a client wrote itself is
    /// never reached. `forwarded` yields the values of the header's lines in the order received.
    #[must_use]
    pub fn find<'a>(
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
        trusted_proxies: &Networks,
    ) -> Self {
        let mut client = peer.to_canonical();
        for line in forwarded.rev() {
            for entry in line.rsplit(|byte| *byte == b',') {
                if !trusted_proxies.contains(client) {
                    return Self(client);
                }
                match std::str::from_utf8(entry).ok().and_then(forwarded_address) {
                    Some(next) => client = next.to_canonical(),
                    None => return Self(client),
                }
            }
        }
        Self(client)
    }

    /// The unit that limits count by: the address, or for IPv6 its /64, of which one client owns every address.
    #[must_use]
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            v4 @ IpAddr::V4(_) => v4,
        }
    }
}

impl fmt::Display for ClientAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry of `X-Forwarded-For`: an address, which some proxies write with a port.
fn forwarded_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    entry
        .parse::<IpAddr>()
        .ok()
        .or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

/// The id under which a request is logged and which its answer carries in `X-Request-Id`.
///
/// Printable ASCII, at most 64 characters. The server puts it into the extensions of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id that a client or proxy sent, if it is sane: 8 to 64 of `A-Z a-z 0-9 - _ . :`.
    #[must_use]
    pub fn accept(sent: &[u8]) -> Option<Self> {
        let sane =
            (8..=64).contains(&sent.len()) && sent.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b));
        std::str::from_utf8(sent).ok().filter(|_| sane).map(|id| Self(id.into()))
    }

    /// An id of this server's own: which process, and which request of it.
    #[must_use]
    pub fn number(process: u64, request: u64) -> Self {
        // Made for every request, so by hand: `format!` costs five times as much.
        let digit = |number: u64, place: usize| b"0123456789abcdef"[(number >> (place * 4)) as usize & 15];
        let mut text = [b'-'; 25];
        for place in 0..16 {
            text[15 - place] = digit(process, place);
        }
        for place in 0..8 {
            text[24 - place] = digit(request, place);
        }
        Self(String::from_utf8_lossy(&text).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_hold_what_their_prefix_says() {
        for (network, address, holds) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "::a00:1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
        ] {
            assert_eq!(network.parse::<Network>().unwrap().contains(ip(address)), holds, "{network} {address}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "example.org", "10.0.0.0/+8", "10.0.0.0/-1"]
        {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_trusted_proxies_say_counts() {
        let trusted = Networks::parse(&["10.0.0.0/8", "::1"]).unwrap();
        for (peer, lines, client) in [
            // Not from a proxy: the header is the client's own invention.
            ("203.0.113.5", vec!["198.51.100.1"], "203.0.113.5"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            // The client wrote 1.1.1.1, the proxy appended what it saw.
            ("10.0.0.1", vec!["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            // Two proxies in a row.
            ("10.0.0.1", vec!["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("::1", vec!["198.51.100.1:4711"], "198.51.100.1"),
            ("::1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            // Rubbish ends the walk at the last address known to be true.
            ("10.0.0.1", vec!["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ] {
            let found = ClientAddr::find(ip(peer), lines.iter().map(|l| l.as_bytes()), &trusted);
            assert_eq!(found.0, ip(client), "{peer} {lines:?}");
        }
    }

    #[test]
    fn passwords_travel_protected() {
        let protected = |url| Origin::parse(url).is_some_and(|origin| origin.is_protected());
        for url in ["https://cal.example", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"] {
            assert!(protected(url), "{url}");
        }
        for url in ["http://cal.example", "http://192.168.0.2:8080", "http://localhost.example", "ftp://localhost", ""]
        {
            assert!(!protected(url), "{url}");
        }
    }

    #[test]
    fn an_origin_has_a_port_also_where_its_url_has_none() {
        for (url, https, host, port) in [
            ("https://cal.example", true, "cal.example", 443),
            ("http://cal.example", false, "cal.example", 80),
            ("https://cal.example:8443", true, "cal.example", 8443),
            ("http://[::1]:8080", false, "[::1]", 8080),
        ] {
            assert_eq!(Origin::parse(url), Some(Origin { https, host: host.to_owned(), port }), "{url}");
        }
    }

    #[test]
    fn limits_count_ipv6_by_64() {
        assert_eq!(ClientAddr(ip("2001:db8:1:2:3:4:5:6")).network(), ip("2001:db8:1:2::"));
        assert_eq!(ClientAddr(ip("192.0.2.7")).network(), ip("192.0.2.7"));
    }

    #[test]
    fn request_ids_of_our_own() {
        assert_eq!(RequestId::number(0x0123_4567_89ab_cdef, 0x2f).as_str(), "0123456789abcdef-0000002f");
    }

    #[test]
    fn request_ids_of_others_are_taken_only_when_harmless() {
        assert!(RequestId::accept(b"0190c3f2-8a4b-7cde").is_some());
        for bad in [&b"short"[..], b"has space in it", b"esc\x1b[31mape", "übergröße".as_bytes(), &[b'a'; 65]] {
            assert!(RequestId::accept(bad).is_none());
        }
    }
}
