//! Error codes: stable words, each with an HTTP status and a sentence under the same key in
//! `texts/*/codes.ftl`.

use std::{convert::Infallible, fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};
use texts::{Language, Phrase, Sentence};

use crate::say;

macro_rules! codes {
    ($($variant:ident $word:ident $status:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(SerializeDisplay, DeserializeFromStr)]
        pub enum Code { $($variant,)+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($word),)+ }
            }
            /// The HTTP status of an answer with this code.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
            pub fn phrase(self) -> Phrase {
                match self { $(Self::$variant => say::$word,)+ }
            }
        }

        word_schema!(Code: $(stringify!($word),)+);
    };
}

codes! {
    // the caller
    InvalidToken invalid_token 401,
    TokenExpired token_expired 401,
    SessionEnded session_ended 401,
    ProofRequired proof_required 401,
    InvalidCredentials invalid_credentials 401,
    AccountLocked account_locked 429,
    VisitOver visit_over 409,
    IdentityRefused identity_refused 403,
    IdentityTaken identity_taken 409,
    LastWayIn last_way_in 409,
    SignInAgain sign_in_again 403,
    SecondFactorRequired second_factor_required 401,
    SecondFactorSetupRequired second_factor_setup_required 401,
    SecondFactorExists second_factor_exists 409,
    LastSecondFactor last_second_factor 409,
    TooManyPasskeys too_many_passkeys 409,
    PasskeyWrong passkey_wrong 401,
    CodeWrong code_wrong 401,
    CodeOver code_over 409,
    CodesOff codes_off 404,
    PushOff push_off 404,
    PhoneUnknown phone_unknown 403,
    PasswordOnly password_only 403,
    ProvidersOnly providers_only 403,
    RoleForbidden role_forbidden 403,
    PermissionMissing permission_missing 403,
    NotYours not_yours 403,
    Revoked revoked 403,
    NotVerified not_verified 403,
    DeviceClosed device_closed 403,
    DeviceInUse device_in_use 409,
    CsrfTokenWrong csrf_token_wrong 403,
    ForeignPage foreign_page 403,
    TooManyStreams too_many_streams 429,
    // the request
    InvalidInput invalid_input 422,
    MalformedBody malformed_body 400,
    BodyTooLarge body_too_large 413,
    BodyTooSlow body_too_slow 408,
    FileKindRefused file_kind_refused 415,
    FileNotPlain file_not_plain 422,
    PictureUnreadable picture_unreadable 422,
    PictureTooLarge picture_too_large 422,
    TooManyFiles too_many_files 429,
    LinkInvalid link_invalid 403,
    NotFound not_found 404,
    MethodNotAllowed method_not_allowed 405,
    UserExists user_exists 409,
    RoleExists role_exists 409,
    RoleBuiltIn role_built_in 409,
    RoleInUse role_in_use 409,
    RoleFixed role_fixed 409,
    TooManyRoles too_many_roles 409,
    StaleVersion stale_version 409,
    EdgeExists edge_exists 409,
    KeyTooNew key_too_new 409,
    OpNotStopped op_not_stopped 409,
    EnrolmentCodeInvalid enrolment_code_invalid 401,
    EnrolmentCodeUsed enrolment_code_used 409,
    // orders
    OrderNotFound order_not_found 404,
    OrderExists order_exists 409,
    OrderAlreadyAccepted order_already_accepted 400,
    OrderNotApproved order_not_approved 400,
    OrderCancelled order_cancelled 400,
    OrderRejected order_rejected 400,
    WrongState wrong_state 400,
    FundsNotHeld funds_not_held 400,
    StartCodeRequired start_code_required 400,
    StartCodeWrong start_code_wrong 400,
    StartCodeLocked start_code_locked 429,
    OrderNotPayable order_not_payable 409,
    AmountMismatch amount_mismatch 422,
    AlreadyPaid already_paid 409,
    NotRefundable not_refundable 409,
    RefundDecided refund_decided 409,
    NothingFailed nothing_failed 409,
    NoWorkInVain no_work_in_vain 409,
    TermsChanged terms_changed 409,
    FeeSettled fee_settled 409,
    TooManyFees too_many_fees 409,
    SignatureWrong signature_wrong 401,
    TooManyIncidents too_many_incidents 409,
    IncidentNotFound incident_not_found 404,
    IncidentAnswered incident_answered 409,
    OwnProposal own_proposal 403,
    TimeProposalOver time_proposal_over 409,
    TooManyProposals too_many_proposals 429,
    ContactNotOpen contact_not_open 409,
    NoPhoneNumber no_phone_number 409,
    TooManyNumberReads too_many_number_reads 429,
    MessagesNotOpen messages_not_open 409,
    MessagesClosed messages_closed 409,
    MessagesBlocked messages_blocked 409,
    TooManyMessages too_many_messages 429,
    AuthorDeleted author_deleted 410,
    // reviews
    OrderNotCompleted order_not_completed 409,
    OrderUnpaid order_unpaid 409,
    AlreadyReviewed already_reviewed 409,
    ReviewFixed review_fixed 409,
    OwnReview own_review 403,
    DoubleBooked double_booked 409,
    OfferedToOthers offered_to_others 409,
    TooManyOpenJobs too_many_open_jobs 429,
    TooManyAcceptances too_many_acceptances 429,
    TooManyWithdrawals too_many_withdrawals 429,
    TooManyOpenOrders too_many_open_orders 429,
    OrderCancelledMeanwhile order_cancelled_meanwhile 200,
    OrderRejectedMeanwhile order_rejected_meanwhile 200,
    CommandIdReused command_id_reused 409,
    RegionAssigningOffline region_assigning_offline 409,
    RegionTakenBack region_taken_back 400,
    HolderRestored holder_restored 400,
    HolderCloned holder_cloned 400,
    HolderDisabled holder_disabled 400,
    RightRenewed right_renewed 400,
    RightEnded right_ended 400,
    AcceptanceNotArrived acceptance_not_arrived 409,
    EdgeEpochEnded edge_epoch_ended 409,
    // doubts of an edge
    LooksTaken looks_taken 200,
    LooksWrongState looks_wrong_state 200,
    LooksNotYours looks_not_yours 200,
    RegionHeldElsewhere region_held_elsewhere 200,
    LooksUnpaid looks_unpaid 200,
    LooksDoubleBooked looks_double_booked 200,
    LooksOffered looks_offered 200,
    // the machine
    StorageFull storage_full 507,
    PhotoRoomFull photo_room_full 507,
    PhotoNotNamed photo_not_named 404,
    PhotoDamaged photo_damaged 422,
    UnknownOp unknown_op 422,
    GateClosed gate_closed 503,
    ProtocolUnsupported protocol_unsupported 426,
    EdgeUnknown edge_unknown 401,
    EdgeClockWrong edge_clock_wrong 401,
    SessionSuperseded session_superseded 409,
    EdgeTwin edge_twin 409,
    EdgeDisabled edge_disabled 403,
    EdgeNotTrusted edge_not_trusted 400,
    EdgeNeedsOperator edge_needs_operator 409,
    CertificateNameRefused certificate_name_refused 422,
    CertificateRequestInvalid certificate_request_invalid 422,
    ChainBroken chain_broken 409,
    RateLimited rate_limited 429,
    RegistrationQuota registration_quota 429,
    TooManyRequests too_many_requests 429,
    NewcomersWait newcomers_wait 429,
    Unavailable unavailable 503,
    TimedOut timed_out 504,
    IssuerAway issuer_away 503,
    CodeNotSent code_not_sent 503,
    Internal internal 500,
    Unrecognised unrecognised 500,
}

impl Code {
    pub fn sentence_in(self, language: Language) -> &'static str {
        self.phrase().text_in(language)
    }
}

impl Sentence for Code {
    fn render_in(&self, language: Language) -> String {
        self.sentence_in(language).to_owned()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Codes of newer peers parse as `Unrecognised`, so that the rest of the answer stays readable.
impl FromStr for Code {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let known = Self::ALL.iter().find(|code| code.as_str() == text);
        Ok(known.copied().unwrap_or(Self::Unrecognised))
    }
}

text_in_frames!(Code);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_speaks_both_languages_and_keeps_its_word() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(code.sentence_in(Language::English).is_ascii(), "{code}");
            assert!(!code.sentence_in(Language::Chinese).is_ascii(), "{code}");
            assert!((200..600).contains(&code.status()), "{code}");
        }
    }
}
