use super::*;

/// Every legal transition; all others must be refused.
const LEGAL: &[(OrderStatus, Action, OrderStatus)] = &[
    (
        OrderStatus::PendingReview,
        Action::Approve,
        OrderStatus::Pending,
    ),
    (
        OrderStatus::PendingReview,
        Action::Reject,
        OrderStatus::Rejected,
    ),
    (OrderStatus::Pending, Action::Accept, OrderStatus::Accepted),
    (OrderStatus::Pending, Action::Cancel, OrderStatus::Cancelled),
    (
        OrderStatus::Accepted,
        Action::Withdraw,
        OrderStatus::Pending,
    ),
    (
        OrderStatus::PendingReview,
        Action::Cancel,
        OrderStatus::Cancelled,
    ),
    (
        OrderStatus::Accepted,
        Action::Cancel,
        OrderStatus::Cancelled,
    ),
    (
        OrderStatus::Accepted,
        Action::Start,
        OrderStatus::InProgress,
    ),
    (
        OrderStatus::InProgress,
        Action::Complete,
        OrderStatus::Completed,
    ),
    (
        OrderStatus::Completed,
        Action::Review,
        OrderStatus::Reviewed,
    ),
    (OrderStatus::Accepted, Action::Report, OrderStatus::Accepted),
    (
        OrderStatus::InProgress,
        Action::Report,
        OrderStatus::InProgress,
    ),
    (
        OrderStatus::Accepted,
        Action::Reschedule,
        OrderStatus::Accepted,
    ),
    (OrderStatus::Accepted, Action::Answer, OrderStatus::Accepted),
    (
        OrderStatus::InProgress,
        Action::Answer,
        OrderStatus::InProgress,
    ),
    (
        OrderStatus::Completed,
        Action::Answer,
        OrderStatus::Completed,
    ),
    (
        OrderStatus::Accepted,
        Action::Message,
        OrderStatus::Accepted,
    ),
    (
        OrderStatus::InProgress,
        Action::Message,
        OrderStatus::InProgress,
    ),
    (
        OrderStatus::Completed,
        Action::Message,
        OrderStatus::Completed,
    ),
];

#[test]
fn the_machine_is_exactly_its_table() {
    for from in OrderStatus::ALL {
        for action in Action::ALL {
            let expected = LEGAL
                .iter()
                .find(|(status, by, _)| (*status, *by) == (from, action))
                .map(|(_, _, to)| *to);
            assert_eq!(from.next_status(action), expected, "{from} --{action}-->");
        }
    }
}

#[test]
fn only_a_report_and_its_answer_keep_the_status() {
    for from in OrderStatus::ALL {
        for action in Action::ALL {
            if let Some(to) = from.next_status(action) {
                assert_eq!(
                    to == from,
                    action.keeps_status(),
                    "{from} --{action}--> {to}"
                );
            }
        }
    }
}

#[test]
fn finished_orders_stay_finished() {
    let finished: Vec<_> = OrderStatus::ALL
        .iter()
        .filter(|status| status.is_final())
        .collect();
    assert_eq!(
        finished,
        [
            &OrderStatus::Reviewed,
            &OrderStatus::Cancelled,
            &OrderStatus::Rejected
        ]
    );
}

#[test]
fn a_code_survives_being_read_aloud() {
    let code = OrderCode::from_order_id(Region::North, OrderId(uuid::Uuid::nil()));
    assert!(
        code.as_str().starts_with("N-") && code.as_str().len() == 8,
        "{code}"
    );
    assert_eq!(OrderCode::parse(&code.as_str().to_lowercase()), Some(code));
    assert_eq!(
        OrderCode::parse("n-oil000").map(|c| c.to_string()),
        Some("N-011000".into())
    );
    for bad in [
        "",
        "N7F3K9Q",
        "X-7F3K9Q",
        "N-7F3K9",
        "N-7F3K9QQ",
        "N-七F3K9Q",
        "N-UUUUUU",
    ] {
        assert_eq!(OrderCode::parse(bad), None, "{bad}");
    }
}
