//! The row types of order_db, and their conversion to and from domain types.

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
