//! A person's verdicts, applied to the profile as it is now: lists are united, a text that has moved on is a conflict.

use std::collections::BTreeSet;

use super::{Applied, Extraction, ExtractionStatus, FieldConflict, ProposedOperation, Verdict, Verdicts};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::profile::{CustomField, Education, FieldValue, Profile, ProfileField, Work};
use crate::runtime::Timestamp;

/// What verdicts come to, to be written in one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What the host is told.
    pub(crate) applied: Applied,
    /// The profile with everything that was accepted.
    pub(crate) profile: Profile,
    /// The proposals that are decided now and were not before.
    pub(crate) changed: Vec<Extraction>,
    /// The fields of the profile that are different now.
    pub(crate) fields: Vec<ProfileField>,
}

/// Decides proposals. The same verdicts once more come to the same result and change nothing.
///
/// # Errors
/// `NotFound` for an id that is not among them, `Conflict` for another verdict on what is decided or for one on what is not
/// up for decision, `InvalidInput` for an edited value or a profile beyond the limits. With any of them nothing is decided.
pub(crate) fn decide(
    profile: &Profile,
    extractions: &[Extraction],
    verdicts: &Verdicts,
    limits: &Limits,
    now: Timestamp,
) -> Result<Decision> {
    if verdicts.by_id.keys().any(|id| !extractions.iter().any(|item| item.id == *id)) {
        return Err(Error::not_found("there is no such proposal here; read the proposals again and decide on those"));
    }
    let mut united = profile.clone();
    // One call writes a text once; what an earlier call wrote counts, so that the same verdicts find the same conflicts.
    let is_repeat = |item: &&Extraction| item.status != ExtractionStatus::Pending && verdicts.by_id.contains_key(&item.id);
    let written = extractions.iter().filter(is_repeat).filter(|item| item.status != ExtractionStatus::Rejected);
    let mut taken: BTreeSet<ProfileField> = written.filter(|item| is_text(item)).map(|item| item.field.clone()).collect();
    let (mut accepted, mut rejected, mut conflicts, mut changed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for item in extractions {
        let Some(verdict) = verdicts.by_id.get(&item.id) else { continue };
        let edited = match verdict {
            Verdict::Edit(value) => Some(tidy(value)),
            Verdict::Accept | Verdict::Reject => None,
        };
        let repeated = match (item.status, verdict) {
            (ExtractionStatus::Pending, _) => false,
            (ExtractionStatus::Accepted, Verdict::Accept) | (ExtractionStatus::Rejected, Verdict::Reject) => true,
            (ExtractionStatus::Edited, Verdict::Edit(_)) => edited == item.edited,
            _ => return Err(Error::conflict()),
        };
        if item.status != ExtractionStatus::Pending && !repeated {
            return Err(Error::conflict());
        }
        let status = match verdict {
            Verdict::Accept => ExtractionStatus::Accepted,
            Verdict::Edit(_) => ExtractionStatus::Edited,
            Verdict::Reject => ExtractionStatus::Rejected,
        };
        if status == ExtractionStatus::Rejected {
            rejected.push(item.id.clone());
        } else {
            if !repeated {
                if let Some(value) = &edited {
                    check_value(profile, &item.field, value, limits)?;
                }
                let value = edited.as_ref().unwrap_or(&item.value);
                if taken.contains(&item.field) || !is_free(&united, item, value) {
                    conflicts.push((item, value.clone()));
                    continue;
                }
                match item.operation {
                    ProposedOperation::Add => drop(united.add(&item.field, value)?),
                    ProposedOperation::Replace => united.put(&item.field, value)?,
                }
                if is_text(item) {
                    taken.insert(item.field.clone());
                }
            }
            accepted.push(item.id.clone());
        }
        if !repeated {
            changed.push(Extraction { status, edited, decided_at: Some(now), ..item.clone() });
        }
    }
    let fields = united.differences(profile);
    if !fields.is_empty() {
        united.check(limits)?;
    }
    let conflict = |(item, proposed): (&Extraction, FieldValue)| FieldConflict {
        extraction: item.id.clone(),
        field: item.field.clone(),
        before: item.before.clone(),
        now: united.scalar(&item.field).map(str::to_owned),
        proposed,
    };
    let conflicts = conflicts.into_iter().map(conflict).collect();
    Ok(Decision { applied: Applied { accepted, rejected, conflicts, profile: united.clone() }, profile: united, changed, fields })
}

/// Whether the field is still what the proposal was made from. One of the host's own can have gone, or have become a text.
fn is_free(profile: &Profile, item: &Extraction, value: &FieldValue) -> bool {
    let now = profile.scalar(&item.field);
    match item.operation {
        ProposedOperation::Add => profile.is_list(&item.field),
        ProposedOperation::Replace => !profile.is_list(&item.field) && (now == item.before.as_deref() || now == text(value)),
    }
}

fn is_text(item: &Extraction) -> bool {
    item.operation == ProposedOperation::Replace
}

/// Whether a value is of its field's sort, says something, and fits.
pub(super) fn check_value(profile: &Profile, field: &ProfileField, value: &FieldValue, limits: &Limits) -> Result<()> {
    let parts = parts(value);
    if parts.iter().all(|part| part.trim().is_empty()) {
        return Err(Error::invalid("value", "it cannot be empty"));
    }
    if parts.iter().any(|part| part.chars().any(|c| c.is_control() && !(c == '\n' && is_long(profile, field)))) {
        return Err(Error::invalid("value", "it cannot hold control characters"));
    }
    // The limits are written down once, in the profile's own check; so ask a profile that holds nothing else.
    let mut alone = Profile::default();
    if let ProfileField::Custom(name) = field {
        let empty = if profile.is_list(field) { CustomField::List(Vec::new()) } else { CustomField::Text(String::new()) };
        alone.custom.insert(name.clone(), empty);
    }
    if profile.is_list(field) {
        alone.add(field, value)?;
    } else {
        alone.put(field, value)?;
    }
    alone.check(limits)
}

/// Fields that may have paragraphs.
fn is_long(profile: &Profile, field: &ProfileField) -> bool {
    let own = matches!(field, ProfileField::Custom(_)) && !profile.is_list(field);
    own || matches!(
        field,
        ProfileField::CareerGoals | ProfileField::Seeking | ProfileField::MatchPreferences | ProfileField::Summary | ProfileField::Insights
    )
}

fn text(value: &FieldValue) -> Option<&str> {
    match value {
        FieldValue::Text(text) => Some(text),
        FieldValue::Work(_) | FieldValue::Education(_) => None,
    }
}

/// The texts that a value is made of, without empty ones.
pub(super) fn parts(value: &FieldValue) -> Vec<&str> {
    let parts = match value {
        FieldValue::Text(text) => [text, "", ""],
        FieldValue::Work(work) => [work.organization.as_str(), work.title.as_str(), ""],
        FieldValue::Education(study) => {
            [study.institution.as_str(), study.degree.as_deref().unwrap_or(""), study.field.as_deref().unwrap_or("")]
        }
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// The value without white space around it.
pub(super) fn tidy(value: &FieldValue) -> FieldValue {
    let trim = |text: &String| text.trim().to_owned();
    match value {
        FieldValue::Text(text) => FieldValue::Text(trim(text)),
        FieldValue::Work(work) => {
            FieldValue::Work(Work { organization: trim(&work.organization), title: trim(&work.title), ..work.clone() })
        }
        FieldValue::Education(study) => {
            let part = |text: &Option<String>| text.as_ref().map(trim).filter(|text| !text.is_empty());
            FieldValue::Education(Education {
                institution: trim(&study.institution),
                degree: part(&study.degree),
                field: part(&study.field),
                ..study.clone()
            })
        }
    }
}
