//! The connection to the cloud: its address, and its protection from eavesdroppers and tampering.

use http::Uri;
use process::client::is_loopback;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSecurity {
    Tls,
    /// Stays on this machine.
    Loopback,
    /// Plain HTTP to another machine: anything on the path can read and change the traffic.
    Plain,
}

impl LinkSecurity {
    /// `None` if the URL is not a valid cloud address.
    pub fn from_gateway_url(gateway_url: &str) -> Option<Self> {
        let uri: Uri = gateway_url.parse().ok()?;
        match uri.scheme_str()? {
            "https" => Some(Self::Tls),
            "http" if is_loopback(uri.host()?) => Some(Self::Loopback),
            "http" => Some(Self::Plain),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LinkSecurity;

    #[test]
    fn only_tls_and_this_machine_keep_others_off_the_line() {
        for (url, line) in [
            ("https://cloud.example", Some(LinkSecurity::Tls)),
            ("http://127.0.0.1:8080", Some(LinkSecurity::Loopback)),
            ("http://[::1]:8080/", Some(LinkSecurity::Loopback)),
            ("http://LOCALHOST", Some(LinkSecurity::Loopback)),
            ("http://localhost.example", Some(LinkSecurity::Plain)),
            ("http://127.0.0.1.example:8080", Some(LinkSecurity::Plain)),
            ("http://10.0.0.5:8080", Some(LinkSecurity::Plain)),
            ("http://127.0.0.1@10.0.0.5", Some(LinkSecurity::Plain)),
            ("http://0.0.0.0:8080", Some(LinkSecurity::Plain)),
            ("ftp://127.0.0.1", None),
            ("127.0.0.1:8080", None),
            ("http://", None),
        ] {
            assert_eq!(LinkSecurity::from_gateway_url(url), line, "{url}");
        }
    }
}
