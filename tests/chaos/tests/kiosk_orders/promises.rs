//! Operators find exactly the firm answers that the edge gave, each with what became of it.

use http::Method;
use serde_json::Value;
use wire::{CommandId, FirmAnswer, OrderId, UnixMillis, UserId, Verdict};

use crate::{
    REGION,
    order::{KioskOrder, SentCommand},
    plan::Ruling,
    scene::Scene,
};

/// An answer: order, command and person.
type AnswerName = (OrderId, CommandId, UserId);

impl Scene {
    pub(crate) async fn check_promises(&self, orders: &[KioskOrder], healed_at: UnixMillis) {
        let answers = self.list_promises("").await;
        let expected = list_firm_commands(orders);
        assert_eq!(name_answers(&answers), expected, "the firm answers");
        for answer in &answers {
            self.check_promise(answer, orders);
        }
        let edge = self.list_promises(&format!("&edge={}", self.edge_id)).await;
        assert_eq!(edge, answers, "of the only edge that assigns");
        let later = self.list_promises(&format!("&from={healed_at}")).await;
        let is_later = |answer: &&FirmAnswer| answer.entry.hops.cloud_at >= Some(healed_at);
        let expected: Vec<&FirmAnswer> = answers.iter().filter(is_later).collect();
        assert!(!expected.is_empty() && expected.len() < answers.len());
        assert_eq!(later.iter().collect::<Vec<_>>(), expected, "since the end");
        let line = format!("promises --region {REGION} --limit 500");
        let (_, page) = self.operator.gets(&line).unwrap();
        let items: Vec<FirmAnswer> = serde_json::from_value(page["items"].clone()).unwrap();
        assert_eq!(items, answers, "`holdfast {line}`");
    }

    /// The firm answers of the region, page by page.
    async fn list_promises(&self, filter: &str) -> Vec<FirmAnswer> {
        let mut answers = Vec::new();
        let mut after = String::new();
        loop {
            let path =
                format!("/api/v1/admin/firm-answers?region={REGION}&limit=40{filter}{after}");
            let page: Value = self
                .api
                .call(Method::GET, &path, Some(&self.admin), None)
                .await
                .unwrap();
            let items: Vec<FirmAnswer> = serde_json::from_value(page["items"].clone()).unwrap();
            answers.extend(items);
            match page["next"].as_str() {
                Some(next) => after = format!("&cursor={next}"),
                None => return answers,
            }
        }
    }

    fn check_promise(&self, answer: &FirmAnswer, orders: &[KioskOrder]) {
        let order = orders
            .iter()
            .find(|order| order.id == answer.order_id)
            .unwrap();
        let mut sent = order.sent.iter();
        let sent = sent
            .find(|sent| sent.command == answer.entry.command_id)
            .unwrap();
        let what = format!("{}: {answer:?}", order.describe());
        let receipt = sent.reply.receipt.as_ref().unwrap();
        let promise = answer.entry.promise.as_ref().unwrap();
        assert_eq!(
            (&answer.order_code, answer.region, answer.order_status),
            (&order.code, REGION, order.plan.path.status_in_cloud()),
            "{what}"
        );
        assert_eq!(
            (&promise.edge, answer.entry.epoch, answer.entry.seq),
            (&self.edge_id, Some(receipt.epoch), Some(receipt.seq)),
            "{what}"
        );
        let code = match sent.step.ruling {
            Ruling::Applied => None,
            Ruling::AppliedWith(code) | Ruling::Rejected(code) => Some(code),
        };
        assert_eq!(answer.entry.code, code, "{what}");
        let cases: Vec<&str> = answer.cases.iter().map(|case| case.kind.as_str()).collect();
        let expected: Vec<&str> = sent.step.case.into_iter().collect();
        assert_eq!(cases, expected, "{what}");
    }
}

fn list_firm_commands(orders: &[KioskOrder]) -> Vec<AnswerName> {
    let mut names = Vec::new();
    for order in orders {
        let is_firm = |sent: &&SentCommand| sent.reply.verdict == Verdict::Firm;
        let firm = order.sent.iter().filter(is_firm);
        names.extend(firm.map(|sent| (order.id, sent.command, sent.user_id)));
    }
    names.sort();
    names
}

/// Sorted, and with every duplicate.
fn name_answers(answers: &[FirmAnswer]) -> Vec<AnswerName> {
    let names = answers.iter().map(|answer| {
        let entry = &answer.entry;
        (answer.order_id, entry.command_id, entry.actor.user_id)
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
