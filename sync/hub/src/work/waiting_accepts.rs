//! Retries the portal's waiting accepts. The order service decides them once the right has ended,
//! or returns those that the holder has decided meanwhile.
//!
//! Invariant: each failure of an accept alone is counted, and after several it waits for an
//! operator. A failure counts only while other accepts can be decided.

use platform::upstream::UpstreamError;
use uuid::Uuid;
use wire::{
    CommandId, HeldReason, OpDecision, UserId, WaitingAccept, WaitingAcceptDecisions,
    WaitingAccepts,
};

use super::workers::Workers;
use crate::{
    domain::{op::AcceptKey, run_plan::FAILURES_OF_POISON_OP},
    peers::OwnerAnswer,
    polling::{PollLoop, wait_until_abandoned},
    store::StoreError,
};

const PATH: &str = "/internal/waiting-accepts";
const PART: usize = 100;

#[derive(Debug, thiserror::Error)]
enum AcceptRetryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("could not reach the order service")]
    Away(#[source] UpstreamError),
}

impl Workers {
    pub(super) async fn retry_waiting_accepts(&self) {
        let stop = self.tasks.stop_token();
        let warning = "Could not submit the portal's waiting acceptances";
        let mut poll_loop = PollLoop::new(&self.tasks, warning);
        let mut result = Ok(());
        while poll_loop.next(result, self.wait_for_next_retry()).await {
            result = tokio::select! {
                result = self.retry_all_accepts() => result,
                () = wait_until_abandoned(&stop) => return,
            };
        }
    }

    async fn wait_for_next_retry(&self) {
        tokio::select! {
            () = self.work_signal.wait_for_retry() => {}
            () = tokio::time::sleep(self.retry_interval) => {}
        }
    }

    /// An undecidable accept does not delay the others.
    async fn retry_all_accepts(&self) -> Result<(), AcceptRetryError> {
        let mut after = Some((CommandId(Uuid::nil()), UserId(Uuid::nil())));
        while let Some(from) = after {
            let part = self.store.read_accepts_to_retry(from, PART).await?;
            let mut bad = part.unreadable.clone();
            if !part.accepts.is_empty() {
                let doubted = part
                    .accepts
                    .iter()
                    .any(|accept| part.count_failures(&name(accept)) > 0);
                bad.extend(self.submit_accepts(part.accepts.clone(), doubted).await?);
            }
            for name in bad {
                let failures = part.count_failures(&name);
                self.record_accept_failure(name, failures).await?;
            }
            after = part.next;
        }
        Ok(())
    }

    async fn record_accept_failure(
        &self,
        accept_key: AcceptKey,
        failures: u32,
    ) -> Result<(), StoreError> {
        if !self
            .store
            .count_accept_failure(accept_key, failures)
            .await?
        {
            return Ok(());
        }
        let (id, user) = accept_key;
        if failures + 1 >= FAILURES_OF_POISON_OP {
            tracing::error!(command.id = %id, user.id = %user, "Acceptance `{id}` needs an operator");
        } else {
            tracing::error!(command.id = %id, user.id = %user, "Acceptance `{id}` cannot be decided");
        }
        Ok(())
    }

    /// Tries all accepts in one call and, if that fails, one by one. Returns the ones that fail
    /// alone. `doubted` ones run between two successful controls, others before one: an owner that
    /// decides no list at all proves nothing about them.
    async fn submit_accepts(
        &self,
        items: Vec<WaitingAccept>,
        doubted: bool,
    ) -> Result<Vec<AcceptKey>, AcceptRetryError> {
        match self.try_accepts(items.clone(), doubted).await? {
            Some(bad) => return Ok(bad),
            None if items.len() == 1 => return Ok(items.iter().map(name).collect()),
            None => {}
        }
        let mut bad = Vec::new();
        for item in items {
            let name = name(&item);
            bad.extend(
                self.try_accepts(vec![item], false)
                    .await?
                    .unwrap_or_else(|| vec![name]),
            );
        }
        Ok(bad)
    }

    /// Drops the decided accepts. Returns the ones that the owner could not decide, or `None` if
    /// the whole list fails. After any failure, a control has confirmed that the owner is up.
    async fn try_accepts(
        &self,
        items: Vec<WaitingAccept>,
        doubted: bool,
    ) -> Result<Option<Vec<AcceptKey>>, AcceptRetryError> {
        let names: Vec<AcceptKey> = items.iter().map(name).collect();
        let list = WaitingAccepts { items };
        let empty = WaitingAccepts { items: Vec::new() };
        let answers = match self
            .order_client
            .submit_with_controls(PATH, &list, &empty, doubted)
            .await
        {
            OwnerAnswer::Decisions(WaitingAcceptDecisions { answers }) => answers,
            OwnerAnswer::Away(error) => return Err(AcceptRetryError::Away(error)),
            OwnerAnswer::Failed(error) => {
                let cause = process::problem::format_error_chain(&error);
                tracing::error!(
                    cause,
                    "The order service failed on a batch of waiting acceptances"
                );
                return Ok(None);
            }
        };
        if answers.len() != names.len() {
            tracing::error!(
                "The answers of the order service do not match the waiting acceptances"
            );
            self.control_accepts().await?;
            return Ok(None);
        }
        let mut decided = Vec::new();
        let mut bad = Vec::new();
        for (name, answer) in names.into_iter().zip(answers) {
            match answer {
                OpDecision::Decided(_) => decided.push(name),
                OpDecision::Held(HeldReason::NeedsOperator) => bad.push(name),
                OpDecision::Held(HeldReason::Region) => {}
            }
        }
        self.store.delete_decided_accepts(&decided).await?;
        if !bad.is_empty() {
            self.control_accepts().await?;
        }
        Ok(Some(bad))
    }

    /// Sends an empty list, to check that the owner decides at all.
    async fn control_accepts(&self) -> Result<(), AcceptRetryError> {
        let nothing = WaitingAccepts { items: Vec::new() };
        let answers = self
            .order_client
            .post_for_decision::<WaitingAcceptDecisions>(PATH, &nothing)
            .await;
        answers.map(drop).map_err(AcceptRetryError::Away)
    }
}

fn name(item: &WaitingAccept) -> AcceptKey {
    (item.command.id, item.actor.user_id)
}
