//! Builds SQL text from static parts and index names, with its values.

use uuid::Uuid;

use crate::{
    documents::{
        query::{Bound, Filter, Find},
        schema::{FieldPath, ID, Index, IndexCondition, Scalar},
    },
    sql::{Row, Sql, SqlError, Statement, Tx, Val},
};

/// The columns of a list index's table.
pub const COLUMNS: [&str; 5] = ["k0", "k1", "k2", "k3", "k4"];

/// A query's field source: the body, or the columns of a list index.
#[derive(Clone, Copy)]
pub struct FieldSource<'f> {
    name: &'static str,
    list_index: Option<&'f Index>,
}

impl<'f> FieldSource<'f> {
    pub fn body(name: &'static str) -> Self {
        Self { name, list_index: None }
    }

    pub fn of(name: &'static str, find: &'f Find) -> Self {
        Self { name, list_index: find.index.list().map(|_| &find.index) }
    }

    fn column(&self, path: FieldPath) -> Option<&'static str> {
        let keys = self.list_index?.keys;
        keys.iter().position(|key| key.path == path).map(|place| COLUMNS[place])
    }
}

#[derive(Clone)]
pub struct SqlText {
    sql: Statement,
    values: Vec<Val>,
}

impl SqlText {
    pub fn of(part: &'static str) -> Self {
        Self { sql: Statement::new(part), values: Vec::new() }
    }

    pub fn put(mut self, part: &'static str) -> Self {
        self.sql = self.sql.then(part);
        self
    }

    pub fn text(&self) -> &str {
        self.sql.as_str()
    }

    pub fn name(mut self, name: &str) -> Self {
        self.sql = self.sql.then_name(name);
        self
    }

    pub fn value(mut self, value: impl Into<Val>) -> Self {
        self.values.push(value.into());
        self
    }

    pub fn join(mut self, other: Self) -> Self {
        self.sql = self.sql.join(&other.sql);
        self.values.extend(other.values);
        self
    }

    pub fn list<T>(
        mut self,
        items: &[T],
        between: &'static str,
        mut each: impl FnMut(Self, &T) -> Self,
    ) -> Self {
        for (place, item) in items.iter().enumerate() {
            self = each(if place > 0 { self.put(between) } else { self }, item);
        }
        self
    }

    /// The name of an index, or of a list index's table.
    pub fn index(self, collection: &'static str, index: &Index) -> Self {
        self.put(collection).put("_").name(&index.stored_name())
    }

    pub fn path(self, body: &'static str, path: FieldPath) -> Self {
        self.put("json_extract(").put(body).put(", '$.").put(path.name).put("')")
    }

    /// The condition of a partial index: literal, because SQLite cannot match a bound value to it.
    pub fn only(self, before: &'static str, body: &'static str, index: &Index) -> Self {
        let conditions = index.conditions();
        let text = if conditions.is_empty() { self } else { self.put(before) };
        text.list(&conditions, " AND ", |text, only| match *only {
            IndexCondition::Is(path, yes) => {
                text.path(body, path).put(if yes { " = 1" } else { " = 0" })
            }
            IndexCondition::Says(path, word) => {
                text.path(body, path).put(" = '").put(word).put("'")
            }
            IndexCondition::Present(path) => text.path(body, path).put(" IS NOT NULL"),
        })
    }

    pub fn source(self, find: &Find, source: FieldSource<'_>) -> Self {
        let filter = find.whole_filter();
        if let Some(index) = source.list_index {
            return self.list_source(index, filter, source);
        }
        let text = self.put("FROM ").put(source.name).put(" t INDEXED BY ");
        let text = text.index(source.name, &find.index).put(" WHERE ");
        let text = text.only("", "t.body", &find.index);
        let text = if find.index.only.is_empty() { text } else { text.put(" AND ") };
        text.filter(&filter, source)
    }

    /// The filter's first list value drives the join; the check of the query verified that it
    /// exists.
    fn list_source(self, index: &Index, filter: Filter, source: FieldSource<'_>) -> Self {
        let text = self.put("FROM ").index(source.name, index).put(" s CROSS JOIN ");
        let text = text.put(source.name).put(" t ON t.id = s.id WHERE ");
        let Filter::All(mut all) = Filter::everything().and(filter) else { return text };
        let leads = |filter: &Filter| matches!(filter, Filter::Has(path, _) if source.column(*path).is_some());
        let leader = all.iter().position(leads).map(|place| all.remove(place));
        let text = match &leader {
            Some(Filter::Has(path, value)) => {
                text.expression(*path, source).put(" = ").bind(*path, value).put(" AND ")
            }
            _ => text,
        };
        text.filter(&Filter::All(all), source)
    }

    pub fn expression(self, path: FieldPath, source: FieldSource<'_>) -> Self {
        match (path == ID, source.column(path)) {
            (true, _) if source.list_index.is_some() => self.put("s.id"),
            (true, _) => self.put("t.id"),
            (false, Some(column)) => self.put("s.").put(column),
            (false, None) => self.path("t.body", path),
        }
    }

    fn bind(self, path: FieldPath, value: &Scalar) -> Self {
        self.put("?").value(match value {
            Scalar::Id(id) if path == ID => Val::Id(*id),
            Scalar::Id(id) => text_of(*id),
            Scalar::Int(number) => Val::Int(*number),
            Scalar::Text(text) => Val::Text(text.clone()),
            Scalar::Bool(yes) => Val::from(*yes),
        })
    }

    /// A value inside the body.
    pub fn json(self, value: &Scalar) -> Self {
        match value {
            Scalar::Bool(yes) => self.put(if *yes { "json('true')" } else { "json('false')" }),
            Scalar::Id(id) => self.put("?").value(text_of(*id)),
            value => self.bind(ID, value),
        }
    }

    pub fn filter(self, filter: &Filter, source: FieldSource<'_>) -> Self {
        match filter {
            Filter::All(all) if all.is_empty() => self.put("1"),
            Filter::Any(any) if any.is_empty() => self.put("0"),
            Filter::All(all) => self.each(all, " AND ", source),
            Filter::Any(any) => self.each(any, " OR ", source),
            Filter::Is(path, value) => self.expression(*path, source).put(" = ").bind(*path, value),
            Filter::Bounded(path, bound, value) => {
                let sign = match bound {
                    Bound::Below => " < ",
                    Bound::AtMost => " <= ",
                    Bound::AtLeast => " >= ",
                    Bound::Above => " > ",
                };
                self.expression(*path, source).put(sign).bind(*path, value)
            }
            Filter::Missing(path) => self.expression(*path, source).put(" IS NULL"),
            Filter::Has(path, value) => self.put("EXISTS (").element(*path, value, source),
            Filter::Lacks(path, value) => self.put("NOT EXISTS (").element(*path, value, source),
        }
    }

    fn each(self, all: &[Filter], between: &'static str, source: FieldSource<'_>) -> Self {
        self.put("(").list(all, between, |text, filter| text.filter(filter, source)).put(")")
    }

    /// Looks up one list value: in the list index by its whole key, since the other keys belong to
    /// the document, or else in the body.
    fn element(self, path: FieldPath, value: &Scalar, source: FieldSource<'_>) -> Self {
        let (Some(index), Some(own)) = (source.list_index, source.column(path)) else {
            let text = self.put("SELECT 1 FROM json_each(t.body, '$.").put(path.name);
            return text.put("') WHERE value = ").bind(path, value).put(")");
        };
        let mut text = self.put("SELECT 1 FROM ").index(source.name, index).put(" g WHERE g.");
        text = text.put(own).put(" = ").bind(path, value);
        for column in COLUMNS[..index.keys.len()].iter().filter(|column| **column != own) {
            text = text.put(" AND g.").put(column).put(" = s.").put(column);
        }
        text.put(" AND g.id = s.id)")
    }

    pub async fn exec(self, sql: &Sql) -> Result<u64, SqlError> {
        sql.exec(self.sql, self.values).await
    }

    pub async fn exec_in(self, tx: &mut Tx) -> Result<u64, SqlError> {
        tx.exec(self.sql, self.values).await
    }

    pub async fn one<R: Row>(self, sql: &Sql) -> Result<Option<R>, SqlError> {
        sql.one(self.sql, self.values).await
    }

    pub async fn all<R: Row>(self, sql: &Sql) -> Result<Vec<R>, SqlError> {
        sql.all(self.sql, self.values).await
    }
}

/// An id inside a body.
fn text_of(id: Uuid) -> Val {
    Val::Text(id.to_string())
}
