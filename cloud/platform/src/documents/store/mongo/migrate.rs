//! Creates a collection with its validator and its declared indexes, upgrades documents from before
//! versioning, and drops indexes that are no longer declared.

use std::time::Duration;

use mongodb::{
    IndexModel,
    bson::{Document, doc},
    options::IndexOptions,
};

use super::{MongoStore, StoreResult};
use crate::documents::{
    is_command,
    mongo::{index_names, unsent_index},
    schema::{FieldPath, Index, ScalarKind},
    store::{partial_index_filter, sort_direction},
};

const RETIRED: &str = "_retired_indexes";
/// During a rollout, replicas of the previous version still use an index that this one no longer
/// declares.
const RETIRED_KEPT_MS: i64 = 7 * 24 * 60 * 60 * 1000;

const NAMESPACE_EXISTS: i32 = 48;

impl MongoStore {
    pub(crate) async fn migrate(&self) -> StoreResult<()> {
        self.upgrade_old_documents().await?;
        let required = self.schema.fields.iter().filter(|path| path.is_required);
        let validator: Document = required
            .map(|path| {
                (
                    path.name.to_owned(),
                    doc! {"$type": type_name(*path)}.into(),
                )
            })
            .collect();
        let database = &self.mongo.database;
        match database
            .create_collection(self.name)
            .validator(validator.clone())
            .await
        {
            Err(error) if is_command(&error, NAMESPACE_EXISTS) => {
                database
                    .run_command(doc! {"collMod": self.name, "validator": validator})
                    .await?;
            }
            other => other?,
        }
        self.migrate_indexes().await
    }

    /// Adds a version and expiry dates to documents from before versioning.
    async fn upgrade_old_documents(&self) -> StoreResult<()> {
        let mut set = doc! {"_v": 1_i64};
        for path in self
            .schema
            .fields
            .iter()
            .filter(|path| self.schema.expires_by(**path))
        {
            let date = doc! {"$toDate": format!("${}", path.name)};
            set.insert(format!("_expires.{}", path.name), date);
        }
        let without = doc! {"_v": {"$exists": false}};
        self.collection
            .update_many(without, vec![doc! {"$set": set}])
            .await?;
        Ok(())
    }

    pub(crate) async fn index_names(&self) -> StoreResult<Vec<String>> {
        index_names(&self.collection).await
    }

    async fn migrate_indexes(&self) -> StoreResult<()> {
        let declared = self.schema.indexes.iter().map(build_index_model);
        let declared: Vec<IndexModel> = declared.chain([unsent_index()]).collect();
        self.drop_retired_indexes(&declared).await?;
        self.collection.create_indexes(declared).await?;
        Ok(())
    }

    /// Drops an undeclared index after a week, or at once if it conflicts: a unique one rejects new
    /// documents, an expiring one deletes them, and MongoDB rejects a second index with the same
    /// keys. Renaming a unique index rebuilds it; a duplicate inserted meanwhile fails the
    /// migration.
    async fn drop_retired_indexes(&self, declared: &[IndexModel]) -> StoreResult<()> {
        let now = process::clock::Clock::system().now();
        let retired = self.mongo.collection(RETIRED);
        let mut found = self.collection.list_indexes().await?;
        while found.advance().await? {
            let present = found.deserialize_current()?;
            let Some(name) = name_of(&present) else {
                continue;
            };
            if name == "_id_" || declared.iter().any(|index| name_of(index) == Some(name)) {
                continue;
            }
            let id = doc! {"_id": format!("{}/{name}", self.name)};
            let seen = doc! {"$setOnInsert": {"at": now.0}};
            let seen = retired
                .find_one_and_update(id.clone(), seen)
                .upsert(true)
                .await?;
            let at = seen
                .and_then(|seen| seen.get_i64("at").ok())
                .unwrap_or(now.0);
            let is_in_the_way = present.options.as_ref().is_some_and(|options| {
                options.unique == Some(true) || options.expire_after.is_some()
            }) || declared
                .iter()
                .any(|index| serves_the_same(index, &present));
            if is_in_the_way || at < now.0 - RETIRED_KEPT_MS {
                self.collection.drop_index(name).await?;
                retired.delete_one(id).await?;
            }
        }
        Ok(())
    }
}

fn build_index_model(index: &Index) -> IndexModel {
    let kept = index
        .kept_ms
        .map(|ms| Duration::from_millis(ms.unsigned_abs()));
    let condition = partial_index_filter(index);
    let options = IndexOptions::builder()
        .name(index.stored_name())
        .unique(index.unique.then_some(true))
        .expire_after(kept)
        .partial_filter_expression(Some(condition).filter(|only| !only.is_empty()));
    IndexModel::builder()
        .keys(index_keys(index))
        .options(options.build())
        .build()
}

fn name_of(index: &IndexModel) -> Option<&str> {
    index.options.as_ref()?.name.as_deref()
}

/// Compares keys, their order and the condition, as text because the server may change a number's
/// type.
fn serves_the_same(one: &IndexModel, other: &IndexModel) -> bool {
    let same_keys = one.keys.to_string() == other.keys.to_string();
    same_keys && read_partial_filter(one) == read_partial_filter(other)
}

fn read_partial_filter(index: &IndexModel) -> String {
    let options = index.options.as_ref();
    let filter = options.and_then(|options| options.partial_filter_expression.clone());
    filter.unwrap_or_default().to_string()
}

fn index_keys(index: &Index) -> Document {
    if let (Some(_), [key, ..]) = (index.kept_ms, index.keys) {
        return doc! {format!("_expires.{}", key.path.name): 1};
    }
    let keys = index.keys.iter().copied().chain(index.id_key());
    keys.map(|key| (key.path.name.to_owned(), sort_direction(key.down)))
        .collect()
}

fn type_name(path: FieldPath) -> &'static str {
    match path.kind {
        _ if path.is_list => "array",
        ScalarKind::Id => "binData",
        ScalarKind::Int => "long",
        ScalarKind::Text => "string",
        ScalarKind::Bool => "bool",
    }
}
