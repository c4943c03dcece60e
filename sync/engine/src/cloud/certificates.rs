//! Requests of an open session for a certificate.
//!
//! Invariant: a session causes at most `BURST` certificates at once and one in ten minutes after
//! that. Further requests are ignored, and counted like other ignored frames.

use wire::{
    CERTIFICATE_REQUEST_BYTES_MAX, CertificateAnswer, CertificateReply, CertificateRequest, Code,
    Frame, LinkSessionId, UnixMillis,
};

use super::{SyncSession, SyncSessionOutput};

/// An edge sends one request per session, and another when its names change.
const BURST: i64 = 4;
const EVERY_MS: i64 = 10 * 60 * 1_000;

/// Each request uses up ten minutes from here on.
#[derive(Debug, Default)]
pub(super) struct CertificateAllowance {
    used_until: UnixMillis,
}

impl CertificateAllowance {
    fn take(&mut self, now: UnixMillis) -> bool {
        let from = self.used_until.max(now);
        if from.ms_since(now) > (BURST - 1) * EVERY_MS {
            return false;
        }
        self.used_until = from.plus_ms(EVERY_MS);
        true
    }
}

impl SyncSession {
    pub(super) fn admit_certificate_request(
        &mut self,
        link_session: LinkSessionId,
        request: CertificateRequest,
        now: UnixMillis,
    ) -> Vec<SyncSessionOutput> {
        if request.link_session != link_session || !self.certificates.take(now) {
            self.ignored += 1;
            return Vec::new();
        }
        if request.csr.len() > CERTIFICATE_REQUEST_BYTES_MAX {
            let answer = CertificateAnswer::Refused {
                code: Code::CertificateRequestInvalid,
                name: None,
            };
            return vec![send_reply(link_session, answer)];
        }
        vec![SyncSessionOutput::IssueCertificate {
            csr: request.csr.into(),
        }]
    }
}

pub(super) fn send_reply(
    link_session: LinkSessionId,
    answer: CertificateAnswer,
) -> SyncSessionOutput {
    SyncSessionOutput::Send(Frame::CertificateReply(CertificateReply {
        link_session,
        answer,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{
        SyncSessionInput,
        tests::{NOW, link_session, opened},
    };

    fn request(link_session: LinkSessionId, bytes: usize) -> SyncSessionInput {
        SyncSessionInput::Frame(Frame::CertificateRequest(CertificateRequest {
            link_session,
            csr: vec![7; bytes].into(),
        }))
    }

    #[test]
    fn a_request_of_this_session_is_checked_and_answered() {
        let mut session = opened(&[]);
        let other = LinkSessionId {
            term: 1,
            ..link_session()
        };
        assert_eq!(session.handle_input(request(other, 3), NOW), []);
        assert_eq!(session.ignored_count(), 1);
        let issue = SyncSessionOutput::IssueCertificate { csr: vec![7; 3] };
        assert_eq!(
            session.handle_input(request(link_session(), 3), NOW),
            [issue]
        );

        let refused = CertificateAnswer::Refused {
            code: Code::CertificateRequestInvalid,
            name: None,
        };
        let replies = vec![send_reply(link_session(), refused.clone())];
        let decided = SyncSessionInput::CertificateDecided(refused);
        assert_eq!(session.handle_input(decided, NOW), replies);
        let large = request(link_session(), CERTIFICATE_REQUEST_BYTES_MAX + 1);
        assert_eq!(session.handle_input(large, NOW), replies);
    }

    #[test]
    fn a_session_causes_a_few_certificates_at_once_and_then_one_in_ten_minutes() {
        let mut session = opened(&[]);
        let mut issued_at = |at| {
            let outputs = session.handle_input(request(link_session(), 3), at);
            !outputs.is_empty()
        };
        for _ in 0..BURST {
            assert!(issued_at(NOW));
        }
        assert!(!issued_at(NOW));
        let later = NOW.plus_ms(EVERY_MS);
        assert!(issued_at(later));
        assert!(!issued_at(later));
        assert_eq!(session.ignored_count(), 2);
    }
}
