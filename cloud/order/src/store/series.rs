//! Jobs that repeat: a series is the orders that one request published.
//!
//! Invariants: all orders of a series are published in one transaction or none is, and each was
//! decided as a separate publication. A repeat of the request publishes nothing more.

use platform::{
    row,
    sql::{Columns, Statement, Tx, in_list},
    transact, vals,
};
use rules::{Recurrence, Submission, Writes, decide_submissions};
use uuid::{Builder, Uuid};
use wire::{
    Code, CommandId, Draft, Hash, OpDecision, Order, OrderId, Outcome, OutcomeKind, PlannedTime,
    UserId,
};

use super::{
    Publication, Store, StoreError,
    decide::{COLLISIONS_MAX, is_collision, write_orders, write_results},
    is_reused,
    rows::OrderRow,
    snapshot::{OrderReadMode, read_snapshot},
};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SeriesRow in series {
        pub id: Uuid,
        pub customer_id: UserId,
        pub rule: String,
        pub time_zone: String,
        pub occurrences: u64,
    }
}

row! {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct SeriesOrderRow in series_orders {
        order_id: OrderId,
        series_id: Uuid,
        number: u64,
    }
}

row! {
    /// The place of an order in its series.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct SeriesPlace {
        pub order_id: OrderId,
        pub series_id: Uuid,
        pub number: u64,
        pub occurrences: u64,
    }
}

const PLACES: &str = "SELECT order_id, series_id, number, occurrences FROM series_orders \
    JOIN series ON series.id = series_orders.series_id WHERE order_id IN (";

const DELETE_PLACE: &str = "DELETE FROM series_orders WHERE order_id = ?";

const DELETE_EMPTY: &str = "DELETE FROM series WHERE customer_id = ? AND NOT EXISTS \
    (SELECT 1 FROM series_orders WHERE series_orders.series_id = series.id)";

/// A job to publish once for each of its times.
pub struct SeriesPublication {
    /// With the draft of the first order.
    pub publication: Publication,
    pub recurrence: Recurrence,
    /// From the recurrence. The first is the draft's own.
    pub times: Vec<PlannedTime>,
}

/// An order of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesOrder {
    pub number: u64,
    pub order: Order,
}

enum SeriesDecision {
    Final(Box<OpDecision>),
    /// Another request under the same command id was decided first.
    Overtaken,
}

impl Store {
    /// Publishes all orders, or none. The answer is about the first one, or the first refusal.
    pub async fn publish_series(&self, new: SeriesPublication) -> Result<OpDecision, StoreError> {
        let mut collisions = 0;
        loop {
            if let Some(first) = self.find_published_order(&new.publication).await? {
                return self.repeat_series(&new, first).await;
            }
            let decided = match self.publish_new_series(&new).await {
                Err(error) if is_collision(&error) => SeriesDecision::Overtaken,
                decided => decided?,
            };
            match decided {
                SeriesDecision::Final(decision) => return Ok(*decision),
                SeriesDecision::Overtaken if collisions < COLLISIONS_MAX => collisions += 1,
                SeriesDecision::Overtaken => {
                    return Ok(self.refuse_reused_id());
                }
            }
        }
    }

    /// The same request as before gets the same answer, any other one is refused.
    async fn repeat_series(
        &self,
        new: &SeriesPublication,
        first: OrderId,
    ) -> Result<OpDecision, StoreError> {
        let published = self.find_series(first).await?;
        let recurrence = &new.recurrence;
        let is_same = published.is_some_and(|series| {
            series.rule == recurrence.rule().to_string()
                && series.time_zone == recurrence.time_zone()
        });
        if !is_same {
            return Ok(self.refuse_reused_id());
        }
        // The rules compare the draft, from which the others follow.
        self.decide_published(&new.publication, first).await
    }

    async fn publish_new_series(
        &self,
        new: &SeriesPublication,
    ) -> Result<SeriesDecision, StoreError> {
        if new.publication.wants_start_code
            && let Some(refusal) = self.find_refusal(new).await?
        {
            return Ok(refusal);
        }
        let mut submissions = Vec::with_capacity(new.times.len());
        let mut places = Vec::with_capacity(new.times.len());
        let series_id = self.clock.new_id();
        for (number, time) in (1u64..).zip(&new.times) {
            let order_id = OrderId(self.clock.new_id());
            let publication = new.build_occurrence(number, *time);
            let start_code = self.start_code_check(&publication, order_id).await?;
            let attempt = publication.to_attempt(order_id, start_code);
            submissions.push(Submission::Command(Box::new(attempt)));
            places.push(SeriesOrderRow {
                order_id,
                series_id,
                number,
            });
        }
        let series = SeriesRow {
            id: series_id,
            customer_id: new.publication.actor.user_id,
            rule: new.recurrence.rule().to_string(),
            time_zone: new.recurrence.time_zone().to_owned(),
            occurrences: places.len() as u64,
        };
        transact!(self.sql, tx => {
            let decision = self.decide_all_or_none(tx, &submissions).await?;
            if matches!(&decision, SeriesDecision::Final(decision) if is_applied(decision)) {
                tx.insert(series.clone()).await?;
                tx.insert_all(places.clone()).await?;
            }
            Ok(decision)
        })
    }

    /// The first refusal, if there is one, found without the start codes: their hashes take long.
    async fn find_refusal(
        &self,
        new: &SeriesPublication,
    ) -> Result<Option<SeriesDecision>, StoreError> {
        let submissions: Vec<Submission> = (1u64..)
            .zip(&new.times)
            .map(|(number, time)| {
                let order_id = OrderId(self.clock.new_id());
                let publication = new.build_occurrence(number, *time);
                Submission::Command(Box::new(publication.to_attempt(order_id, None)))
            })
            .collect();
        transact!(self.sql, tx => {
            let writes = self.decide_submissions(tx, &submissions).await?;
            Ok(self.first_refusal(&writes))
        })
    }

    async fn decide_submissions(
        &self,
        tx: &mut Tx,
        submissions: &[Submission],
    ) -> Result<Writes, StoreError> {
        let now = self.clock.now();
        let mode = OrderReadMode::Plain;
        let snapshot = read_snapshot(tx, &self.rules, submissions, mode, now).await?;
        Ok(decide_submissions(&snapshot, submissions))
    }

    /// If the first command was answered before, the whole request came twice. The other ids derive
    /// from the first; one that was answered before belongs to another command.
    fn first_refusal(&self, writes: &Writes) -> Option<SeriesDecision> {
        let mut answers = writes.answers.iter().enumerate();
        let (index, refusal) = answers.find(|(_, answer)| !is_applied(answer))?;
        Some(match (is_answered_before(refusal), index) {
            (true, 0) => SeriesDecision::Overtaken,
            (true, _) => SeriesDecision::Final(Box::new(self.refuse_reused_id())),
            (false, _) => SeriesDecision::Final(Box::new(refusal.clone())),
        })
    }

    /// Returns the answer to the first submission, or the first refusal. It wrote nothing then.
    async fn decide_all_or_none(
        &self,
        tx: &mut Tx,
        submissions: &[Submission],
    ) -> Result<SeriesDecision, StoreError> {
        let now = self.clock.now();
        let writes = self.decide_submissions(tx, submissions).await?;
        if let Some(refusal) = self.first_refusal(&writes) {
            return Ok(refusal);
        }
        if !write_orders(tx, &writes.orders).await? {
            return Err(StoreError::Contradiction(
                "a new order was changed by another transaction",
            ));
        }
        write_results(tx, &self.clock, &writes, now).await?;
        let first = writes.answers.into_iter().next();
        let first = first.ok_or(StoreError::Unreadable("no answer"))?;
        Ok(SeriesDecision::Final(Box::new(first)))
    }

    pub(super) fn refuse_reused_id(&self) -> OpDecision {
        let now = self.clock.now();
        OpDecision::Decided(Outcome::new_rejected(Code::CommandIdReused, None, now))
    }

    /// The series of an order.
    pub async fn find_series(&self, order_id: OrderId) -> Result<Option<SeriesRow>, StoreError> {
        let text = SeriesRow::select(
            "WHERE id = (SELECT series_id FROM series_orders WHERE order_id = ?)",
        );
        Ok(self.sql.fetch_optional(text, vals![order_id]).await?)
    }

    /// The orders of a series, by number.
    pub async fn list_series_orders(&self, series: Uuid) -> Result<Vec<SeriesOrder>, StoreError> {
        let text = SeriesOrderRow::select("WHERE series_id = ? ORDER BY number");
        let places: Vec<SeriesOrderRow> = self.sql.fetch_all(text, vals![series]).await?;
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let text = OrderRow::select("WHERE id IN (")
            .append_marks(places.len())
            .append_text(")");
        let ids = places.iter().map(|place| place.order_id.into()).collect();
        let rows: Vec<OrderRow> = self.sql.fetch_all(text, ids).await?;
        let mut orders: Vec<SeriesOrder> = rows
            .into_iter()
            .filter_map(|row| {
                let place = places.iter().find(|place| place.order_id == row.id)?;
                Some(SeriesOrder {
                    number: place.number,
                    order: row.into(),
                })
            })
            .collect();
        orders.sort_by_key(|one| one.number);
        Ok(orders)
    }

    /// The places of those orders that are in a series.
    pub async fn list_series_places(
        &self,
        orders: &[OrderId],
    ) -> Result<Vec<SeriesPlace>, StoreError> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let text: Statement = in_list(PLACES, orders.len(), ")");
        let values = orders.iter().map(Into::into).collect();
        Ok(self.sql.fetch_all(text, values).await?)
    }
}

impl SeriesPublication {
    fn build_occurrence(&self, number: u64, time: PlannedTime) -> Publication {
        let Publication {
            command_id,
            actor,
            draft,
            wants_start_code,
            trace,
        } = &self.publication;
        let command_id = match number {
            1 => *command_id,
            _ => derive_command_id(*command_id, &number.to_be_bytes()),
        };
        Publication {
            command_id,
            actor: *actor,
            draft: Draft {
                service_start_time: Some(time.service_start_time),
                service_end_time: time.service_end_time,
                ..draft.clone()
            },
            wants_start_code: *wants_start_code,
            trace: trace.clone(),
        }
    }
}

/// The id of one of several commands that a person sends under one id.
pub fn derive_command_id(request: CommandId, part: &[u8]) -> CommandId {
    let hash = Hash::digest_bytes(&[request.0.as_bytes(), part].concat());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    CommandId(Builder::from_custom_bytes(id).into_uuid())
}

fn is_applied(decision: &OpDecision) -> bool {
    matches!(decision, OpDecision::Decided(outcome) if outcome.kind == OutcomeKind::Applied)
}

fn is_answered_before(refusal: &OpDecision) -> bool {
    let is_repeat = matches!(
        refusal,
        OpDecision::Decided(outcome) if outcome.kind == OutcomeKind::Duplicate
    );
    is_repeat || is_reused(refusal)
}

/// Takes an erased order out of its series, which goes with its last order. Returns 1 if it was in
/// one.
pub(super) async fn leave_series(tx: &mut Tx, order: &Order) -> Result<u64, StoreError> {
    let left = tx.exec(DELETE_PLACE, vals![order.id]).await?;
    if left > 0 {
        tx.exec(DELETE_EMPTY, vals![order.customer_id]).await?;
    }
    Ok(left)
}
