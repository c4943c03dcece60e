//! Checks a command without its order: the role, and the fields.

use wire::{
    Action, Code, CommandBody, FieldError, Region, Role, check_comment, check_draft,
    check_optional_note, check_optional_reason, check_reason,
};

use crate::say;

/// The refusal that holds whatever the view shows. `wrong` are the invalid fields.
pub fn find_refusal(role: Role, body: &CommandBody, wrong: &[FieldError]) -> Option<Code> {
    if !allowed_roles(body).contains(&role) {
        let accepts = body.order_action() == Some(Action::Accept);
        return Some(if accepts {
            Code::ProvidersOnly
        } else {
            Code::RoleForbidden
        });
    }
    (!wrong.is_empty()).then_some(Code::InvalidInput)
}

fn allowed_roles(body: &CommandBody) -> &'static [Role] {
    body.order_action()
        .map_or(&[Role::Customer], Action::allowed_roles)
}

pub fn wrong_fields(body: &CommandBody, region: Region) -> Vec<FieldError> {
    match body {
        CommandBody::PublishOrder { order, .. } => {
            let mut wrong = check_draft(order).err().unwrap_or_default();
            // An order published here appears in this edge's view, so it must belong to this
            // region.
            if order.location != region {
                wrong.push(FieldError::new("location", say::region_not_this_one));
            }
            wrong
        }
        CommandBody::RejectOrder { reason, .. } => check_reason(reason).err().into_iter().collect(),
        CommandBody::WithdrawAcceptance { reason, .. }
        | CommandBody::CancelOrder { reason, .. } => check_optional_reason(reason.as_deref())
            .err()
            .into_iter()
            .collect(),
        CommandBody::CompleteOrder { note, .. } => check_optional_note(note.as_deref())
            .err()
            .into_iter()
            .collect(),
        CommandBody::SubmitReview {
            rating, comment, ..
        } => {
            let mut wrong: Vec<_> = check_comment(comment).err().into_iter().collect();
            if !(1..=5).contains(rating) {
                wrong.push(FieldError::new("rating", say::no_stars));
            }
            wrong
        }
        CommandBody::ApproveOrder { .. }
        | CommandBody::AcceptOrder { .. }
        | CommandBody::StartOrder { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use wire::{Draft, OrderId, UnixMillis};

    use super::*;
    use crate::tests::{draft, id};

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
}
