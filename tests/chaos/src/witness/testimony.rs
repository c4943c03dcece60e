//! Counts the compared answers and keeps the wrong ones.

use std::collections::BTreeMap;

use crate::truth::Findings;

pub(super) enum Judgement {
    /// The stores did not change, and the answer equals them.
    Equal,
    /// The stores changed, and the answer lies between the two readings.
    Between,
    /// There was no answer, or no stored state to compare it with.
    Silent,
    False(String),
}

pub(super) struct Look {
    pub of: &'static str,
    pub judgement: Judgement,
    pub kinds: Vec<&'static str>,
}

impl Look {
    pub(super) fn had_an_answer(&self) -> bool {
        !matches!(self.judgement, Judgement::Silent)
    }
}

/// The number of comparisons of a kind of answer.
#[derive(Debug, Default, Clone, Copy)]
pub struct Comparisons {
    pub equal: u32,
    pub between: u32,
    pub silent: u32,
}

#[derive(Debug, Default)]
pub struct Testimony {
    words: BTreeMap<&'static str, Comparisons>,
    /// The number of equal answers in each kind of state.
    kinds: BTreeMap<&'static str, u32>,
    findings: Vec<(&'static str, String)>,
}

impl Testimony {
    pub(super) fn take(&mut self, look: Look) {
        let word = self.words.entry(look.of).or_default();
        match look.judgement {
            Judgement::Equal => word.equal += 1,
            Judgement::Between => word.between += 1,
            Judgement::Silent => word.silent += 1,
            Judgement::False(found) => self.findings.push((look.of, found)),
        }
        for kind in look.kinds {
            *self.kinds.entry(kind).or_default() += 1;
        }
    }

    pub fn words(&self) -> impl Iterator<Item = (&'static str, Comparisons)> {
        self.words
            .iter()
            .map(|(of, comparisons)| (*of, *comparisons))
    }

    pub fn kinds(&self) -> &BTreeMap<&'static str, u32> {
        &self.kinds
    }

    pub fn findings(&self) -> Findings {
        self.findings
            .iter()
            .map(|(of, found)| format!("{of} says: {found}"))
            .collect()
    }

    pub(super) fn words_without_findings(&self) -> Vec<&'static str> {
        let mut words: Vec<_> = self.words.keys().copied().collect();
        words.retain(|of| self.findings.iter().all(|(found, _)| found != of));
        words
    }
}
