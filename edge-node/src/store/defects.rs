//! Defects that a test plants in a real process. Each separates, for a visible time, two steps that
//! the store normally takes in one commit.

use std::{sync::Mutex, time::Duration};

use engine::{
    edge::{EdgeFilePosition, OpRange, OpRun},
    verdict::{CommandVerdict, EdgeState},
    view::EdgeOrderView,
};
use wire::NumberedOutcome;

use super::{
    CheckedCommand, CommandLogResult, Store, StoreWriteResult, commands, log, stored_commands,
};

const GAP: Duration = Duration::from_millis(200);

/// A position and a run sent before their commit, until the link takes them.
static EARLY: Mutex<Option<(EdgeFilePosition, OpRun)>> = Mutex::new(None);

pub(super) fn position_early() -> Option<EdgeFilePosition> {
    let early = EARLY.lock().ok()?;
    early.as_ref().map(|(position, _)| position.clone())
}

/// The uncommitted run, if it starts at the wanted op.
pub(super) fn sent_early(range: OpRange) -> Option<OpRun> {
    let mut early = EARLY.lock().ok()?;
    early
        .take_if(|(_, run)| run.before.seq + 1 == range.from)
        .map(|(_, run)| run)
}

impl Store {
    /// Answers inside the transaction, which then lasts long enough for a kill to fall between.
    pub(super) async fn log_and_answer_early(
        &self,
        checked: CheckedCommand,
        judge: impl FnOnce(&EdgeOrderView, &EdgeState) -> CommandVerdict + Send + 'static,
    ) -> StoreWriteResult<CommandLogResult> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let write = self.journal.write(move |conn, state| {
            let entered = commands::judge_and_log_command(conn, state, checked, judge)?;
            let _ = tell.send(entered);
            std::thread::sleep(GAP);
            Ok::<_, rusqlite::Error>(())
        });
        tokio::select! {
            biased;
            Ok(entered) = told => Ok(entered),
            Err(error) = write => Err(error),
        }
    }

    /// Shows the op to the link inside the transaction.
    pub(super) async fn log_and_send_early(
        &self,
        checked: CheckedCommand,
        judge: impl FnOnce(&EdgeOrderView, &EdgeState) -> CommandVerdict + Send + 'static,
    ) -> StoreWriteResult<CommandLogResult> {
        let moved = self.commit_notifier();
        self.journal
            .write(move |conn, state| {
                let from = state.head.seq + 1;
                let entered = commands::judge_and_log_command(conn, state, checked, judge)?;
                let all = OpRange {
                    from,
                    ops_max: 10,
                    bytes_max: u64::MAX,
                    first_whatever_size: true,
                };
                if let Ok(mut early) = EARLY.lock() {
                    *early = Some((log::load_position(conn)?, log::load_ops(conn, all)?));
                }
                moved.notify_one();
                std::thread::sleep(GAP);
                Ok(entered)
            })
            .await
    }

    pub(super) async fn retire_early(&self, outcomes: &[NumberedOutcome]) -> StoreWriteResult<()> {
        let seqs: Vec<u64> = outcomes.iter().map(|outcome| outcome.seq).collect();
        self.journal
            .write(move |conn, state| {
                seqs.into_iter()
                    .try_for_each(|seq| stored_commands::retire_op(conn, state.epoch, seq))
            })
            .await?;
        tokio::time::sleep(GAP).await;
        Ok(())
    }
}
