//! Proves the hub's frames: the hub seals every frame of a session, and the edge checks the seals.
//!
//! Invariant: a frame is proven only by the trusted key, for this connection's challenge, and at
//! its position in the session.

use wire::{
    Challenge, EdgeId, Frame, FrameError, FrameProof, HubFingerprint, HubHandshake, HubKey,
    HubNonce, HubTime, SealPayload, SealedFrame, UnixMillis, hub_time_bytes,
};

use crate::{
    random,
    tokens::{Signer, verify_bytes},
};

/// Seals the frames of one session at the hub.
pub struct FrameSealer {
    signer: Signer,
    edge: EdgeId,
    challenge: Challenge,
    nonce: HubNonce,
    next: u64,
}

impl FrameSealer {
    pub fn new(signer: Signer, edge: EdgeId, challenge: Challenge) -> Self {
        Self {
            signer,
            edge,
            challenge,
            nonce: HubNonce(random::draw_bytes()),
            next: 0,
        }
    }

    pub fn seal_frame(&mut self, frame: &Frame) -> Frame {
        let number = self.next;
        let frame = frame.to_bytes();
        self.next += 1;
        let Self {
            edge,
            challenge,
            nonce,
            ..
        } = &*self;
        let seal = SealPayload {
            edge,
            challenge: *challenge,
            nonce: *nonce,
            number,
            frame: &frame,
        };
        let signature = self.signer.sign_bytes(&seal.signed_bytes()).to_vec().into();
        let key = HubKey(self.signer.public_key());
        let opening = (number == 0).then_some(HubHandshake {
            key,
            nonce: self.nonce,
        });
        Frame::Sealed(SealedFrame {
            number,
            frame: frame.into(),
            signature,
            opening,
        })
    }
}

/// The hub that an edge accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubTrust {
    /// The hub with this key.
    Key(HubKey),
    /// The hub whose key has the fingerprint that an operator gave.
    Fingerprint(HubFingerprint),
    /// No key is known, and no one else can write to the line: pin the first key.
    FirstKey,
    /// No key is known, and others can write to the line: pin no key.
    NoKey,
}

/// Signs the hub's time for the edge whose token it refuses.
pub fn sign_hub_time(signer: &Signer, edge: &EdgeId, token: &str, at: UnixMillis) -> HubTime {
    let signature = signer.sign_bytes(&hub_time_bytes(edge, token, at));
    HubTime {
        at,
        key: HubKey(signer.public_key()),
        signature,
    }
}

impl HubTrust {
    /// True if the trusted hub signed this time in answer to that token.
    pub fn proves_time(&self, edge: &EdgeId, token: &str, time: &HubTime) -> bool {
        let bytes = hub_time_bytes(edge, token, time.at);
        *self != Self::NoKey
            && self.trusts_key(&time.key)
            && verify_bytes(&time.key.0, &bytes, &time.signature)
    }

    fn trusts_key(&self, key: &HubKey) -> bool {
        match self {
            Self::Key(pinned) => pinned == key,
            Self::Fingerprint(fingerprint) => *fingerprint == key.compute_fingerprint(),
            Self::FirstKey | Self::NoKey => true,
        }
    }
}

/// Checks the frames of one session at the edge.
pub struct SealVerifier {
    edge: EdgeId,
    challenge: Challenge,
    trust: HubTrust,
    seen: SeenFrames,
}

#[derive(Clone, Copy)]
enum SeenFrames {
    Nothing,
    /// An older hub, which does not seal.
    Plain,
    Sealed {
        by: HubHandshake,
        next: u64,
    },
}

impl SealVerifier {
    pub fn new(edge: EdgeId, trust: HubTrust) -> Self {
        Self {
            edge,
            challenge: Challenge(random::draw_bytes()),
            trust,
            seen: SeenFrames::Nothing,
        }
    }

    /// For this connection's Hello.
    pub fn challenge(&self) -> Challenge {
        self.challenge
    }

    /// Returns the unsealed frame with its proof.
    pub fn verify_frame(&mut self, frame: Frame) -> Result<(Frame, FrameProof), FrameError> {
        let Frame::Sealed(sealed) = frame else {
            let proof = self.check_plain();
            return Ok((frame, proof));
        };
        let proof = self.check_sealed(&sealed);
        let inner = Frame::from_bytes(&sealed.frame);
        if proof == FrameProof::Forged {
            // A forged frame is ignored, so it may be unreadable.
            return Ok((inner.unwrap_or(Frame::Sealed(sealed)), proof));
        }
        Ok((inner?, proof))
    }

    /// True if the hub that this edge trusts signed this time in answer to that token.
    pub fn proves_time(&self, token: &str, time: &HubTime) -> bool {
        self.trust.proves_time(&self.edge, token, time)
    }

    /// The key to pin once this session is welcomed.
    pub fn new_key(&self) -> Option<HubKey> {
        match (self.trust, self.seen) {
            (HubTrust::FirstKey | HubTrust::Fingerprint(_), SeenFrames::Sealed { by, .. }) => {
                Some(by.key)
            }
            _ => None,
        }
    }

    /// True if a trusted key has signed all frames so far.
    pub fn is_proven(&self) -> bool {
        self.trust != HubTrust::NoKey && matches!(self.seen, SeenFrames::Sealed { .. })
    }

    /// True if the hub of this session has an earlier version, without seals.
    pub fn is_plain(&self) -> bool {
        matches!(self.seen, SeenFrames::Plain)
    }

    fn check_plain(&mut self) -> FrameProof {
        let knows_no_hub = matches!(self.trust, HubTrust::FirstKey | HubTrust::NoKey);
        if !knows_no_hub || matches!(self.seen, SeenFrames::Sealed { .. }) {
            return FrameProof::Forged;
        }
        self.seen = SeenFrames::Plain;
        FrameProof::Unsigned
    }

    fn check_sealed(&mut self, sealed: &SealedFrame) -> FrameProof {
        let (by, number) = match (self.seen, sealed.opening) {
            (SeenFrames::Nothing, Some(opening)) if self.trust.trusts_key(&opening.key) => {
                (opening, 0)
            }
            (SeenFrames::Sealed { by, next }, None) => (by, next),
            _ => return FrameProof::Forged,
        };
        let Self {
            edge, challenge, ..
        } = &*self;
        let challenge = *challenge;
        let nonce = by.nonce;
        let frame = &sealed.frame[..];
        let bytes = SealPayload {
            edge,
            challenge,
            nonce,
            number,
            frame,
        }
        .signed_bytes();
        if sealed.number != number || !verify_bytes(&by.key.0, &bytes, &sealed.signature) {
            return FrameProof::Forged;
        }
        self.seen = SeenFrames::Sealed {
            by,
            next: number + 1,
        };
        if self.trust == HubTrust::NoKey {
            FrameProof::Unsigned
        } else {
            FrameProof::Signed
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::Frame;

    use super::*;

    fn edge() -> EdgeId {
        EdgeId::new("north-1").unwrap()
    }

    fn signer() -> Signer {
        Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
    }

    fn key(signer: &Signer) -> HubKey {
        HubKey(signer.public_key())
    }

    /// Consecutive sealed frames that differ by kind.
    fn sealed(signer: &Signer, check: &SealVerifier, frames: u16) -> Vec<Frame> {
        let mut sealer = FrameSealer::new(signer.clone(), edge(), check.challenge());
        (0..frames)
            .map(|n| sealer.seal_frame(&Frame::Unknown(900 + n)))
            .collect()
    }

    fn proof(check: &mut SealVerifier, frame: &Frame) -> FrameProof {
        check.verify_frame(frame.clone()).unwrap().1
    }

    #[test]
    fn frames_of_the_pinned_hub_are_proven_in_their_order() {
        let hub = signer();
        for trust in [
            HubTrust::Key(key(&hub)),
            HubTrust::Fingerprint(key(&hub).compute_fingerprint()),
            HubTrust::FirstKey,
        ] {
            let mut check = SealVerifier::new(edge(), trust);
            for (n, frame) in (900..).zip(sealed(&hub, &check, 3)) {
                let signed = (Frame::Unknown(n), FrameProof::Signed);
                assert_eq!(check.verify_frame(frame).unwrap(), signed);
            }
            let pins = check.new_key() == Some(key(&hub));
            assert_eq!(pins, !matches!(trust, HubTrust::Key(_)));
        }
    }

    #[test]
    fn another_key_a_plain_frame_and_another_session_prove_nothing() {
        let hub = signer();
        let fake = signer();
        let trust = HubTrust::Key(key(&hub));
        let other = sealed(&hub, &SealVerifier::new(edge(), trust), 1);
        for frame in [other[0].clone(), Frame::Unknown(900)] {
            assert_eq!(
                proof(&mut SealVerifier::new(edge(), trust), &frame),
                FrameProof::Forged
            );
        }
        for trust in [
            trust,
            HubTrust::Fingerprint(key(&hub).compute_fingerprint()),
        ] {
            let mut check = SealVerifier::new(edge(), trust);
            let frames = sealed(&fake, &check, 1);
            assert_eq!(proof(&mut check, &frames[0]), FrameProof::Forged);
        }
        let mut check = SealVerifier::new(EdgeId::new("north-2").unwrap(), trust);
        let frames = sealed(&hub, &check, 1);
        assert_eq!(
            proof(&mut check, &frames[0]),
            FrameProof::Forged,
            "sealed for another edge"
        );
    }

    #[test]
    fn a_frame_that_is_repeated_left_out_or_changed_proves_nothing() {
        let hub = signer();
        let trust = HubTrust::Key(key(&hub));
        for second in [0, 2] {
            let mut check = SealVerifier::new(edge(), trust);
            let frames = sealed(&hub, &check, 3);
            assert_eq!(proof(&mut check, &frames[0]), FrameProof::Signed);
            assert_eq!(proof(&mut check, &frames[second]), FrameProof::Forged);
        }
        let whole = sealed(&hub, &SealVerifier::new(edge(), trust), 1)[0].to_bytes();
        for at in 0..whole.len() {
            let mut check = SealVerifier::new(edge(), trust);
            let mut bytes = sealed(&hub, &check, 1)[0].to_bytes();
            bytes[at] ^= 1;
            let Ok(frame) = Frame::from_bytes(&bytes) else {
                continue;
            };
            assert!(
                !matches!(check.verify_frame(frame), Ok((_, FrameProof::Signed))),
                "byte {at} is changed"
            );
        }
    }

    #[test]
    fn an_edge_without_a_key_takes_an_older_hubs_frames_as_unsigned_and_mixes_nothing() {
        let hub = signer();
        let mut check = SealVerifier::new(edge(), HubTrust::FirstKey);
        let frames = sealed(&hub, &check, 1);
        assert_eq!(
            proof(&mut check, &Frame::Unknown(900)),
            FrameProof::Unsigned
        );
        assert_eq!(proof(&mut check, &frames[0]), FrameProof::Forged);
        assert_eq!(check.new_key(), None);

        let mut check = SealVerifier::new(edge(), HubTrust::FirstKey);
        let frames = sealed(&hub, &check, 1);
        assert_eq!(proof(&mut check, &frames[0]), FrameProof::Signed);
        assert_eq!(proof(&mut check, &Frame::Unknown(900)), FrameProof::Forged);
    }

    #[test]
    fn the_hubs_time_counts_from_the_trusted_key_for_the_very_token_alone() {
        let hub = signer();
        let at = UnixMillis(1_764_000_000_000);
        let time = sign_hub_time(&hub, &edge(), "a-token", at);
        let trust = HubTrust::Key(key(&hub));
        for trust in [
            trust,
            HubTrust::Fingerprint(key(&hub).compute_fingerprint()),
            HubTrust::FirstKey,
        ] {
            assert!(trust.proves_time(&edge(), "a-token", &time), "{trust:?}");
        }
        let later = HubTime {
            at: at.plus_ms(1),
            ..time
        };
        assert!(!trust.proves_time(&edge(), "a-token", &later));
        assert!(
            !trust.proves_time(&edge(), "another-token", &time),
            "an answer of before"
        );
        assert!(!trust.proves_time(&EdgeId::new("north-2").unwrap(), "a-token", &time));
        assert!(!HubTrust::Key(key(&signer())).proves_time(&edge(), "a-token", &time));
        assert!(
            !HubTrust::NoKey.proves_time(&edge(), "a-token", &time),
            "others can write it"
        );
    }

    #[test]
    fn on_a_line_that_others_can_write_to_no_first_key_is_believed() {
        let hub = signer();
        let mut check = SealVerifier::new(edge(), HubTrust::NoKey);
        let frames = sealed(&hub, &check, 2);
        assert_eq!(proof(&mut check, &frames[0]), FrameProof::Unsigned);
        assert_eq!(proof(&mut check, &frames[1]), FrameProof::Unsigned);
        assert_eq!(check.new_key(), None);
    }
}
