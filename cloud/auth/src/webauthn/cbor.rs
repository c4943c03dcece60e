//! Reads the maps of CBOR that authenticators write.

use minicbor::Decoder;

use super::PasskeyFault;

/// Authenticators write maps with a stated size (CTAP2 canonical form).
pub(super) fn read_map_size(decoder: &mut Decoder<'_>) -> Result<u64, PasskeyFault> {
    decoder.map()?.ok_or(PasskeyFault::Malformed)
}

/// Refuses a key that a map has twice.
pub(super) fn set_once<T>(place: &mut Option<T>, value: T) -> Result<(), PasskeyFault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(PasskeyFault::Malformed),
    }
}

impl From<minicbor::decode::Error> for PasskeyFault {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::Malformed
    }
}
