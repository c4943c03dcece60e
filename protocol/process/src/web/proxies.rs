//! Resolves the client's address behind trusted proxies.
//!
//! Invariants: entries of `X-Forwarded-For` and `Forwarded` count from the nearest hop outwards, as
//! long as the hop that wrote them is trusted. If both headers are present they must agree: a proxy
//! that sets one may forward the client's own value of the other.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Debug, thiserror::Error)]
#[error("{key}: `{text}` is not an address or a network such as 10.0.0.0/8")]
pub struct ProxyError {
    key: &'static str,
    text: String,
}

/// A CIDR network. IPv4 addresses are mapped to IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    bits: u128,
    mask: u128,
}

type HopReader = fn(&str) -> Option<IpAddr>;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// RFC 7239.
const FORWARDED: HeaderName = header::FORWARDED;

impl TrustedProxies {
    /// `key` is the setting that lists them.
    pub fn new(key: &'static str, listed: &[String]) -> Result<Self, ProxyError> {
        let mut networks = Vec::with_capacity(listed.len());
        for text in listed {
            let network = Network::parse(text).ok_or_else(|| ProxyError {
                key,
                text: text.clone(),
            })?;
            networks.push(network);
        }
        Ok(Self(networks))
    }

    /// The nearest untrusted hop. An unreadable entry ends the list.
    pub fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let told = parse_hops(headers, &FORWARDED_FOR, parse_address);
        let told = told.map(|hops| self.nearest_untrusted(peer, hops));
        let also = parse_hops(headers, &FORWARDED, parse_forwarded);
        let also = also.map(|hops| self.nearest_untrusted(peer, hops));
        match (told, also) {
            (Some(told), Some(also)) if told != also => peer,
            (told, also) => told.or(also).unwrap_or(peer),
        }
    }

    fn nearest_untrusted(&self, peer: IpAddr, hops: Vec<Option<IpAddr>>) -> IpAddr {
        let mut nearest = peer;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop.filter(|_| self.is_trusted(nearest)) else {
                break;
            };
            nearest = hop;
        }
        nearest
    }

    pub fn is_trusted(&self, address: IpAddr) -> bool {
        let bits = address_bits(address);
        self.0
            .iter()
            .any(|network| bits & network.mask == network.bits)
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let free = width.checked_sub(length.unwrap_or(width))?;
        // A shift by the full width overflows; the mask is then zero.
        let mask = u128::MAX.checked_shl(free).unwrap_or_default();
        Some(Self {
            bits: address_bits(address) & mask,
            mask,
        })
    }
}

fn address_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// `None` without the header.
fn parse_hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: HopReader,
) -> Option<Vec<Option<IpAddr>>> {
    if !headers.contains_key(name) {
        return None;
    }
    let lines = headers.get_all(name).into_iter();
    let hops = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let hops = hops.map(|hop| str::from_utf8(hop).ok().and_then(read));
    Some(hops.collect())
}

/// The address in `for=192.0.2.43;proto=https`; `None` if it is missing, duplicated or a name.
fn parse_forwarded(hop: &str) -> Option<IpAddr> {
    let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
    let mut told = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (_, value) = told.next().filter(|_| told.next().is_none())?;
    let value = value.trim();
    let quoted = value.strip_prefix('"').map(|value| value.strip_suffix('"'));
    parse_address(quoted.unwrap_or(Some(value))?)
}

/// Some proxies append the port.
fn parse_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    if let Ok(address) = hop.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(with_port) = hop.parse::<SocketAddr>() {
        return Some(with_port.ip());
    }
    let bracketed = hop.strip_prefix('[')?.strip_suffix(']')?;
    bracketed.parse().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn proxies(listed: &[&str]) -> TrustedProxies {
        let listed: Vec<_> = listed.iter().map(|&text| text.to_owned()).collect();
        TrustedProxies::new("proxies", &listed).unwrap()
    }

    #[test]
    fn the_nearest_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"];
        for (peer, lines, client) in [
            // An untrusted peer's header is ignored.
            ("198.51.100.1", vec!["203.0.113.9"], "198.51.100.1"),
            ("10.1.2.3", vec![], "10.1.2.3"),
            ("10.1.2.3", vec!["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.1.2.3", vec!["203.0.113.9"], "203.0.113.9"),
            // The client wrote the leading entries.
            ("10.1.2.3", vec!["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", vec!["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            (
                "10.1.2.3",
                vec!["1.1.1.1, 203.0.113.9, 192.0.2.7"],
                "203.0.113.9",
            ),
            ("10.1.2.3", vec!["192.0.2.7, 10.9.9.9"], "192.0.2.7"),
            ("10.1.2.3", vec!["203.0.113.9, nonsense"], "10.1.2.3"),
            ("10.1.2.3", vec!["203.0.113.9,"], "10.1.2.3"),
            ("10.1.2.3", vec!["203.0.113.9:4711"], "203.0.113.9"),
            ("2001:db8::5", vec!["[2001:db9::1]:80"], "2001:db9::1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
            }
            let found = proxies(&trusted).client_address(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), client, "{peer} {lines:?}");
            let nobody = proxies(&[]).client_address(peer.parse().unwrap(), &headers);
            assert_eq!(nobody.to_string(), peer, "nobody is trusted by default");
        }
    }

    #[test]
    fn forwarded_counts_as_well_and_beside_the_other_only_where_both_agree() {
        let trusted = proxies(&["10.0.0.0/8", "2001:db8::/32"]);
        for (listed, forwarded, client) in [
            ("", "for=203.0.113.9", "203.0.113.9"),
            (
                "",
                "For=\"203.0.113.9:4711\";proto=https;by=10.1.2.3",
                "203.0.113.9",
            ),
            (
                "",
                "for=1.1.1.1, proto=https; for=203.0.113.9",
                "203.0.113.9",
            ),
            ("", "for=203.0.113.9, for=10.4.4.4", "203.0.113.9"),
            ("", "for=\"[2001:db9::1]\"", "2001:db9::1"),
            (
                "",
                "for=\"[2001:db9::1]:80\", for=\"[2001:db8::2]\"",
                "2001:db9::1",
            ),
            // Names and duplicated addresses are invalid.
            ("", "for=unknown", "10.1.2.3"),
            ("", "for=_hidden, for=10.4.4.4", "10.4.4.4"),
            ("", "for=203.0.113.9;for=1.1.1.1", "10.1.2.3"),
            ("", "for=\"203.0.113.9", "10.1.2.3"),
            ("", "proto=https", "10.1.2.3"),
            ("", "", "10.1.2.3"),
            ("203.0.113.9", "for=203.0.113.9", "203.0.113.9"),
            // The client set the header that its proxy does not.
            ("203.0.113.9", "for=1.1.1.1", "10.1.2.3"),
            ("1.1.1.1", "for=203.0.113.9", "10.1.2.3"),
            ("203.0.113.9", "for=unknown", "10.1.2.3"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED, HeaderValue::from_str(forwarded).unwrap());
            if !listed.is_empty() {
                headers.insert(FORWARDED_FOR, HeaderValue::from_str(listed).unwrap());
            }
            let found = trusted.client_address("10.1.2.3".parse().unwrap(), &headers);
            assert_eq!(found.to_string(), client, "{listed} {forwarded}");
            let stranger = trusted.client_address("198.51.100.1".parse().unwrap(), &headers);
            assert_eq!(
                stranger.to_string(),
                "198.51.100.1",
                "a stranger's own words"
            );
        }
    }

    #[test]
    fn a_network_is_an_address_and_a_length() {
        for wrong in [
            "",
            "10",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/x",
            "proxy.example",
        ] {
            assert!(
                TrustedProxies::new("proxies", &[wrong.to_owned()]).is_err(),
                "{wrong}"
            );
        }
        assert_eq!(proxies(&["10.9.9.9/8"]), proxies(&["10.0.0.0/8"]));
        assert!(proxies(&["0.0.0.0/0"]).is_trusted("203.0.113.9".parse().unwrap()));
        assert!(!proxies(&["0.0.0.0/0"]).is_trusted("2001:db8::1".parse().unwrap()));
        assert!(proxies(&["::/0"]).is_trusted("2001:db8::1".parse().unwrap()));
    }
}
