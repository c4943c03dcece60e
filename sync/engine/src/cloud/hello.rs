//! The judgment of a Hello. Each refusal names its reason, for the operator.

use wire::{
    CODEC_PACKED, CODEC_PLAIN, Code, EdgeId, Hello, PROTOCOL_MAX, PROTOCOL_MIN, QuarantineWhy,
    Refused,
};

use super::{Confinement, StoredEdge};

/// This many new epochs a day are given without an operator. A machine that is restored again and again
/// needs a person's look.
const EPOCHS_A_DAY: u32 = 3;

/// Judges the Hello alone, before the edge's record is read.
pub(super) fn greeting(edge: &EdgeId, hello: &Hello) -> Result<(), Refused> {
    if hello.protocol_min > PROTOCOL_MAX || hello.protocol_max < PROTOCOL_MIN {
        return refused(
            Code::ProtocolUnsupported,
            format!(
                "the edge speaks {} to {}, the hub {PROTOCOL_MIN} to {PROTOCOL_MAX}",
                hello.protocol_min, hello.protocol_max
            ),
        );
    }
    if hello.codec != CODEC_PLAIN {
        return refused(Code::ProtocolUnsupported, format!("codec {} is unknown", hello.codec));
    }
    if hello.edge != *edge {
        return refused(Code::EdgeUnknown, format!("the token is not of edge {}", hello.edge));
    }
    Ok(())
}

/// The next step after a Hello.
pub(super) enum HelloRuling {
    Fits,
    /// Another run of the edge has a session that may be alive.
    Probe,
    Quarantine(Box<Confinement>),
    Refused(Refused),
}

/// Judges a Hello against the edge's record.
pub(super) fn judge(hello: &Hello, stored: &StoredEdge) -> HelloRuling {
    if let Err(refused) = place(hello, stored) {
        return HelloRuling::Refused(refused);
    }
    if hello.twin == Some(true) {
        let detail = "it was told that it is a second instance".to_owned();
        return HelloRuling::Refused(Refused { code: Code::EdgeTwin, detail });
    }
    if stored.running.is_some_and(|nonce| nonce != hello.nonce) {
        return HelloRuling::Probe;
    }
    if is_lost(hello, stored) {
        return quarantine(hello, stored);
    }
    match ahead(hello, stored) {
        Ok(()) => HelloRuling::Fits,
        Err(refused) => HelloRuling::Refused(refused),
    }
}

fn place(hello: &Hello, stored: &StoredEdge) -> Result<(), Refused> {
    if hello.region != stored.region {
        return refused(
            Code::EdgeUnknown,
            format!("it is enrolled in {}, not in {}", stored.region, hello.region),
        );
    }
    if !stored.gate_open {
        return refused(Code::GateClosed, "closed by an operator".to_owned());
    }
    Ok(())
}

/// Returns whether the log differs from the received one: the edge says so itself, its epoch is over or
/// ending, the log ends before the cursor, or another op stands at the cursor. A log that goes on beyond
/// the cursor is found out by its first ops.
fn is_lost(hello: &Hello, stored: &StoredEdge) -> bool {
    let cursor = stored.cursor;
    let behind = hello.last_seq < cursor.seq;
    let other = hello.last_seq == cursor.seq && hello.last_hash != cursor.hash;
    hello.suspect
        || hello.epoch < stored.epoch
        || stored.ending.is_some_and(|ending| hello.epoch <= ending.epoch)
        || (hello.epoch == stored.epoch && (behind || other))
}

/// A run that was granted the current epoch and lost the frame gets the same epoch again. Once any op of that
/// epoch was received, some run has it, and no other run gets it [ONE_EPOCH_OWNER].
fn quarantine(hello: &Hello, stored: &StoredEdge) -> HelloRuling {
    let granted_to_it = stored.grant.is_some_and(|grant| grant.to == hello.nonce);
    let again = granted_to_it && hello.epoch < stored.epoch && stored.cursor.seq == 0;
    if !again && stored.epochs_today >= EPOCHS_A_DAY {
        let detail = format!("{} new epochs since yesterday", stored.epochs_today);
        return HelloRuling::Refused(Refused { code: Code::EdgeNeedsOperator, detail });
    }
    // Its session was the newest until another run was granted an epoch, so two runs are alive.
    let outlived = stored.grant.is_some_and(|grant| grant.after == Some(hello.nonce));
    let begun = stored.ending.filter(|ending| ending.epoch == stored.epoch);
    let why = match begun {
        // order_db may have this reason on record already.
        Some(ending) => ending.why,
        None if outlived && !granted_to_it => QuarantineWhy::EdgeCloned,
        None => QuarantineWhy::EdgeRestored,
    };
    let (hello, over, epoch) = (hello.clone(), stored.term, stored.epoch);
    HelloRuling::Quarantine(Box::new(Confinement { hello, over, epoch, again, why }))
}

/// Refuses an edge that has more than the cloud: the cloud has lost something.
fn ahead(hello: &Hello, stored: &StoredEdge) -> Result<(), Refused> {
    if hello.epoch > stored.epoch {
        return refused(
            Code::ChainBroken,
            format!("its epoch is {}, and {} is current", hello.epoch, stored.epoch),
        );
    }
    if hello.outcome_cursor > stored.outcome_count {
        return refused(
            Code::ChainBroken,
            format!(
                "it has {} outcomes, and {} were given",
                hello.outcome_cursor, stored.outcome_count
            ),
        );
    }
    // An edge that takes no images would wait for ever for changes that do not exist.
    let takes_snapshots = hello.snapshots == Some(true);
    if feed_start(hello, stored) > stored.feed_seq && !takes_snapshots {
        return refused(
            Code::Unavailable,
            format!(
                "it has {} changes of the feed, and there are {}",
                hello.feed_cursor, stored.feed_seq
            ),
        );
    }
    Ok(())
}

/// The number behind which the feed goes on. A cursor of another generation counts for nothing: the edge
/// sees the generation in Welcome and takes the feed from its beginning.
pub(super) fn feed_start(hello: &Hello, stored: &StoredEdge) -> u64 {
    if hello.feed_generation == stored.feed_generation { hello.feed_cursor } else { 0 }
}

/// The codec by which this edge shall pack ops. An edge of an older version names no codecs and sends plain
/// ops.
pub(super) fn codec(hello: &Hello) -> Option<u8> {
    let can_pack = hello.codecs.as_ref().is_some_and(|codecs| codecs.contains(&CODEC_PACKED));
    can_pack.then_some(CODEC_PACKED)
}

fn refused(code: Code, detail: String) -> Result<(), Refused> {
    Err(Refused { code, detail })
}
