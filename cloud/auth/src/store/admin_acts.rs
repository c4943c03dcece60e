//! Changes that admins make through the gateway: the admin, the route, the object, and the status
//! of the answer.
//!
//! Invariant: each request has its own row, stored before its change begins and kept for two years.

use platform::{
    row,
    sql::{Columns, Statement, Val},
    vals,
};
use process::problem::TimeCursor;
use uuid::Uuid;
use wire::{UnixMillis, UserId};

use super::{Store, StoreError};

const OLD: &str = "SELECT id FROM admin_acts WHERE at <= ? LIMIT ?";
const END: &str = "UPDATE admin_acts SET status = ? WHERE id = ?";

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AdminAct in admin_acts {
        pub id: Uuid,
        pub at: UnixMillis,
        pub by_user: UserId,
        pub method: String,
        pub route: String,
        pub path: String,
        pub request_key: Option<Uuid>,
        pub trace: String,
        pub status: Option<i64>,
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActFilter {
    pub by: Option<UserId>,
    /// Method and route.
    pub change: Option<(String, String)>,
    pub since: Option<UnixMillis>,
    pub until: Option<UnixMillis>,
}

impl Store {
    pub async fn record_act(&self, act: AdminAct) -> Result<(), StoreError> {
        Ok(self.sql.insert(act).await?)
    }

    pub async fn end_act(&self, id: Uuid, status: u16) -> Result<bool, StoreError> {
        let changed = self.sql.exec(END, vals![i64::from(status), id]).await?;
        Ok(changed == 1)
    }

    /// Returns at most `limit` acts before `before`, newest first.
    pub async fn list_acts(
        &self,
        filter: &ActFilter,
        before: TimeCursor,
        limit: usize,
    ) -> Result<Vec<AdminAct>, StoreError> {
        let (text, values) = build_statement(filter, before, limit);
        Ok(self.sql.fetch_all(text, values).await?)
    }

    /// Removes up to `BATCH` acts from before `until`.
    pub async fn purge_acts(&self, until: UnixMillis) -> Result<usize, StoreError> {
        self.purge_rows(OLD, "DELETE FROM admin_acts WHERE id IN (", until)
            .await
    }
}

fn build_statement(filter: &ActFilter, before: TimeCursor, limit: usize) -> (Statement, Vec<Val>) {
    let ActFilter {
        by,
        change,
        since,
        until,
    } = filter;
    let mut text = AdminAct::select("WHERE (at < ? OR (at = ? AND id < ?))");
    let mut values = vals![before.at, before.at, before.id];
    if let Some(since) = *since {
        text = text.append_text(" AND at >= ?");
        values.push(since.into());
    }
    if let Some(until) = *until {
        text = text.append_text(" AND at < ?");
        values.push(until.into());
    }
    if let Some(by) = *by {
        text = text.append_text(" AND by_user = ?");
        values.push(by.into());
    }
    if let Some((method, route)) = change {
        text = text.append_text(" AND route = ? AND method = ?");
        values.extend(vals![route.as_str(), method.as_str()]);
    }
    values.push(limit.into());
    (
        text.append_text(" ORDER BY at DESC, id DESC LIMIT ?"),
        values,
    )
}
