//! The fields of a PATCH: an absent one is left as it is, a null one is cleared.

use serde::{Deserialize, Deserializer};

/// A field that may be cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Absent: stays as it is.
    #[default]
    Keep,
    /// Null: has no value any more.
    Clear,
    /// Gets this value.
    Set(T),
}

impl<T> Patch<T> {
    /// What the field holds afterwards.
    #[must_use]
    pub fn apply(self, old: Option<T>) -> Option<T> {
        match self {
            Patch::Keep => old,
            Patch::Clear => None,
            Patch::Set(value) => Some(value),
        }
    }

    /// The same instruction for a field of another type.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(value) => Patch::Set(make(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Patch::Clear, Patch::Set))
    }
}

/// Reads a field of a PATCH that may be absent but not null: `#[serde(default, deserialize_with = "not_null")]`.
///
/// # Errors
/// When it is null, or not a `T`.
pub fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Fields {
        #[serde(default)]
        clearable: Patch<String>,
        #[serde(default, deserialize_with = "not_null")]
        kept: Option<bool>,
    }

    #[test]
    fn absent_is_not_null() {
        let read = |json: &str| serde_json::from_str::<Fields>(json);
        assert_eq!(read("{}").unwrap().clearable, Patch::Keep);
        assert_eq!(read(r#"{"clearable":null}"#).unwrap().clearable, Patch::Clear);
        assert_eq!(
            read(r#"{"clearable":"a"}"#).unwrap().clearable,
            Patch::Set("a".to_owned())
        );
        assert_eq!(read("{}").unwrap().kept, None);
        assert_eq!(read(r#"{"kept":true}"#).unwrap().kept, Some(true));
        assert!(read(r#"{"kept":null}"#).is_err());
    }
}
