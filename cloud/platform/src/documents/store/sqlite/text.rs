//! Builds SQL text from static parts and index names, with its values.

use uuid::Uuid;

use crate::{
    documents::{
        query::{Bound, Filter, IndexQuery},
        schema::{FieldPath, ID, Index, IndexCondition, Scalar},
    },
    sql::{Row, Sql, SqlError, Statement, Tx, Val},
};

/// The columns of a list index's table.
pub(super) const COLUMNS: [&str; 5] = ["k0", "k1", "k2", "k3", "k4"];

/// A query's field source: the body, or the columns of a list index.
#[derive(Clone, Copy)]
pub(super) struct FieldSource<'f> {
    name: &'static str,
    list_index: Option<&'f Index>,
}

impl<'f> FieldSource<'f> {
    pub(super) fn from_body(name: &'static str) -> Self {
        Self {
            name,
            list_index: None,
        }
    }

    pub(super) fn from_query(name: &'static str, query: &'f IndexQuery) -> Self {
        Self {
            name,
            list_index: query.index.list().map(|_| &query.index),
        }
    }

    fn find_column(&self, path: FieldPath) -> Option<&'static str> {
        let keys = self.list_index?.keys;
        keys.iter()
            .position(|key| key.path == path)
            .map(|place| COLUMNS[place])
    }

    fn serves_list_value(&self, filter: &Filter) -> bool {
        match filter {
            Filter::Has(path, _) => self.find_column(*path).is_some(),
            _ => false,
        }
    }
}

#[derive(Clone)]
pub(super) struct SqlBuilder {
    sql: Statement,
    values: Vec<Val>,
}

impl SqlBuilder {
    pub(super) fn from_text(part: &'static str) -> Self {
        Self {
            sql: Statement::new(part),
            values: Vec::new(),
        }
    }

    pub(super) fn push_text(mut self, part: &'static str) -> Self {
        self.sql = self.sql.append_text(part);
        self
    }

    pub(super) fn text(&self) -> &str {
        self.sql.as_str()
    }

    pub(super) fn name(mut self, name: &str) -> Self {
        self.sql = self.sql.then_name(name);
        self
    }

    pub(super) fn bind_value(mut self, value: impl Into<Val>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(super) fn append_sql(mut self, other: Self) -> Self {
        self.sql = self.sql.append_statement(&other.sql);
        self.values.extend(other.values);
        self
    }

    pub(super) fn list<T>(
        mut self,
        items: &[T],
        between: &'static str,
        mut each: impl FnMut(Self, &T) -> Self,
    ) -> Self {
        for (place, item) in items.iter().enumerate() {
            self = each(
                if place > 0 {
                    self.push_text(between)
                } else {
                    self
                },
                item,
            );
        }
        self
    }

    /// The name of an index, or of a list index's table.
    pub(super) fn index(self, collection: &'static str, index: &Index) -> Self {
        self.push_text(collection)
            .push_text("_")
            .name(&index.stored_name())
    }

    pub(super) fn push_path(self, body: &'static str, path: FieldPath) -> Self {
        self.push_text("json_extract(")
            .push_text(body)
            .push_text(", '$.")
            .push_text(path.name)
            .push_text("')")
    }

    /// The condition of a partial index: literal, because SQLite cannot match a bound value to it.
    pub(super) fn push_index_condition(
        self,
        before: &'static str,
        body: &'static str,
        index: &Index,
    ) -> Self {
        let conditions = index.all_conditions();
        let text = if conditions.is_empty() {
            self
        } else {
            self.push_text(before)
        };
        text.list(&conditions, " AND ", |text, only| match *only {
            IndexCondition::Is(path, yes) => {
                text.push_path(body, path)
                    .push_text(if yes { " = 1" } else { " = 0" })
            }
            IndexCondition::Says(path, word) => text
                .push_path(body, path)
                .push_text(" = '")
                .push_text(word)
                .push_text("'"),
            IndexCondition::Present(path) => text.push_path(body, path).push_text(" IS NOT NULL"),
        })
    }

    pub(super) fn source(self, query: &IndexQuery, source: FieldSource<'_>) -> Self {
        let filter = query.whole_filter();
        if let Some(index) = source.list_index {
            return self.list_source(index, filter, source);
        }
        let text = self
            .push_text("FROM ")
            .push_text(source.name)
            .push_text(" t INDEXED BY ");
        let text = text.index(source.name, &query.index).push_text(" WHERE ");
        let text = text.push_index_condition("", "t.body", &query.index);
        let text = if query.index.only.is_empty() {
            text
        } else {
            text.push_text(" AND ")
        };
        text.push_filter(&filter, source)
    }

    /// The filter's first list value drives the join; the check of the query verified that it
    /// exists.
    fn list_source(self, index: &Index, filter: Filter, source: FieldSource<'_>) -> Self {
        let text = self
            .push_text("FROM ")
            .index(source.name, index)
            .push_text(" s CROSS JOIN ");
        let text = text
            .push_text(source.name)
            .push_text(" t ON t.id = s.id WHERE ");
        let Filter::All(mut all) = Filter::match_all().and(filter) else {
            return text;
        };
        let place = all
            .iter()
            .position(|filter| source.serves_list_value(filter));
        let leader = place.map(|place| all.remove(place));
        let text = match &leader {
            Some(Filter::Has(path, value)) => text
                .push_field(*path, source)
                .push_text(" = ")
                .bind_scalar(*path, value)
                .push_text(" AND "),
            _ => text,
        };
        text.push_filter(&Filter::All(all), source)
    }

    pub(super) fn push_field(self, path: FieldPath, source: FieldSource<'_>) -> Self {
        match (path == ID, source.find_column(path)) {
            (true, _) if source.list_index.is_some() => self.push_text("s.id"),
            (true, _) => self.push_text("t.id"),
            (false, Some(column)) => self.push_text("s.").push_text(column),
            (false, None) => self.push_path("t.body", path),
        }
    }

    fn bind_scalar(self, path: FieldPath, value: &Scalar) -> Self {
        self.push_text("?").bind_value(match value {
            Scalar::Id(id) if path == ID => Val::Id(*id),
            Scalar::Id(id) => text_of(*id),
            Scalar::Int(number) => Val::Int(*number),
            Scalar::Text(text) => Val::Text(text.clone()),
            Scalar::Bool(yes) => Val::from(*yes),
        })
    }

    /// A value inside the body.
    pub(super) fn bind_json(self, value: &Scalar) -> Self {
        match value {
            Scalar::Bool(yes) => self.push_text(if *yes {
                "json('true')"
            } else {
                "json('false')"
            }),
            Scalar::Id(id) => self.push_text("?").bind_value(text_of(*id)),
            value => self.bind_scalar(ID, value),
        }
    }

    pub(super) fn push_filter(self, filter: &Filter, source: FieldSource<'_>) -> Self {
        match filter {
            Filter::All(all) if all.is_empty() => self.push_text("1"),
            Filter::Any(any) if any.is_empty() => self.push_text("0"),
            Filter::All(all) => self.push_joined_filters(all, " AND ", source),
            Filter::Any(any) => self.push_joined_filters(any, " OR ", source),
            Filter::Is(path, value) => self
                .push_field(*path, source)
                .push_text(" = ")
                .bind_scalar(*path, value),
            Filter::Bounded(path, bound, value) => {
                let sign = match bound {
                    Bound::Below => " < ",
                    Bound::AtMost => " <= ",
                    Bound::AtLeast => " >= ",
                    Bound::Above => " > ",
                };
                self.push_field(*path, source)
                    .push_text(sign)
                    .bind_scalar(*path, value)
            }
            Filter::Missing(path) => self.push_field(*path, source).push_text(" IS NULL"),
            Filter::Has(path, value) => self
                .push_text("EXISTS (")
                .push_list_lookup(*path, value, source),
            Filter::Lacks(path, value) => self
                .push_text("NOT EXISTS (")
                .push_list_lookup(*path, value, source),
        }
    }

    fn push_joined_filters(
        self,
        all: &[Filter],
        between: &'static str,
        source: FieldSource<'_>,
    ) -> Self {
        self.push_text("(")
            .list(all, between, |text, filter| {
                text.push_filter(filter, source)
            })
            .push_text(")")
    }

    /// Looks up one list value: in the list index by its whole key, since the other keys belong to
    /// the document, or else in the body.
    fn push_list_lookup(self, path: FieldPath, value: &Scalar, source: FieldSource<'_>) -> Self {
        let (Some(index), Some(own)) = (source.list_index, source.find_column(path)) else {
            let text = self
                .push_text("SELECT 1 FROM json_each(t.body, '$.")
                .push_text(path.name);
            return text
                .push_text("') WHERE value = ")
                .bind_scalar(path, value)
                .push_text(")");
        };
        let mut text = self
            .push_text("SELECT 1 FROM ")
            .index(source.name, index)
            .push_text(" g WHERE g.");
        text = text
            .push_text(own)
            .push_text(" = ")
            .bind_scalar(path, value);
        for column in COLUMNS[..index.keys.len()]
            .iter()
            .filter(|column| **column != own)
        {
            text = text
                .push_text(" AND g.")
                .push_text(column)
                .push_text(" = s.")
                .push_text(column);
        }
        text.push_text(" AND g.id = s.id)")
    }

    pub(super) async fn exec(self, sql: &Sql) -> Result<u64, SqlError> {
        sql.exec(self.sql, self.values).await
    }

    pub(super) async fn exec_in(self, tx: &mut Tx) -> Result<u64, SqlError> {
        tx.exec(self.sql, self.values).await
    }

    pub(super) async fn fetch_optional<R: Row>(self, sql: &Sql) -> Result<Option<R>, SqlError> {
        sql.fetch_optional(self.sql, self.values).await
    }

    pub(super) async fn fetch_all<R: Row>(self, sql: &Sql) -> Result<Vec<R>, SqlError> {
        sql.fetch_all(self.sql, self.values).await
    }
}

/// An id inside a body.
fn text_of(id: Uuid) -> Val {
    Val::Text(id.to_string())
}
