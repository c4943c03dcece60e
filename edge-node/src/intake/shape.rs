//! What can be said of a command without looking at any order: who may do such a thing at all, and
//! whether its fields fit.

use wire::{Action, Code, CommandBody, Draft, Region, Role};

const TITLE_MAX: usize = 120;
const DESCRIPTION_MAX: usize = 4_000;
const ADDRESS_MAX: usize = 300;
const REASON_MAX: usize = 500;
const COMMENT_MAX: usize = 2_000;

/// Why a command is not taken, whatever the view says.
pub fn refusal(role: Role, body: &CommandBody, region: Region) -> Option<Code> {
    if !roles(body).contains(&role) {
        let accepts = body.action() == Some(Action::Accept);
        return Some(if accepts { Code::ProvidersOnly } else { Code::RoleForbidden });
    }
    (!fits(body, region)).then_some(Code::InvalidInput)
}

fn roles(body: &CommandBody) -> &'static [Role] {
    body.action().map_or(&[Role::Customer], Action::roles)
}

fn fits(body: &CommandBody, region: Region) -> bool {
    match body {
        CommandBody::PublishOrder { order, .. } => draft_fits(order, region),
        CommandBody::RejectOrder { reason, .. } => {
            !reason.trim().is_empty() && within(reason, REASON_MAX)
        }
        CommandBody::WithdrawAcceptance { reason, .. }
        | CommandBody::CancelOrder { reason, .. } => {
            reason.as_ref().is_none_or(|reason| within(reason, REASON_MAX))
        }
        CommandBody::SubmitReview { rating, comment, .. } => {
            (1..=5).contains(rating) && within(comment, COMMENT_MAX)
        }
        CommandBody::ApproveOrder { .. }
        | CommandBody::AcceptOrder { .. }
        | CommandBody::StartOrder { .. }
        | CommandBody::CompleteOrder { .. } => true,
    }
}

/// An order published here is one of this region: it is this edge's view it will be seen in.
fn draft_fits(draft: &Draft, region: Region) -> bool {
    let times = draft.service_start_time.zip(draft.service_end_time);
    !draft.title.trim().is_empty()
        && within(&draft.title, TITLE_MAX)
        && within(&draft.description, DESCRIPTION_MAX)
        && !draft.address.trim().is_empty()
        && within(&draft.address, ADDRESS_MAX)
        && draft.price.is_positive()
        && draft.location == region
        && times.is_none_or(|(start, end)| start <= end)
}

fn within(text: &str, max: usize) -> bool {
    text.chars().count() <= max
}

#[cfg(test)]
mod tests {
    use wire::{OrderId, UnixMillis};

    use super::*;
    use crate::testing::{draft, id};

    #[track_caller]
    fn check(draft: Draft, expected: Option<Code>) {
        let body = CommandBody::PublishOrder { order_id: OrderId(id(1)), order: draft };
        assert_eq!(refusal(Role::Customer, &body, Region::North), expected);
    }

    #[test]
    fn a_draft_has_to_fit() {
        let wrong = Some(Code::InvalidInput);
        check(draft(), None);
        check(Draft { title: "修".repeat(120), ..draft() }, None);
        check(Draft { title: "修".repeat(121), ..draft() }, wrong);
        check(Draft { title: "  ".into(), ..draft() }, wrong);
        check(Draft { address: String::new(), ..draft() }, wrong);
        check(Draft { location: Region::South, ..draft() }, wrong);
        check(Draft { price: wire::Amount::from_minor(0).unwrap(), ..draft() }, wrong);
        let backwards = Draft {
            service_start_time: Some(UnixMillis(2)),
            service_end_time: Some(UnixMillis(1)),
            ..draft()
        };
        check(backwards, wrong);
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
            assert_eq!(refusal(role, &accept, Region::North), expected);
        }
        let publish = CommandBody::PublishOrder { order_id, order: draft() };
        assert_eq!(refusal(Role::Provider, &publish, Region::North), Some(Code::RoleForbidden));
        let review = CommandBody::SubmitReview { order_id, rating: 6, comment: String::new() };
        assert_eq!(refusal(Role::Customer, &review, Region::North), Some(Code::InvalidInput));
    }
}
