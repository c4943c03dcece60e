//! Sample reports and answers.

use uuid::Uuid;
use wire::{CommandId, EventType, IncidentAnswer, IncidentKind, IncidentReport, OrderEvent};

use super::{cents, event_body};

pub(super) fn more_work() -> IncidentReport {
    IncidentReport {
        kind: IncidentKind::MoreWork,
        extra_price: Some(cents(8_000)),
    }
}

pub(crate) fn incident_answer(agreed: bool) -> IncidentAnswer {
    IncidentAnswer {
        incident: CommandId(Uuid::from_u128(70)),
        agreed,
    }
}

/// The order event of a report without a price.
pub(crate) fn reported(kind: IncidentKind) -> OrderEvent {
    OrderEvent {
        incident: Some(IncidentReport {
            kind,
            extra_price: None,
        }),
        ..event_body()
    }
}

/// The events whose texts differ from that of the plain sample.
pub(super) fn more_events(event_type: EventType) -> Vec<OrderEvent> {
    if event_type == EventType::OrderIncidentAnswered {
        return vec![OrderEvent {
            incident_answer: Some(incident_answer(false)),
            ..event_body()
        }];
    }
    let kinds = [
        IncidentKind::RunningLate,
        IncidentKind::NobodyHome,
        IncidentKind::Other,
    ];
    kinds.map(reported).to_vec()
}
