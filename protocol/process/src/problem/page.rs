//! Which part of a list is asked for. Every list reads it here, so that none guesses what a wrong
//! number was meant to be.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use wire::Code;

use super::{Problem, Query, Said};

/// `limit` and `cursor` of a request: at most `MAX` items, `USUAL` where no number is asked for, after
/// the place that the page before named as `next`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page<C, const USUAL: usize = 20, const MAX: usize = 100> {
    pub limit: usize,
    pub after: Option<C>,
}

impl<C: FromStr, S: Send + Sync, const USUAL: usize, const MAX: usize> FromRequestParts<S>
    for Page<C, USUAL, MAX>
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(all) = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await?;
        let limit = match only(&all, "limit") {
            Asked::Not => USUAL,
            Asked::For(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX).contains(limit))
                .ok_or_else(wrong_limit::<MAX>)?,
            Asked::Twice => return Err(wrong_limit::<MAX>()),
        };
        let after = match only(&all, "cursor") {
            Asked::Not => None,
            Asked::For(text) => Some(text.parse().map_err(|_| wrong_cursor())?),
            Asked::Twice => return Err(wrong_cursor()),
        };
        Ok(Self { limit, after })
    }
}

enum Asked<'a> {
    Not,
    For(&'a str),
    Twice,
}

fn only<'a>(all: &'a [(String, String)], name: &str) -> Asked<'a> {
    let mut values = all.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Asked::Not,
        (Some(value), None) => Asked::For(value),
        (Some(_), Some(_)) => Asked::Twice,
    }
}

fn wrong_limit<const MAX: usize>() -> Problem {
    let why = Said::both(format!("Ask for 1 to {MAX}."), format!("取值范围为 1 到 {MAX}。"));
    Problem::new(Code::InvalidInput).field("limit", why)
}

fn wrong_cursor() -> Problem {
    let why = Said::both("Use the `next` of the page before.", "请使用上一页返回的 `next`。");
    Problem::new(Code::InvalidInput).field("cursor", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn page(query: &str) -> Result<Page<u64>, Problem> {
        let request = http::Request::get(format!("/list{query}")).body(()).unwrap();
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

    #[tokio::test]
    async fn a_wrong_limit_or_cursor_is_refused_by_name() {
        let wrong = ["limit=0", "limit=101", "limit=-1", "limit=", "limit=x", "limit=1.5"];
        let twice = ["limit=2&limit=3", "cursor=2&cursor=3"];
        let cursor = ["cursor=", "cursor=x", "cursor=-1"];
        for query in wrong.into_iter().chain(twice).chain(cursor) {
            let problem = page(&format!("?{query}")).await.unwrap_err();
            assert_eq!(problem.code(), Code::InvalidInput, "{query}");
            let errors = problem.body(wire::Language::Chinese, None).errors;
            assert_eq!(errors.len(), 1, "{query}");
            assert!(query.starts_with(&errors[0].field) && !errors[0].message.is_ascii());
        }
    }
}
