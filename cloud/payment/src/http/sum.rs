//! Amounts of any size. A balance or a total can exceed the maximum price, which bounds `Amount`.

use std::fmt;

use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

/// Minor units. In JSON, formatted like an `Amount`, with any number of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneySum(pub i64);

impl fmt::Display for MoneySum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl Serialize for MoneySum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ToSchema for MoneySum {}

impl PartialSchema for MoneySum {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Exact money as a decimal text, such as a balance or a total.",
            ))
            .pattern(Some(r"^-?\d{1,17}\.\d{2}$"))
            .examples(["199999999.98"])
            .into()
    }
}
