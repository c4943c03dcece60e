//! The price of a cancellation: the preview, and the terms of the cancel that follows. Both use the
//! same `custody` calculation on the current order.

use custody::{CancelPreview, CancelPricing, DisabledMoneyRule, FeePolicy, TermsChanged};
use wire::{Action, Actor, Amount, CancelCharge, Code, CommandBody, Order, Role, UnixMillis};

use crate::{
    DisabledRule, OfflineRules, OrderState,
    ruling::{self, RulingContext},
};

/// A window of at least this length means a day without an hour. A day has 23 hours when clocks
/// change.
const WHOLE_DAY_MS: i64 = 23 * 60 * 60 * 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancellation {
    pub fee: Amount,
    pub refund: Amount,
    /// Cancelling costs a fee from this time on, if the price is then in custody. Absent if it
    /// never does.
    pub free_until: Option<UnixMillis>,
}

/// Previews the cancellation for this person, or returns why they cannot cancel. The caller checks
/// read access.
pub fn preview_cancellation(
    state: &OrderState,
    actor: Actor,
    policies: &[FeePolicy],
    rules: &OfflineRules,
    now: UnixMillis,
) -> Result<Cancellation, Code> {
    let order = &state.order;
    let own = actor.role == Role::Admin || order.customer_id == actor.user_id;
    if !Action::Cancel.allowed_roles().contains(&actor.role) || !own {
        return Err(Code::RoleForbidden);
    }
    if ruling::status_after(Action::Cancel, actor.role, order, rules).is_none() {
        return Err(ruling::why_not(order.status, Action::Cancel));
    }
    let question = cancel_question(state, actor.role, policies, now);
    let CancelPreview {
        fee_minor,
        refund_minor,
    } = question.preview_fee();
    let policy = question.policy;
    let costs = actor.role == Role::Customer && policy.cancel_fee_minor(question.price_minor) > 0;
    let free_until = agreed_start(order).filter(|_| costs);
    let free_until = free_until.map(|start| start.plus_ms(-policy.cancel_notice_ms));
    Ok(Cancellation {
        fee: to_amount(fee_minor)?,
        refund: to_amount(refund_minor)?,
        free_until,
    })
}

/// The terms of a cancel, bound to the preview its sender saw [PREVIEW_BOUND]. An edge's cancel is
/// priced at the time it was logged.
pub(crate) fn cancel_terms(
    context: RulingContext<'_>,
    state: &OrderState,
) -> Result<CancelCharge, Code> {
    let shown = match &context.attempt.command.body {
        CommandBody::CancelOrder { fee, .. } => fee.map(Amount::minor_units),
        _ => None,
    };
    let at = context.attempt.edge_at().unwrap_or(context.now);
    let question = cancel_question(state, context.actor.role, context.cancel_policies, at);
    let lapse = (context.disabled == Some(DisabledRule::PreviewBound))
        .then_some(DisabledMoneyRule::PreviewBound);
    match question.confirm_terms(shown, lapse) {
        Ok(terms) => Ok(CancelCharge {
            fee: to_amount(terms.fee_minor)?,
            provider_id: terms.provider_id,
        }),
        Err(TermsChanged(_)) => Err(Code::TermsChanged),
    }
}

/// The money to return to the customer of a cancelled order.
pub(crate) fn refund_amount(cancelled: &OrderState) -> Option<Amount> {
    let rest = cancelled.held.minor_units() - cancelled.terms?.fee.minor_units();
    Amount::from_minor(rest).ok()
}

fn cancel_question(
    state: &OrderState,
    by: Role,
    policies: &[FeePolicy],
    at: UnixMillis,
) -> CancelPricing {
    let order = &state.order;
    CancelPricing {
        by,
        status: order.status,
        payment_status: order.payment_status,
        provider_id: order.provider_id,
        price_minor: order.price.minor_units(),
        held_minor: state.held.minor_units(),
        starts_at: agreed_start(order),
        at,
        policy: FeePolicy::find_in_force(policies, order.created_at, at, None),
    }
}

/// The agreed hour. If the provider may come at any time of day, no hour is reserved and a cancel
/// requires no notice.
fn agreed_start(order: &Order) -> Option<UnixMillis> {
    let start = order.service_start_time?;
    let names_no_hour = order
        .service_end_time
        .is_some_and(|end| end.ms_since(start) >= WHOLE_DAY_MS);
    (!names_no_hour).then_some(start)
}

/// Never fails in practice: fee and refund are parts of the price.
fn to_amount(minor: i64) -> Result<Amount, Code> {
    Amount::from_minor(minor).map_err(|_| Code::Internal)
}
