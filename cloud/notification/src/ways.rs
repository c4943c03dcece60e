//! The delivery channels: mail, text message and push.
//!
//! Invariant: a channel that is short, or readable by others in transit, carries only a line's
//! title and its order's code.

use platform::{
    messages::{Push, PushError, PushMessage},
    sms::{CountryCode, PhoneNumber, Sms, SmsError, SmsMessage},
};
use serde::Deserialize;
use uuid::Uuid;
use wire::{Role, UserId};

use crate::{
    domain::{Channel, LineText},
    mail::{MailError, MailMessage, Mailer},
};

/// Clones share the connections.
#[derive(Clone)]
pub struct OutboundChannels {
    pub mail: Mailer,
    pub sms: Sms,
    pub push: Push,
}

/// Auth's contact data of a person.
#[derive(Deserialize)]
pub struct Contact {
    /// The previous version of auth omits it and returns an address only for open accounts.
    is_open: Option<bool>,
    /// For open accounts. The previous version of auth omits it.
    pub role: Option<Role>,
    /// Only a confirmed address.
    email: Option<String>,
    /// The account has an unconfirmed address.
    #[serde(default)]
    pub is_unconfirmed: bool,
    /// Proven by a code.
    phone: Option<String>,
}

/// A message in the person's language.
pub struct RenderedMessage {
    pub whole: LineText,
    /// Used on channels where the whole text is too long or too public.
    pub brief: LineText,
    pub text_message: String,
}

pub enum ChannelAddress {
    Mail(String),
    Phone(PhoneNumber),
    Devices(UserId),
}

#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Sms(#[from] SmsError),
    #[error(transparent)]
    Push(#[from] PushError),
}

impl OutboundChannels {
    pub fn is_on(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.mail.is_on(),
            Channel::Sms => self.sms.is_on(),
            Channel::Push => self.push.is_on(),
        }
    }

    pub fn enabled_channels(&self) -> Vec<Channel> {
        Channel::ALL
            .into_iter()
            .filter(|channel| self.is_on(*channel))
            .collect()
    }

    /// `id` is the delivery's id, the same on every retry.
    pub async fn send(
        &self,
        id: Uuid,
        to: ChannelAddress,
        said: RenderedMessage,
    ) -> Result<(), ChannelError> {
        let RenderedMessage {
            whole,
            brief,
            text_message,
        } = said;
        match to {
            ChannelAddress::Mail(to) => {
                let LineText {
                    title: subject,
                    content: text,
                } = whole;
                Ok(self
                    .mail
                    .send(MailMessage {
                        id,
                        to,
                        subject,
                        text,
                    })
                    .await?)
            }
            ChannelAddress::Phone(to) => Ok(self
                .sms
                .send(&SmsMessage {
                    id,
                    to,
                    text: text_message,
                })
                .await?),
            ChannelAddress::Devices(to) => {
                let LineText {
                    title,
                    content: text,
                } = brief;
                Ok(self
                    .push
                    .send(&PushMessage {
                        id,
                        to,
                        title,
                        text,
                    })
                    .await?)
            }
        }
    }
}

impl Contact {
    pub fn is_open(&self) -> bool {
        self.is_open.unwrap_or(self.email.is_some())
    }

    /// `None` if the person has no address on that channel, or a closed account.
    pub fn into_address(self, channel: Channel, user: UserId) -> Option<ChannelAddress> {
        if !self.is_open() {
            return None;
        }
        match channel {
            Channel::Email => self.email.map(ChannelAddress::Mail),
            Channel::Sms => {
                // The number includes its country code.
                let number = PhoneNumber::parse_typed(&self.phone?, &CountryCode::default());
                number.map(ChannelAddress::Phone)
            }
            Channel::Push => Some(ChannelAddress::Devices(user)),
        }
    }
}

impl ChannelAddress {
    /// For the log: first letter and domain of a mail address, last two digits of a number, nothing
    /// for devices.
    pub fn to_masked(&self) -> Option<String> {
        match self {
            Self::Mail(address) => Some(match address.split_once('@') {
                Some((local, domain)) => {
                    let first: String = local.chars().take(1).collect();
                    format!("{first}***@{domain}")
                }
                None => "***".to_owned(),
            }),
            Self::Phone(number) => {
                let number = number.as_str();
                let last = number
                    .get(number.len().saturating_sub(2)..)
                    .unwrap_or_default();
                Some(format!("***{last}"))
            }
            Self::Devices(_) => None,
        }
    }
}

impl ChannelError {
    /// A retry may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Mail(error) => error.is_passing(),
            Self::Sms(error) => error.is_passing(),
            Self::Push(error) => error.is_passing(),
        }
    }
}
