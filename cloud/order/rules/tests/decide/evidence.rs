//! The evidence of completed work goes into the order's history with the command that carried it.

use crate::stage::*;
use wire::{ChecklistAnswer, Code, CommandBody, OrderStatus, StrokePoint, WorkEvidence};

fn complete_with(evidence: WorkEvidence) -> CommandBody {
    CommandBody::CompleteOrder {
        order_id: order_id(1),
        note: None,
        evidence: Some(evidence),
    }
}

fn signed() -> WorkEvidence {
    WorkEvidence {
        checklist: vec![ChecklistAnswer {
            key: "place_clean".into(),
            done: true,
        }],
        signed_by: Some("Chen".into()),
        strokes: Vec::new(),
        photos: Vec::new(),
    }
}

#[test]
fn a_completion_at_an_edge_records_its_evidence_with_its_place_in_the_log() {
    let mut stage = Stage::with([order(1, OrderStatus::InProgress)]);
    let request = logged(7, 1, Some(provider(1)), complete_with(signed()));
    let (outcome, writes) = stage.decide_one(request);
    assert_eq!(outcome.code, None);
    let entry = &writes.timeline[0].entry;
    assert_eq!(entry.evidence, Some(signed()));
    assert_eq!(entry.seq, Some(7));
}

#[test]
fn evidence_beyond_its_bounds_completes_nothing() {
    let outside = WorkEvidence {
        strokes: vec![vec![StrokePoint(0, 177)]],
        ..signed()
    };
    let mut stage = Stage::with([order(1, OrderStatus::InProgress)]);
    let (outcome, _) = stage.decide_one(portal(1, provider(1), complete_with(outside)));
    assert_eq!(outcome.code, Some(Code::InvalidInput));
    assert_eq!(stage.order(1).status, OrderStatus::InProgress);
}
