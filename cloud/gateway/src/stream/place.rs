//! A page's position in both legs, encoded in each message id: the hub's position, then `~` and the
//! inbox's. Neither part uses `~` in its own ids.

use bytes::Bytes;
use http::HeaderValue;
use process::{parts::CloudPart, sse};

const BETWEEN: char = '~';

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct StreamCursor {
    pub orders: Option<String>,
    pub inbox: Option<String>,
}

impl StreamCursor {
    /// An id without `~` is a hub position.
    pub fn from_last_event_id(last: Option<&HeaderValue>) -> Self {
        let last = last.and_then(|last| last.to_str().ok()).unwrap_or_default();
        let (orders, inbox) = last.split_once(BETWEEN).unwrap_or((last, ""));
        Self {
            orders: non_empty_text(orders),
            inbox: non_empty_text(inbox),
        }
    }

    /// Replaces the message's id, if present, with the position in both legs.
    pub fn rewrite_event_id(&mut self, part: CloudPart, message: Bytes) -> Bytes {
        let Some(id) = sse::id_in(&message).map(str::to_owned) else {
            return message;
        };
        let before = format!("id: {id}\n");
        match part {
            CloudPart::Hub => self.orders = Some(id),
            _ => self.inbox = Some(id),
        }
        match std::str::from_utf8(&message) {
            Ok(text) => text
                .replacen(&before, &format!("id: {}\n", self.id()), 1)
                .into(),
            Err(_) => message,
        }
    }

    fn id(&self) -> String {
        let orders = self.orders.as_deref().unwrap_or_default();
        match &self.inbox {
            Some(inbox) => format!("{orders}{BETWEEN}{inbox}"),
            None => orders.to_owned(),
        }
    }
}

fn non_empty_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_carries_the_place_in_both_legs() {
        let mut place = StreamCursor::default();
        let order = sse::format_event("order", Some("1.2.3"), &1);
        assert_eq!(place.rewrite_event_id(CloudPart::Hub, order.clone()), order);
        let notice = place.rewrite_event_id(
            CloudPart::Notification,
            sse::format_event("notice", Some("n7"), &1),
        );
        assert_eq!(sse::id_in(&notice), Some("1.2.3~n7"));
        let later = place.rewrite_event_id(CloudPart::Hub, sse::format_position("1.2.4"));
        assert_eq!(sse::id_in(&later), Some("1.2.4~n7"));
        let state = sse::format_event("inbox", None, &1);
        assert_eq!(
            place.rewrite_event_id(CloudPart::Notification, state.clone()),
            state
        );
    }

    #[test]
    fn a_page_goes_on_in_both_legs() {
        for (id, orders, inbox) in [
            ("1.2.4~n7", Some("1.2.4"), Some("n7")),
            ("1.2.4", Some("1.2.4"), None),
            ("~n7", None, Some("n7")),
            ("", None, None),
        ] {
            let place = StreamCursor::from_last_event_id(Some(&HeaderValue::from_str(id).unwrap()));
            assert_eq!(
                (place.orders.as_deref(), place.inbox.as_deref()),
                (orders, inbox),
                "{id}"
            );
            assert_eq!(place.id(), id);
        }
        assert_eq!(
            StreamCursor::from_last_event_id(None),
            StreamCursor::default()
        );
    }
}
