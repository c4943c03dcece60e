//! The edge's request for a certificate.
//!
//! Invariant: only a signed answer to this session's own request is taken: anyone else who could
//! make an edge store a certificate would decide which server its tablets trust.

use wire::{CertificateAnswer, CertificateRequest, Frame};

use super::{EdgeProtocol, IgnoreReason, LinkPhase, LinkStep, ignore_frame};

impl EdgeProtocol {
    /// `None` unless the session is open and the hub has proven its identity. An older hub ignores
    /// the frame, so the request may stay without an answer.
    pub fn request_certificate(&mut self, csr: Vec<u8>) -> Option<Frame> {
        let LinkPhase::Open { link_session, .. } = &self.phase else {
            return None;
        };
        if !self.is_signed {
            return None;
        }
        self.awaits_certificate = true;
        Some(Frame::CertificateRequest(CertificateRequest {
            link_session: *link_session,
            csr: csr.into(),
        }))
    }

    pub(super) fn handle_certificate_reply(&mut self, answer: CertificateAnswer) -> Vec<LinkStep> {
        if !self.is_signed || !self.awaits_certificate {
            return ignore_frame("CertificateReply", IgnoreReason::Unexpected);
        }
        self.awaits_certificate = false;
        vec![LinkStep::Certificate(Box::new(answer))]
    }
}

#[cfg(test)]
mod tests {
    use wire::{BootNonce, CertificateReply, Code, FrameProof, LinkSessionId};

    use super::*;
    use crate::edge::tests::{LINK_SESSION, fresh, open, position};

    fn refusal() -> CertificateAnswer {
        CertificateAnswer::Refused {
            code: Code::CertificateNameRefused,
            name: Some("shop.example".into()),
        }
    }

    fn reply(link_session: LinkSessionId) -> Frame {
        Frame::CertificateReply(CertificateReply {
            link_session,
            answer: refusal(),
        })
    }

    #[test]
    fn a_certificate_is_taken_once_and_only_if_it_was_requested() {
        let mut edge = open(position());
        let unexpected = ignore_frame("CertificateReply", IgnoreReason::Unexpected);
        assert_eq!(edge.handle_signed_frame(reply(LINK_SESSION)), unexpected);

        let request = edge.request_certificate(vec![1]).unwrap();
        assert_eq!(
            request,
            Frame::CertificateRequest(CertificateRequest {
                link_session: LINK_SESSION,
                csr: vec![1].into(),
            })
        );
        let other = LinkSessionId {
            nonce: BootNonce([1; 16]),
            ..LINK_SESSION
        };
        let stray = ignore_frame("CertificateReply", IgnoreReason::OtherSession);
        assert_eq!(edge.handle_signed_frame(reply(other)), stray);
        let taken = vec![LinkStep::Certificate(Box::new(refusal()))];
        assert_eq!(edge.handle_signed_frame(reply(LINK_SESSION)), taken);
        assert_eq!(edge.handle_signed_frame(reply(LINK_SESSION)), unexpected);
    }

    #[test]
    fn without_the_hubs_signature_nothing_is_requested_or_taken() {
        let mut edge = fresh(position());
        assert_eq!(edge.request_certificate(vec![1]), None);

        let mut edge = open(position());
        assert!(edge.request_certificate(vec![1]).is_some());
        let forged = edge.handle_frame(reply(LINK_SESSION), FrameProof::Forged);
        assert!(matches!(forged[..], [LinkStep::End(_)]), "{forged:?}");

        let mut edge = open(position());
        assert!(edge.request_certificate(vec![1]).is_some());
        let unexpected = ignore_frame("CertificateReply", IgnoreReason::Unexpected);
        let unsigned = edge.handle_frame(reply(LINK_SESSION), FrameProof::Unsigned);
        assert_eq!(unsigned, unexpected);
        assert_eq!(edge.request_certificate(vec![1]), None);
    }
}
