//! What a command is refused for without its order: the role, and the fields.

use wire::{Draft, Region};

use super::*;

#[track_caller]
fn check(draft: Draft, expected: &[&str]) {
    let body = CommandBody::PublishOrder {
        order_id: OrderId(id(1)),
        order: draft,
    };
    let wrong = wrong_fields(&body, Region::North);
    assert_eq!(
        wrong
            .iter()
            .map(|error| error.field.as_str())
            .collect::<Vec<_>>(),
        expected
    );
    let code = (!expected.is_empty()).then_some(Code::InvalidInput);
    assert_eq!(find_refusal(Role::Customer, &body, &wrong), code);
}

#[test]
fn a_draft_has_to_fit() {
    check(draft(), &[]);
    check(
        Draft {
            title: "修".repeat(255),
            ..draft()
        },
        &[],
    );
    check(
        Draft {
            title: "a\u{202e}b".into(),
            ..draft()
        },
        &["title"],
    );
    check(
        Draft {
            address: String::new(),
            ..draft()
        },
        &["address"],
    );
    check(
        Draft {
            location: Region::South,
            title: "  ".into(),
            ..draft()
        },
        &["title", "location"],
    );
    let at_once = Draft {
        service_start_time: Some(UnixMillis(2)),
        service_end_time: Some(UnixMillis(2)),
        ..draft()
    };
    check(at_once, &["service_end_time"]);
}

#[test]
fn each_command_is_for_its_role() {
    let order_id = OrderId(id(1));
    let accept = CommandBody::AcceptOrder { order_id };
    for (role, expected) in [
        (Role::Provider, None),
        (Role::Customer, Some(Code::ProvidersOnly)),
        (Role::Admin, Some(Code::ProvidersOnly)),
    ] {
        assert_eq!(find_refusal(role, &accept, &[]), expected);
    }
    let publish = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    assert_eq!(
        find_refusal(Role::Provider, &publish, &[]),
        Some(Code::RoleForbidden)
    );
    let review = CommandBody::SubmitReview {
        order_id,
        rating: 6,
        comment: String::new(),
    };
    let wrong = wrong_fields(&review, Region::North);
    assert_eq!(
        find_refusal(Role::Customer, &review, &wrong),
        Some(Code::InvalidInput)
    );
    assert_eq!(wrong[0].field, "rating");
}
