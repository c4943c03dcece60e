//! Explains a refused connection, to its tablet and in the log.
//!
//! Invariant: strangers cause a bounded number of log lines per hour, however many device names
//! they use.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use process::clock::Clock;
use wire::{Code, DeviceId, Language};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectRefusal {
    Person(Code),
    TooManyConnections,
}

impl ConnectRefusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person(code) => code.as_str(),
            Self::TooManyConnections => "too_many_connections",
        }
    }

    /// Few MQTT codes exist: bad credentials; good ones that no longer admit; banned people or
    /// devices.
    pub fn reason_code(self) -> ReasonCode {
        match self {
            Self::Person(Code::Revoked | Code::DeviceClosed) => ReasonCode::Banned,
            Self::Person(Code::TokenExpired | Code::SessionEnded) => ReasonCode::NotAuthorized,
            Self::Person(Code::DeviceInUse) => ReasonCode::ClientIdentifierNotValid,
            Self::Person(_) => ReasonCode::BadUsernameOrPassword,
            Self::TooManyConnections => ReasonCode::QuotaExceeded,
        }
    }

    /// The broker's CONNACK with this refusal as its reason string. `None` if it has no reason
    /// string: version 3.1.1 lacks it, and a version 5 client may disable it.
    pub fn replace_connack(self, connack: &[u8]) -> Option<Bytes> {
        let is_refusal = connack.first() == Some(&CONNACK) && connack.ends_with(BROKERS_WORDS);
        let reason = connack.get(REASON_AT).filter(|_| is_refusal)?;
        let words = self.reason_text();
        let size = u16::try_from(words.len()).ok()?.to_be_bytes();
        let properties = [&[REASON_STRING], &size[..], words.as_bytes()].concat();
        let body = [
            &[0, *reason],
            &encode_varint(properties.len())[..],
            &properties,
        ]
        .concat();
        Some(
            [&[CONNACK], &encode_varint(body.len())[..], &body]
                .concat()
                .into(),
        )
    }

    fn reason_text(self) -> String {
        match self {
            Self::Person(code) => format!("{code}: {}", code.sentence_in(Language::English)),
            Self::TooManyConnections => self.as_str().to_owned(),
        }
    }
}

const CONNACK: u8 = 0x20;
/// After the packet type, a one-byte length, and the flags.
const REASON_AT: usize = 3;
const REASON_STRING: u8 = 0x1f;
const BROKERS_WORDS: &[u8] = b"Authentication failed";

/// Encodes an MQTT variable-length integer: seven bits per byte, lowest first.
fn encode_varint(mut left: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or_default();
        left >>= 7;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            return bytes;
        }
    }
}

/// Logs one line per device and hour.
#[derive(Clone)]
pub(super) struct RefusalLog {
    clock: Clock,
    told: Arc<Mutex<HourlyRefusals>>,
}

#[derive(Default)]
struct HourlyRefusals {
    since: Duration,
    devices: HashSet<Option<DeviceId>>,
}

const HOUR: Duration = Duration::from_hours(1);
/// Devices logged per hour; one last line reports that there are more.
const DEVICES_MAX: usize = 200;

impl RefusalLog {
    pub fn new(clock: Clock) -> Self {
        let told = HourlyRefusals {
            since: clock.elapsed(),
            ..HourlyRefusals::default()
        };
        Self {
            clock,
            told: Arc::new(Mutex::new(told)),
        }
    }

    /// `device` is `None` if the client id is not a device's.
    pub fn log_refusal(&self, device: Option<DeviceId>, refusal: ConnectRefusal) {
        let why = refusal.as_str();
        let name = device.as_ref().map_or("?", DeviceId::as_str).to_owned();
        match self.choose_line(device) {
            RefusalLine::OfDevice => {
                tracing::info!(
                    device.id = name,
                    why,
                    "Refused a connection of device `{name}`"
                );
            }
            RefusalLine::OfOthers => {
                tracing::info!("Refused more than {DEVICES_MAX} devices within an hour");
            }
            RefusalLine::None => {}
        }
    }

    fn choose_line(&self, device: Option<DeviceId>) -> RefusalLine {
        let now = self.clock.elapsed();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(told.since) >= HOUR {
            *told = HourlyRefusals {
                since: now,
                ..HourlyRefusals::default()
            };
        }
        let count = told.devices.len();
        if count > DEVICES_MAX || !told.devices.insert(device) {
            return RefusalLine::None;
        }
        if count < DEVICES_MAX {
            RefusalLine::OfDevice
        } else {
            RefusalLine::OfOthers
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum RefusalLine {
    OfDevice,
    OfOthers,
    None,
}

#[cfg(test)]
mod tests {
    use wire::UnixMillis;

    use super::*;
    use crate::tests::device;

    #[test]
    fn the_brokers_words_give_way_to_the_reason() {
        let own = [&[0x20, 27, 0, 0x87, 24, 0x1f, 0, 21][..], BROKERS_WORDS].concat();
        let refusal = ConnectRefusal::Person(Code::SessionEnded);
        let said = refusal.replace_connack(&own).unwrap();
        let words = "session_ended: This sign-in has been ended. Sign in again.";
        let size = u8::try_from(words.len()).unwrap();
        assert_eq!(
            said[..8],
            [0x20, size + 6, 0, 0x87, size + 3, 0x1f, 0, size]
        );
        assert_eq!(&said[8..], words.as_bytes());
        for other in [&[0x20, 2, 0, 5][..], &own[1..], &[]] {
            assert_eq!(refusal.replace_connack(other), None, "{other:?}");
        }
        assert_eq!(encode_varint(200), [0xc8, 1]);
    }

    #[test]
    fn a_device_has_one_line_an_hour_and_strangers_have_only_so_many() {
        let clock = Clock::fixed_at(UnixMillis(0));
        let log = RefusalLog::new(clock.clone());
        let of = |name: &str| log.choose_line(Some(device(name)));
        assert_eq!(
            [of("t-1"), of("t-1"), of("t-2")],
            [
                RefusalLine::OfDevice,
                RefusalLine::None,
                RefusalLine::OfDevice
            ]
        );
        assert_eq!(
            [log.choose_line(None), log.choose_line(None)],
            [RefusalLine::OfDevice, RefusalLine::None]
        );
        let lines: Vec<_> = (0..2 * DEVICES_MAX)
            .map(|n| of(&format!("x-{n}")))
            .collect();
        let count = |line| lines.iter().filter(|told| **told == line).count();
        assert_eq!(
            (count(RefusalLine::OfDevice), count(RefusalLine::OfOthers)),
            (DEVICES_MAX - 3, 1)
        );
        clock.advance(3_600_000);
        assert_eq!(of("t-1"), RefusalLine::OfDevice);
    }
}
