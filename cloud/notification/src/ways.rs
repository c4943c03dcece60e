//! Owns the ways out of the inboxes, one for each channel: which are on, whom each reaches, and the
//! handing over.
//!
//! Invariant: a channel that is short, or read by others on its way, is told a line's title and its
//! order's code alone.

use platform::{
    push::{Push, PushError, PushMessage},
    sms::{CountryCode, PhoneNumber, Sms, SmsError, SmsMessage},
};
use serde::Deserialize;
use uuid::Uuid;
use wire::{Role, UserId};

use crate::{
    domain::{Channel, LineText},
    mail::{Mail, MailError, MailMessage},
};

/// Cloning shares the connections.
#[derive(Clone)]
pub struct Ways {
    pub mail: Mail,
    pub sms: Sms,
    pub push: Push,
}

/// Auth's word on how a person is reached.
#[derive(Deserialize)]
pub struct Contact {
    /// An auth of the version before does not say it; it has an address of open accounts alone.
    is_open: Option<bool>,
    /// Of an open account. An auth of the version before does not say it.
    pub role: Option<Role>,
    /// Confirmed by its owner.
    email: Option<String>,
    /// There is one that nobody has confirmed.
    #[serde(default)]
    pub is_unconfirmed: bool,
    /// That its person has proven by a code.
    phone: Option<String>,
}

/// Words for a person, in their language.
pub struct Said {
    pub whole: LineText,
    /// In its place, where that would be too long or too open.
    pub brief: LineText,
    pub text_message: String,
}

pub enum ChannelAddress {
    Mail(String),
    Phone(PhoneNumber),
    Devices(UserId),
}

#[derive(Debug, thiserror::Error)]
pub enum WayError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Sms(#[from] SmsError),
    #[error(transparent)]
    Push(#[from] PushError),
}

impl Ways {
    pub fn is_on(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.mail.is_on(),
            Channel::Sms => self.sms.is_on(),
            Channel::Push => self.push.is_on(),
        }
    }

    pub fn on(&self) -> Vec<Channel> {
        Channel::ALL.into_iter().filter(|channel| self.is_on(*channel)).collect()
    }

    /// The id is the delivery's, whichever try it is.
    pub async fn send(&self, id: Uuid, to: ChannelAddress, said: Said) -> Result<(), WayError> {
        let Said { whole, brief, text_message } = said;
        match to {
            ChannelAddress::Mail(to) => {
                let LineText { title: subject, content: text } = whole;
                Ok(self.mail.send(MailMessage { id, to, subject, text }).await?)
            }
            ChannelAddress::Phone(to) => {
                Ok(self.sms.send(&SmsMessage { id, to, text: text_message }).await?)
            }
            ChannelAddress::Devices(to) => {
                let LineText { title, content: text } = brief;
                Ok(self.push.send(&PushMessage { id, to, title, text }).await?)
            }
        }
    }
}

impl Contact {
    pub fn is_open(&self) -> bool {
        self.is_open.unwrap_or(self.email.is_some())
    }

    /// The person's address by that channel; `None` where there is none, or the account is closed.
    pub fn address(self, channel: Channel, user: UserId) -> Option<ChannelAddress> {
        if !self.is_open() {
            return None;
        }
        match channel {
            Channel::Email => self.email.map(ChannelAddress::Mail),
            Channel::Sms => {
                // It names its country.
                let number = PhoneNumber::typed(&self.phone?, &CountryCode::default());
                number.map(ChannelAddress::Phone)
            }
            Channel::Push => Some(ChannelAddress::Devices(user)),
        }
    }
}

impl ChannelAddress {
    /// As the log may hold it: of mail the first letter and the domain, of a number the last two
    /// digits. The devices of a person have no name here.
    pub fn masked(&self) -> Option<String> {
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
                let last = number.get(number.len().saturating_sub(2)..).unwrap_or_default();
                Some(format!("***{last}"))
            }
            Self::Devices(_) => None,
        }
    }
}

impl WayError {
    /// Returns whether it may go better later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Mail(error) => error.is_passing(),
            Self::Sms(error) => error.is_passing(),
            Self::Push(error) => error.is_passing(),
        }
    }
}
