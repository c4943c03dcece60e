//! A provider's evidence of their work: photos, the answers to the checklist of the service type
//! and the customer's signature, as strokes or as a typed name.
//!
//! Invariant: it is part of the command, so the command's hash, the edge's receipt and the log bind
//! it to its order. Of a photo the command has the hash; the bytes follow apart.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    order::ServiceType,
    photo::{PHOTOS_MAX, PhotoRef, are_photos},
    say,
    validation::{FieldError, TextRule, check_text},
};

#[derive(
    Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct WorkEvidence {
    /// At most 20, each key once.
    #[n(0)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<ChecklistAnswer>,
    /// The customer's name, typed by them instead of a signature. At most 80 characters.
    #[n(1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The strokes of the customer's signature, each a list of points. At most 1,000 points.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<Vec<StrokePoint>>,
    /// Photos of the work, taken before a start or after the completion, or those of the job from
    /// its publication. At most 8, each once.
    #[n(3)]
    #[cbor(skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<PhotoRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct ChecklistAnswer {
    /// Such as `place_clean`. Readers show a key that they do not know as it is.
    #[n(0)]
    pub key: String,
    #[n(1)]
    pub done: bool,
}

/// A point on a field of 520 by 176.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(array)]
pub struct StrokePoint(#[n(0)] pub u16, #[n(1)] pub u16);

const CHECKLIST_MAX: usize = 20;
const KEY_CHARS_MAX: usize = 40;
const POINTS_MAX: usize = 1_000;
const STROKES_MAX: usize = 200;
const FIELD_WIDTH: u16 = 520;
const FIELD_HEIGHT: u16 = 176;

const SIGNED_BY: TextRule = TextRule {
    chars_min: 1,
    chars_max: 80,
    lines: false,
};

/// The keys of the checklist for this kind of work. Keys are never reused for another question.
pub fn checklist_for(service: ServiceType) -> &'static [&'static str] {
    match service {
        ServiceType::CleaningRepair => &["works_as_asked", "place_clean", "parts_replaced"],
        ServiceType::ItTechnology => &["works_as_asked", "data_safe", "access_returned"],
        ServiceType::EducationTraining => &["goals_covered", "material_left"],
        ServiceType::LifeHealth => &["wellbeing_asked", "place_clean"],
        ServiceType::DesignConsulting => &["result_handed_over", "next_steps_agreed"],
        ServiceType::Other => &["works_as_asked"],
    }
}

/// Returns every wrong field at once.
pub fn check_evidence(evidence: &WorkEvidence) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !is_checklist(&evidence.checklist) {
        errors.push(FieldError::new("checklist", say::checklist_wrong));
    }
    if let Some(name) = &evidence.signed_by {
        errors.extend(check_text("signed_by", name, SIGNED_BY).err());
    }
    if !are_strokes(&evidence.strokes) {
        errors.push(FieldError::new("strokes", say::signature_too_large));
    }
    errors.extend(check_photos(&evidence.photos));
    errors
}

/// The check of the photos of a start, and of those in the evidence of a completion.
pub fn check_photos(photos: &[PhotoRef]) -> Option<FieldError> {
    let is_valid = are_photos(photos, PHOTOS_MAX);
    (!is_valid).then(|| FieldError::new("photos", say::photos_wrong))
}

fn is_checklist(answers: &[ChecklistAnswer]) -> bool {
    let is_key = |key: &str| {
        let is_word = key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        is_word && (1..=KEY_CHARS_MAX).contains(&key.len())
    };
    let mut keys: Vec<&str> = answers.iter().map(|answer| answer.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len() == answers.len() && keys.len() <= CHECKLIST_MAX && keys.into_iter().all(is_key)
}

fn are_strokes(strokes: &[Vec<StrokePoint>]) -> bool {
    let points: usize = strokes.iter().map(Vec::len).sum();
    let is_inside = |point: &StrokePoint| point.0 <= FIELD_WIDTH && point.1 <= FIELD_HEIGHT;
    strokes.len() <= STROKES_MAX && points <= POINTS_MAX && strokes.iter().flatten().all(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::Hash, photo::PHOTO_BYTES_MAX};

    fn answer(key: &str) -> ChecklistAnswer {
        ChecklistAnswer {
            key: key.into(),
            done: true,
        }
    }

    fn photos(count: usize) -> Vec<PhotoRef> {
        let photo = |n: usize| PhotoRef {
            hash: Hash::digest_bytes(&n.to_be_bytes()),
            bytes: PHOTO_BYTES_MAX,
        };
        (0..count).map(photo).collect()
    }

    #[track_caller]
    fn check(evidence: &WorkEvidence, fields: &[&str]) {
        let errors = check_evidence(evidence);
        let found: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(found, fields, "{evidence:?}");
    }

    #[test]
    fn evidence_is_bounded_and_each_wrong_part_is_named() {
        check(&WorkEvidence::default(), &[]);
        for service in ServiceType::ALL {
            let keys = checklist_for(service).iter();
            let checklist = keys.map(|key| answer(key)).collect();
            let whole = WorkEvidence {
                checklist,
                signed_by: Some("Chen 陈".into()),
                strokes: vec![vec![StrokePoint(0, 0), StrokePoint(520, 176)]],
                photos: photos(PHOTOS_MAX),
            };
            check(&whole, &[]);
        }
        let many = (0..=CHECKLIST_MAX).map(|n| answer(&"k".repeat(n + 1)));
        for checklist in [
            many.collect(),
            vec![answer("twice"), answer("twice")],
            vec![answer("")],
            vec![answer("No Key")],
        ] {
            let wrong = WorkEvidence {
                checklist,
                ..WorkEvidence::default()
            };
            check(&wrong, &["checklist"]);
        }
        for strokes in [
            vec![vec![StrokePoint(521, 0)]],
            vec![vec![StrokePoint(0, 0); POINTS_MAX + 1]],
            vec![Vec::new(); STROKES_MAX + 1],
        ] {
            let wrong = WorkEvidence {
                signed_by: Some(" ".into()),
                strokes,
                ..WorkEvidence::default()
            };
            check(&wrong, &["signed_by", "strokes"]);
        }
        let [photo] = photos(1)[..] else {
            unreachable!("one photo was made")
        };
        for wrong in [
            photos(PHOTOS_MAX + 1),
            vec![photo, photo],
            vec![PhotoRef { bytes: 0, ..photo }],
            vec![PhotoRef {
                bytes: PHOTO_BYTES_MAX + 1,
                ..photo
            }],
        ] {
            let evidence = WorkEvidence {
                photos: wrong,
                ..WorkEvidence::default()
            };
            check(&evidence, &["photos"]);
        }
    }
}
