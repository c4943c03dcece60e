//! Checks the answer to a repeated tablet command against its row in the edge's file.

use http::Method;
use platform::vals;
use wire::{
    CmdFrame, Code, Hop, LossReason, Outcome, OutcomeKind, Reply, Sentence, Text, UnixMillis,
    Verdict,
};

use super::{EDGE_ANSWERS_WITHIN, Question, Silence, Witness, unequal};
use crate::scene::Tap;

pub(super) struct Answer<'a> {
    pub witness: &'a Witness<'a>,
    pub tap: Tap,
}

/// The row changes once: when the outcome arrives.
#[derive(Debug, PartialEq)]
pub(super) struct CommandRow {
    verdict: String,
    epoch: u64,
    seq: u64,
    fence: Option<u64>,
    decision: Option<Decision>,
}

#[derive(Debug, PartialEq)]
struct Decision {
    kind: OutcomeKind,
    code: Option<Code>,
    decided_at: UnixMillis,
    /// The reason for the loss, in both languages.
    loss: Option<Text>,
}

impl Question for Answer<'_> {
    type State = CommandRow;
    type Word = Reply;
    const NAME: &'static str = "a tablet's answer";

    /// None until the edge has the command, so that only repeats are sent.
    async fn state(&self) -> Option<CommandRow> {
        const ROW: &str = "SELECT verdict, epoch, seq, fence, outcome FROM commands \
            WHERE command_id = ? AND user_id = ?";
        type Row = (String, u64, u64, Option<u64>, Option<Vec<u8>>);
        let Tap {
            tablet, command, ..
        } = &self.tap;
        let file = self.witness.scene.truth.edge(self.tap.seat);
        let row = file
            .fetch_optional(ROW, vals![*command, tablet.user_id()])
            .await
            .ok()?;
        let (verdict, epoch, seq, fence, outcome): Row = row?;
        let outcome: Option<Outcome> =
            outcome.map(|bytes| minicbor::decode(&bytes).expect("an outcome"));
        let decision = outcome.as_ref().map(Decision::of);
        Some(CommandRow {
            verdict,
            epoch,
            seq,
            fence,
            decision,
        })
    }

    async fn word(&self) -> Result<Reply, Silence> {
        let Tap {
            tablet,
            command,
            body,
            ..
        } = &self.tap;
        let frame = CmdFrame {
            v: CmdFrame::VERSION,
            id: *command,
            device_seq: 0,
            tapped_at: self.witness.clock.now(),
            seen: None,
            receipt: None,
            repeat: false,
            token: tablet.person().token.clone(),
            body: body.clone(),
        };
        let url = format!("{}/commands", self.witness.scene.edge_url(self.tap.seat));
        let client = &self.witness.client;
        Ok(client
            .send_json(Method::POST, &url, None, Some(&frame), EDGE_ANSWERS_WITHIN)
            .await?)
    }

    fn difference(state: &CommandRow, word: &Reply) -> Option<String> {
        let receipt = word.receipt.as_ref();
        let place = receipt.map(|receipt| (receipt.epoch, receipt.seq, receipt.fence));
        let decision = word.outcome.as_ref().map(Decision::of);
        let hop = if state.decision.is_some() {
            Hop::Decided
        } else {
            Hop::Stored
        };
        let loss = state
            .decision
            .as_ref()
            .and_then(|decision| decision.loss.as_ref());
        unequal("the verdict", &state.verdict, &word.verdict.to_string())
            .or_else(|| {
                unequal(
                    "its place",
                    &Some((state.epoch, state.seq, state.fence)),
                    &place,
                )
            })
            .or_else(|| unequal("the outcome", &state.decision, &decision))
            .or_else(|| unequal("the hop", &hop, &word.hop))
            .or_else(|| {
                loss.and_then(|loss| unequal("its words", &Some(loss), &word.message.as_ref()))
            })
    }

    fn beyond(before: &CommandRow, word: &Reply, after: &CommandRow) -> Option<String> {
        Self::difference(before, word).and_then(|_| Self::difference(after, word))
    }

    fn kinds(state: &CommandRow) -> Vec<&'static str> {
        let decided = match &state.decision {
            None => "an answer before the decision",
            Some(Decision { loss: None, .. }) => "an answer after a success",
            Some(Decision { loss: Some(_), .. }) => "an answer after a loss",
        };
        let firm = (state.verdict == Verdict::Firm.as_str()).then_some("a promise");
        std::iter::once(decided).chain(firm).collect()
    }

    fn falsify(word: &mut Reply) {
        word.verdict = Verdict::NotTaken;
    }
}

impl Decision {
    fn of(outcome: &Outcome) -> Self {
        let loss = LossReason::from_outcome(outcome).map(|reason| reason.to_text());
        let Outcome {
            kind,
            code,
            decided_at,
            ..
        } = outcome;
        Self {
            kind: *kind,
            code: *code,
            decided_at: *decided_at,
            loss,
        }
    }
}
