//! Pages of a list in the database: by a sort value and an id that tells equal values apart, never by an offset.

/// Orders a boxed query by `$column` and then `$id`, both in `$direction`, and begins after the item with the value and
/// id of `$after` (`Option<(value, id)>`). Written so that an index on (column, id) finds the place.
macro_rules! keyset {
    ($query:expr, $direction:expr, $column:expr, $id:expr, $after:expr) => {
        match ($direction, $after) {
            ($crate::http::Direction::Ascending, Some((value, id))) => $query
                .filter($column.ge(value.clone()))
                .filter($column.gt(value).or($id.gt(id)))
                .order(($column.asc(), $id.asc())),
            ($crate::http::Direction::Ascending, None) => $query.order(($column.asc(), $id.asc())),
            ($crate::http::Direction::Descending, Some((value, id))) => $query
                .filter($column.le(value.clone()))
                .filter($column.lt(value).or($id.lt(id)))
                .order(($column.desc(), $id.desc())),
            ($crate::http::Direction::Descending, None) => $query.order(($column.desc(), $id.desc())),
        }
    };
}

pub(crate) use keyset;
