//! The vocabulary that every part of Holdfast shares: ids, money, regions, people, the order and
//! its state machine, commands, verdicts, outcomes, link frames, events, topics and error codes.
//!
//! Invariant: this crate does no IO, reads no clock and draws no random numbers. Other crates hash,
//! sign and store the encoded values, so an encoding only ever gains optional fields; the golden
//! vectors in `golden/` fail on any other change.

#[macro_use]
mod words;

mod actor;
mod assignment;
mod batch;
mod code;
mod command;
mod compare;
mod conflict;
mod connect;
mod draft;
mod edge_token;
mod enrolment;
mod event;
mod guess;
mod hash;
mod hub_time;
mod ids;
mod link;
mod loss;
mod money;
mod op;
mod oplog;
mod order;
mod outcome;
mod pack;
mod permission;
mod person;
mod reader;
mod region;
mod share;
mod snapshot;
mod status;
mod text;
mod time;
mod timeline;
pub mod topics;
mod verdict;

texts::include_texts!(say);

/// Re-exported for `words!`.
#[doc(hidden)]
pub use utoipa;

pub use actor::{Actor, Role};
pub use assignment::{
    AcceptForHolder, ApprovalRule, AssignmentEvent, Assignments, CurrentEpoch, DistrustedCommands,
    FenceEnd, FenceEnding, FenceRecord, LeaseRevocation, ListedCaseCount, OfflineRules, PriceCap,
    RegionAssignment, RevokedLeases, WaitingAccept, WaitingAcceptDecisions, WaitingAccepts,
    is_open, open_digest,
};
pub use batch::{
    BatchBody, BatchOp, CommandEvidence, FirstAnswer, OpAnswer, OpDecision, OpsBatch, OpsDecisions,
};
pub use code::Code;
pub use command::{CmdFrame, Command, CommandBody, Draft, UnreadableFrame};
pub use compare::{
    LeaseRenewalRequest, OrderFingerprint, OrderRangeDigest, OrderRangeQuery, OrdersByIdQuery,
    OrdersByIdReply, range_digest,
};
pub use conflict::{
    CaseItem, CaseState, CommandAnswer, LostAcceptance, Winner, WithdrawnJob, WithdrawnJobs,
};
pub use connect::TabletCredentials;
pub use draft::check_draft;
pub use edge_token::{CommandToken, CommandTokenForm, EdgeGrant};
pub use enrolment::{
    CODE_PART_BYTES, CodeError, HubFingerprint, enrolment_bytes, enrolment_code, former_keys_bytes,
    parse_hub_fingerprint,
};
pub use event::{
    CancelCharge, Event, EventType, Exchange, OrderAndTerms, OrderEvent, PaymentEvent, PayoutEvent,
    ProfileEvent, ProviderStanding, RatingEvent, ReadmissionEvent, ReviewEvent, UserEvent,
};
pub use guess::GuessReport;
pub use hash::{BootNonce, Challenge, Hash, HubKey, HubNonce};
pub use hub_time::{HUB_TIME_HEADER, HubTime, hub_time_bytes};
pub use ids::{
    CommandId, DeviceId, EdgeId, EventId, FileId, IdentityId, NameError, OrderId, ReviewId,
    SessionId, UserId,
};
pub use link::downward::{
    AskFrame, ChangesFrame, FeedChange, HeldNotice, HeldReason, NumberedOutcome, OutcomesFrame,
    SnapshotChunk,
};
pub use link::greeting::{CODEC_PACKED, CODEC_PLAIN, Hello, LinkLimits, SessionRefusal, Welcome};
pub use link::quarantine::{Probe, ProbeReply, Quarantine, QuarantineWhy, TailPart};
pub use link::sealed::{FrameProof, HubHandshake, SealPayload, SealedFrame};
pub use link::upward::{Ack, Credit, OpsFrame, PackedOps, ResendRequest};
pub use link::{Frame, FrameError, LinkSessionId, PROTOCOL_MAX, PROTOCOL_MIN};
pub use loss::{LossReason, RaceRule};
pub use money::{Amount, AmountError, Currency};
pub use op::{ChainHead, CommandOp, EarlierReceipt, Op, OpError};
pub use oplog::{
    LoggedBefore, OpCommand, OpKind, OpOutcome, OpPlace, OpRecord, OpState, WaitingAsk,
};
pub use order::{Action, Order, OrderCode, OrderStatus, PaymentStatus, ServiceType, Source};
pub use outcome::{FirstResult, Lost, NearbyJob, Outcome, OutcomeKind};
pub use pack::{PackError, pack_ops, unpack_ops};
pub use permission::Permission;
pub use person::{ProviderVerification, RevocationStatus};
pub use reader::{
    AcceptanceCertainty, HIDDEN_CUSTOMER, readable_by, readable_by_every_provider, readable_while,
    without_customer,
};
pub use region::{Policy, Region};
pub use share::{LimitReached, ProviderWorkload, ShareAct, ShareKind, ShareLimits};
pub use snapshot::{SnapshotCursor, SnapshotPart, StagedSnapshot, snapshot_hash, snapshot_start};
pub use status::{
    CLOCK_ERROR_MS_MAX, ChecksumState, EdgeListItem, EdgeStatus, GateState, HealthIssue,
    HealthIssueKind, LeftBehind, LinkState, QuarantineStatus, RegionStatus, RepairStatus,
    StatusReport,
};
pub use text::{
    FieldError, TextRule, check_comment, check_optional_note, check_optional_reason, check_reason,
    check_text,
};
pub use texts::{Language, Sentence, Text};
pub use time::UnixMillis;
pub use timeline::{AddressShown, EdgePromise, Hops, TimelineEntry};
pub use verdict::{Hop, Receipt, Reply, Verdict};
