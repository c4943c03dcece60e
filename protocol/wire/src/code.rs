//! Error codes: stable words, each with its HTTP status and a sentence, which stands in
//! `texts/*/codes.ftl` under the code's word.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};
use texts::{Language, Phrase, Sentence};

use crate::say;

macro_rules! codes {
    ($($variant:ident $word:ident $status:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($variant,)+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($word),)+ }
            }
            /// The HTTP status it answers with.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
            pub fn phrase(self) -> Phrase {
                match self { $(Self::$variant => say::$word,)+ }
            }
        }

        impl FromStr for Code {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $(stringify!($word) => Ok(Self::$variant),)+
                    _ => Err("an unknown code".to_owned()),
                }
            }
        }
    };
}

codes! {
    // the caller
    InvalidToken invalid_token 401,
    TokenExpired token_expired 401,
    InvalidCredentials invalid_credentials 401,
    AccountLocked account_locked 429,
    ProvidersOnly providers_only 403,
    RoleForbidden role_forbidden 403,
    NotYours not_yours 403,
    Revoked revoked 403,
    DeviceInUse device_in_use 409,
    CsrfTokenWrong csrf_token_wrong 403,
    ForeignPage foreign_page 403,
    TooManyStreams too_many_streams 429,
    // the request
    InvalidInput invalid_input 422,
    MalformedBody malformed_body 400,
    BodyTooLarge body_too_large 413,
    NotFound not_found 404,
    MethodNotAllowed method_not_allowed 405,
    UserExists user_exists 409,
    EdgeExists edge_exists 409,
    OpNotStopped op_not_stopped 409,
    EnrolmentCodeInvalid enrolment_code_invalid 401,
    // orders
    OrderNotFound order_not_found 404,
    OrderExists order_exists 409,
    OrderAlreadyAccepted order_already_accepted 400,
    OrderNotApproved order_not_approved 400,
    OrderCancelled order_cancelled 400,
    OrderRejected order_rejected 400,
    WrongState wrong_state 400,
    FundsNotHeld funds_not_held 400,
    OrderCancelledMeanwhile order_cancelled_meanwhile 200,
    OrderRejectedMeanwhile order_rejected_meanwhile 200,
    CommandIdReused command_id_reused 409,
    RegionAssigningOffline region_assigning_offline 409,
    RegionTakenBack region_taken_back 400,
    AcceptanceNotArrived acceptance_not_arrived 409,
    EdgeEpochEnded edge_epoch_ended 409,
    // doubts of an edge
    LooksTaken looks_taken 200,
    LooksWrongState looks_wrong_state 200,
    LooksNotYours looks_not_yours 200,
    RegionHeldElsewhere region_held_elsewhere 200,
    // the machine
    StorageFull storage_full 507,
    UnknownOp unknown_op 422,
    GateClosed gate_closed 503,
    ProtocolUnsupported protocol_unsupported 426,
    EdgeUnknown edge_unknown 401,
    SessionSuperseded session_superseded 409,
    EdgeTwin edge_twin 409,
    EdgeNeedsOperator edge_needs_operator 409,
    ChainBroken chain_broken 409,
    RateLimited rate_limited 429,
    TooManyRequests too_many_requests 429,
    Unavailable unavailable 503,
    TimedOut timed_out 504,
    Internal internal 500,
    Unrecognised unrecognised 500,
}

impl Code {
    pub fn sentence(self, language: Language) -> &'static str {
        self.phrase().plain(language)
    }
}

impl Sentence for Code {
    fn to(&self, language: Language) -> String {
        self.sentence(language).to_owned()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

// A newer peer may know more codes; its answer still reads, as `Unrecognised`.
impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Ok(text.parse().unwrap_or(Self::Unrecognised))
    }
}

impl<C> Encode<C> for Code {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Code {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(d.str()?.parse().unwrap_or(Self::Unrecognised))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_speaks_both_languages_and_keeps_its_word() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(code.sentence(Language::English).is_ascii(), "{code}");
            assert!(!code.sentence(Language::Chinese).is_ascii(), "{code}");
            assert!((200..600).contains(&code.status()), "{code}");
        }
    }
}
