//! Actions: what a person set out to do, and the steps that may be taken with it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::limits::{Limits, characters, items};
use crate::runtime::{ActionId, Timestamp};

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStatus {
    /// Suggested, and not yet looked at.
    Active,
    /// Kept for later.
    Saved,
    /// Begun.
    InProgress,
    /// Finished. Only now is there a debrief.
    Done,
    /// Not wanted.
    Dismissed,
}

impl ActionStatus {
    /// The status's name in snake case, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Saved => "saved",
            Self::InProgress => "in_progress",
            Self::Done => "done",
            Self::Dismissed => "dismissed",
        }
    }
}

/// What sort of action it is. The guide has questions of its own for the eight kinds it knows, and general ones for any other.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ActionKind {
    /// Doing again what somebody else reported.
    Replicate,
    /// Working on something with others.
    Collaborate,
    /// Founding an organisation or a group.
    StartOrg,
    /// Finding out what is missing in a field.
    IdentifyGaps,
    /// Giving time to a cause.
    Volunteer,
    /// Making a tool that others use.
    BuildTools,
    /// Teaching or writing.
    TeachWrite,
    /// Learning a skill.
    DevelopSkills,
    /// Any other, by the host's name for it.
    Other(String),
}

impl ActionKind {
    /// The kind's name in snake case, or the host's name for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Replicate => "replicate",
            Self::Collaborate => "collaborate",
            Self::StartOrg => "start_org",
            Self::IdentifyGaps => "identify_gaps",
            Self::Volunteer => "volunteer",
            Self::BuildTools => "build_tools",
            Self::TeachWrite => "teach_write",
            Self::DevelopSkills => "develop_skills",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for ActionKind {
    fn from(name: &str) -> Self {
        match name {
            "replicate" => Self::Replicate,
            "collaborate" => Self::Collaborate,
            "start_org" => Self::StartOrg,
            "identify_gaps" => Self::IdentifyGaps,
            "volunteer" => Self::Volunteer,
            "build_tools" => Self::BuildTools,
            "teach_write" => Self::TeachWrite,
            "develop_skills" => Self::DevelopSkills,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl From<String> for ActionKind {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<ActionKind> for String {
    fn from(kind: ActionKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Debug for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Other(_) => "Other(..)",
            known => known.as_str(),
        })
    }
}

/// Something objective to look at in the debrief: a merged change, a published page, a score. The coach sees it;
/// it can never be quoted as evidence.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Material {
    /// What it is, in a few words.
    pub label: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
opaque_debug!(Material {});

impl Material {
    /// Material with a label only; set the link, the text or both.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), link: None, text: None }
    }
}

/// Where an action came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionSource {
    /// Added by the host or the person.
    #[default]
    Host,
    /// Generated as a suggestion. Only such actions are replaced by new suggestions, and only while they are active.
    Suggested,
    /// The next step that came out of a debrief.
    Debrief,
}

/// Something a person set out to do, as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The host's id, or one made here; unique for the user.
    pub id: ActionId,
    /// What sort of action it is.
    pub kind: ActionKind,
    /// What is to be done, in one line.
    pub title: String,
    /// The same at length.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Why it was suggested.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rationale: String,
    /// The facts of the profile that it was suggested for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub basis: Vec<String>,
    /// What can be looked at in the debrief.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub material: Vec<Material>,
    /// Data of the host's own. It is stored and exported, and never sent to a model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub host_data: BTreeMap<String, String>,
    /// Where it came from.
    pub source: ActionSource,
    /// Where it stands.
    pub status: ActionStatus,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When its debrief was opened or marked as started; set once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_started_at: Option<Timestamp>,
}
opaque_debug!(Action { id, kind, source, status, created_at, started_at, completed_at, completion_started_at });

/// A step that can be taken with an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionStep {
    /// Keep it for later: active to saved.
    Save,
    /// Back among the active ones: saved to active.
    Unsave,
    /// Begin it: active or saved to in progress.
    Start,
    /// Give it up for now: in progress to active.
    Cancel,
    /// Finish it: in progress to done.
    Complete,
    /// It was not finished after all: done to in progress, as long as its debrief was not started.
    Reopen,
    /// It is not wanted: active or saved to dismissed.
    Dismiss,
    /// Its debrief begins. It stays done; the first time is kept.
    MarkCompletionStarted,
}

impl ActionStep {
    const fn name(self) -> &'static str {
        match self {
            Self::Save => "save_action",
            Self::Unsave => "unsave_action",
            Self::Start => "start_action",
            Self::Cancel => "cancel_action",
            Self::Complete => "complete_action",
            Self::Reopen => "reopen_action",
            Self::Dismiss => "dismiss_action",
            Self::MarkCompletionStarted => "mark_completion_started",
        }
    }

    const fn from(self) -> &'static [ActionStatus] {
        use ActionStatus::{Active, Done, InProgress, Saved};
        match self {
            Self::Save => &[Active],
            Self::Unsave => &[Saved],
            Self::Start | Self::Dismiss => &[Active, Saved],
            Self::Cancel | Self::Complete => &[InProgress],
            Self::Reopen | Self::MarkCompletionStarted => &[Done],
        }
    }
}

pub(crate) fn wrong_status(step: &str, found: ActionStatus, needed: &[ActionStatus]) -> Error {
    let needed: Vec<_> = needed.iter().map(|status| status.as_str()).collect();
    let reason = format!("{step} needs an action that is {}; this one is {}", needed.join(" or "), found.as_str());
    Error::composed(ErrorKind::WrongStatus, reason)
}

impl Action {
    /// Everything in it that a model is told.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let material = self.material.iter().flat_map(|material| [Some(&material.label), material.link.as_ref(), material.text.as_ref()]);
        let own = [self.kind.as_str(), &self.title, &self.description, &self.rationale];
        own.into_iter().chain(self.basis.iter().map(String::as_str)).chain(material.flatten().map(String::as_str))
    }

    /// The action after this step, or [`WrongStatus`](ErrorKind::WrongStatus) with the step, the status it found and those it needs.
    ///
    /// # Errors
    /// `WrongStatus` when the step cannot be taken from where the action stands.
    pub fn step(&self, step: ActionStep, now: Timestamp) -> Result<Self> {
        if !step.from().contains(&self.status) {
            return Err(wrong_status(step.name(), self.status, step.from()));
        }
        if step == ActionStep::Reopen && self.completion_started_at.is_some() {
            return Err(Error::new(
                ErrorKind::WrongStatus,
                "reopen_action needs a done action whose debrief was not started; this one was. Delete the debrief first",
            ));
        }
        let mut next = self.clone();
        match step {
            ActionStep::Save => next.status = ActionStatus::Saved,
            ActionStep::Unsave => next.status = ActionStatus::Active,
            ActionStep::Dismiss => next.status = ActionStatus::Dismissed,
            ActionStep::Start => {
                next.status = ActionStatus::InProgress;
                next.started_at = Some(now);
            }
            ActionStep::Cancel => {
                next.status = ActionStatus::Active;
                next.started_at = None;
            }
            ActionStep::Complete => {
                next.status = ActionStatus::Done;
                next.completed_at = Some(now);
            }
            ActionStep::Reopen => {
                next.status = ActionStatus::InProgress;
                next.completed_at = None;
            }
            ActionStep::MarkCompletionStarted => {
                next.completion_started_at.get_or_insert(now);
            }
        }
        Ok(next)
    }
}

/// An action to add, or one that was done elsewhere.
///
/// ```
/// use completion_coach::{Material, NewAction};
/// let action = NewAction::new("build_tools", "A linter for our style guide")
///     .id("job-42")
///     .material(Material { link: Some("https://example.org/pull/7".into()), ..Material::new("the merged change") });
/// # let _ = action;
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAction {
    /// The host's id; without one, one is made.
    #[serde(default)]
    pub id: Option<ActionId>,
    /// What sort of action it is.
    pub kind: ActionKind,
    /// What is to be done, in one line.
    pub title: String,
    /// The same at length.
    #[serde(default)]
    pub description: String,
    /// Why it is suggested.
    #[serde(default)]
    pub rationale: String,
    /// The facts of the profile that it is suggested for.
    #[serde(default)]
    pub basis: Vec<String>,
    /// What can be looked at in the debrief.
    #[serde(default)]
    pub material: Vec<Material>,
    /// Data of the host's own, never sent to a model.
    #[serde(default)]
    pub host_data: BTreeMap<String, String>,
    /// Where it comes from.
    #[serde(default)]
    pub source: ActionSource,
}
opaque_debug!(NewAction { id, kind, source });

impl NewAction {
    /// An action of this kind with this title.
    pub fn new(kind: impl Into<ActionKind>, title: impl Into<String>) -> Self {
        Self {
            id: None,
            kind: kind.into(),
            title: title.into(),
            description: String::new(),
            rationale: String::new(),
            basis: Vec::new(),
            material: Vec::new(),
            host_data: BTreeMap::new(),
            source: ActionSource::Host,
        }
    }

    /// The host's id for it.
    #[must_use]
    pub fn id(mut self, id: impl Into<ActionId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// What is to be done, at length.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Why it is suggested.
    #[must_use]
    pub fn rationale(mut self, text: impl Into<String>) -> Self {
        self.rationale = text.into();
        self
    }

    /// One more fact of the profile that it is suggested for.
    #[must_use]
    pub fn basis(mut self, fact: impl Into<String>) -> Self {
        self.basis.push(fact.into());
        self
    }

    /// Data of the host's own under this name.
    #[must_use]
    pub fn host_data(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.host_data.insert(name.into(), value.into());
        self
    }

    /// Where it comes from.
    #[must_use]
    pub fn source(mut self, source: ActionSource) -> Self {
        self.source = source;
        self
    }

    /// One more thing to look at in the debrief.
    #[must_use]
    pub fn material(mut self, material: Material) -> Self {
        self.material.push(material);
        self
    }

    /// Whether everything fits the limits.
    ///
    /// # Errors
    /// `InvalidInput` with the field and, where there is one, the limit.
    pub fn check(&self, limits: &Limits) -> Result<()> {
        if let Some(id) = &self.id {
            id.check()?;
        }
        if self.title.trim().is_empty() {
            return Err(Error::invalid("title", "an action needs a title"));
        }
        if self.kind.as_str().trim().is_empty() {
            return Err(Error::invalid("kind", "an action needs a kind"));
        }
        characters("kind", self.kind.as_str(), limits.line)?;
        characters("title", &self.title, limits.title)?;
        characters("description", &self.description, limits.text)?;
        characters("rationale", &self.rationale, limits.text)?;
        items("basis", self.basis.len(), limits.items)?;
        for fact in &self.basis {
            characters("basis", fact, limits.line)?;
        }
        items("material", self.material.len(), limits.items)?;
        for material in &self.material {
            characters("material.label", &material.label, limits.line)?;
            characters("material.link", material.link.as_deref().unwrap_or(""), limits.title)?;
            characters("material.text", material.text.as_deref().unwrap_or(""), limits.material)?;
        }
        items("host_data", self.host_data.len(), limits.items)?;
        for (name, value) in &self.host_data {
            characters("host_data", name, limits.line)?;
            characters("host_data", value, limits.text)?;
        }
        Ok(())
    }

    /// The action as it is stored when it is new.
    pub(crate) fn into_action(self, id: ActionId, now: Timestamp) -> Action {
        Action {
            id,
            kind: self.kind,
            title: self.title,
            description: self.description,
            rationale: self.rationale,
            basis: self.basis,
            material: self.material,
            host_data: self.host_data,
            source: self.source,
            status: ActionStatus::Active,
            created_at: now,
            started_at: None,
            completed_at: None,
            completion_started_at: None,
        }
    }

    /// The action as it is stored when it was done elsewhere: new, or an existing one brought up to date.
    pub(crate) fn into_done(self, id: ActionId, existing: Option<&Action>, now: Timestamp) -> Action {
        let mut fresh = self.into_action(id, now);
        if let Some(old) = existing.cloned() {
            if fresh.description.is_empty() {
                fresh.description = old.description;
            }
            if fresh.rationale.is_empty() {
                fresh.rationale = old.rationale;
            }
            if fresh.basis.is_empty() {
                fresh.basis = old.basis;
            }
            if fresh.material.is_empty() {
                fresh.material = old.material;
            }
            if fresh.host_data.is_empty() {
                fresh.host_data = old.host_data;
            }
        }
        let (created_at, started_at, completed_at, completion_started_at, source) = match existing {
            Some(old) => (old.created_at, old.started_at, old.completed_at, old.completion_started_at, old.source),
            None => (now, None, None, None, fresh.source),
        };
        Action {
            status: ActionStatus::Done,
            created_at,
            started_at,
            completed_at: Some(completed_at.unwrap_or(now)),
            completion_started_at,
            source,
            ..fresh
        }
    }
}
