//! The bank's state: trades, their payments and refunds.

use std::collections::BTreeMap;

use jiff::{civil::DateTime, tz};
use serde_json::{Value, json};
use wire::{Amount, UnixMillis};

use crate::APP_ID;

#[derive(Default)]
pub(crate) struct Bank {
    trades: BTreeMap<String, Trade>,
}

struct Trade {
    subject: String,
    asked_minor: i64,
    paid: Option<(i64, UnixMillis)>,
    is_closed: bool,
    ends: UnixMillis,
    notify_url: String,
    return_url: String,
    refunds: BTreeMap<String, i64>,
}

/// The `sub_code` of a refusal.
pub(crate) type Refusal = &'static str;

const NO_TRADE: Refusal = "ACQ.TRADE_NOT_EXIST";
const WRONG: Refusal = "ACQ.INVALID_PARAMETER";

impl Bank {
    /// Opens a trade's page for a customer. Returns the subject and the amount.
    pub(crate) fn open(
        &mut self,
        business: &Value,
        [notify_url, return_url]: [String; 2],
        now: UnixMillis,
    ) -> Result<(String, Amount), Refusal> {
        let number = text(business, "out_trade_no").ok_or(WRONG)?;
        let is_number = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if number.len() > 64 || !number.chars().all(is_number) {
            return Err(WRONG);
        }
        if text(business, "product_code") != Some("FAST_INSTANT_TRADE_PAY") {
            return Err(WRONG);
        }
        let asked = amount(business, "total_amount")?;
        let ends = text(business, "time_expire").and_then(at).ok_or(WRONG)?;
        let subject = text(business, "subject").ok_or(WRONG)?.to_owned();
        if now >= ends {
            return Err("ACQ.TRADE_HAS_EXPIRED");
        }
        let refunds = BTreeMap::new();
        let asked_minor = asked.minor_units();
        let paid = None;
        let is_closed = false;
        let trade = self.trades.entry(number.to_owned()).or_insert(Trade {
            subject,
            asked_minor,
            paid,
            is_closed,
            ends,
            notify_url,
            return_url,
            refunds,
        });
        match () {
            () if trade.asked_minor != asked_minor => Err("ACQ.CONTEXT_INCONSISTENT"),
            () if trade.is_closed => Err("ACQ.TRADE_HAS_CLOSE"),
            () if trade.paid.is_some() => Err("ACQ.TRADE_HAS_SUCCESS"),
            () => Ok((trade.subject.clone(), asked)),
        }
    }

    /// Pays a trade if it is open.
    pub(crate) fn pay(&mut self, number: &str, minor: i64, now: UnixMillis) -> bool {
        let Some(trade) = self.trades.get_mut(number) else {
            return false;
        };
        let is_open = trade.paid.is_none() && !trade.is_closed && now < trade.ends;
        if is_open {
            trade.paid = Some((minor, now));
        }
        is_open
    }

    pub(crate) fn asked(&self, number: &str) -> Option<(i64, String)> {
        self.trades
            .get(number)
            .map(|trade| (trade.asked_minor, trade.return_url.clone()))
    }

    pub(crate) fn refunds(&self, number: &str) -> Vec<(String, Amount)> {
        let Some(trade) = self.trades.get(number) else {
            return Vec::new();
        };
        let refund = |(number, minor): (&String, &i64)| {
            Some((number.clone(), Amount::from_minor(*minor).ok()?))
        };
        trade.refunds.iter().filter_map(refund).collect()
    }

    pub(crate) fn take(
        &mut self,
        method: &str,
        business: &Value,
        now: UnixMillis,
    ) -> Result<Value, Refusal> {
        let number = text(business, "out_trade_no").ok_or(WRONG)?;
        let trade = self.trades.get_mut(number).ok_or(NO_TRADE)?;
        let told = json!({ "out_trade_no": number, "trade_no": trade_no(number) });
        let added = match method {
            "alipay.trade.query" => trade.shown(now),
            "alipay.trade.close" => trade.close(now)?,
            "alipay.trade.refund" => trade.refund(business)?,
            "alipay.trade.fastpay.refund.query" => trade.refunded(business)?,
            _ => return Err("isv.invalid-method"),
        };
        Ok(joined(told, added))
    }

    /// The notification about this trade and its destination.
    pub(crate) fn message(
        &self,
        number: &str,
        now: UnixMillis,
    ) -> Option<(String, BTreeMap<String, String>)> {
        let trade = self.trades.get(number)?;
        let shown = trade.shown(now);
        let mut fields: BTreeMap<String, String> = [
            ("notify_type", "trade_status_sync"),
            ("notify_id", "2025112400222232054000000000000001"),
            ("charset", "utf-8"),
            ("version", "1.0"),
            ("app_id", APP_ID),
            ("auth_app_id", APP_ID),
            ("out_trade_no", number),
            ("subject", trade.subject.as_str()),
            // An empty value is sent but not signed.
            ("body", ""),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        fields.insert("notify_time".to_owned(), beijing(now));
        fields.insert("trade_no".to_owned(), trade_no(number));
        for (name, value) in shown.as_object()? {
            fields.insert(name.clone(), value.as_str()?.to_owned());
        }
        Some((trade.notify_url.clone(), fields))
    }
}

impl Trade {
    fn refunded_minor(&self) -> i64 {
        self.refunds.values().sum()
    }

    fn shown(&self, now: UnixMillis) -> Value {
        let total = yuan(self.paid.map_or(self.asked_minor, |(minor, _)| minor));
        let state = match self.paid {
            Some((minor, _)) if self.refunded_minor() >= minor => "TRADE_CLOSED",
            Some(_) => "TRADE_SUCCESS",
            None if self.is_closed || now >= self.ends => "TRADE_CLOSED",
            None => "WAIT_BUYER_PAY",
        };
        let shown = json!({ "trade_status": state, "total_amount": total });
        match self.paid {
            Some((_, at)) => joined(shown, json!({ "send_pay_date": beijing(at) })),
            None => shown,
        }
    }

    fn close(&mut self, now: UnixMillis) -> Result<Value, Refusal> {
        if self.paid.is_some() || self.is_closed || now >= self.ends {
            return Err("ACQ.TRADE_STATUS_ERROR");
        }
        self.is_closed = true;
        Ok(json!({}))
    }

    /// A repeated refund number moves no money.
    fn refund(&mut self, business: &Value) -> Result<Value, Refusal> {
        let (paid, _) = self.paid.ok_or("ACQ.TRADE_STATUS_ERROR")?;
        let number = text(business, "out_request_no").ok_or(WRONG)?;
        let minor = amount(business, "refund_amount")?.minor_units();
        let change = match self.refunds.get(number) {
            Some(known) if *known == minor => "N",
            Some(_) => return Err("ACQ.DISCORDANT_REPEAT_REQUEST"),
            None if self.refunded_minor() + minor > paid => {
                return Err("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
            }
            None => {
                self.refunds.insert(number.to_owned(), minor);
                "Y"
            }
        };
        Ok(json!({ "fund_change": change, "refund_fee": yuan(self.refunded_minor()) }))
    }

    fn refunded(&self, business: &Value) -> Result<Value, Refusal> {
        let number = text(business, "out_request_no").ok_or(WRONG)?;
        let told = json!({ "out_request_no": number, "total_amount": yuan(self.asked_minor) });
        Ok(match self.refunds.get(number) {
            Some(minor) => joined(
                told,
                json!({ "refund_status": "REFUND_SUCCESS", "refund_amount": yuan(*minor) }),
            ),
            // Alipay reports an unknown refund this way.
            None => json!({}),
        })
    }
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

fn text<'a>(business: &'a Value, name: &str) -> Option<&'a str> {
    business.get(name)?.as_str()
}

/// Accepts the price list's format only: at least `0.01`, with two decimals.
fn amount(business: &Value, name: &str) -> Result<Amount, Refusal> {
    let text = text(business, name).ok_or(WRONG)?;
    let has_cents = text
        .split_once('.')
        .is_some_and(|(_, cents)| cents.len() == 2);
    let amount: Amount = text.parse().map_err(|_| WRONG)?;
    if has_cents && amount.is_positive() {
        Ok(amount)
    } else {
        Err("ACQ.TOTAL_FEE_EXCEED")
    }
}

fn yuan(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn trade_no(number: &str) -> String {
    format!("2025112422001400{}", &number[..number.len().min(12)])
}

pub(crate) fn beijing(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    tz::offset(8).to_datetime(at).strftime("%F %T").to_string()
}

/// Parses Beijing local time.
pub(crate) fn at(text: &str) -> Option<UnixMillis> {
    let at = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    Some(UnixMillis(
        tz::offset(8).to_timestamp(at).ok()?.as_millisecond(),
    ))
}
