//! Decides a batch. Order of checks: stored answer, reason to wait, authenticated author, order
//! rules.

use wire::{
    Action, Amount, Code, CommandBody, HeldReason, Lost, OpDecision, OrderStatus, Outcome,
    OutcomeKind, Region, Role,
};

use crate::{
    Assignment, Attempt, CaseKind, OpIdentity, OrderRule, OrderState, Snapshot, Submission, Writes,
    batch::{BatchDecision, record::consumes_command_id},
    disclosure, is_disabled, order_rules,
    ruling::{self, PromiseBacking, RevocationEffect, Ruling, RulingContext},
};

/// Decides the requests in order, each on the state left by the ones before.
pub fn decide_submissions(snapshot: &Snapshot, submissions: &[Submission]) -> Writes {
    let mut desk = BatchDecision::new(snapshot);
    let answers = submissions
        .iter()
        .map(|request| decide_submission(&mut desk, request))
        .collect();
    desk.close(answers)
}

fn decide_submission(decision: &mut BatchDecision<'_>, request: &Submission) -> OpDecision {
    match request {
        Submission::Command(attempt) => match decide_command(decision, attempt) {
            Ok(outcome) => OpDecision::Decided(outcome),
            Err(reason) => OpDecision::Held(reason),
        },
        Submission::LeaseReleased {
            identity: name,
            region,
            fence,
        } => OpDecision::Decided(release_lease(decision, name, *region, *fence)),
    }
}

/// Ends the right if this fence is current. Releasing an ended fence gets the same answer: its
/// holder has done its part.
fn release_lease(
    decision: &mut BatchDecision<'_>,
    identity: &OpIdentity,
    region: Region,
    fence: u64,
) -> Outcome {
    let now = decision.snapshot.now;
    let assignment = decision.current_assignment(region);
    if let Some(turned) = assignment.and_then(|held| held.release_right(identity, fence, now)) {
        decision.apply_transition(region, turned);
    }
    Outcome::new_plain(OutcomeKind::Applied, now)
}

/// Repeats a stored answer, gives a reason to wait, or rules on the command.
fn decide_command(
    decision: &mut BatchDecision<'_>,
    attempt: &Attempt,
) -> Result<Outcome, HeldReason> {
    if let Some((outcome, listed)) = answer_repeat(decision, attempt) {
        if listed.contains(&CaseKind::TakenBack) {
            decision.record_late_promise(attempt);
        }
        decision.list(attempt, &outcome, listed);
        return Ok(outcome);
    }
    if attempt.is_distrusted() {
        // Before any wait, which would forward the command to an edge that holds the region.
        return Ok(decision.record_ruling(
            attempt,
            Ruling::Refused(Code::EdgeNotTrusted),
            Vec::new(),
        ));
    }
    let region = order_region(decision, attempt);
    let held = held_reason(attempt, region, |region| {
        decision.current_assignment(region)
    });
    if let Some(reason) = held.or_else(|| decision.waits_behind(attempt)) {
        return hold_command(decision, attempt, region, reason);
    }
    let (ruling, listed) = rule_on_attempt(decision, attempt, region);
    Ok(decision.record_ruling(attempt, ruling, listed))
}

/// Why this command waits while another edge holds the region's assignment right; `None` to decide
/// it now. Runs after the stored answer and before every other check: the holder may already have
/// answered firm, even to this very command, and an earlier decision here would contradict it.
///
/// `region` is the order's region, if known. Only
/// accepts and edge approvals wait; the same edge's later ops on that order then wait behind them.
pub(crate) fn held_reason<'a>(
    attempt: &Attempt,
    region: Option<Region>,
    assignment: impl Fn(Region) -> Option<&'a Assignment>,
) -> Option<HeldReason> {
    let author_op = attempt.op().map(|op| &op.identity);
    let covered = match attempt.command.body.order_action() {
        Some(Action::Accept) => true,
        Some(Action::Approve) => author_op.is_some(),
        _ => false,
    };
    if !covered || decides_without_holder(attempt) {
        return None;
    }
    let held = match (region, attempt.op()) {
        (Some(region), _) => {
            assignment(region).is_some_and(|held| held.is_held_elsewhere(author_op))
        }
        // The order may have been published at an unreachable holder, in any region. Decide now if
        // the sender holds its region; otherwise wait while any region is held.
        (None, Some(op)) => {
            let own = assignment(op.region);
            let own = own.is_some_and(|own| {
                op.evidence.fence == Some(own.fence) && own.is_held_by(&op.identity)
            });
            let mut assignments = Region::ALL.into_iter().filter_map(assignment);
            !own && assignments.any(|held| held.is_held_elsewhere(author_op))
        }
        // A portal user gets "order not found" and may retry.
        (None, None) => false,
    };
    held.then_some(HeldReason::Region)
}

/// Returns true only without the rule that such a command waits for the holder.
fn decides_without_holder(attempt: &Attempt) -> bool {
    let fenced = attempt.op().is_some_and(|op| op.evidence.fence.is_some());
    let rule = if fenced {
        OrderRule::OldfenceHeld
    } else {
        OrderRule::NonfenceHeld
    };
    is_disabled(rule)
}

/// Stores nothing for a waiting command, so nothing about it is final.
fn hold_command(
    decision: &mut BatchDecision<'_>,
    attempt: &Attempt,
    region: Option<Region>,
    reason: HeldReason,
) -> Result<Outcome, HeldReason> {
    if is_disabled(OrderRule::HeldNotFinal) {
        let ruling = Ruling::Refused(Code::RegionAssigningOffline);
        return Ok(decision.record_ruling(attempt, ruling, Vec::new()));
    }
    if is_disabled(OrderRule::HeldBeforeChecks) {
        let (ruling, listed) = rule_on_attempt(decision, attempt, region);
        let refused = matches!(
            ruling,
            Ruling::Refused(_) | Ruling::Overturned(..) | Ruling::OverLimit(_)
        );
        return if refused {
            Ok(decision.record_ruling(attempt, ruling, listed))
        } else {
            Err(reason)
        };
    }
    decision.mark_waiting(attempt);
    Err(reason)
}

fn rule_on_attempt(
    decision: &BatchDecision<'_>,
    attempt: &Attempt,
    region: Option<Region>,
) -> (Ruling, Vec<CaseKind>) {
    let Some(actor) = attempt.actor else {
        return (Ruling::Refused(Code::InvalidToken), Vec::new());
    };
    let nobodys = Assignment::default();
    let assignment = region
        .and_then(|region| decision.current_assignment(region))
        .unwrap_or(&nobodys);
    let order_id = attempt.command.body.order_id();
    let state = decision.order_state(order_id);
    let proposal = decision.find_proposal(attempt);
    let backing = PromiseBacking::from_evidence(attempt, assignment);
    let by_known = ruling::is_judged_by_edge_view(attempt, actor, &backing, state);
    let revocation = ruling::revocation_effect(attempt, by_known);
    if revocation == RevocationEffect::Refuses {
        return (Ruling::Refused(Code::Revoked), Vec::new());
    }
    let rules = ruling::applicable_rules(attempt, assignment, by_known);
    let case = RulingContext {
        attempt,
        actor,
        backing: &backing,
        rules: &rules,
        held_elsewhere: assignment.is_held_elsewhere(attempt.op().map(|op| &op.identity)),
        held_here: attempt
            .op()
            .is_some_and(|op| assignment.is_held_by(&op.identity)),
        met_closed: decision.met_closed(order_id, actor.user_id),
        is_verified: decision.snapshot.passes_verification(attempt, actor),
        is_double_booked: state
            .is_some_and(|state| decision.is_double_booked(actor.user_id, &state.order, proposal)),
        limit: decision.limit_reached(attempt, state.map(|state| &state.order)),
        cancel_policies: &decision.snapshot.cancel_policies,
        start_code: decision.snapshot.start_codes.get(&order_id),
        incidents: decision.known_incidents(order_id),
        proposal,
        messages: &decision.messages,
        is_start_locked: decision.snapshot.locked_starts.contains(&order_id),
        now: decision.snapshot.now,
    };
    let ruling = order_rules::rule_on_command(case, state);
    let listed = cases_to_open(case, state, &ruling, revocation);
    (ruling, listed)
}

fn cases_to_open(
    context: RulingContext<'_>,
    state: Option<&OrderState>,
    ruling: &Ruling,
    revocation: RevocationEffect,
) -> Vec<CaseKind> {
    let mut kinds = Vec::new();
    let writes = context.attempt.command.body.order_action() == Some(Action::Message);
    match ruling {
        Ruling::Changed {
            under_rule: true, ..
        } => kinds.push(CaseKind::OfflineRule),
        Ruling::Meanwhile(_) => kinds.push(CaseKind::MetClosed),
        Ruling::Overturned(..) => kinds.push(CaseKind::TakenBack),
        // It cost no one any work.
        Ruling::Refused(_) if writes => {}
        // After any other refusal the same id may come again; it must open only one case.
        Ruling::Refused(code)
            if context.met_closed && consumes_command_id(context.attempt, *code) =>
        {
            kinds.push(CaseKind::MetClosed);
        }
        Ruling::Refused(code) => {
            kinds.extend(case_for_wasted_act(context, state, *code));
        }
        Ruling::Changed { .. } | Ruling::AlreadySo | Ruling::Sent(_) | Ruling::OverLimit(_) => {}
    }
    let honoured = matches!(
        ruling,
        Ruling::Changed { .. } | Ruling::Meanwhile(_) | Ruling::Sent(_)
    );
    if honoured && revocation == RevocationEffect::Later {
        kinds.push(CaseKind::RevokedMeanwhile);
    }
    let accepts = context.attempt.command.body.order_action() == Some(Action::Accept);
    if honoured && accepts && !context.is_verified {
        kinds.push(CaseKind::UnverifiedHolder);
    }
    let changed = matches!(ruling, Ruling::Changed { .. });
    if changed && accepts && context.is_double_booked {
        kinds.push(CaseKind::DoubleBooked);
    }
    kinds
}

/// The case for a good-faith act at an edge, refused for good because of an earlier decision in the
/// cloud, or because the order has not reached it.
fn case_for_wasted_act(
    context: RulingContext<'_>,
    state: Option<&OrderState>,
    code: Code,
) -> Option<CaseKind> {
    use Code::{NotYours, OrderCancelled, OrderNotFound, OrderRejected, WrongState};
    let settled = matches!(
        code,
        NotYours | OrderCancelled | OrderNotFound | OrderRejected | WrongState
    );
    if context.attempt.op().is_none() || !settled || is_disabled(OrderRule::VainCase) {
        return None;
    }
    let actor = context.actor;
    match context.attempt.command.body.order_action()? {
        Action::Complete => {
            // A repeated tap on work that counts.
            let counts = state.is_some_and(|state| {
                state.order.provider_id == Some(actor.user_id)
                    && matches!(
                        state.order.status,
                        OrderStatus::Completed | OrderStatus::Reviewed
                    )
            });
            (actor.role == Role::Provider && !counts).then_some(CaseKind::WorkedInVain)
        }
        Action::Withdraw => {
            let fee = state?
                .terms
                .filter(|terms| terms.provider_id == Some(actor.user_id))?
                .fee;
            (fee > Amount::ZERO).then_some(CaseKind::WithdrewBeforeFee)
        }
        _ => None,
    }
}

fn answer_repeat(
    decision: &BatchDecision<'_>,
    attempt: &Attempt,
) -> Option<(Outcome, Vec<CaseKind>)> {
    let sends = attempt.command.body.order_action() == Some(Action::Message);
    if is_disabled(OrderRule::AnswersKept) || (sends && is_disabled(OrderRule::MessageOnce)) {
        return None;
    }
    let stored = decision.stored_answer(attempt)?;
    let state = decision
        .order_state(stored.order_id)
        .filter(|_| stored.order_version.is_some());
    let taken_back = state.and_then(|state| decision.taken_back(attempt, &state.order));
    let lost = state.and_then(|state| disclosure::explain_repeated_loss(attempt, state, stored));
    // The accept may have lost after it was forwarded to the next holder. Its author still learns
    // why the promise did not hold, and the case opens once.
    let ended = taken_back
        .as_ref()
        .map(|end| end.how)
        .or(attempt.promise_ended());
    let overturned = ended.is_some() && !stored.applied && !decision.has_take_back_case(attempt);
    let mut listed = if overturned {
        vec![CaseKind::TakenBack]
    } else {
        Vec::new()
    };
    if attempt.is_distrusted() && stored.applied {
        listed.push(CaseKind::EdgeDistrusted);
    }
    let lost = lost.map(|lost| Lost {
        promise_ended: ended,
        taken_back,
        ..lost
    });
    let order = state
        .map(|state| &state.order)
        .filter(|order| stored.applied || !disclosure::is_hidden_from_author(order, attempt))
        .cloned();
    Some((
        stored.repeat_outcome(attempt, order, lost, decision.snapshot.now),
        listed,
    ))
}

/// The region of the order, or of the order being published; its rules apply. `None` if the order
/// is unknown.
fn order_region(decision: &BatchDecision<'_>, attempt: &Attempt) -> Option<Region> {
    match &attempt.command.body {
        CommandBody::PublishOrder { order, .. } => Some(order.location),
        body => decision
            .order_state(body.order_id())
            .map(|state| state.order.location),
    }
}
