//! A fact of a step: the expected value and the observed one. A step passes if all of its facts
//! hold.

use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub what: &'static str,
    pub expected: Value,
    pub seen: Value,
}

pub(crate) fn fact(what: &'static str, expected: impl Serialize, seen: impl Serialize) -> Fact {
    Fact {
        what,
        expected: value(expected),
        seen: value(seen),
    }
}

impl Fact {
    pub(crate) fn holds(&self) -> bool {
        self.expected == self.seen
    }

    /// The same fact with a wrong observation, to prove that it is checked.
    #[must_use]
    pub(crate) fn spoilt(self) -> Self {
        Self {
            seen: value(format!("not {}", self.seen)),
            ..self
        }
    }
}

fn value(word: impl Serialize) -> Value {
    serde_json::to_value(word).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_holds_only_when_seen_is_what_was_expected() {
        assert!(fact("one", 1, 1).holds());
        assert!(!fact("one", 1, 2).holds());
        assert!(!fact("one", 1, 1).spoilt().holds());
        assert!(!fact("nothing", (), ()).spoilt().holds());
    }
}
