//! Refusals that need no view of the order: a role that never gives the command, a command that
//! edges do not take, and invalid fields.

use wire::{
    Action, Code, CommandBody, FieldError, IncidentReport, Region, Role, check_comment,
    check_draft, check_evidence, check_extra_price, check_message, check_optional_note,
    check_optional_reason, check_photos, check_reason,
};

use crate::say;

/// The refusal that does not depend on the view. `wrong` are the invalid fields.
pub(super) fn find_refusal(role: Role, body: &CommandBody, wrong: &[FieldError]) -> Option<Code> {
    if !allowed_roles(body).contains(&role) {
        let accepts = body.order_action() == Some(Action::Accept);
        return Some(if accepts {
            Code::ProvidersOnly
        } else {
            Code::RoleForbidden
        });
    }
    // Only the cloud has all reports and time proposals, so it takes the answers to them.
    if matches!(
        body.order_action(),
        Some(Action::Answer | Action::Reschedule)
    ) {
        return Some(Code::UnknownOp);
    }
    (!wrong.is_empty()).then_some(Code::InvalidInput)
}

fn allowed_roles(body: &CommandBody) -> &'static [Role] {
    body.order_action()
        .map_or(&[Role::Customer], Action::allowed_roles)
}

pub(super) fn wrong_fields(body: &CommandBody, region: Region) -> Vec<FieldError> {
    match body {
        CommandBody::PublishOrder { order, .. } => {
            let mut wrong = check_draft(order).err().unwrap_or_default();
            // An order published here appears in this edge's view, so it must belong to this
            // region.
            if order.location != region {
                wrong.push(FieldError::new("location", say::region_not_this_one));
            }
            // Only the order service makes the code, and shows it only to the customer.
            if order.start_code.is_some() {
                wrong.push(FieldError::new("start_code", say::start_code_not_here));
            }
            wrong
        }
        CommandBody::RejectOrder { reason, .. } => check_reason(reason).err().into_iter().collect(),
        CommandBody::WithdrawAcceptance { reason, .. }
        | CommandBody::CancelOrder { reason, .. } => check_optional_reason(reason.as_deref())
            .err()
            .into_iter()
            .collect(),
        CommandBody::CompleteOrder { note, evidence, .. } => {
            let mut wrong = evidence.as_ref().map(check_evidence).unwrap_or_default();
            wrong.extend(check_optional_note(note.as_deref()).err());
            wrong
        }
        CommandBody::SubmitReview {
            rating, comment, ..
        } => {
            let mut wrong: Vec<_> = check_comment(comment).err().into_iter().collect();
            if !(1..=5).contains(rating) {
                wrong.push(FieldError::new("rating", say::no_stars));
            }
            wrong
        }
        CommandBody::StartOrder { photos, .. } => check_photos(photos).into_iter().collect(),
        CommandBody::ReportIncident {
            kind,
            note,
            extra_price,
            ..
        } => {
            let report = IncidentReport {
                kind: *kind,
                extra_price: *extra_price,
            };
            let mut wrong: Vec<_> = check_extra_price(report).into_iter().collect();
            wrong.extend(check_optional_note(note.as_deref()).err());
            wrong
        }
        CommandBody::ApproveOrder { .. }
        | CommandBody::AcceptOrder { .. }
        | CommandBody::AnswerIncident { .. }
        | CommandBody::RescheduleOrder { .. } => Vec::new(),
        CommandBody::SendMessage { text, photo, .. } => {
            check_message(text, *photo).err().into_iter().collect()
        }
    }
}
