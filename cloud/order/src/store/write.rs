//! Writes what a decision says, in bulk: all rows of one kind in as few statements as fit.
//!
//! Invariant: an order is written only as it was read; a write that finds it otherwise changes nothing
//! and says so.

use platform::{
    outbox,
    sql::{ROWS_MAX, Statement, Tx, Val, parts},
    vals,
};
use process::{
    clock::Clock,
    defect::{Defect, planted},
};
use rules::{CaseItem, Emitted, Guard, Line, OrderWrite, Standing, StoredAnswer, Writes};
use wire::{CommandId, Event, EventId, Hash, OrderId, UnixMillis};

use super::{
    StoreError,
    rows::NOBODY,
    turn::{Record, turn},
};

/// The version of an order event's body.
const EVENT_VERSION: u32 = 1;

/// One order, as a single command changes it. Of many who read it pending, one finds it so.
const CHANGE_ONE: &str = "UPDATE orders SET status = ?, provider_id = ?, version = ?, \
     updated_at = ?, accepted_at = ?, accepted_source = ?, accepted_firm = ? \
     WHERE id = ? AND status = ? AND version = ?";

const FORGET: &str = "DELETE FROM commands WHERE command_id = ?";

/// Writes the orders; `false` where one of them is no longer as it was read.
pub async fn orders(tx: &mut Tx, writes: &[OrderWrite]) -> Result<bool, StoreError> {
    let mut new = Vec::new();
    let mut changed = Vec::new();
    for write in writes {
        match write.guard {
            None => new.push(&write.after),
            Some(guard) => changed.push((guard, &write.after)),
        }
    }
    for part in parts(&new, ROWS_MAX) {
        insert_orders(tx, part).await?;
    }
    for part in parts(&changed, ROWS_MAX) {
        let found = match part {
            [(guard, after)] => change_one(tx, *guard, after).await?,
            part => change_many(tx, part).await?,
        };
        if found != part.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes all but the orders: the answers, the timeline, the outbox rows, the cases, and how regions
/// assign from here on.
pub async fn rest(
    tx: &mut Tx,
    clock: &Clock,
    writes: &Writes,
    at: UnixMillis,
) -> Result<(), StoreError> {
    for part in parts(&writes.commands, ROWS_MAX) {
        insert_commands(tx, part).await?;
    }
    for part in parts(&writes.timeline, ROWS_MAX) {
        insert_lines(tx, part).await?;
    }
    let events = writes.events.iter().map(|emitted| event(clock, emitted, at));
    let events = events.collect::<Result<Vec<_>, _>>()?;
    outbox::store::add_all(tx, &events).await?;
    for part in parts(&writes.cases, ROWS_MAX) {
        insert_cases(tx, part, at).await?;
    }
    // Last, so that a grant's digest is of all that this transaction has written.
    for (region, turned) in &writes.turns {
        turn(tx, clock, *region, turned, &Record::released(at)).await?;
    }
    Ok(())
}

/// Writes an answer and takes it back.
pub async fn try_out(
    tx: &mut Tx,
    command_id: CommandId,
    decided_at: UnixMillis,
) -> Result<(), StoreError> {
    let answer = StoredAnswer {
        command_id,
        user_id: None,
        hash: Hash::ZERO,
        applied: false,
        code: None,
        order_id: OrderId(command_id.0),
        order_version: None,
        op: None,
        decided_at,
    };
    insert_commands(tx, &[answer]).await?;
    tx.exec(FORGET, vals![command_id]).await?;
    Ok(())
}

async fn change_one(tx: &mut Tx, guard: Guard, after: &Standing) -> Result<u64, StoreError> {
    let (order, acceptance) = (&after.order, after.acceptance.as_ref());
    let values = vals![
        order.status,
        order.provider_id,
        order.version,
        order.updated_at,
        acceptance.map(|acceptance| acceptance.decided_at),
        acceptance.map(|acceptance| acceptance.source.to_string()),
        acceptance.is_some_and(|acceptance| acceptance.firm),
        order.id,
        guard.status,
        guard.version,
    ];
    Ok(tx.exec(CHANGE_ONE, values).await?)
}

/// The same for many at once: each column is a CASE over the ids, and so is the guard.
async fn change_many(tx: &mut Tx, part: &[(Guard, &Standing)]) -> Result<u64, StoreError> {
    let n = part.len();
    let arms =
        |text: Statement, next: &'static str| text.repeat(" WHEN ? THEN ?", "", n).then(next);
    let text = Statement::new("UPDATE orders SET status = CASE id");
    let text = arms(text, " END, provider_id = CASE id");
    let text = arms(text, " END, version = CASE id");
    let text = arms(text, " END, updated_at = CASE id");
    let text = arms(text, " END, accepted_at = CASE id");
    let text = arms(text, " END, accepted_source = CASE id");
    let text = arms(text, " END, accepted_firm = CASE id");
    let text =
        arms(text, " END WHERE id IN (").repeat("?", ", ", n).then(") AND version = CASE id");
    let text = arms(text, " END");
    let mut values = Vec::with_capacity(n * 17);
    let mut column = |of: &dyn Fn(&Standing) -> Val| {
        for (_, after) in part {
            values.push(after.order.id.into());
            values.push(of(after));
        }
    };
    column(&|after| after.order.status.into());
    column(&|after| after.order.provider_id.into());
    column(&|after| after.order.version.into());
    column(&|after| after.order.updated_at.into());
    column(&|after| after.acceptance.as_ref().map(|taken| taken.decided_at).into());
    column(&|after| after.acceptance.as_ref().map(|taken| taken.source.to_string()).into());
    column(&|after| after.acceptance.as_ref().is_some_and(|taken| taken.firm).into());
    values.extend(part.iter().map(|(_, after)| Val::from(after.order.id)));
    for (guard, after) in part {
        values.push(after.order.id.into());
        values.push(guard.version.into());
    }
    Ok(tx.exec(text, values).await?)
}

async fn insert_orders(tx: &mut Tx, part: &[&Standing]) -> Result<(), StoreError> {
    let text = Statement::new(
        "INSERT INTO orders (id, code, customer_id, provider_id, title, description, \
         service_type, price_minor, currency, location, address, service_start_time, \
         service_end_time, status, payment_status, version, created_at, updated_at, source, \
         accepted_at, accepted_source, accepted_firm) VALUES ",
    );
    let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut values = Vec::new();
    for Standing { order, acceptance } in part {
        values.extend(vals![
            order.id,
            order.code.as_str(),
            order.customer_id,
            order.provider_id,
            order.title.as_str(),
            order.description.as_str(),
            order.service_type.as_str(),
            order.price.minor(),
            order.currency.as_str(),
            order.location,
            order.address.as_str(),
            order.service_start_time,
            order.service_end_time,
            order.status,
            order.payment_status.as_str(),
            order.version,
            order.created_at,
            order.updated_at,
            order.source.to_string(),
            acceptance.as_ref().map(|acceptance| acceptance.decided_at),
            acceptance.as_ref().map(|acceptance| acceptance.source.to_string()),
            acceptance.as_ref().is_some_and(|acceptance| acceptance.firm),
        ]);
    }
    tx.exec(text.repeat(row, ", ", part.len()), values).await?;
    Ok(())
}

async fn insert_commands(tx: &mut Tx, part: &[StoredAnswer]) -> Result<(), StoreError> {
    if planted(Defect::NoCommandDedupe) {
        forget(tx, part).await?;
    }
    let text = Statement::new(
        "INSERT INTO commands (command_id, user_id, hash, applied, code, order_id, \
         order_version, edge, epoch, seq, op_hash, decided_at) VALUES ",
    );
    let mut values = Vec::new();
    for answer in part {
        let op = answer.op.as_ref();
        values.extend(vals![
            answer.command_id,
            answer.user_id.map_or(NOBODY, |user| user.0),
            answer.hash,
            answer.applied,
            answer.code.map(|code| code.as_str()),
            answer.order_id,
            answer.order_version,
            op.map(|op| op.edge.as_str()),
            op.map(|op| op.epoch),
            op.map(|op| op.seq),
            op.map(|op| op.hash),
            answer.decided_at,
        ]);
    }
    let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    tx.exec(text.repeat(row, ", ", part.len()), values).await?;
    Ok(())
}

/// The planted defect: a repeat is taken for something new, so nothing of the first may be in its way.
async fn forget(tx: &mut Tx, part: &[StoredAnswer]) -> Result<(), StoreError> {
    for answer in part {
        tx.exec(FORGET, vals![answer.command_id]).await?;
        tx.exec("DELETE FROM order_timeline WHERE command_id = ?", vals![answer.command_id])
            .await?;
        tx.exec("DELETE FROM case_items WHERE command_id = ?", vals![answer.command_id]).await?;
    }
    Ok(())
}

async fn insert_lines(tx: &mut Tx, part: &[Line]) -> Result<(), StoreError> {
    let text = Statement::new(
        "INSERT INTO order_timeline (order_id, version, action, actor_id, actor_role, \
         from_status, to_status, code, reason, tapped_at, edge_at, cloud_at, command_id, source, \
         edge, epoch, seq, verdict) VALUES ",
    );
    let mut values = Vec::new();
    for Line { order_id, entry } in part {
        values.extend(vals![
            *order_id,
            entry.version,
            entry.action.map(|action| action.as_str()),
            entry.actor.user_id,
            entry.actor.role.number(),
            entry.from,
            entry.to,
            entry.code.map(|code| code.as_str()),
            entry.reason.as_deref(),
            entry.hops.tapped_at,
            entry.hops.edge_at,
            entry.hops.cloud_at,
            entry.command_id,
            entry.source.to_string(),
            entry.edge.as_ref().map(|edge| edge.as_str()),
            entry.epoch,
            entry.seq,
            entry.verdict.map(|verdict| verdict.as_str()),
        ]);
    }
    let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    tx.exec(text.repeat(row, ", ", part.len()), values).await?;
    Ok(())
}

async fn insert_cases(tx: &mut Tx, part: &[CaseItem], at: UnixMillis) -> Result<(), StoreError> {
    let text = Statement::new(
        "INSERT INTO case_items (order_id, user_id, kind, command_id, code, at) VALUES ",
    );
    let mut values = Vec::new();
    for item in part {
        values.extend(vals![
            item.order_id,
            item.user_id,
            item.kind.as_str(),
            item.command_id,
            item.code.map(|code| code.as_str()),
            at,
        ]);
    }
    tx.exec(text.repeat("(?, ?, ?, ?, ?, ?)", ", ", part.len()), values).await?;
    Ok(())
}

fn event(clock: &Clock, emitted: &Emitted, at: UnixMillis) -> Result<Event, StoreError> {
    Ok(Event {
        id: EventId(clock.new_id()),
        kind: emitted.kind,
        version: EVENT_VERSION,
        at,
        trace: emitted.trace.clone(),
        body: serde_json::to_value(&emitted.body)?,
    })
}
