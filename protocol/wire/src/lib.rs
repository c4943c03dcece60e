//! The vocabulary that every part of Holdfast shares: ids, money, regions, people, the order and
//! its state machine, commands, verdicts, outcomes, link frames, events, topics and error codes.
//!
//! Invariant: this crate does no IO, reads no clock and draws no random numbers. Other crates hash,
//! sign and store the encoded values, so an encoding only ever gains optional fields; the golden
//! vectors in `golden/` fail on any other change.

// Macros for types with a readable form: an enum of fixed words, or a formatted text. They stand
// before the modules that use them.

/// Defines an enum of words: the same word in JSON, stores and logs, and its number in frames if it
/// has one. The variant after `or` catches words of newer peers; `ALL` omits it.
#[macro_export]
macro_rules! words {
    (
        $(#[$meta:meta])* $name:ident {
            $($(#[$doc:meta])* $variant:ident $(= $number:literal)? $word:literal),+ $(,)?
        }
        $(or $(#[$other_doc:meta])* $other:ident $(= $other_number:literal)? $other_word:literal)?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* $(#[n($number)])? #[serde(rename = $word)] $variant $(= $number)?,)+
            $(
                $(#[$other_doc])* $(#[n($other_number)])? #[serde(rename = $other_word, other)]
                $other $(= $other_number)?,
            )?
        }

        impl $name {
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ $(Self::$other => $other_word,)? }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::word_schema!($name: $($word,)+ $($other_word,)?);
    };
}

/// Describes the type to API clients as one of a list of words.
#[macro_export]
macro_rules! word_schema {
    ($name:ident: $($word:expr,)+) => {
        impl $crate::utoipa::ToSchema for $name {}
        impl $crate::utoipa::PartialSchema for $name {
            fn schema() -> $crate::utoipa::openapi::RefOr<$crate::utoipa::openapi::Schema> {
                $crate::utoipa::openapi::ObjectBuilder::new()
                    .schema_type($crate::utoipa::openapi::Type::String)
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }
    };
}

/// Describes the type to API clients as a string of a given form.
macro_rules! text_schema {
    ($name:ident, $description:literal, $form:ident = $value:expr $(, $example:literal)?) => {
        impl utoipa::ToSchema for $name {}
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .description(Some($description))
                    .$form(Some($value))
                    $(.examples([$example]))?
                    .into()
            }
        }
    };
}

/// Parses a word exactly as written.
#[macro_export]
macro_rules! words_from_text {
    ($($name:ident),+) => {$(
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let known = || Self::ALL.map(Self::as_str).join(", ");
                let found = Self::ALL.into_iter().find(|word| word.as_str() == text);
                found.ok_or_else(|| format!("expected one of {}", known()))
            }
        }
    )+};
}

/// Encodes the type in frames as its display text.
macro_rules! text_in_frames {
    ($name:ident) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.to_string())?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                d.str()?.parse().map_err(minicbor::decode::Error::custom)
            }
        }
    };
}

mod alarm;
mod assignment;
mod cancel_fees;
mod certificates;
mod code;
mod command;
mod device_key;
mod event;
mod evidence;
mod history;
mod hub_calls;
mod hub_signature;
mod ids;
mod incident;
mod job_offer;
mod link;
mod message_frames;
mod money;
mod op;
mod order;
mod order_trace;
mod outcome;
mod pack;
mod person;
mod photo;
mod photo_frames;
mod platform_fees;
mod receipt_secret;
mod service_hours;
mod session_frames;
mod share;
mod start_code;
mod status;
mod time;
pub mod topics;
mod validation;
mod visibility;

texts::include_texts!(say);

/// Re-exported for `words!`.
#[doc(hidden)]
pub use utoipa;

pub use alarm::{Alarm, AlarmEvent, AlarmKind, AlarmScope, AlarmSubject, PartAlarm};
pub use assignment::{
    ApprovalRule, AssignmentEvent, Assignments, FenceEnd, FenceEnding, FenceRecord, OfflineRules,
    Policy, PriceCap, QuarantineWhy, RegionAssignment, is_open, open_digest,
};
pub use cancel_fees::{CancelFeeVersion, CancelFees};
pub use certificates::{
    CERTIFICATE_NAMES_MAX, CERTIFICATE_REQUEST_BYTES_MAX, CertificateAnswer, CertificateReply,
    CertificateRequest, ShopCa,
};
pub use code::Code;
pub use command::{CmdFrame, Command, CommandBody, Receipt, UnreadableFrame, Verdict};
pub use device_key::{DeviceKey, DeviceKeyError};
pub use event::{
    CancelCharge, Event, EventType, Exchange, MoneyCaseKind, OrderAndTerms, OrderEvent,
    PaymentEvent, PayoutEvent, ProfileEvent, ProviderStanding, RatingEvent, ReadmissionEvent,
    ReviewEvent, UserEvent,
};
pub use evidence::{
    ChecklistAnswer, StrokePoint, WorkEvidence, check_evidence, check_photos, checklist_for,
};
pub use history::{
    AddressShown, CaseItem, CaseState, CommandAnswer, EdgePromise, FirmAnswer, Hops, LossReason,
    LostAcceptance, TimelineEntry, Winner, WithdrawnJob, WithdrawnJobs,
};
pub use hub_calls::{
    BatchBody, BatchOp, CommandEvidence, CurrentEpoch, DistrustedCommands, FirstAnswer,
    ForwardedAccept, LeaseRenewalRequest, LeaseRevocation, ListedCaseCount, OpAnswer, OpDecision,
    OpsBatch, OpsDecisions, OrderFingerprint, OrderRangeDigest, OrderRangeQuery, OrdersByIdQuery,
    OrdersByIdReply, RevokedLeases, WaitingAccept, WaitingAcceptDecisions, WaitingAccepts,
    range_digest,
};
pub use hub_signature::{
    CODE_PART_BYTES, CodeError, FrameProof, HUB_TIME_HEADER, HubFingerprint, HubHandshake, HubTime,
    SealPayload, SealedFrame, enrolment_bytes, enrolment_code, former_keys_bytes, hub_time_bytes,
    parse_hub_fingerprint,
};
pub use ids::{
    BootNonce, Challenge, CommandId, DeviceId, EdgeId, EventId, FileId, Hash, HubKey, HubNonce,
    IdentityId, LinkSessionId, NameError, OpPlace, OrderId, PasskeyId, ProposalId, Region,
    RegisteredDeviceId, ReviewId, SessionId, UserId,
};
pub use incident::{
    INCIDENTS_MAX, IncidentAnswer, IncidentKind, IncidentReport, check_extra_price, check_incident,
};
pub use job_offer::{OFFER_MS_MAX, OFFER_MS_MIN, OFFER_PROVIDERS_MAX, OfferAct, check_job_offer};
pub use link::{
    Frame, FrameError, Hello, LinkLimits, PROTOCOL_MAX, PROTOCOL_MIN, Probe, ProbeReply,
    Quarantine, SessionRefusal, TailPart, Welcome,
};
pub use message_frames::{
    MESSAGE_MARKS_MAX, MESSAGE_PHOTO_PART_BYTES_MAX, MESSAGES_IN_ANSWER_MAX, MessageMark,
    MessagePhotoPart, MessagePhotoPlace, MessagesAnswer, MessagesAnswerFrame, MessagesQuery,
    MessagesQueryFrame, OrderMessage,
};
pub use money::{Amount, AmountError, Currency};
pub use op::{
    ChainHead, CommandOp, EarlierReceipt, LoggedBefore, Op, OpCommand, OpError, OpKind, OpOutcome,
    OpRecord, OpState, WaitingAcceptEntry,
};
pub use order::{
    Action, Draft, ERASED_TITLE, JobOffer, Order, OrderCode, OrderStatus, PaymentStatus,
    ServiceType, Source,
};
pub use order_trace::{
    ChannelDelivery, EventPerson, EventReceipt, FeedArrival, InboxArrival, OrderEventTrace,
    OrderFeedTrace, ReceiptState, TracedChange, TracedEvent,
};
pub use outcome::{FirstResult, Hop, Lost, NearbyJob, Outcome, OutcomeKind, RaceRule, Reply};
pub use pack::{CODEC_PACKED, CODEC_PLAIN, PackError, pack_ops, unpack_ops};
pub use person::{
    Actor, CodeOffer, CommandToken, CommandTokenForm, EdgeGrant, GuessReport, MatchReason,
    OpenMattersCount, OpenMattersQuery, Permission, ProviderVerification, RevocationStatus, Role,
    SentCode,
};
pub use photo::{JOB_PHOTOS_MAX, PHOTO_BYTES_MAX, PHOTOS_MAX, PhotoRef};
pub use photo_frames::{
    PHOTO_CHUNK_BYTES_MAX, PhotoAnswer, PhotoAnswerFrame, PhotoChunkDelivery, PhotoChunkFrame,
};
pub use platform_fees::{PlatformFeeVersion, PlatformFees};
pub use receipt_secret::ReceiptSecret;
pub use service_hours::{
    BOOKED_PROVIDERS_MAX, BookedProviders, BookedProvidersQuery, PlannedTime, ServiceHours,
    check_planned_time,
};
pub use session_frames::{
    Ack, ChangesFrame, Credit, FeedChange, ForwardedAcceptFrame, HeldNotice, HeldReason,
    NumberedOutcome, OpsFrame, OutcomesFrame, PackedOps, ResendRequest, SnapshotChunk,
    SnapshotCursor, SnapshotPart, StagedSnapshot, snapshot_hash, snapshot_start,
};
pub use share::{LimitReached, ProviderWorkload, ShareAct, ShareKind, ShareLimits};
pub use start_code::{StartCode, StartCodeCheck};
pub use status::{
    CLOCK_ERROR_MS_MAX, ChecksumState, DiskLevel, DiskUse, EdgeListItem, EdgeStatus, GateState,
    HealthIssue, HealthIssueKind, LeftBehind, LinkState, PartStatus, QuarantineStatus,
    RegionStatus, RepairStatus, StatusReport,
};
pub use texts::{Language, Sentence, Text};
pub use time::UnixMillis;
pub use topics::TabletCredentials;
pub use validation::{
    FieldError, TextRule, check_comment, check_draft, check_message, check_optional_note,
    check_optional_reason, check_proposal_note, check_reason, check_text, check_times,
};
pub use visibility::{
    AcceptanceCertainty, HIDDEN_CUSTOMER, find_other_party, hide_customer_and_address, is_party,
    order_visible_given_certainty, order_visible_to, order_visible_to_every_provider,
};
