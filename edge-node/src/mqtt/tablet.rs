//! One tablet's requests to the broker: its CONNECT, commands and subscriptions.
//!
//! Invariant: a command goes to the intake and is never routed, so no client receives another's.

use std::sync::Arc;

use bytes::Bytes;
use mqtt_protocol::{Connect, ConnectionHandler, Publish, Reason, ReasonCode, TopicFilter, Will};
use process::metrics;
use wire::{DeviceId, UserId, topics};

use super::{
    access::{AccessControl, TabletSession},
    command_queue::CommandQueue,
    delivery::{Delivery, Mailbox},
};
use crate::{authentication::TabletSender, store::EdgeIdentity};

/// Shared by all connections.
pub(super) struct BrokerContext {
    pub access: AccessControl,
    pub inbox: CommandQueue,
    pub delivery: Arc<Delivery>,
}

/// A connection's tablet. Dropping it signs the tablet out.
pub(super) struct Tablet<'a> {
    context: &'a BrokerContext,
    mailbox: Arc<Mailbox>,
    signed_in: Option<SignedInTablet>,
    /// Not yet recorded.
    new_use: Option<DeviceUse>,
}

struct SignedInTablet {
    client_id: String,
    device: DeviceId,
    session: TabletSession,
    /// At most one for each topic that `topics::may_subscribe` allows.
    subscriptions: Vec<String>,
}

/// A person's use of a device.
pub(super) struct DeviceUse {
    pub user_id: UserId,
    pub device: DeviceId,
}

impl BrokerContext {
    /// The command may repeat a stored one, so a full queue gets no reply. The tablet resends it.
    fn enqueue_command(&self, tablet: &SignedInTablet, payload: Bytes) {
        let sender = TabletSender {
            device: tablet.device.clone(),
            actor: tablet.session.actor(),
        };
        let known = self.access.people.is_known(sender.actor.user_id);
        if !self.inbox.try_enqueue(sender, payload, known) {
            metrics::EDGE_COMMANDS.add(["unknown"], 1);
        }
    }
}

impl<'a> Tablet<'a> {
    pub(super) fn new(context: &'a BrokerContext, mailbox: Arc<Mailbox>) -> Self {
        Self {
            context,
            mailbox,
            signed_in: None,
            new_use: None,
        }
    }

    /// The use of a device to record, once.
    pub(super) fn take_new_use(&mut self) -> Option<DeviceUse> {
        self.new_use.take()
    }

    /// Takes the will of a connection that has ended, before it is signed out. Its topic was checked
    /// when the client connected.
    pub(super) fn take_will(&mut self, will: Will) {
        let Some(tablet) = &self.signed_in else {
            return;
        };
        let access = &self.context.access;
        if access.may_publish_will(&tablet.device, tablet.session) {
            self.context.enqueue_command(tablet, will.payload);
        } else {
            tracing::debug!("Discarded the will of a person who may no longer publish it");
        }
    }

    /// Checked at every packet: a token may expire or be revoked meanwhile.
    fn find_signed_in(&mut self) -> Option<&mut SignedInTablet> {
        let access = &self.context.access;
        self.signed_in
            .as_mut()
            .filter(|tablet| access.is_signed_in(&tablet.client_id, tablet.session))
    }
}

impl ConnectionHandler for Tablet<'_> {
    fn admit_client(&mut self, connect: &Connect<'_>) -> Result<(), Reason> {
        let connection = self.context.access.admit_client(connect, &self.mailbox)?;
        metrics::EDGE_TABLETS.change_by([], 1);
        let device = connection.device.clone();
        self.new_use = Some(DeviceUse {
            user_id: connection.session.token.user_id,
            device: device.clone(),
        });
        self.signed_in = Some(SignedInTablet {
            client_id: connect.client_id.to_owned(),
            device,
            session: connection.session,
            subscriptions: Vec::new(),
        });
        Ok(())
    }

    /// Answers at once: clients must not wait for the disk. The receipt is the real
    /// acknowledgement.
    fn take_message(&mut self, publish: &Publish<'_>) -> Result<(), ReasonCode> {
        let context = self.context;
        let Some(tablet) = self.find_signed_in() else {
            return Err(ReasonCode::NotAuthorized);
        };
        if !context.access.may_publish(&tablet.device, publish.topic) {
            return Err(ReasonCode::NotAuthorized);
        }
        // A copy, because a slice would keep the whole input buffer in memory.
        let payload = Bytes::copy_from_slice(publish.payload);
        context.enqueue_command(tablet, payload);
        Ok(())
    }

    fn subscribe(&mut self, filter: &TopicFilter<'_>) -> Result<(), ReasonCode> {
        let context = self.context;
        let mailbox = Arc::clone(&self.mailbox);
        let EdgeIdentity { edge_id, region } = &context.access.identity;
        let Some(tablet) = self.find_signed_in() else {
            return Err(ReasonCode::NotAuthorized);
        };
        let actor = tablet.session.actor();
        if !topics::may_subscribe(*region, edge_id, &tablet.device, actor, filter.filter) {
            return Err(ReasonCode::NotAuthorized);
        }
        if !tablet
            .subscriptions
            .iter()
            .any(|topic| topic == filter.filter)
        {
            tablet.subscriptions.push(filter.filter.to_owned());
        }
        context.delivery.subscribe(&mailbox, filter);
        Ok(())
    }

    fn unsubscribe(&mut self, filter: &str) -> bool {
        let Some(tablet) = &mut self.signed_in else {
            return false;
        };
        tablet.subscriptions.retain(|topic| topic != filter);
        self.context.delivery.unsubscribe(&self.mailbox, filter)
    }
}

impl Drop for Tablet<'_> {
    fn drop(&mut self) {
        let Some(tablet) = self.signed_in.take() else {
            return;
        };
        for topic in &tablet.subscriptions {
            self.context.delivery.unsubscribe(&self.mailbox, topic);
        }
        let access = &self.context.access;
        access
            .signed_in
            .remove_connection(&tablet.client_id, tablet.session);
        metrics::EDGE_TABLETS.change_by([], -1);
    }
}
