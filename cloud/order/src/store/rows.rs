//! Rows as they stand in order_db, and the one place where they become words and words become them.

mod answer;
mod assignment;
mod order;

pub use answer::{AnswerRow, CaseRow};
pub use assignment::{
    AssignmentChangeRow, AssignmentRow, EndedEpochRow, FenceRow, RulesRow, offline_rules,
};
pub use order::{
    ADDRESS, DESCRIPTION, LineRow, OrderChange, OrderRow, TITLE, reason_place, word_place,
};
