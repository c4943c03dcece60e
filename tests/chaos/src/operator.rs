//! The operator of a platform that is broken on purpose.

use stack::{Stack, binaries};
use support::Operator;

/// # Panics
/// When `holdfast` is not built, or nobody can sign in.
pub async fn operator(stack: &Stack) -> Operator {
    let program = binaries::own("holdfast").expect("holdfast is built");
    let admin = stack.admin().await.expect("an admin");
    Operator::new(program, stack.layout().gateway_url(), admin.token())
}
