//! Receives a quarantine part by part.
//!
//! Invariant: parts are stored in order. The edge adopts the new epoch only after the last part, so
//! that it has its lost ops back before it logs anything new.

use wire::{Quarantine, TailPart};

use super::{
    EdgeProtocol, EdgeWrite, IgnoreReason, LinkEnd, LinkPhase, LinkStep, NewEpoch, TailWrite,
    ignore_frame,
};

impl EdgeProtocol {
    pub(super) fn handle_quarantine(&mut self, frame: Quarantine) -> Vec<LinkStep> {
        if frame.old_epoch != self.position.epoch || frame.old_nonce != self.who.nonce {
            return ignore_frame("Quarantine", IgnoreReason::OtherSession);
        }
        let parts = match self.phase {
            LinkPhase::Greeting => 0,
            LinkPhase::InQuarantine { parts } => parts,
            LinkPhase::Idle | LinkPhase::Open { .. } => {
                return ignore_frame("Quarantine", IgnoreReason::Unexpected);
            }
        };
        if frame.new_epoch <= frame.old_epoch {
            return ignore_frame("Quarantine", IgnoreReason::Unexpected);
        }
        // A frame without `part` carries the whole tail.
        let (index, whole) = frame.part.map_or((0, true), |part| (part.index, false));
        if index != parts {
            return if index < parts && !whole {
                ignore_frame("Quarantine", IgnoreReason::Stale)
            } else {
                // Single parts are never resent: the next Hello gets all of them.
                vec![LinkStep::End(LinkEnd::TailTorn)]
            };
        }
        self.phase = LinkPhase::InQuarantine { parts: parts + 1 };
        let last = frame.part.is_none_or(|part| !part.more);
        let new = NewEpoch {
            epoch: frame.new_epoch,
            grant: frame.grant,
            last_accepted: frame.last_accepted,
            why: frame.why,
        };
        let mut todo = vec![LinkStep::Store(EdgeWrite::Tail(build_tail_write(
            frame,
            parts == 0,
        )))];
        if last {
            todo.push(LinkStep::Store(EdgeWrite::Quarantine(new)));
            todo.push(LinkStep::End(LinkEnd::Quarantined(new)));
        }
        todo
    }
}

fn build_tail_write(frame: Quarantine, begins: bool) -> TailWrite {
    let (epoch, first_seq, first_hash) = match frame.part {
        Some(TailPart {
            epoch,
            first_seq,
            first_hash,
            ..
        }) => (epoch, first_seq, first_hash),
        None => (frame.old_epoch, 1, frame.last_accepted),
    };
    let ops = frame.tail.into_iter().map(Into::into).collect();
    TailWrite {
        begins,
        epoch,
        first_seq,
        first_hash,
        ops,
    }
}

#[cfg(test)]
mod tests {
    use wire::{
        BootNonce, ChainHead, Code, Frame, FrameProof, Hash, LinkSessionId, Probe, QuarantineWhy,
        SessionRefusal,
    };

    use super::super::tests::{LINK_SESSION, NONCE, fresh, ignores, open, position};
    use super::super::{EdgeFilePosition, HubCheck};
    use super::*;

    fn part(index: u32, first_seq: u64, more: bool) -> Quarantine {
        Quarantine {
            old_epoch: 1,
            old_nonce: NONCE,
            new_epoch: 2,
            grant: 7,
            last_accepted: Hash::digest_bytes(b"9"),
            why: QuarantineWhy::EdgeRestored,
            tail: vec![vec![1].into(), vec![2].into()],
            part: Some(TailPart {
                index,
                epoch: 1,
                first_seq,
                first_hash: Hash::digest_bytes(b"1st"),
                more,
            }),
        }
    }

    fn new() -> NewEpoch {
        let last_accepted = Hash::digest_bytes(b"9");
        let why = QuarantineWhy::EdgeRestored;
        NewEpoch {
            epoch: 2,
            grant: 7,
            last_accepted,
            why,
        }
    }

    fn kept(begins: bool, first_seq: u64) -> LinkStep {
        let ops = vec![vec![1], vec![2]];
        let first_hash = Hash::digest_bytes(b"1st");
        LinkStep::Store(EdgeWrite::Tail(TailWrite {
            begins,
            epoch: 1,
            first_seq,
            first_hash,
            ops,
        }))
    }

    fn greeting() -> EdgeProtocol {
        let mut edge = fresh(EdgeFilePosition {
            suspect: true,
            ..position()
        });
        edge.start_greeting(HubCheck::default());
        edge
    }

    #[test]
    fn a_new_epoch_begins_only_behind_the_last_part_of_the_tail() {
        let mut edge = greeting();
        assert_eq!(
            edge.handle_signed_frame(Frame::Quarantine(part(0, 3, true))),
            [kept(true, 3)]
        );
        ignores(
            &mut edge,
            Frame::Quarantine(part(0, 3, true)),
            IgnoreReason::Stale,
        );
        let todo = edge.handle_signed_frame(Frame::Quarantine(part(1, 5, false)));
        let begins = LinkStep::Store(EdgeWrite::Quarantine(new()));
        assert_eq!(
            todo,
            [
                kept(false, 5),
                begins,
                LinkStep::End(LinkEnd::Quarantined(new()))
            ]
        );
    }

    #[test]
    fn a_tail_that_lacks_a_part_is_asked_for_anew() {
        let mut edge = greeting();
        edge.handle_signed_frame(Frame::Quarantine(part(0, 3, true)));
        let todo = edge.handle_signed_frame(Frame::Quarantine(part(2, 7, false)));
        assert_eq!(todo, [LinkStep::End(LinkEnd::TailTorn)]);
    }

    #[test]
    fn the_end_of_a_tail_counts_also_where_nothing_is_left_for_it() {
        let end = |part| Quarantine {
            tail: Vec::new(),
            ..part
        };
        let mut edge = greeting();
        edge.handle_signed_frame(Frame::Quarantine(part(0, 3, true)));
        let lost = end(part(2, 0, false));
        assert_eq!(
            edge.handle_signed_frame(Frame::Quarantine(lost)),
            [LinkStep::End(LinkEnd::TailTorn)]
        );

        let mut edge = greeting();
        edge.handle_signed_frame(Frame::Quarantine(part(0, 3, true)));
        let nothing = Quarantine {
            part: None,
            ..end(part(0, 0, false))
        };
        assert_eq!(
            edge.handle_signed_frame(Frame::Quarantine(nothing)),
            [LinkStep::End(LinkEnd::TailTorn)],
            "of how many?"
        );

        let mut edge = greeting();
        edge.handle_signed_frame(Frame::Quarantine(part(0, 3, true)));
        let todo = edge.handle_signed_frame(Frame::Quarantine(end(part(1, 0, false))));
        let begins = LinkStep::Store(EdgeWrite::Quarantine(new()));
        assert_eq!(
            todo[1..],
            [begins, LinkStep::End(LinkEnd::Quarantined(new()))]
        );
    }

    #[test]
    fn an_edge_that_lost_nothing_gets_its_epoch_in_one_frame() {
        let empty = Quarantine {
            tail: Vec::new(),
            part: None,
            ..part(0, 1, false)
        };
        let todo = greeting().handle_signed_frame(Frame::Quarantine(empty));
        let first_hash = Hash::digest_bytes(b"9");
        let run = TailWrite {
            begins: true,
            epoch: 1,
            first_seq: 1,
            first_hash,
            ops: Vec::new(),
        };
        let run = LinkStep::Store(EdgeWrite::Tail(run));
        let begins = LinkStep::Store(EdgeWrite::Quarantine(new()));
        assert_eq!(
            todo,
            [run, begins, LinkStep::End(LinkEnd::Quarantined(new()))]
        );
    }

    #[test]
    fn a_quarantine_of_another_epoch_or_run_or_of_an_open_session_changes_nothing() {
        let whole = part(0, 3, false);
        let other_nonce = BootNonce([1; 16]);
        for foreign in [
            Quarantine {
                old_epoch: 9,
                ..whole.clone()
            },
            Quarantine {
                old_nonce: other_nonce,
                ..whole.clone()
            },
        ] {
            ignores(
                &mut greeting(),
                Frame::Quarantine(foreign),
                IgnoreReason::OtherSession,
            );
        }
        let backwards = Quarantine {
            new_epoch: 1,
            ..whole.clone()
        };
        ignores(
            &mut greeting(),
            Frame::Quarantine(backwards),
            IgnoreReason::Unexpected,
        );
        ignores(
            &mut open(position()),
            Frame::Quarantine(whole.clone()),
            IgnoreReason::Unexpected,
        );
        ignores(
            &mut fresh(position()),
            Frame::Quarantine(whole),
            IgnoreReason::Unexpected,
        );
    }

    #[test]
    fn an_edge_that_becomes_suspect_ends_its_session_and_says_so_in_its_next_hello() {
        let mut edge = open(position());
        let settled = Some(ChainHead {
            seq: 4,
            hash: Hash::digest_bytes(b"4"),
        });
        let suspect = EdgeFilePosition {
            suspect: true,
            settled,
            ..position()
        };
        assert_eq!(
            edge.update_position(suspect.clone()),
            [LinkStep::End(LinkEnd::Suspect)]
        );
        let Frame::Hello(hello) = fresh(suspect).start_greeting(HubCheck::default()) else {
            unreachable!()
        };
        assert_eq!(
            (hello.suspect, hello.settled, hello.twin),
            (true, settled, None)
        );
    }

    #[test]
    fn an_edge_that_becomes_suspect_before_its_welcome_opens_no_session() {
        let mut edge = fresh(position());
        edge.start_greeting(HubCheck::default());
        let suspect = EdgeFilePosition {
            suspect: true,
            ..position()
        };
        assert_eq!(
            edge.update_position(suspect.clone()),
            [LinkStep::End(LinkEnd::Suspect)]
        );

        let mut confined = greeting();
        confined.handle_signed_frame(Frame::Quarantine(part(0, 3, true)));
        assert_eq!(
            confined.update_position(suspect),
            [],
            "what it waits for goes on"
        );
    }

    #[test]
    fn a_probe_is_answered_by_the_process_it_was_sent_to() {
        let mut edge = open(position());
        let probe = |link_session| {
            Frame::Probe(Probe {
                link_session,
                number: 3,
            })
        };
        let todo = edge.handle_signed_frame(probe(LINK_SESSION));
        let alive = wire::ProbeReply {
            link_session: LINK_SESSION,
            number: 3,
        };
        assert_eq!(
            todo,
            [LinkStep::Send(Box::new(Frame::Alive(alive.clone())))]
        );
        assert_eq!(
            edge.answer_probe(&probe(LINK_SESSION)),
            Some(Frame::Alive(alive)),
            "also out of turn"
        );
        let other = LinkSessionId {
            nonce: BootNonce([1; 16]),
            ..LINK_SESSION
        };
        assert_eq!(edge.answer_probe(&probe(other)), None);
        ignores(&mut edge, probe(other), IgnoreReason::OtherSession);
    }

    fn refused(code: Code) -> Frame {
        Frame::Refused(SessionRefusal {
            code,
            detail: String::new(),
        })
    }

    #[test]
    fn a_twin_keeps_what_it_was_told_and_says_it_from_then_on() {
        let told = LinkStep::End(LinkEnd::Refused {
            code: Code::EdgeTwin,
            detail: String::new(),
        });
        let mut edge = greeting();
        let todo = edge.handle_signed_frame(refused(Code::EdgeTwin));
        assert_eq!(todo, [LinkStep::Store(EdgeWrite::Twin), told.clone()]);
        let mut edge = fresh(EdgeFilePosition {
            twin: true,
            ..position()
        });
        let Frame::Hello(hello) = edge.start_greeting(HubCheck::default()) else {
            unreachable!()
        };
        assert_eq!(hello.twin, Some(true));
        assert_eq!(
            edge.handle_signed_frame(refused(Code::EdgeTwin)),
            [told],
            "it knows"
        );
    }

    #[test]
    fn a_chain_found_broken_in_mid_session_is_the_logs_fault_and_at_hello_the_clouds() {
        let mut edge = open(position());
        assert_eq!(
            edge.handle_signed_frame(refused(Code::ChainBroken)),
            [LinkStep::End(LinkEnd::ChainBroken)]
        );
        let told = LinkEnd::Refused {
            code: Code::ChainBroken,
            detail: String::new(),
        };
        assert_eq!(
            greeting().handle_signed_frame(refused(Code::ChainBroken)),
            [LinkStep::End(told)]
        );
    }

    fn frames_of_an_end() -> [Frame; 4] {
        [
            refused(Code::EdgeTwin),
            refused(Code::ChainBroken),
            Frame::Quarantine(part(0, 3, false)),
            refused(Code::GateClosed),
        ]
    }

    #[test]
    fn a_forged_frame_ends_the_session_and_changes_nothing() {
        for frame in frames_of_an_end() {
            for mut edge in [greeting(), open(position())] {
                let todo = edge.handle_frame(frame.clone(), FrameProof::Forged);
                assert_eq!(todo, [LinkStep::End(LinkEnd::Unproven)], "{frame:?}");
            }
        }
    }

    #[test]
    fn an_unsigned_frame_makes_no_twin_no_new_epoch_and_no_suspect() {
        let nothing_stored = |todo: &[LinkStep]| {
            let ends = |end: &LinkEnd| matches!(end, LinkEnd::Unproven | LinkEnd::Refused { .. });
            matches!(todo, [LinkStep::End(end)] if ends(end))
        };
        for frame in frames_of_an_end() {
            for mut edge in [greeting(), open(position())] {
                let todo = edge.handle_frame(frame.clone(), FrameProof::Unsigned);
                assert!(nothing_stored(&todo), "{frame:?}: {todo:?}");
            }
        }
    }
}
