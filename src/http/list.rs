//! What query parameters of lists are made of: several words with commas between, and a sort with its direction.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::IntoParams;

use super::{Cursor, PageLimit};

/// Several values of one filter: `status=active,blocked`. An item fits when it has one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommaList<T>(pub Vec<T>);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for CommaList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let values = text.split(',').map(str::parse).collect::<Result<Vec<T>, _>>();
        values.map(CommaList).map_err(serde::de::Error::custom)
    }
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// Which page of a list that has no filters.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items a page has; 50 when left out.
    #[param(inline, nullable = false)]
    pub limit: Option<PageLimit>,
    /// Where the page before ended.
    #[param(inline, nullable = false)]
    pub cursor: Option<Cursor>,
}
