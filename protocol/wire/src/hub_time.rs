//! The hub's signed time, which accompanies its refusal of an edge with a wrong clock.
//!
//! The signature binds the edge, the refused token and the time. An edge puts random bytes into
//! every token, so an earlier answer proves nothing later.

use std::{fmt, str::FromStr};

use minicbor::Encoder;

use crate::{EdgeId, Hash, HubKey, UnixMillis};

/// The header of the refusal that carries it.
pub const HUB_TIME_HEADER: &str = "x-holdfast-hub-time";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubTime {
    pub at: UnixMillis,
    pub key: HubKey,
    pub signature: [u8; 64],
}

/// The bytes that the hub signs.
pub fn hub_time_bytes(edge: &EdgeId, token: &str, at: UnixMillis) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = Encoder::new(&mut bytes)
        .array(4)
        .and_then(|e| e.str("holdfast hub time 1"))
        .and_then(|e| e.encode(edge))
        .and_then(|e| e.encode(Hash::digest_bytes(token.as_bytes())))
        .and_then(|e| e.encode(at))
        .is_ok();
    debug_assert!(written, "writing to memory cannot fail");
    bytes
}

impl fmt::Display for HubTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            self.at.0,
            self.key,
            hex::encode(self.signature)
        )
    }
}

impl FromStr for HubTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "expected a time, a key and a signature";
        let mut parts = text.splitn(3, '.');
        let at = parts.next().ok_or(FORM)?;
        let at = at.parse().map_err(|_| FORM)?;
        let key = parts.next().ok_or(FORM)?.parse()?;
        let signature_hex = parts.next().ok_or(FORM)?;
        let mut signature = [0; 64];
        hex::decode_to_slice(signature_hex, &mut signature).map_err(|_| FORM)?;
        Ok(Self {
            at: UnixMillis(at),
            key,
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_time_reads_back_from_its_header() {
        let at = UnixMillis(1_764_000_000_123);
        let time = HubTime {
            at,
            key: HubKey([7; 32]),
            signature: [9; 64],
        };
        assert_eq!(time.to_string().parse(), Ok(time));
        for torn in ["", "1764000000123", "x.07.09", &time.to_string()[..200]] {
            assert!(torn.parse::<HubTime>().is_err(), "{torn}");
        }
    }
}
