//! The four promises, checked against the stores. The facts come from the databases and the edges'
//! own files, so no part of the platform judges itself.

mod standing;

use std::collections::{BTreeMap, HashMap};

use platform::{sql::Sql, vals};
use process::parts::CloudPart;
use stack::{EdgePlace, Stack};
use uuid::Uuid;
use wire::{Code, FenceEnding, OrderId, Outcome, OutcomeKind, UserId, Verdict};

use crate::{
    ledger::{Ledger, Said, Told},
    plan::Seat,
};

pub struct Truth {
    order_db: Sql,
    sync_db: Sql,
    edges: BTreeMap<Seat, Sql>,
}

struct Line {
    action: Option<String>,
    actor: UserId,
    from: Option<String>,
    to: String,
    command: Uuid,
}

/// Broken promises, a sentence each.
pub type Findings = Vec<String>;

impl Truth {
    /// # Panics
    /// If a store cannot be opened.
    pub async fn of(stack: &Stack, places: &BTreeMap<Seat, EdgePlace>) -> Self {
        let open = async |url: String| Sql::open(&url).await.expect("a store");
        let stores = stack.stores().expect("real stores");
        let mut edges = BTreeMap::new();
        for (seat, place) in places {
            let file = stack.layout().edge_folder(place).join("db").join("edge.db");
            edges.insert(*seat, open(format!("sqlite:{}", file.display())).await);
        }
        Self {
            order_db: open(stores.database_url(CloudPart::Order)).await,
            sync_db: open(stores.database_url(CloudPart::Hub)).await,
            edges,
        }
    }

    /// For tests that falsify rows and expect a check to fail.
    pub fn order_db(&self) -> &Sql {
        &self.order_db
    }

    pub fn sync_db(&self) -> &Sql {
        &self.sync_db
    }

    /// The database file of an edge.
    pub fn edge(&self, seat: Seat) -> &Sql {
        &self.edges[&seat]
    }

    /// Everything still waiting: ops, portal accepts, events.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn waits(&self) -> Findings {
        const IN_SYNC: [(&str, &str); 2] = [
            ("ops without an outcome", "SELECT COUNT(*) FROM undecided"),
            (
                "portal accepts without an answer",
                "SELECT COUNT(*) FROM asks",
            ),
        ];
        const IN_ORDER: (&str, &str) = (
            "events not sent",
            "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL",
        );
        let mut found = Findings::new();
        for (sql, (what, text)) in IN_SYNC
            .map(|asked| (&self.sync_db, asked))
            .into_iter()
            .chain([(&self.order_db, IN_ORDER)])
        {
            let number: i64 = sql
                .fetch_optional(text, vals![])
                .await
                .expect("a count")
                .expect("a row");
            if number > 0 {
                found.push(format!("{number} {what}"));
            }
        }
        found
    }

    /// The number of undecided ops that the edge last reported to the hub.
    ///
    /// # Panics
    /// If the store cannot be read.
    pub async fn pending_at(&self, seat: Seat) -> i64 {
        const PENDING: &str = "SELECT pending FROM edges WHERE edge = ?";
        let pending = self
            .sync_db
            .fetch_optional(PENDING, vals![seat.to_string()])
            .await;
        pending.expect("the edge's word").expect("an edge")
    }

    /// Commands without an outcome, or with another outcome than the order service's row: all taken
    /// commands of tablets and the portal. A portal command that was not taken has no row.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn commands_without_an_outcome(&self, ledger: &Ledger) -> Findings {
        const ANSWERS: &str = "SELECT command_id, user_id, applied, code FROM commands";
        let rows: Vec<(Uuid, Uuid, i64, Option<String>)> = self
            .order_db
            .fetch_all(ANSWERS, vals![])
            .await
            .expect("answers");
        let answers: HashMap<(Uuid, Uuid), (bool, Option<String>)> = rows
            .into_iter()
            .map(|(command, user, applied, code)| ((command, user), (applied == 1, code)))
            .collect();
        let mut found = Findings::new();
        for told in &ledger.told {
            let said = told
                .outcome()
                .filter(|_| told.stored.verdict != Verdict::NotTaken);
            let stored = answers.get(&(told.command.0, told.user.0));
            match (said.map(first), stored) {
                (Some(said), Some(stored)) if said == *stored => {}
                (said, stored) => found.push(format!("{told:?}: told {said:?}, stored {stored:?}")),
            }
        }
        for asked in &ledger.asked {
            let stored = answers.get(&(asked.command.0, asked.user.0));
            let stands = match (asked.said, stored) {
                (Said::Done, Some((applied, _))) => *applied,
                (Said::Pending, stored) => stored.is_some(),
                (Said::No(Code::RegionAssigningOffline), stored) => stored.is_none(),
                (Said::No(said), Some((applied, code))) => {
                    !applied && code.as_deref() == Some(said.as_str())
                }
                (Said::Done | Said::No(_), None) => false,
            };
            if !stands {
                found.push(format!("in the portal {asked:?}: stored {stored:?}"));
            }
        }
        found
    }

    /// Orders accepted while another provider had them, and people with a wrong answer that an
    /// order is theirs.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn orders_with_two_providers(&self, ledger: &Ledger) -> Findings {
        let mut found = Findings::new();
        let mut providers: HashMap<OrderId, Vec<UserId>> = HashMap::new();
        for (order, lines) in self.histories().await {
            let mut provider = None;
            for line in lines {
                match line.action.as_deref() {
                    Some("withdraw") if line.changed() => provider = None,
                    Some("accept") if line.changed() => {
                        if let Some(other) = provider.replace(line.actor) {
                            let actor = line.actor;
                            found.push(format!("{order} went to {other} and then to {actor}"));
                        }
                    }
                    _ => {}
                }
            }
            providers.entry(order).or_default().extend(provider);
        }
        for (order, user) in ledger.winners() {
            if providers.get(&order).is_none_or(|of| !of.contains(&user)) {
                let of = providers.get(&order);
                found.push(format!(
                    "{user} was told to have {order}, whose provider is {of:?}"
                ));
            }
        }
        found
    }

    /// Firm acceptances that were overturned without a record of the reason: a take-back of the
    /// fence, or an earlier cancellation.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn firm_acceptances_overturned(&self, ledger: &Ledger) -> Findings {
        const ENDED: &str =
            "SELECT region, fence, ended_how FROM fences WHERE ended_how IS NOT NULL";
        let rows: Vec<(String, i64, String)> = self
            .order_db
            .fetch_all(ENDED, vals![])
            .await
            .expect("fences");
        let taken_back = |told: &Told| {
            let fence = told
                .stored
                .receipt
                .as_ref()
                .and_then(|receipt| receipt.fence);
            rows.iter().any(|(region, number, how)| {
                let is_its =
                    *region == told.region.as_str() && u64::try_from(*number).ok() == fence;
                is_its && *how == FenceEnding::TakenBack.as_str()
            })
        };
        let histories = self.histories().await;
        let cancelled_before = |told: &Told| {
            let lines = histories
                .get(&told.order)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let cancel = |line: &Line| line.action.as_deref() == Some("cancel") && line.changed();
            let of_it = lines.iter().position(|line| line.command == told.command.0);
            lines
                .iter()
                .position(cancel)
                .is_some_and(|at| of_it.is_some_and(|of_it| at < of_it))
        };
        let mut found = Findings::new();
        for told in ledger.firm() {
            let on_record = match told.outcome().map(|outcome| (first(outcome), outcome)) {
                Some(((true, None), _)) => true,
                Some(((true, Some(code)), _)) if code == Code::OrderCancelledMeanwhile.as_str() => {
                    cancelled_before(told)
                }
                Some(((false, Some(code)), outcome)) if code == Code::RegionTakenBack.as_str() => {
                    let says = outcome
                        .lost
                        .as_ref()
                        .is_some_and(|lost| lost.taken_back.is_some());
                    (says || outcome.kind == OutcomeKind::Duplicate) && taken_back(told)
                }
                _ => false,
            };
            if !on_record {
                found.push(format!("without a record: {told:?}"));
            }
        }
        found
    }

    /// All histories, each sorted.
    async fn histories(&self) -> BTreeMap<OrderId, Vec<Line>> {
        const LINES: &str = "SELECT order_id, action, actor_id, from_status, to_status, command_id \
            FROM order_timeline ORDER BY id";
        type Row = (Uuid, Option<String>, Uuid, Option<String>, String, Uuid);
        let rows: Vec<Row> = self
            .order_db
            .fetch_all(LINES, vals![])
            .await
            .expect("the timeline");
        let mut histories: BTreeMap<OrderId, Vec<Line>> = BTreeMap::new();
        for (order, action, actor, from, to, command) in rows {
            let line = Line {
                action,
                actor: UserId(actor),
                from,
                to,
                command,
            };
            histories.entry(OrderId(order)).or_default().push(line);
        }
        histories
    }
}

impl Line {
    fn changed(&self) -> bool {
        self.from.as_ref() != Some(&self.to)
    }
}

/// The decision when the command first arrived.
fn first(outcome: &Outcome) -> (bool, Option<String>) {
    let code = |code: Option<Code>| code.map(|code| code.as_str().to_owned());
    match (&outcome.kind, &outcome.first) {
        (OutcomeKind::Duplicate, Some(first)) => (first.applied, code(first.code)),
        _ => (outcome.kind == OutcomeKind::Applied, code(outcome.code)),
    }
}
