//! Reports of messages.
//!
//! Invariants: a report opens one case and blocks the writer; a repeat keeps the first report.

use platform::{
    ChangeError, outbox, row,
    sql::{Columns, SealedColumn, SealedTable},
    transact, vals,
};
use rules::CaseKind;
use wire::{
    Actor, Code, CommandId, Event, EventId, EventType, OrderEvent, OrderId, Role, UnixMillis,
    is_party,
};

use super::{
    Store, StoreError,
    background::lock_order,
    message_blocks::block,
    messages::{KEY, find_message},
    rows::CaseRow,
};

pub(super) const REPORTS: SealedTable = SealedTable {
    label: "order.message_reports",
    name: "message_reports",
    key: KEY,
    part: None,
    columns: &[SealedColumn::text("why", "message_reports.why", KEY)],
};

row! {
    /// The recipient's report of a message.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct MessageReport in message_reports sealed by REPORTS {
        pub order_id: OrderId,
        pub number: u64,
        pub why: String,
        pub reported_at: UnixMillis,
    }
}

impl Store {
    /// Records that the reader reports a message that was sent to them, opens a case, and blocks
    /// its writer. A repeat keeps the first report.
    pub async fn report_message(
        &self,
        order_id: OrderId,
        reporter: Actor,
        number: u64,
        why: &str,
        trace: &str,
    ) -> Result<(), ChangeError> {
        let at = self.clock.now();
        let event_id = EventId(self.clock.new_id());
        transact!(self.sql, tx => {
            let Some(state) = lock_order(tx, order_id).await? else {
                return Err(Code::OrderNotFound.into());
            };
            let order = state.order;
            if !is_party(&order, reporter) {
                return Err(Code::OrderNotFound.into());
            }
            let Some(message) = find_message(tx, order_id, number).await? else {
                return Err(Code::NotFound.into());
            };
            let is_to_reporter = message.writer_role() != reporter.role
                && (reporter.role == Role::Customer || message.provider_id == reporter.user_id);
            if !is_to_reporter {
                return Err(Code::NotFound.into());
            }
            let writer = message.writer(&order);
            block(tx, reporter.user_id, writer.user_id, at).await?;
            let why = why.to_owned();
            let report = MessageReport { order_id, number, why: why.clone(), reported_at: at };
            if !tx.insert_new(report).await? {
                return Ok(());
            }
            let command_id = CommandId(message.id);
            let kind = CaseKind::MessageReported.as_str();
            let user_id = writer.user_id;
            tx.insert_new(CaseRow { order_id, user_id, kind, command_id, code: None, at }).await?;
            let body = OrderEvent {
                reason: Some(why),
                ..OrderEvent::from_order(order, reporter, command_id)
            };
            let kind = EventType::OrderMessageReported;
            outbox::add(tx, &Event::new(event_id, kind, at, trace, &body)?).await?;
            Ok::<_, ChangeError>(())
        })
    }

    /// The reports about an order, by the number of the message.
    pub async fn list_message_reports(
        &self,
        order_id: OrderId,
    ) -> Result<Vec<MessageReport>, StoreError> {
        let text = MessageReport::select("WHERE order_id = ? ORDER BY number");
        Ok(self.sql.fetch_all(text, vals![order_id]).await?)
    }
}
