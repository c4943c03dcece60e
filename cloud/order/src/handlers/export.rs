//! Exports order lists as CSV or JSON, limited to orders the reader may see.
//!
//! Invariants: memory holds one batch at a time; an interrupted file is visibly incomplete; no CSV
//! cell is a formula.

use std::fmt::{Display, Write};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use process::{
    openapi::{RouteAnswer, RouteDescription},
    problem::{Problem, Query},
    tokens::Caller,
};
use serde_json::json;
use wire::{Actor, Order, order_visible_to};

use super::lists::{
    DeskFilter, ListFilter, NarrowedList, SearchTerms, StatusFilter, own_orders_query,
};
use crate::{
    actions::Service,
    say,
    store::{EXPORTED_MAX, OrderListCursor, OrderListQuery, OrderSort, Store, StoreError},
};

/// Orders per read.
const BATCH: usize = 200;
/// Marks the text as UTF-8 for spreadsheets.
const BYTE_ORDER_MARK: char = '\u{feff}';
const COLUMNS: &str = "id,code,status,payment_status,service_type,location,price,currency,title,description,address,\
    customer_id,provider_id,service_start_time,service_end_time,created_at,updated_at,source";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExportFormat {
    Csv,
    Json,
}

pub(crate) struct CsvFile(Body);

pub(crate) struct JsonFile(Body);

pub(crate) async fn own_as_csv(
    State(service): State<Service>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(StatusFilter { status }): Query<StatusFilter>,
) -> Result<CsvFile, Problem> {
    let list = filter.narrow_own(own_orders_query(caller.actor, status))?;
    stream_export(&service, caller.actor, list, ExportFormat::Csv)
        .await
        .map(CsvFile)
}

pub(crate) async fn own_as_json(
    State(service): State<Service>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(StatusFilter { status }): Query<StatusFilter>,
) -> Result<JsonFile, Problem> {
    let list = filter.narrow_own(own_orders_query(caller.actor, status))?;
    stream_export(&service, caller.actor, list, ExportFormat::Json)
        .await
        .map(JsonFile)
}

pub(crate) async fn all_as_csv(
    State(service): State<Service>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(desk): Query<DeskFilter>,
) -> Result<CsvFile, Problem> {
    let list = filter.narrow_list(desk.list()?)?;
    stream_export(&service, caller.actor, Some(list), ExportFormat::Csv)
        .await
        .map(CsvFile)
}

pub(crate) async fn all_as_json(
    State(service): State<Service>,
    caller: Caller,
    Query(filter): Query<ListFilter>,
    Query(desk): Query<DeskFilter>,
) -> Result<JsonFile, Problem> {
    let list = filter.narrow_list(desk.list()?)?;
    stream_export(&service, caller.actor, Some(list), ExportFormat::Json)
        .await
        .map(JsonFile)
}

/// Streams a list as a file, empty if the reader has no list.
async fn stream_export(
    service: &Service,
    actor: Actor,
    list: Option<NarrowedList>,
    format: ExportFormat,
) -> Result<Body, Problem> {
    let ends = list.is_none();
    let NarrowedList {
        query: listing,
        words,
    } = list.unwrap_or_default();
    if !ends && service.store.exceeds_export(&listing).await? {
        let most = EXPORTED_MAX.into();
        return Err(Problem::wrong_field(
            "from",
            say::too_much_to_export { most },
        ));
    }
    let store = service.store.clone();
    let after = OrderListCursor::before_all(OrderSort::Newest);
    let walk = OrderExportStream {
        store,
        actor,
        query: listing,
        words,
        format,
        after,
        begun: false,
        any: false,
        ends,
    };
    Ok(Body::from_stream(stream::try_unfold(
        walk,
        OrderExportStream::next,
    )))
}

impl IntoResponse for CsvFile {
    fn into_response(self) -> Response {
        let name = "attachment; filename=\"orders.csv\"";
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
            (header::CONTENT_DISPOSITION, name),
        ];
        (headers, self.0).into_response()
    }
}

impl IntoResponse for JsonFile {
    fn into_response(self) -> Response {
        let name = "attachment; filename=\"orders.json\"";
        let headers = [
            (header::CONTENT_TYPE, "application/json"),
            (header::CONTENT_DISPOSITION, name),
        ];
        (headers, self.0).into_response()
    }
}

impl RouteAnswer for CsvFile {
    fn describe_route(route: &mut RouteDescription) {
        route.answers_with(StatusCode::OK, "text/csv", &json!({ "type": "string" }));
    }
}

impl RouteAnswer for JsonFile {
    fn describe_route(route: &mut RouteDescription) {
        let order = route.schema::<Order>();
        let all = json!({ "type": "array", "items": order });
        route.answers_with(StatusCode::OK, "application/json", &all);
    }
}

/// The position in the list and the state of the rest of the file.
struct OrderExportStream {
    store: Store,
    actor: Actor,
    query: OrderListQuery,
    words: Option<SearchTerms>,
    format: ExportFormat,
    after: OrderListCursor,
    begun: bool,
    any: bool,
    ends: bool,
}

impl OrderExportStream {
    /// The next chunk of the file.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        if self.begun && self.ends {
            return Ok(None);
        }
        let mut text = String::new();
        if !self.begun {
            text.push_str(&export_header(self.format));
            self.begun = true;
        }
        if !self.ends {
            let orders = self
                .store
                .list_from_replica(&self.query, BATCH, self.after)
                .await?;
            self.ends = orders.len() < BATCH;
            if let Some(last) = orders.last() {
                self.after = OrderListCursor::from_order(OrderSort::Newest, last);
            }
            for order in orders {
                self.write(&mut text, &order)?;
            }
        }
        if self.ends && self.format == ExportFormat::Json {
            text.push_str("]\n");
        }
        Ok(Some((text.into(), self)))
    }

    fn write(&mut self, text: &mut String, order: &Order) -> Result<(), StoreError> {
        let Some(order) = order_visible_to(order, self.actor) else {
            return Ok(());
        };
        if self
            .words
            .as_ref()
            .is_some_and(|words| !words.match_order(&order))
        {
            return Ok(());
        }
        match self.format {
            ExportFormat::Csv => write_csv_row(text, &order),
            ExportFormat::Json => {
                text.push_str(if self.any { ",\n" } else { "" });
                text.push_str(&serde_json::to_string(&order)?);
            }
        }
        self.any = true;
        Ok(())
    }
}

fn export_header(format: ExportFormat) -> String {
    match format {
        ExportFormat::Csv => format!("{BYTE_ORDER_MARK}{COLUMNS}\r\n"),
        ExportFormat::Json => "[".to_owned(),
    }
}

fn write_optional_cell<T: Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// One line of a table (RFC 4180).
fn write_csv_row(text: &mut String, order: &Order) {
    let cells = [
        order.id.to_string(),
        order.code.to_string(),
        order.status.to_string(),
        order.payment_status.to_string(),
        order.service_type.to_string(),
        order.location.to_string(),
        order.price.to_string(),
        order.currency.to_string(),
        quote_csv_text(&order.title),
        quote_csv_text(&order.description),
        quote_csv_text(&order.address),
        order.customer_id.to_string(),
        write_optional_cell(order.provider_id),
        write_optional_cell(order.service_start_time),
        write_optional_cell(order.service_end_time),
        order.created_at.to_string(),
        order.updated_at.to_string(),
        order.source.to_string(),
    ];
    let _ = writeln!(text, "{}\r", cells.join(","));
}

/// Quotes free text. A leading apostrophe stops spreadsheets from treating it as a formula.
fn quote_csv_text(text: &str) -> String {
    let first = text.trim_start().chars().next();
    let acts = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    );
    let acts = acts || text.starts_with(['\t', '\r', '\n']);
    format!(
        "\"{}{}\"",
        if acts { "'" } else { "" },
        text.replace('"', "\"\"")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_never_a_formula_and_never_end_their_cell() {
        for (text, cell) in [
            ("Fix a tap", "\"Fix a tap\""),
            (
                "=HYPERLINK(\"http://x\")",
                "\"'=HYPERLINK(\"\"http://x\"\")\"",
            ),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("a, b\nc", "\"a, b\nc\""),
            ("1-2=3", "\"1-2=3\""),
            ("", "\"\""),
        ] {
            assert_eq!(quote_csv_text(text), cell);
        }
    }
}
