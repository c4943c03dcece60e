//! Every word that is encoded as a number or by its name. A later version may add one, but never
//! reassigns a number or a name.

use minicbor::Encode;
use serde::Serialize;
use wire::*;

pub(crate) fn words() -> Vec<(String, Vec<u8>)> {
    let outcomes = [
        OutcomeKind::Applied,
        OutcomeKind::Duplicate,
        OutcomeKind::Rejected,
    ];
    [
        of("region", &Region::ALL),
        of("policy", &[Policy::Optimistic, Policy::Exclusive]),
        of("order_status", &OrderStatus::ALL),
        of("payment_status", &PaymentStatus::ALL),
        of("service_type", &ServiceType::ALL),
        of("action", &Action::ALL),
        of("incident_kind", &IncidentKind::ALL),
        of("currency", &Currency::ALL),
        of("role", &Role::ALL),
        of(
            "verdict",
            &[Verdict::NotTaken, Verdict::Provisional, Verdict::Firm],
        ),
        of("outcome", &outcomes),
        of("held", &[HeldReason::Region, HeldReason::NeedsOperator]),
        of("quarantine", &QuarantineWhy::ALL),
        of("fence_ending", &FenceEnding::ALL),
        of("race_rule", &RaceRule::ALL),
        of("code", Code::ALL),
    ]
    .concat()
}

fn of<T: Encode<()> + Serialize>(kind: &str, all: &[T]) -> Vec<(String, Vec<u8>)> {
    all.iter()
        .map(|word| {
            let name = serde_json::to_value(word).unwrap();
            (
                format!("{kind}/{}", name.as_str().unwrap()),
                minicbor::to_vec(word).unwrap(),
            )
        })
        .collect()
}
