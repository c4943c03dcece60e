//! Paging: `limit` and `cursor` in, `items` and `next` out.

use process::problem::Problem;
use serde::Serialize;
use wire::Order;

use super::answer::field;
use crate::store::{Page, Slice};

const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 100;

#[derive(Serialize)]
pub struct Items {
    items: Vec<Order>,
    next: Option<String>,
}

impl Items {
    /// A page as its reader may see it.
    pub fn of(slice: Slice, seen: impl FnMut(&Order) -> Option<Order>) -> Self {
        let items = slice.orders.iter().filter_map(seen).collect();
        Self { items, next: slice.next.map(|cursor| cursor.to_string()) }
    }

    pub fn none() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

pub fn page(limit: Option<usize>, cursor: Option<&str>) -> Result<Page, Problem> {
    let after = match cursor {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            field("cursor", "The `next` of an earlier page.", "请填写上一页返回的 `next`。")
        })?),
    };
    Ok(Page { limit: self::limit(limit), after })
}

pub fn limit(wanted: Option<usize>) -> usize {
    wanted.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
}
