//! What the edge decided for the cloud, and what collided, is listed as cases. An admin takes and
//! closes them, and then finds them among the closed. The items of one person about one order and
//! of one kind are one case.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use wire::{CaseItem, CaseState, Code, CommandId, OrderId, UserId};

use crate::{REGION, order::KioskOrder, plan::Path, scene::Scene};

const REASON: &str = "Read on the morning after the outage.";
const LATER_REASON: &str = "Read again.";

/// A case: order, person and kind.
type CaseName = (OrderId, UserId, String);
/// An item of a case, by its command.
type ItemName = (CaseName, CommandId);

impl Scene {
    pub(crate) async fn check_cases(&self, orders: &[KioskOrder]) {
        let mut expected = list_expected_items(orders);
        expected.sort();
        let open = self.list_cases(CaseState::Open).await;
        assert_eq!(name_items(&open), expected, "the open cases");
        self.check_command_line(&open).await;
        for case in &open {
            let order = orders.iter().find(|order| order.id == case.order_id);
            assert_eq!(
                (case.order_code.as_ref(), case.region, case.closed_at),
                (order.map(|order| &order.code), Some(REGION), None),
                "{case:?}"
            );
        }
        // Its provider accepted it, and its approval at the edge is a case.
        let is_worked_on = |order: &&KioskOrder| order.plan.path == Path::Worked;
        let order = orders.iter().find(is_worked_on).unwrap();
        let is_about_it = |case: &&CaseItem| case.order_id == order.id;
        let case = open.iter().find(is_about_it).unwrap();
        self.check_refusals(order, case).await;
        self.close_cases(&open).await;
        assert_eq!(self.list_cases(CaseState::Open).await, []);
        let closed = self.list_cases(CaseState::Closed).await;
        assert_eq!(name_items(&closed), expected, "the closed cases");
        for case in &closed {
            self.check_closed(case);
        }
        self.check_command_line(&[]).await;
    }

    /// Every case of that state. A page has at most 50.
    async fn list_cases(&self, state: CaseState) -> Vec<CaseItem> {
        let mut cases = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/api/v1/admin/cases?state={state}&limit=50{after}");
            let page: Value = self
                .api
                .call(Method::GET, &path, Some(&self.admin), None)
                .await
                .unwrap();
            let items: Vec<CaseItem> = serde_json::from_value(page["items"].clone()).unwrap();
            cases.extend(items);
            match page["next"].as_str() {
                Some(next) => after = format!("&cursor={next}"),
                None => return cases,
            }
        }
    }

    /// `holdfast conflicts` lists exactly these cases, each with its rule, and no lost acceptance.
    async fn check_command_line(&self, open: &[CaseItem]) {
        let (_, page) = self.operator.gets("conflicts --limit 500").unwrap();
        let items = page["items"].as_array().unwrap();
        let mut listed: Vec<&str> = Vec::new();
        for item in items {
            assert_eq!(item["type"], "case", "{item}");
            assert!(
                item["rule"].as_str().is_some_and(|rule| !rule.is_empty()),
                "{item}"
            );
            listed.push(item["conflict"].as_str().unwrap());
        }
        let mut expected: Vec<String> = open
            .iter()
            .map(|case| format!("case-{}", case.id))
            .collect();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected, "`holdfast conflicts`");
    }

    /// The order's customer and its provider cannot close its case. An admin must give a reason.
    async fn check_refusals(&self, order: &KioskOrder, case: &CaseItem) {
        let path = format!("/api/v1/admin/cases/{}/close", case.id);
        let form = json!({ "reason": REASON });
        let by_customer = self.refused(self.customer(), &path, form.clone()).await;
        assert_eq!(by_customer, Some(Code::RoleForbidden), "the customer");
        let by_provider = self.refused(self.provider_of(order), &path, form).await;
        assert_eq!(by_provider, Some(Code::RoleForbidden), "the provider");
        let without_reason = self
            .refused(&self.admin, &path, json!({ "reason": " " }))
            .await;
        assert_eq!(without_reason, Some(Code::InvalidInput));
    }

    /// Closes each case by one of its items, which closes all of them.
    async fn close_cases(&self, open: &[CaseItem]) {
        let mut items_by_case: BTreeMap<CaseName, Vec<&CaseItem>> = BTreeMap::new();
        for item in open {
            items_by_case.entry(name_case(item)).or_default().push(item);
        }
        let each: Vec<_> = items_by_case.into_values().collect();
        self.in_parallel(each, async |items| {
            let taken = self.change_case(items[0], "take", json!({})).await;
            assert_eq!(taken.taken_by, Some(self.admin.user_id), "{taken:?}");
            let form = json!({ "reason": REASON });
            let closed = self.change_case(items[0], "close", form).await;
            self.check_closed(&closed);
            // The first reason stays.
            let form = json!({ "reason": LATER_REASON });
            let last = items[items.len() - 1];
            let again = self.change_case(last, "close", form).await;
            self.check_closed(&again);
        })
        .await;
    }

    async fn change_case(&self, case: &CaseItem, change: &str, form: Value) -> CaseItem {
        let path = format!("/api/v1/admin/cases/{}/{change}", case.id);
        self.api.post_keyed(&path, &self.admin, form).await.unwrap()
    }

    fn check_closed(&self, case: &CaseItem) {
        let ended = (case.closed_by, case.closed_why.as_deref());
        let expected = (Some(self.admin.user_id), Some(REASON));
        assert_eq!(ended, expected, "{case:?}");
        assert!(case.closed_at.is_some_and(|at| at >= case.at), "{case:?}");
    }
}

fn list_expected_items(orders: &[KioskOrder]) -> Vec<ItemName> {
    let mut items = Vec::new();
    for order in orders {
        for sent in &order.sent {
            if let Some(kind) = sent.step.case {
                let case = (order.id, sent.user_id, kind.to_owned());
                items.push((case, sent.command));
            }
        }
    }
    items
}

/// Sorted, and with every duplicate.
fn name_items(cases: &[CaseItem]) -> Vec<ItemName> {
    let mut names: Vec<_> = cases
        .iter()
        .map(|item| (name_case(item), item.command_id))
        .collect();
    names.sort();
    names
}

fn name_case(item: &CaseItem) -> CaseName {
    (item.order_id, item.user_id, item.kind.clone())
}
