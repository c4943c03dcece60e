//! The operator of a platform under test.

use stack::{Stack, binaries};
use support::Operator;

/// # Panics
/// If `holdfast` is not built, or no admin can sign in.
pub async fn operator(stack: &Stack) -> Operator {
    let program = binaries::own("holdfast").expect("holdfast is built");
    let admin = stack.admin().await.expect("an admin");
    Operator::new(program, stack.layout().gateway_url(), admin.token())
}
