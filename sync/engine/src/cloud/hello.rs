//! What a Hello must say to be welcomed. Each refusal names what is wrong, for the operator.

use wire::{
    CODEC_PACKED, CODEC_PLAIN, Code, EdgeId, Hello, PROTOCOL_MAX, PROTOCOL_MIN, QuarantineWhy,
    Refused,
};

use super::{Confined, Stored};

/// So many new epochs a day are given without an operator: a machine that is restored again and again
/// needs a person to look at it.
const EPOCHS_A_DAY: u32 = 3;

/// What can be judged before anything stored is read.
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

/// What is to come of a Hello.
pub(super) enum Judged {
    Fits,
    /// Another run of the edge has a session that may be alive.
    Probe,
    Quarantine(Box<Confined>),
    Refused(Refused),
}

/// What is judged against the stored standing.
pub(super) fn judge(hello: &Hello, stored: &Stored) -> Judged {
    if let Err(refused) = place(hello, stored) {
        return Judged::Refused(refused);
    }
    if hello.twin == Some(true) {
        let detail = "it was told that it is a second instance".to_owned();
        return Judged::Refused(Refused { code: Code::EdgeTwin, detail });
    }
    if stored.running.is_some_and(|nonce| nonce != hello.nonce) {
        return Judged::Probe;
    }
    if is_lost(hello, stored) {
        return quarantine(hello, stored);
    }
    match ahead(hello, stored) {
        Ok(()) => Judged::Fits,
        Err(refused) => Judged::Refused(refused),
    }
}

fn place(hello: &Hello, stored: &Stored) -> Result<(), Refused> {
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

/// Whether the log is not the one that was received: it says so itself, it is one of an epoch that is
/// over or is to end, it ends before the cursor, or another op stands there. A log that goes on beyond
/// the cursor is found out by its first ops.
fn is_lost(hello: &Hello, stored: &Stored) -> bool {
    let cursor = stored.cursor;
    let behind = hello.last_seq < cursor.seq;
    let other = hello.last_seq == cursor.seq && hello.last_hash != cursor.hash;
    hello.suspect
        || hello.epoch < stored.epoch
        || stored.ending.is_some_and(|ending| hello.epoch <= ending.epoch)
        || (hello.epoch == stored.epoch && (behind || other))
}

/// A run that was granted the current epoch and lost the frame gets the same one again; as soon as
/// anything of that epoch was received, somebody has it, and it is nobody else's [ONE_EPOCH_OWNER].
fn quarantine(hello: &Hello, stored: &Stored) -> Judged {
    let granted_to_it = stored.grant.is_some_and(|grant| grant.to == hello.nonce);
    let again = granted_to_it && hello.epoch < stored.epoch && stored.cursor.seq == 0;
    if !again && stored.epochs_today >= EPOCHS_A_DAY {
        let detail = format!("{} new epochs since yesterday", stored.epochs_today);
        return Judged::Refused(Refused { code: Code::EdgeNeedsOperator, detail });
    }
    // Its session was the newest until another run was granted an epoch: two of them are alive.
    let outlived = stored.grant.is_some_and(|grant| grant.after == Some(hello.nonce));
    let begun = stored.ending.filter(|ending| ending.epoch == stored.epoch);
    let why = match begun {
        // What order_db may have on record already.
        Some(ending) => ending.why,
        None if outlived && !granted_to_it => QuarantineWhy::EdgeCloned,
        None => QuarantineWhy::EdgeRestored,
    };
    let (hello, over, epoch) = (hello.clone(), stored.term, stored.epoch);
    Judged::Quarantine(Box::new(Confined { hello, over, epoch, again, why }))
}

/// What an edge cannot have unless the cloud has lost it.
fn ahead(hello: &Hello, stored: &Stored) -> Result<(), Refused> {
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
    // Who takes no image would wait for ever for what there is not.
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

/// Where the feed goes on. A cursor of another generation counts for nothing: the edge sees the
/// generation in Welcome and takes the feed from its beginning.
pub(super) fn feed_start(hello: &Hello, stored: &Stored) -> u64 {
    if hello.feed_generation == stored.feed_generation { hello.feed_cursor } else { 0 }
}

/// The codec by which this edge is to pack ops. One that says nothing of any, as those did that knew
/// none, sends them as they are.
pub(super) fn codec(hello: &Hello) -> Option<u8> {
    let can_pack = hello.codecs.as_ref().is_some_and(|codecs| codecs.contains(&CODEC_PACKED));
    can_pack.then_some(CODEC_PACKED)
}

fn refused(code: Code, detail: String) -> Result<(), Refused> {
    Err(Refused { code, detail })
}
