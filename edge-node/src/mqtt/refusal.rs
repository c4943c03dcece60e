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
pub(super) enum Refusal {
    Person(Code),
    TooManyConnections,
}

impl Refusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person(code) => code.as_str(),
            Self::TooManyConnections => "too_many_connections",
        }
    }

    /// Few MQTT codes exist: bad credentials; good ones that no longer admit; banned people or
    /// devices.
    pub fn reason(self) -> ReasonCode {
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
    pub fn instead_of(self, connack: &[u8]) -> Option<Bytes> {
        let is_refusal = connack.first() == Some(&CONNACK) && connack.ends_with(BROKERS_WORDS);
        let reason = connack.get(REASON_AT).filter(|_| is_refusal)?;
        let words = self.words();
        let size = u16::try_from(words.len()).ok()?.to_be_bytes();
        let properties = [&[REASON_STRING], &size[..], words.as_bytes()].concat();
        let body = [&[0, *reason], &length(properties.len())[..], &properties].concat();
        Some([&[CONNACK], &length(body.len())[..], &body].concat().into())
    }

    fn words(self) -> String {
        match self {
            Self::Person(code) => format!("{code}: {}", code.sentence(Language::English)),
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
fn length(mut left: usize) -> Vec<u8> {
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
    told: Arc<Mutex<ToldInAnHour>>,
}

#[derive(Default)]
struct ToldInAnHour {
    since: Duration,
    devices: HashSet<Option<DeviceId>>,
}

const HOUR: Duration = Duration::from_hours(1);
/// Devices logged per hour; one last line reports that there are more.
const DEVICES_MAX: usize = 200;

impl RefusalLog {
    pub fn new(clock: Clock) -> Self {
        let told = ToldInAnHour { since: clock.elapsed(), ..ToldInAnHour::default() };
        Self { clock, told: Arc::new(Mutex::new(told)) }
    }

    /// `device` is `None` if the client id is not a device's.
    pub fn note(&self, device: Option<DeviceId>, refusal: Refusal) {
        let why = refusal.as_str();
        let name = device.as_ref().map_or("?", DeviceId::as_str).to_owned();
        match self.line(device) {
            Line::OfDevice => {
                tracing::info!(
                    device.id = name,
                    why,
                    "A connection of device `{name}` was refused"
                );
            }
            Line::OfOthers => {
                tracing::info!("More than {DEVICES_MAX} devices were refused within an hour");
            }
            Line::None => {}
        }
    }

    fn line(&self, device: Option<DeviceId>) -> Line {
        let now = self.clock.elapsed();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(told.since) >= HOUR {
            *told = ToldInAnHour { since: now, ..ToldInAnHour::default() };
        }
        let count = told.devices.len();
        if count > DEVICES_MAX || !told.devices.insert(device) {
            return Line::None;
        }
        if count < DEVICES_MAX { Line::OfDevice } else { Line::OfOthers }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
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
        let refusal = Refusal::Person(Code::SessionEnded);
        let said = refusal.instead_of(&own).unwrap();
        let words = "session_ended: This sign-in has been ended. Sign in again.";
        let size = u8::try_from(words.len()).unwrap();
        assert_eq!(said[..8], [0x20, size + 6, 0, 0x87, size + 3, 0x1f, 0, size]);
        assert_eq!(&said[8..], words.as_bytes());
        for other in [&[0x20, 2, 0, 5][..], &own[1..], &[]] {
            assert_eq!(refusal.instead_of(other), None, "{other:?}");
        }
        assert_eq!(length(200), [0xc8, 1]);
    }

    #[test]
    fn a_device_has_one_line_an_hour_and_strangers_have_only_so_many() {
        let clock = Clock::fixed(UnixMillis(0));
        let log = RefusalLog::new(clock.clone());
        let of = |name: &str| log.line(Some(device(name)));
        assert_eq!([of("t-1"), of("t-1"), of("t-2")], [Line::OfDevice, Line::None, Line::OfDevice]);
        assert_eq!([log.line(None), log.line(None)], [Line::OfDevice, Line::None]);
        let lines: Vec<_> = (0..2 * DEVICES_MAX).map(|n| of(&format!("x-{n}"))).collect();
        let count = |line| lines.iter().filter(|told| **told == line).count();
        assert_eq!((count(Line::OfDevice), count(Line::OfOthers)), (DEVICES_MAX - 3, 1));
        clock.advance(3_600_000);
        assert_eq!(of("t-1"), Line::OfDevice);
    }
}
