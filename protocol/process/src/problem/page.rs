//! Pages of lists: the request and the answer.
//!
//! Invariant: `next` is absent if nothing follows. A store reads one extra row to find out.

use std::{
    fmt::{self, Display},
    str::FromStr,
};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::UnixMillis;

use super::{Json, Problem, Query};
use crate::say;

/// `USUAL` items of a list without pages, or at most `MAX`.
#[derive(Debug, Clone, Copy)]
pub struct ListLimit<const USUAL: usize, const MAX: usize>(pub usize);

/// A request for `USUAL` items, or at most `MAX`, after the `next` of the previous page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<C, const USUAL: usize = 20, const MAX: usize = 100> {
    pub limit: usize,
    pub after: Option<C>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ItemList<T> {
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    #[schema(required)]
    pub next: Option<String>,
}

/// An item's position in a list ordered by time, newest first; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeCursor {
    pub at: UnixMillis,
    pub id: Uuid,
}

impl TimeCursor {
    /// Before every item.
    pub const START: Self = Self {
        at: UnixMillis(i64::MAX),
        id: Uuid::max(),
    };
}

impl fmt::Display for TimeCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.0, self.id.simple())
    }
}

impl FromStr for TimeCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "not a cursor of this list";
        let (at, id) = text.split_once('.').ok_or(wrong)?;
        let at = UnixMillis(at.parse().map_err(|_| wrong)?);
        Ok(Self {
            at,
            id: id.parse().map_err(|_| wrong)?,
        })
    }
}

impl<C, const USUAL: usize, const MAX: usize> Page<C, USUAL, MAX> {
    /// One more than fits.
    pub fn rows_to_read(&self) -> usize {
        self.limit + 1
    }

    /// The page at the start of the rows that were read, one more than fits. `place` gives a row's
    /// cursor.
    pub fn build_page<T, P: Display>(
        &self,
        mut rows: Vec<T>,
        place: impl Fn(&T) -> P,
    ) -> ItemList<T> {
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|last| place(last).to_string());
        ItemList { items: rows, next }
    }
}

impl<T> ItemList<T> {
    pub fn from_all_items(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// Maps or drops each item and keeps the cursor.
    pub fn filter_map<U>(self, seen: impl FnMut(T) -> Option<U>) -> ItemList<U> {
        ItemList {
            items: self.items.into_iter().filter_map(seen).collect(),
            next: self.next,
        }
    }

    pub fn map_items<U>(self, mut seen: impl FnMut(T) -> U) -> ItemList<U> {
        self.filter_map(|item| Some(seen(item)))
    }
}

impl<T: Serialize> IntoResponse for ItemList<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<C: FromStr, S: Send + Sync, const USUAL: usize, const MAX: usize> FromRequestParts<S>
    for Page<C, USUAL, MAX>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(all) = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        let limit = parse_limit::<USUAL, MAX>(&all)?;
        let after = parse_single(&all, "cursor", |text| text.parse().ok());
        let after = after.ok_or_else(|| Problem::wrong_field("cursor", say::page_cursor))?;
        Ok(Self { limit, after })
    }
}

impl<S: Send + Sync, const USUAL: usize, const MAX: usize> FromRequestParts<S>
    for ListLimit<USUAL, MAX>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(all) = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        parse_limit::<USUAL, MAX>(&all).map(Self)
    }
}

fn parse_limit<const USUAL: usize, const MAX: usize>(
    all: &[(String, String)],
) -> Result<usize, Problem> {
    let limit = parse_single(all, "limit", |text| {
        text.parse().ok().filter(|limit| (1..=MAX).contains(limit))
    });
    let limit =
        limit.ok_or_else(|| Problem::wrong_field("limit", say::page_limit { most: MAX.into() }))?;
    Ok(limit.unwrap_or(USUAL))
}

/// The outer `None` means invalid or given twice.
fn parse_single<T>(
    all: &[(String, String)],
    name: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Option<Option<T>> {
    let mut values = all.iter().filter(|(key, _)| key == name);
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some((_, value)), None) => read(value).map(Some),
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::Code;

    use super::*;

    async fn page(query: &str) -> Result<Page<u64>, Problem> {
        let request = http::Request::get(format!("/list{query}"))
            .body(())
            .unwrap();
        Page::from_request_parts(&mut request.into_parts().0, &()).await
    }

    #[tokio::test]
    async fn a_page_is_read_and_what_is_left_out_is_usual() {
        for (query, limit, after) in [
            ("", 20, None),
            ("?status=pending", 20, None),
            ("?limit=1", 1, None),
            ("?limit=100&cursor=7", 100, Some(7)),
        ] {
            assert_eq!(page(query).await.unwrap(), Page { limit, after }, "{query}");
        }
    }

    #[test]
    fn only_a_page_that_something_follows_names_the_next() {
        let page = Page::<u64> {
            limit: 2,
            after: None,
        };
        assert_eq!(page.rows_to_read(), 3);
        for (rows, items, next) in [
            (vec![], vec![], None),
            (vec![9, 8], vec![9, 8], None),
            (vec![9, 8, 7], vec![9, 8], Some("8".to_owned())),
        ] {
            assert_eq!(page.build_page(rows, |row| *row), ItemList { items, next });
        }
    }

    #[test]
    fn a_time_cursor_reads_back_and_other_texts_do_not() {
        let cursor = TimeCursor {
            at: UnixMillis(17),
            id: Uuid::from_u128(5),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in [
            "",
            ".",
            "17",
            "17.",
            ".5",
            "17.x",
            "x.00000000000000000000000000000000",
            "17.5.5",
        ] {
            assert!(bad.parse::<TimeCursor>().is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_wrong_limit_or_cursor_is_refused_by_name() {
        let wrong = [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=",
            "limit=x",
            "limit=1.5",
        ];
        let twice = ["limit=2&limit=3", "cursor=2&cursor=3"];
        let cursor = ["cursor=", "cursor=x", "cursor=-1"];
        for query in wrong.into_iter().chain(twice).chain(cursor) {
            let problem = page(&format!("?{query}")).await.unwrap_err();
            assert_eq!(problem.code(), Code::InvalidInput, "{query}");
            let errors = problem.to_body(wire::Language::Chinese, None).errors;
            assert_eq!(errors.len(), 1, "{query}");
            assert!(query.starts_with(&errors[0].field) && !errors[0].message.is_ascii());
        }
    }
}
