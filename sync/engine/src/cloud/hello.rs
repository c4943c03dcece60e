//! Checks a Hello, and returns the lost ops of an edge that it quarantines. Each refusal names its
//! reason for the operator.

use wire::{
    BootNonce, CODEC_PACKED, CODEC_PLAIN, Code, EdgeId, Frame, Hello, PROTOCOL_MAX, PROTOCOL_MIN,
    Quarantine, QuarantineWhy, SessionRefusal, TailPart,
};

use super::{
    LogPosition, LogTail, QuarantineGrant, QuarantineRequest, StoredEdge, SyncSessionOutput,
};

/// Most new epochs per day without an operator: a machine that is restored again and again needs a
/// review.
const EPOCHS_A_DAY: u32 = 3;

/// Checks the Hello alone, before the edge's record is read.
pub(super) fn check_greeting(edge: &EdgeId, hello: &Hello) -> Result<(), SessionRefusal> {
    if hello.protocol_min > PROTOCOL_MAX || hello.protocol_max < PROTOCOL_MIN {
        let min = hello.protocol_min;
        let max = hello.protocol_max;
        let detail = format!(
            "the edge supports versions {min} to {max}, the hub {PROTOCOL_MIN} to {PROTOCOL_MAX}"
        );
        return refuse_hello(Code::ProtocolUnsupported, detail);
    }
    if hello.codec != CODEC_PLAIN {
        return refuse_hello(
            Code::ProtocolUnsupported,
            format!("codec {} is unknown", hello.codec),
        );
    }
    if hello.edge != *edge {
        return refuse_hello(
            Code::EdgeUnknown,
            format!("the token does not belong to edge {}", hello.edge),
        );
    }
    Ok(())
}

pub(super) enum HelloCheck {
    Fits,
    /// Another run of the edge may have a living session.
    Probe,
}

pub(super) enum HelloRejection {
    Quarantine(Box<QuarantineRequest>),
    Refused(SessionRefusal),
}

impl From<SessionRefusal> for HelloRejection {
    fn from(refused: SessionRefusal) -> Self {
        Self::Refused(refused)
    }
}

/// Checks a Hello against the edge's record.
pub(super) fn check_against_record(
    hello: &Hello,
    stored: &StoredEdge,
) -> Result<HelloCheck, HelloRejection> {
    check_admission(hello, stored)?;
    if stored.running.is_some_and(|nonce| nonce != hello.nonce) {
        return Ok(HelloCheck::Probe);
    }
    if differs_from_received(hello, stored) {
        return Err(request_quarantine(hello, stored));
    }
    check_not_ahead(hello, stored)?;
    Ok(HelloCheck::Fits)
}

fn check_admission(hello: &Hello, stored: &StoredEdge) -> Result<(), SessionRefusal> {
    if hello.region != stored.region {
        let detail = format!(
            "the edge is enrolled in {}, not in {}",
            stored.region, hello.region
        );
        return refuse_hello(Code::EdgeUnknown, detail);
    }
    if stored.disabled {
        return refuse_hello(Code::EdgeDisabled, "disabled by an operator".to_owned());
    }
    if !stored.gate_open {
        return refuse_hello(Code::GateClosed, "closed by an operator".to_owned());
    }
    if hello.twin == Some(true) {
        return refuse_hello(
            Code::EdgeTwin,
            "the edge was already told that it is a second instance".to_owned(),
        );
    }
    Ok(())
}

/// True if the edge's log differs from the received one. The first ops reveal a different log that
/// extends past the cursor.
fn differs_from_received(hello: &Hello, stored: &StoredEdge) -> bool {
    let cursor = stored.cursor;
    let behind = hello.last_seq < cursor.seq;
    let other = hello.last_seq == cursor.seq && hello.last_hash != cursor.hash;
    hello.suspect
        || hello.epoch < stored.epoch
        || stored
            .ending
            .is_some_and(|ending| hello.epoch <= ending.epoch)
        || (hello.epoch == stored.epoch && (behind || other))
}

/// A run that missed the frame gets the same epoch again. Once an op of that epoch has arrived,
/// some run owns it and no other run may get it [ONE_EPOCH_OWNER].
fn request_quarantine(hello: &Hello, stored: &StoredEdge) -> HelloRejection {
    let granted_to_it = stored.grant.is_some_and(|grant| grant.to == hello.nonce);
    let again = granted_to_it && hello.epoch < stored.epoch && stored.cursor.seq == 0;
    if !again && stored.epochs_today >= EPOCHS_A_DAY {
        let detail = format!("{} new epochs since yesterday", stored.epochs_today);
        return HelloRejection::Refused(SessionRefusal {
            code: Code::EdgeNeedsOperator,
            detail,
        });
    }
    // This run had the newest session until another run got the epoch, so two runs are alive.
    let outlived = stored
        .grant
        .is_some_and(|grant| grant.after == Some(hello.nonce));
    let begun = stored.ending.filter(|ending| ending.epoch == stored.epoch);
    let why = match begun {
        // order_db may have recorded this reason already.
        Some(ending) => ending.why,
        None if outlived && !granted_to_it => QuarantineWhy::EdgeCloned,
        None => QuarantineWhy::EdgeRestored,
    };
    let hello = hello.clone();
    let over = stored.term;
    let epoch = stored.epoch;
    HelloRejection::Quarantine(Box::new(QuarantineRequest {
        hello,
        over,
        epoch,
        again,
        why,
    }))
}

/// Refuses an edge that has more than the cloud, because the cloud must have lost data.
fn check_not_ahead(hello: &Hello, stored: &StoredEdge) -> Result<(), SessionRefusal> {
    if hello.epoch > stored.epoch {
        let detail = format!(
            "the edge is in epoch {}, but {} is current",
            hello.epoch, stored.epoch
        );
        return refuse_hello(Code::ChainBroken, detail);
    }
    if hello.outcome_cursor > stored.outcome_count {
        let has = hello.outcome_cursor;
        let given = stored.outcome_count;
        return refuse_hello(
            Code::ChainBroken,
            format!("the edge has {has} outcomes, but the hub sent {given}"),
        );
    }
    // An edge without snapshot support would wait indefinitely for changes that do not exist.
    let takes_snapshots = hello.snapshots == Some(true);
    if feed_start(hello, stored) > stored.feed_seq && !takes_snapshots {
        let has = hello.feed_cursor;
        let are = stored.feed_seq;
        let detail = format!("the edge has {has} feed changes, but the feed has {are}");
        return refuse_hello(Code::Unavailable, detail);
    }
    Ok(())
}

/// The number after which the feed continues. A cursor of another generation is void: the edge
/// learns the generation from Welcome and reads the feed from the start.
pub(super) fn feed_start(hello: &Hello, stored: &StoredEdge) -> u64 {
    if hello.feed_generation == stored.feed_generation {
        hello.feed_cursor
    } else {
        0
    }
}

/// The codec for this edge's packed ops. An older edge offers no codecs and sends plain ops.
pub(super) fn choose_codec(hello: &Hello) -> Option<u8> {
    let can_pack = hello
        .codecs
        .as_ref()
        .is_some_and(|codecs| codecs.contains(&CODEC_PACKED));
    can_pack.then_some(CODEC_PACKED)
}

fn refuse_hello(code: Code, detail: String) -> Result<(), SessionRefusal> {
    Err(SessionRefusal { code, detail })
}

/// A session that quarantines its edge: the Quarantine frame goes out in parts, each with a run of
/// the edge's lost ops. The parts are consecutive, so the edge can place every op. One read is
/// pending at a time, so a long tail is never in memory as a whole.
#[derive(Debug)]
pub(super) struct TailReturn {
    old_epoch: u64,
    old_nonce: BootNonce,
    granted: QuarantineGrant,
    next: u32,
}

impl TailReturn {
    pub(super) fn new(hello: &Hello, granted: QuarantineGrant) -> (Self, Vec<SyncSessionOutput>) {
        let returning = Self {
            old_epoch: hello.epoch,
            old_nonce: hello.nonce,
            granted,
            next: 0,
        };
        (returning, vec![SyncSessionOutput::ReadTail(granted.known)])
    }

    pub(super) fn send(&mut self, tail: LogTail) -> Vec<SyncSessionOutput> {
        let LogTail {
            epoch,
            first_seq,
            first_hash,
            ops,
            more,
        } = tail;
        let through = LogPosition {
            epoch,
            seq: (first_seq + ops.len() as u64).saturating_sub(1),
        };
        let more = more && !ops.is_empty();
        // The last of several parts names its index even if empty, so that the edge notices a lost
        // part.
        let part = (self.next > 0 || !ops.is_empty()).then_some(TailPart {
            index: self.next,
            epoch,
            first_seq,
            first_hash,
            more,
        });
        self.next += 1;
        let frame = Quarantine {
            old_epoch: self.old_epoch,
            old_nonce: self.old_nonce,
            new_epoch: self.granted.epoch,
            grant: self.granted.grant,
            last_accepted: self.granted.last_accepted,
            why: self.granted.why,
            tail: ops.into_iter().map(Into::into).collect(),
            part,
        };
        let next = more.then_some(SyncSessionOutput::ReadTail(through));
        [SyncSessionOutput::Send(Frame::Quarantine(frame))]
            .into_iter()
            .chain(next)
            .collect()
    }
}
