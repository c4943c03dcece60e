//! The address of a client, seen through the proxies that the operator trusts.
//!
//! Invariant: `X-Forwarded-For` counts only as far as each hop that wrote it is trusted, from the nearest on.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Debug, thiserror::Error)]
#[error("gateway.trusted_proxies: `{0}` is not an address or a network such as 10.0.0.0/8")]
pub struct ProxyError(String);

/// The addresses that share the first bits of one. An IPv4 address is in its IPv6 form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    bits: u128,
    /// The bits that count.
    mask: u128,
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedProxies {
    pub fn new(listed: &[String]) -> Result<Self, ProxyError> {
        let network = |text: &String| Network::parse(text).ok_or_else(|| ProxyError(text.clone()));
        listed.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// The nearest hop that is not trusted. A list that cannot be read ends where it turns unreadable.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers.get_all(FORWARDED_FOR).into_iter();
        let hops: Vec<_> = lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(|hop| str::from_utf8(hop).ok().and_then(address))
            .collect();
        let mut nearest = peer;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop.filter(|_| self.trusts(nearest)) else { break };
            nearest = hop;
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|network| bits & network.mask == network.bits)
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
        // A shift by all bits leaves none.
        let mask = u128::MAX.checked_shl(free).unwrap_or_default();
        Some(Self { bits: bits(address) & mask, mask })
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// Some proxies write the port as well.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|hop| hop.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn proxies(listed: &[&str]) -> TrustedProxies {
        let listed: Vec<_> = listed.iter().map(|&text| text.to_owned()).collect();
        TrustedProxies::new(&listed).unwrap()
    }

    #[test]
    fn the_nearest_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"];
        for (peer, lines, client) in [
            // A stranger's own words.
            ("198.51.100.1", vec!["203.0.113.9"], "198.51.100.1"),
            ("10.1.2.3", vec![], "10.1.2.3"),
            ("10.1.2.3", vec!["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.1.2.3", vec!["203.0.113.9"], "203.0.113.9"),
            // The client wrote the first ones.
            ("10.1.2.3", vec!["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", vec!["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", vec!["1.1.1.1, 203.0.113.9, 192.0.2.7"], "203.0.113.9"),
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
            let found = proxies(&trusted).client(peer.parse().unwrap(), &headers);
            assert_eq!(found.to_string(), client, "{peer} {lines:?}");
            let nobody = proxies(&[]).client(peer.parse().unwrap(), &headers);
            assert_eq!(nobody.to_string(), peer, "nobody is trusted by default");
        }
    }

    #[test]
    fn a_network_is_an_address_and_a_length() {
        for wrong in ["", "10", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "proxy.example"]
        {
            assert!(TrustedProxies::new(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
        assert_eq!(proxies(&["10.9.9.9/8"]), proxies(&["10.0.0.0/8"]));
        assert!(proxies(&["0.0.0.0/0"]).trusts("203.0.113.9".parse().unwrap()));
        assert!(!proxies(&["0.0.0.0/0"]).trusts("2001:db8::1".parse().unwrap()));
        assert!(proxies(&["::/0"]).trusts("2001:db8::1".parse().unwrap()));
    }
}
