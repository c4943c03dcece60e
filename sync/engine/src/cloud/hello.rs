//! What a Hello must say to be welcomed. Each refusal names what is wrong, for the operator.

use wire::{Code, EdgeId, Hello, PROTOCOL_MAX, PROTOCOL_MIN, Refused};

use super::Stored;

/// How ops are packed in `Up`: one after the other is all there is yet.
const CODEC_PLAIN: u8 = 0;

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

/// What is judged against the stored standing. An edge that is suspect, runs in another epoch or
/// has lost what the hub received belongs into quarantine; until there is one, nothing of it is
/// taken.
pub(super) fn standing(hello: &Hello, stored: &Stored) -> Result<(), Refused> {
    if hello.region != stored.region {
        return refused(
            Code::EdgeUnknown,
            format!("it is enrolled in {}, not in {}", stored.region, hello.region),
        );
    }
    if !stored.gate_open {
        return refused(Code::GateClosed, "closed by an operator".to_owned());
    }
    if hello.suspect {
        return refused(Code::ChainBroken, "the edge holds its own log for suspect".to_owned());
    }
    if hello.epoch != stored.epoch {
        return refused(
            Code::ChainBroken,
            format!("its epoch is {}, and {} is current", hello.epoch, stored.epoch),
        );
    }
    let cursor = stored.cursor;
    if hello.last_seq < cursor.seq {
        return refused(
            Code::ChainBroken,
            format!("its log ends at {}, and {} was received", hello.last_seq, cursor.seq),
        );
    }
    if hello.last_seq == cursor.seq && hello.last_hash != cursor.hash {
        return refused(Code::ChainBroken, format!("its op {} is another one", cursor.seq));
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
    if feed_start(hello, stored) > stored.feed_seq {
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

fn refused(code: Code, detail: String) -> Result<(), Refused> {
    Err(Refused { code, detail })
}
