//! The connection to the cloud: its address, and its protection from eavesdroppers and tampering.

use http::Uri;
use process::client::is_loopback;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudLine {
    Tls,
    /// Stays on this machine.
    Loopback,
    /// Plain HTTP to another machine: anything on the path can read and change the traffic.
    Plain,
}

impl CloudLine {
    /// `None` if the URL is not a valid cloud address.
    pub fn to(gateway_url: &str) -> Option<Self> {
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
    use super::CloudLine;

    #[test]
    fn only_tls_and_this_machine_keep_others_off_the_line() {
        for (url, line) in [
            ("https://cloud.example", Some(CloudLine::Tls)),
            ("http://127.0.0.1:8080", Some(CloudLine::Loopback)),
            ("http://[::1]:8080/", Some(CloudLine::Loopback)),
            ("http://LOCALHOST", Some(CloudLine::Loopback)),
            ("http://localhost.example", Some(CloudLine::Plain)),
            ("http://127.0.0.1.example:8080", Some(CloudLine::Plain)),
            ("http://10.0.0.5:8080", Some(CloudLine::Plain)),
            ("http://127.0.0.1@10.0.0.5", Some(CloudLine::Plain)),
            ("http://0.0.0.0:8080", Some(CloudLine::Plain)),
            ("ftp://127.0.0.1", None),
            ("127.0.0.1:8080", None),
            ("http://", None),
        ] {
            assert_eq!(CloudLine::to(url), line, "{url}");
        }
    }
}
