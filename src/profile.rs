//! The profile: what is known about a person, and how one field of it is read, written and united.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, opaque_debug};
use crate::limits::{Limits, characters, items};

/// A job, past or present. Dates are as the person writes them.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
// A study would otherwise be read as a job about which nothing is known: [`FieldValue`] tells them apart by their fields.
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Where.
    pub organization: String,
    /// As what.
    pub title: String,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Whether it goes on.
    pub current: bool,
    /// What was done there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
opaque_debug!(Work {});

/// A course of study.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Education {
    /// Where.
    pub institution: String,
    /// What it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degree: Option<String>,
    /// Of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}
opaque_debug!(Education {});

/// A field of the host's own: a text, or a list of lines.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CustomField {
    /// One text.
    Text(String),
    /// A list of lines.
    List(Vec<String>),
}

impl fmt::Debug for CustomField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::List(_) => "List(..)",
        })
    }
}

/// What is known about a person. Every field may be missing.
///
/// The most that fits into each field is in [`Limits`].
///
/// ```
/// use completion_coach::Profile;
/// let profile = Profile { name: Some("Ada".into()), skills: vec!["Rust".into()], ..Profile::default() };
/// # let _ = profile;
/// ```
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// What the person is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the person is spoken of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pronouns: Option<String>,
    /// Where the person lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The person in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// A page about the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Jobs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub work_history: Vec<Work>,
    /// Studies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub education: Vec<Education>,
    /// What the person can do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// What the person cares about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interests: Vec<String>,
    /// What debriefs left behind, in the person's own words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub insights: Vec<String>,
    /// Where the person wants to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub career_goals: Option<String>,
    /// What the person is looking for now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeking: Option<String>,
    /// Whom or what the person wants to be matched with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_preferences: Option<String>,
    /// The person at length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The language to talk in, as a BCP 47 tag such as `en` or `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Fields of the host's own, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub custom: BTreeMap<String, CustomField>,
}
opaque_debug!(Profile {});

/// A field of the profile. In JSON it is its name in snake case, and `custom:NAME` for one of the host's own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProfileField {
    /// [`Profile::name`].
    Name,
    /// [`Profile::pronouns`].
    Pronouns,
    /// [`Profile::location`].
    Location,
    /// [`Profile::headline`].
    Headline,
    /// [`Profile::link`].
    Link,
    /// [`Profile::work_history`].
    WorkHistory,
    /// [`Profile::education`].
    Education,
    /// [`Profile::skills`].
    Skills,
    /// [`Profile::interests`].
    Interests,
    /// [`Profile::insights`].
    Insights,
    /// [`Profile::career_goals`].
    CareerGoals,
    /// [`Profile::seeking`].
    Seeking,
    /// [`Profile::match_preferences`].
    MatchPreferences,
    /// [`Profile::summary`].
    Summary,
    /// [`Profile::language`].
    Language,
    /// A field of the host's own.
    Custom(String),
}

impl ProfileField {
    /// The fields that every profile has, in the order of [`Profile`].
    pub const KNOWN: [Self; 15] = [
        Self::Name,
        Self::Pronouns,
        Self::Location,
        Self::Headline,
        Self::Link,
        Self::WorkHistory,
        Self::Education,
        Self::Skills,
        Self::Interests,
        Self::Insights,
        Self::CareerGoals,
        Self::Seeking,
        Self::MatchPreferences,
        Self::Summary,
        Self::Language,
    ];

    /// The field's name in snake case; for one of the host's own, the host's name for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name => "name",
            Self::Pronouns => "pronouns",
            Self::Location => "location",
            Self::Headline => "headline",
            Self::Link => "link",
            Self::WorkHistory => "work_history",
            Self::Education => "education",
            Self::Skills => "skills",
            Self::Interests => "interests",
            Self::Insights => "insights",
            Self::CareerGoals => "career_goals",
            Self::Seeking => "seeking",
            Self::MatchPreferences => "match_preferences",
            Self::Summary => "summary",
            Self::Language => "language",
            Self::Custom(name) => name,
        }
    }
}

impl fmt::Debug for ProfileField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Custom(_) => "Custom(..)",
            known => known.as_str(),
        })
    }
}

impl From<ProfileField> for String {
    fn from(field: ProfileField) -> Self {
        match field {
            ProfileField::Custom(name) => format!("custom:{name}"),
            known => known.as_str().to_owned(),
        }
    }
}

impl TryFrom<String> for ProfileField {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        if let Some(custom) = name.strip_prefix("custom:") {
            return Ok(Self::Custom(custom.to_owned()));
        }
        let known = Self::KNOWN.into_iter().find(|field| field.as_str() == name);
        known.ok_or_else(|| Error::invalid("field", "there is no profile field of that name"))
    }
}

/// What one field holds, or one item of a field that is a list.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// A text.
    Text(String),
    /// A job.
    Work(Work),
    /// A course of study.
    Education(Education),
}

impl fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Work(_) => "Work(..)",
            Self::Education(_) => "Education(..)",
        })
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for FieldValue {
    /// The value in one line, as a person would read it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |parts: &[&str]| parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Work(work) => f.write_str(&join(&[&work.title, &work.organization])),
            Self::Education(study) => {
                f.write_str(&join(&[study.degree.as_deref().unwrap_or(""), study.field.as_deref().unwrap_or(""), &study.institution]))
            }
        }
    }
}

/// A word of the host's own vocabulary: what is recognised in a person's text, and what is proposed for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The list that it belongs to, such as skills or interests.
    pub field: ProfileField,
    /// The word as it is put into the profile.
    pub name: String,
    /// Other ways of writing it.
    pub aliases: Vec<String>,
}
opaque_debug!(Term { field });

impl Term {
    /// A word without other ways of writing it.
    pub fn new(field: ProfileField, name: impl Into<String>) -> Self {
        Self { field, name: name.into(), aliases: Vec::new() }
    }
}

/// Whether two texts are the same but for case and white space. Nothing fuzzier ever merges two items.
pub(crate) fn same_text(a: &str, b: &str) -> bool {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    fold(a) == fold(b)
}

/// The same for values of any sort; dates and descriptions do not tell two jobs apart.
pub(crate) fn same_value(a: &FieldValue, b: &FieldValue) -> bool {
    match (a, b) {
        (FieldValue::Text(a), FieldValue::Text(b)) => same_text(a, b),
        (FieldValue::Work(a), FieldValue::Work(b)) => same_text(&a.organization, &b.organization) && same_text(&a.title, &b.title),
        (FieldValue::Education(a), FieldValue::Education(b)) => {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            same_text(&a.institution, &b.institution)
                && same_text(&text(&a.degree), &text(&b.degree))
                && same_text(&text(&a.field), &text(&b.field))
        }
        _ => false,
    }
}

impl Profile {
    /// Whether this field holds a list, which is united and never replaced.
    pub fn is_list(&self, field: &ProfileField) -> bool {
        match field {
            ProfileField::WorkHistory
            | ProfileField::Education
            | ProfileField::Skills
            | ProfileField::Interests
            | ProfileField::Insights => true,
            ProfileField::Custom(name) => matches!(self.custom.get(name), Some(CustomField::List(_))),
            _ => false,
        }
    }

    /// What a field that is one text holds now. `None` for a list.
    pub fn scalar(&self, field: &ProfileField) -> Option<&str> {
        match field {
            ProfileField::Name => self.name.as_deref(),
            ProfileField::Pronouns => self.pronouns.as_deref(),
            ProfileField::Location => self.location.as_deref(),
            ProfileField::Headline => self.headline.as_deref(),
            ProfileField::Link => self.link.as_deref(),
            ProfileField::CareerGoals => self.career_goals.as_deref(),
            ProfileField::Seeking => self.seeking.as_deref(),
            ProfileField::MatchPreferences => self.match_preferences.as_deref(),
            ProfileField::Summary => self.summary.as_deref(),
            ProfileField::Language => self.language.as_deref(),
            ProfileField::Custom(name) => match self.custom.get(name) {
                Some(CustomField::Text(text)) => Some(text),
                _ => None,
            },
            ProfileField::WorkHistory
            | ProfileField::Education
            | ProfileField::Skills
            | ProfileField::Interests
            | ProfileField::Insights => None,
        }
    }

    /// The items of a field that is a list. Empty for a text.
    pub fn list(&self, field: &ProfileField) -> Vec<FieldValue> {
        let texts = |list: &[String]| list.iter().cloned().map(FieldValue::Text).collect();
        match field {
            ProfileField::WorkHistory => self.work_history.iter().cloned().map(FieldValue::Work).collect(),
            ProfileField::Education => self.education.iter().cloned().map(FieldValue::Education).collect(),
            ProfileField::Skills => texts(&self.skills),
            ProfileField::Interests => texts(&self.interests),
            ProfileField::Insights => texts(&self.insights),
            ProfileField::Custom(name) => match self.custom.get(name) {
                Some(CustomField::List(list)) => texts(list),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Whether the field already holds this, but for case and white space.
    pub fn holds(&self, field: &ProfileField, value: &FieldValue) -> bool {
        if self.is_list(field) {
            return self.list(field).iter().any(|item| same_value(item, value));
        }
        matches!((self.scalar(field), value), (Some(now), FieldValue::Text(text)) if same_text(now, text))
    }

    /// Puts a text into a field that is one text.
    ///
    /// # Errors
    /// `InvalidInput` if the field is a list or the value is not a text.
    pub(crate) fn put(&mut self, field: &ProfileField, value: &FieldValue) -> Result<()> {
        let FieldValue::Text(text) = value else {
            return Err(Error::invalid("value", "this field holds a text"));
        };
        let slot = match field {
            ProfileField::Name => &mut self.name,
            ProfileField::Pronouns => &mut self.pronouns,
            ProfileField::Location => &mut self.location,
            ProfileField::Headline => &mut self.headline,
            ProfileField::Link => &mut self.link,
            ProfileField::CareerGoals => &mut self.career_goals,
            ProfileField::Seeking => &mut self.seeking,
            ProfileField::MatchPreferences => &mut self.match_preferences,
            ProfileField::Summary => &mut self.summary,
            ProfileField::Language => &mut self.language,
            ProfileField::Custom(name) if !self.is_list(field) => {
                self.custom.insert(name.clone(), CustomField::Text(text.clone()));
                return Ok(());
            }
            _ => return Err(Error::invalid("field", "this field is a list; add to it instead of replacing it")),
        };
        *slot = Some(text.clone());
        Ok(())
    }

    /// Adds an item to a field that is a list, unless it is there already. Says whether it was added.
    ///
    /// # Errors
    /// `InvalidInput` if the field is one text or the value is of another sort.
    pub(crate) fn add(&mut self, field: &ProfileField, value: &FieldValue) -> Result<bool> {
        if self.holds(field, value) {
            return Ok(false);
        }
        match (field, value) {
            (ProfileField::WorkHistory, FieldValue::Work(work)) => self.work_history.push(work.clone()),
            (ProfileField::Education, FieldValue::Education(study)) => self.education.push(study.clone()),
            (ProfileField::Skills, FieldValue::Text(text)) => self.skills.push(text.clone()),
            (ProfileField::Interests, FieldValue::Text(text)) => self.interests.push(text.clone()),
            (ProfileField::Insights, FieldValue::Text(text)) => self.insights.push(text.clone()),
            (ProfileField::Custom(name), FieldValue::Text(text)) => match self.custom.get_mut(name) {
                Some(CustomField::List(list)) => list.push(text.clone()),
                _ => return Err(Error::invalid("field", "this field is not a list; replace it instead")),
            },
            _ => return Err(Error::invalid("value", "this field cannot hold a value of that sort")),
        }
        Ok(true)
    }

    /// The fields in which this profile differs from another.
    pub(crate) fn differences(&self, other: &Self) -> Vec<ProfileField> {
        let known = ProfileField::KNOWN.into_iter();
        let names = self.custom.keys().chain(other.custom.keys()).cloned().collect::<std::collections::BTreeSet<_>>();
        known
            .chain(names.into_iter().map(ProfileField::Custom))
            .filter(|field| {
                self.scalar(field) != other.scalar(field)
                    || self.list(field) != other.list(field)
                    || self.is_list(field) != other.is_list(field)
            })
            .collect()
    }

    /// Whether everything fits the limits.
    ///
    /// # Errors
    /// `InvalidInput` with the field and the limit.
    pub fn check(&self, limits: &Limits) -> Result<()> {
        let short = |field, text: &Option<String>| characters(field, text.as_deref().unwrap_or(""), limits.line);
        let long = |field, text: &Option<String>| characters(field, text.as_deref().unwrap_or(""), limits.text);
        let title = |field, text: &Option<String>| characters(field, text.as_deref().unwrap_or(""), limits.title);
        let list = |field, list: &[String], each| {
            items(field, list.len(), limits.items)?;
            list.iter().try_for_each(|item| characters(field, item, each))
        };
        short("name", &self.name)?;
        short("pronouns", &self.pronouns)?;
        short("location", &self.location)?;
        short("language", &self.language)?;
        title("headline", &self.headline)?;
        title("link", &self.link)?;
        long("career_goals", &self.career_goals)?;
        long("seeking", &self.seeking)?;
        long("match_preferences", &self.match_preferences)?;
        long("summary", &self.summary)?;
        list("skills", &self.skills, limits.line)?;
        list("interests", &self.interests, limits.line)?;
        list("insights", &self.insights, limits.insight)?;
        items("work_history", self.work_history.len(), limits.items)?;
        for work in &self.work_history {
            characters("work_history.organization", &work.organization, limits.line)?;
            characters("work_history.title", &work.title, limits.line)?;
            short("work_history.start", &work.start)?;
            short("work_history.end", &work.end)?;
            long("work_history.description", &work.description)?;
        }
        items("education", self.education.len(), limits.items)?;
        for study in &self.education {
            characters("education.institution", &study.institution, limits.line)?;
            short("education.degree", &study.degree)?;
            short("education.field", &study.field)?;
            short("education.start", &study.start)?;
            short("education.end", &study.end)?;
        }
        items("custom", self.custom.len(), limits.items)?;
        for (name, field) in &self.custom {
            characters("custom.name", name, limits.line)?;
            match field {
                CustomField::Text(text) => characters("custom", text, limits.text)?,
                CustomField::List(lines) => list("custom", lines, limits.line)?,
            }
        }
        Ok(())
    }
}
