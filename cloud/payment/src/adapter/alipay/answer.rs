//! A gateway answer: one member of a JSON object holds the payload, another the signature over that
//! member's original text.

use serde::{Deserialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::Deserializer;
use wire::Amount;

use super::{fields::SIGN, keys::AlipayKey};

/// All fields that our calls need from an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AlipayAnswer {
    pub code: String,
    pub sub_code: String,
    pub out_trade_no: String,
    pub trade_status: String,
    pub total_amount: Option<Amount>,
    /// The time of payment; it stays set when the trade ends.
    pub send_pay_date: Option<String>,
    pub fund_change: String,
    pub out_request_no: String,
    pub refund_status: String,
    pub refund_amount: Option<Amount>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlipayAnswerError {
    #[error("the answer cannot be read")]
    Unreadable,
    #[error("the answer is not signed by Alipay")]
    Forged,
}

/// The gateway did as requested.
const DONE: &str = "10000";
/// The business behind the gateway refused; `sub_code` gives the reason.
const REFUSED: &str = "40004";

impl AlipayAnswer {
    /// Verifies the signature before reading any field.
    pub fn read(json: &str, method: &str, key: &AlipayKey) -> Result<Self, AlipayAnswerError> {
        let name = format!("{}_response", method.replace('.', "_"));
        let text = find_member(json, &name).ok_or(AlipayAnswerError::Unreadable)?;
        let signature =
            find_member(json, SIGN).and_then(|text| serde_json::from_str::<String>(text).ok());
        if !signature.is_some_and(|signature| key.has_signed(text, &signature)) {
            return Err(AlipayAnswerError::Forged);
        }
        serde_json::from_str(text).map_err(|_| AlipayAnswerError::Unreadable)
    }

    pub fn is_done(&self) -> bool {
        self.code == DONE
    }

    /// The reason for a refusal. Any other failure leaves the outcome open.
    pub fn refusal_reason(&self) -> Option<&str> {
        (self.code == REFUSED).then_some(self.sub_code.as_str())
    }
}

/// The original text of a top-level member. Its value is an object or a string.
fn find_member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = json.trim_start().strip_prefix('{')?;
    loop {
        let (key, _, behind) = split_first_value::<String>(rest)?;
        let (_, text, behind) =
            split_first_value::<IgnoredAny>(behind.trim_start().strip_prefix(':')?)?;
        if key == name {
            return Some(text);
        }
        rest = behind.trim_start().strip_prefix(',')?;
    }
}

/// The first value, its text, and the remaining input.
fn split_first_value<T: DeserializeOwned>(json: &str) -> Option<(T, &str, &str)> {
    let json = json.trim_start();
    let mut values = Deserializer::from_str(json).into_iter::<T>();
    let value = values.next()?.ok()?;
    let (text, behind) = json.split_at_checked(values.byte_offset())?;
    Some((value, text, behind))
}
