//! The core's types as they cross the border: each declared beside the core's with conversions that do not compile when one of them changes.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use completion_coach as core;

/// Goes to the other side of the border.
pub trait Cross<T> {
    /// The same on the other side.
    fn cross(self) -> T;
}

/// What is the same on both sides.
macro_rules! same {
    ($($type:ty),*) => { $(
        impl Cross<$type> for $type {
            fn cross(self) -> $type {
                self
            }
        }
    )* };
}
same!((), bool, u16, u32, u64, f32, String);

impl Cross<u32> for usize {
    fn cross(self) -> u32 {
        u32::try_from(self).unwrap_or(u32::MAX)
    }
}

impl Cross<usize> for u32 {
    fn cross(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

impl<T: Cross<U>, U> Cross<Option<U>> for Option<T> {
    fn cross(self) -> Option<U> {
        self.map(Cross::cross)
    }
}

impl<T: Cross<U>, U> Cross<Vec<U>> for Vec<T> {
    fn cross(self) -> Vec<U> {
        self.into_iter().map(Cross::cross).collect()
    }
}

impl<T: Cross<U>, U> Cross<HashMap<String, U>> for BTreeMap<String, T> {
    fn cross(self) -> HashMap<String, U> {
        self.into_iter().map(|(key, value)| (key, value.cross())).collect()
    }
}

impl<T: Cross<U>, U> Cross<BTreeMap<String, U>> for HashMap<String, T> {
    fn cross(self) -> BTreeMap<String, U> {
        let mut map = BTreeMap::new();
        // Not collected: that would sort them first, which is 8 KB for each type.
        map.extend(self.into_iter().map(|(key, value)| (key, value.cross())));
        map
    }
}

/// Ids are texts outside.
macro_rules! ids {
    ($($id:ident),*) => { $(
        impl Cross<String> for core::$id {
            fn cross(self) -> String {
                self.as_str().to_owned()
            }
        }

        impl Cross<core::$id> for String {
            fn cross(self) -> core::$id {
                core::$id::new(self)
            }
        }
    )* };
}
ids!(ActionId, MessageId, ExtractionId, AttemptId, UserId);

/// A point in time, to the millisecond.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(i64);
uniffi::custom_newtype!(Timestamp, i64);

impl Cross<Timestamp> for core::Timestamp {
    fn cross(self) -> Timestamp {
        Timestamp(self.as_millis())
    }
}

impl Cross<core::Timestamp> for Timestamp {
    fn cross(self) -> core::Timestamp {
        core::Timestamp::from_millis(self.0)
    }
}

/// A length of time, to the millisecond. A negative one counts as none.
#[derive(Clone, Copy, Debug)]
pub struct TimeSpan(i64);
uniffi::custom_newtype!(TimeSpan, i64);

impl Cross<TimeSpan> for Duration {
    fn cross(self) -> TimeSpan {
        TimeSpan(i64::try_from(self.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Cross<Duration> for TimeSpan {
    fn cross(self) -> Duration {
        Duration::from_millis(u64::try_from(self.0).unwrap_or(0))
    }
}

/// Declares a record or an enum of this crate and how it crosses, both ways, every field and variant named. A variant of the core's that has
/// no names for what it holds gets them here; `without` names a field that does not cross, `else` is for enums of which the core says that they
/// may grow.
macro_rules! mirror {
    ($(#[$meta:meta])* record $name:ident $(without $hidden:ident)? { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, uniffi::Record)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type),*
        }

        impl Cross<$name> for completion_coach::$name {
            fn cross(self) -> $name {
                let Self { $($field,)* $($hidden: _)? } = self;
                $name { $($field: $field.cross()),* }
            }
        }

        impl Cross<completion_coach::$name> for $name {
            fn cross(self) -> completion_coach::$name {
                let Self { $($field),* } = self;
                completion_coach::$name { $($field: $field.cross(),)* $($hidden: Default::default())? }
            }
        }
    };
    ($(#[$meta:meta])* enum $name:ident $(else $other:ident)? { $(
        $(#[$variant_meta:meta])* $variant:ident
        $(($($value:ident: $value_type:ty),*))?
        $({ $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? })?
    ),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, uniffi::Enum)]
        #[allow(clippy::large_enum_variant, missing_docs, reason = "it crosses as bytes; what a variant holds is told by its own text")]
        pub enum $name {
            $($(#[$variant_meta])* $variant $({ $($value: $value_type),* })? $({ $($(#[$field_meta])* $field: $type),* })?),*
        }

        impl Cross<$name> for completion_coach::$name {
            fn cross(self) -> $name {
                match self {
                    $(Self::$variant $(($($value),*))? $({ $($field),* })? =>
                        $name::$variant $({ $($value: $value.cross()),* })? $({ $($field: $field.cross()),* })?,)*
                    $(_ => $name::$other,)?
                }
            }
        }

        impl Cross<completion_coach::$name> for $name {
            fn cross(self) -> completion_coach::$name {
                match self {
                    $(Self::$variant $({ $($value),* })? $({ $($field),* })? =>
                        completion_coach::$name::$variant $(($($value.cross()),*))? $({ $($field: $field.cross()),* })?,)*
                }
            }
        }
    };
}

mod action;
mod check;
mod conversation;
mod evaluation;
mod profile;
mod prompt;
mod proposal;
mod settings;
mod stored;
mod usage;

pub use action::*;
pub use check::*;
pub use conversation::*;
pub use evaluation::*;
pub use profile::*;
pub use prompt::*;
pub use proposal::*;
pub use settings::*;
pub use stored::*;
pub use usage::*;
