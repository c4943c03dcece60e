//! The parts of the event table: recipients, and templates of inbox lines with the values that
//! their texts insert.

use wire::{AlarmKind, Language, MoneyCaseKind, OrderCode, Permission, Role};

use super::{
    ReaderLocale,
    inbox::{AlarmParams, MoneyParams, OrderParams, ReviewParams},
};
use crate::say;

/// A recipient, by their part in the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRecipient {
    Customer,
    /// Has or had the order, or is paid for it.
    Provider,
    /// Lost the acceptance: the event's actor, not the order's provider.
    Loser,
    /// Lost the order because an admin withdrew it.
    FormerProvider,
    /// Proposed by the user service's matching; a separate consumer notifies them.
    Matched,
    /// Each provider to whom the job was newly offered.
    Offered,
    /// The person the event is about.
    Themselves,
    /// All admins, through their shared inbox. Those with one of these permissions see the line.
    Admins(&'static [Permission]),
}

impl EventRecipient {
    /// Returns true if a person of that role gets the line of this recipient. An event has at most
    /// one template for each role.
    pub fn has_role(self, role: Role) -> bool {
        match self {
            Self::Customer => role == Role::Customer,
            Self::Provider | Self::Loser | Self::FormerProvider | Self::Matched | Self::Offered => {
                role == Role::Provider
            }
            Self::Themselves => role != Role::Admin,
            Self::Admins(_) => role == Role::Admin,
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineText {
    pub title: String,
    pub content: String,
}

/// The stored values of a line, for a reader.
pub struct LineValues<'a, Params> {
    pub params: &'a Params,
    pub locale: ReaderLocale,
}

/// One inbox line of an event with that body: its recipient, and the text for its parameters.
pub struct LineTemplate<Body, Params> {
    pub recipient: EventRecipient,
    condition: fn(&Body) -> bool,
    text: fn(&LineValues<'_, Params>) -> Option<LineText>,
    details: fn(&LineValues<'_, Params>) -> Vec<String>,
    gives_reason: bool,
}

impl<Body, Params> LineTemplate<Body, Params> {
    /// `text` returns `None` for values that only another version stores.
    pub const fn new(
        recipient: EventRecipient,
        text: fn(&LineValues<'_, Params>) -> Option<LineText>,
    ) -> Self {
        Self {
            recipient,
            condition: |_| true,
            text,
            details: |_| Vec::new(),
            gives_reason: false,
        }
    }

    /// Other events of the type have no line for this recipient.
    pub const fn only_if(self, condition: fn(&Body) -> bool) -> Self {
        Self { condition, ..self }
    }

    /// The sentences after the first.
    pub const fn with_details(self, details: fn(&LineValues<'_, Params>) -> Vec<String>) -> Self {
        Self { details, ..self }
    }

    /// Ends with the reason that a person gave, if they gave one.
    pub const fn with_reason(self) -> Self {
        Self {
            gives_reason: true,
            ..self
        }
    }

    pub fn applies_to(&self, body: &Body) -> bool {
        (self.condition)(body)
    }

    pub fn render(
        &self,
        values: &LineValues<'_, Params>,
        reason: Option<&String>,
    ) -> Option<LineText> {
        use texts::Sentence;
        let language = values.locale.language;
        let LineText { title, content } = (self.text)(values)?;
        let mut sentences = vec![content];
        sentences.extend((self.details)(values));
        if let Some(reason) = reason.filter(|_| self.gives_reason) {
            let reason = reason.into();
            sentences.push(say::reason_given { reason }.render_in(language));
        }
        let content = sentences.join(say::between.text_in(language));
        Some(LineText { title, content })
    }
}

/// The message's title and content, filled with the values of that name.
macro_rules! text {
    ($values:ident => $message:ident { $($placeholder:ident),+ }) => {{
        let language = $values.locale.language;
        Some(LineText {
            title: say::$message::title.render_in(language),
            content: say::$message::content {
                $($placeholder: $values.$placeholder().into()),+
            }
            .render_in(language),
        })
    }};
    ($values:ident => $message:ident) => {{
        let language = $values.locale.language;
        Some(LineText {
            title: say::$message::title.render_in(language),
            content: say::$message::content.render_in(language),
        })
    }};
}
pub(super) use text;

/// A template with one message as its text.
macro_rules! tell {
    ($template:ident: $recipient:expr => $($message:tt)+) => {
        $template::new($recipient, |values| text!(values => $($message)+))
    };
}
pub(super) use tell;

impl LineValues<'_, OrderParams> {
    pub fn title(&self) -> &String {
        &self.params.title
    }

    pub fn code(&self) -> &OrderCode {
        &self.params.code
    }

    pub fn region(&self) -> texts::Phrase {
        self.params.region.name()
    }

    pub fn price(&self) -> String {
        self.params.price.with_currency(self.params.currency)
    }

    /// The price of more work. Empty for other reports, which have other texts.
    pub fn extra(&self) -> String {
        let price = self.params.incident.and_then(|report| report.extra_price);
        price
            .map(|price| price.with_currency(self.params.currency))
            .unwrap_or_default()
    }

    /// The other time of an order. Empty for an event without one, which has another text.
    pub fn other_time(&self) -> String {
        let time = self.params.other_time;
        time.map(|time| self.locale.format_planned_time(time))
            .unwrap_or_default()
    }

    /// The end of the offer. Empty for an order without one, which has another text.
    pub fn offer_end(&self) -> String {
        let until = self.params.offered_until;
        until
            .map(|until| self.locale.format_minute(until))
            .unwrap_or_default()
    }

    /// The end of the objection period. Empty for an order without one, which has another text.
    pub fn until(&self) -> String {
        let until = self.params.terms.objections_until;
        until
            .map(|until| self.locale.format_minute(until))
            .unwrap_or_default()
    }
}

/// Payment events lack the order's title; the line links to the order.
impl LineValues<'_, MoneyParams> {
    pub fn amount(&self) -> String {
        self.params.amount.with_currency(self.params.currency)
    }

    /// Empty for a payment of which nothing is sent back, which has another text.
    pub fn returning(&self) -> String {
        let returning = self.params.returning;
        returning
            .map(|returning| returning.with_currency(self.params.currency))
            .unwrap_or_default()
    }

    /// The subject of a case. A kind from a newer payment service gets the generic text.
    pub fn why(&self) -> texts::Phrase {
        let kind = self.params.case.as_deref();
        match kind.and_then(|kind| kind.parse().ok()) {
            Some(MoneyCaseKind::ExtraPayment) => say::money_case_extra_payment,
            Some(MoneyCaseKind::WrongAmount) => say::money_case_wrong_amount,
            Some(MoneyCaseKind::RefundFailed) => say::money_case_refund_failed,
            Some(MoneyCaseKind::ChargebackReversed) => say::money_case_chargeback_reversed,
            Some(MoneyCaseKind::Unanswered) => say::money_case_unanswered,
            Some(MoneyCaseKind::CompletedUnpaid) => say::money_case_completed_unpaid,
            Some(MoneyCaseKind::FeeShortfall) => say::money_case_fee_shortfall,
            Some(MoneyCaseKind::AdapterDiffers) => say::money_case_adapter_differs,
            Some(MoneyCaseKind::Chargeback) | None => say::money_case_other,
        }
    }
}

impl LineValues<'_, ReviewParams> {
    pub fn title(&self) -> &String {
        &self.params.title
    }

    pub fn code(&self) -> &OrderCode {
        &self.params.order_code
    }

    pub fn rating(&self) -> u64 {
        self.params.rating.into()
    }
}

/// The line that counts alarms has another text, which inserts no alarm.
impl LineValues<'_, AlarmParams> {
    pub fn edge(&self) -> String {
        let alarm = self.params.alarm.as_ref();
        let edge = alarm.and_then(|alarm| alarm.edge.as_ref());
        edge.map(ToString::to_string).unwrap_or_default()
    }

    pub fn region(&self) -> texts::Phrase {
        let alarm = self.params.alarm.as_ref();
        alarm.map_or(say::alarm_other, |alarm| alarm.region.name())
    }

    pub fn part(&self) -> String {
        let alarm = self.params.part_alarm.as_ref();
        alarm.map(|alarm| alarm.part.clone()).unwrap_or_default()
    }

    pub fn since(&self) -> String {
        let AlarmParams {
            alarm, part_alarm, ..
        } = self.params;
        let since = alarm.as_ref().map(|alarm| alarm.since);
        since
            .or(part_alarm.as_ref().map(|alarm| alarm.since))
            .map(|since| self.locale.format_minute(since))
            .unwrap_or_default()
    }

    pub fn more(&self) -> u64 {
        self.params.more_alarms
    }

    /// A kind from a newer hub gets the generic text.
    pub fn what(&self) -> texts::Phrase {
        let AlarmParams {
            alarm, part_alarm, ..
        } = self.params;
        let kind = alarm.as_ref().map(|alarm| &alarm.kind);
        let kind = kind.or(part_alarm.as_ref().map(|alarm| &alarm.kind));
        match kind.and_then(|kind| kind.parse().ok()) {
            Some(AlarmKind::GateClosed) => say::alarm_gate_closed,
            Some(AlarmKind::Contradicted) => say::alarm_contradicted,
            Some(AlarmKind::AsksStopped) => say::alarm_asks_stopped,
            Some(AlarmKind::NoEdge) => say::alarm_no_edge,
            Some(AlarmKind::NobodyHolds) => say::alarm_nobody_holds,
            Some(AlarmKind::NeedsOperator) => say::alarm_needs_operator,
            Some(AlarmKind::Twin) => say::alarm_twin,
            Some(AlarmKind::Restored) => say::alarm_restored,
            Some(AlarmKind::Cloned) => say::alarm_cloned,
            Some(AlarmKind::GrantDiffers) => say::alarm_grant_differs,
            Some(AlarmKind::LeftBehind) => say::alarm_left_behind,
            Some(AlarmKind::NeverConnected) => say::alarm_never_connected,
            Some(AlarmKind::LinkDown) => say::alarm_link_down,
            Some(AlarmKind::OrdersDiffer) => say::alarm_orders_differ,
            Some(AlarmKind::Unsettled) => say::alarm_unsettled,
            Some(AlarmKind::OpsStopped) => say::alarm_ops_stopped,
            Some(AlarmKind::OpsHeld) => say::alarm_ops_held,
            Some(AlarmKind::OpsParked) => say::alarm_ops_parked,
            Some(AlarmKind::DiskLow) => say::alarm_disk_low,
            Some(AlarmKind::NewcomersWait) => say::alarm_newcomers_wait,
            Some(AlarmKind::TakesAnyHub) => say::alarm_takes_any_hub,
            Some(AlarmKind::PlainLine) => say::alarm_plain_line,
            Some(AlarmKind::PlainListeners) => say::alarm_plain_listeners,
            Some(AlarmKind::ClockWrong) => say::alarm_clock_wrong,
            Some(AlarmKind::CloudTokens) => say::alarm_cloud_tokens,
            Some(AlarmKind::CertificateEnds) => say::alarm_certificate_ends,
            Some(AlarmKind::PartAway) => say::alarm_part_away,
            Some(AlarmKind::DeadLetters) => say::alarm_dead_letters,
            None => say::alarm_other,
        }
    }
}

impl<Params> LineValues<'_, Params> {
    pub fn language(&self) -> Language {
        self.locale.language
    }
}
