//! Records each showing of a phone number to the other person of an order.

use platform::{
    StoreError,
    documents::{CollectionSchema, DocumentBody, Field, Filter, Index, IndexQuery, millis},
};
use serde::{Deserialize, Serialize};
use wire::{OrderId, Role, UnixMillis, UserId};

use super::ProfileStore;

/// Showings of a number to one person about one order. They have the number from the first on.
pub(crate) const NUMBER_SHOWINGS_MAX: u64 = 50;
/// The newest of an order, over all its providers.
const LISTED_MAX: usize = 200;

const ORDER: Field<OrderId> = Field::new("order_id");
const READER: Field<UserId> = Field::new("reader_id");
const SHOWN_AT: Field<UnixMillis> = Field::new("shown_at");

const OF_ORDER: Index = Index::new("order", &[ORDER.ascending_key(), SHOWN_AT.descending_key()]);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberShowing {
    pub order_id: OrderId,
    pub reader_id: UserId,
    pub reader_role: Role,
    /// The person with the number.
    pub owner_id: UserId,
    #[serde(with = "millis")]
    pub shown_at: UnixMillis,
}

impl DocumentBody for NumberShowing {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[ORDER.path(), READER.path(), SHOWN_AT.path()],
        indexes: &[OF_ORDER],
    };
}

impl ProfileStore {
    pub async fn record_number_showing(&self, showing: &NumberShowing) -> Result<(), StoreError> {
        let id = self.clock.new_id();
        self.showings.insert(id, showing, &[]).await?;
        Ok(())
    }

    /// The showings to one person about one order.
    pub async fn count_number_showings(
        &self,
        order: OrderId,
        reader: UserId,
    ) -> Result<u64, StoreError> {
        let filter = Filter::All(vec![ORDER.is_equal_to(order), READER.is_equal_to(reader)]);
        let query = IndexQuery::from_index(OF_ORDER, filter);
        Ok(self.showings.count_documents(&query).await?)
    }

    /// Newest first.
    pub async fn list_number_showings(
        &self,
        order: OrderId,
    ) -> Result<Vec<NumberShowing>, StoreError> {
        let query =
            IndexQuery::from_index(OF_ORDER, ORDER.is_equal_to(order)).with_limit(LISTED_MAX);
        let found = self.showings.find_documents(&query).await?;
        Ok(found.into_iter().map(|document| document.body).collect())
    }
}
