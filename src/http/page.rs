//! Lists in pages: an opaque cursor that remembers where the last page ended, never an offset.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::cursors::Scope;
use crate::error::ApiResult;
use crate::text_type;

const PAGE_LIMIT_DEFAULT: i64 = 50;
const PAGE_LIMIT_MAX: i64 = 200;

/// How many items a page has: 1 to 200.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PageLimit(i64);

impl<'de> Deserialize<'de> for PageLimit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limit = i64::deserialize(deserializer)?;
        if (1..=PAGE_LIMIT_MAX).contains(&limit) {
            Ok(PageLimit(limit))
        } else {
            Err(serde::de::Error::custom(format!(
                "expected a number from 1 to {PAGE_LIMIT_MAX}"
            )))
        }
    }
}

impl utoipa::PartialSchema for PageLimit {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::Integer)
            .minimum(Some(1))
            .maximum(Some(PAGE_LIMIT_MAX))
            .default(Some(PAGE_LIMIT_DEFAULT.into()))
            .into()
    }
}

impl ToSchema for PageLimit {}

text_type!(
    /// Where the last page ended, as `next_cursor` gave it. It holds for the same tenant, filters and sort only.
    Cursor, pattern: "^[A-Za-z0-9_-]{1,2000}$", length: 1..=2000, example: "eyJzIjoiMSJ9",
    expected: "expected a cursor as next_cursor gave it"
);

/// A page as it was asked for. `K` is the sort value and id by which the list goes on.
#[derive(Debug, Clone)]
pub struct PageRequest<K> {
    scope: Scope,
    /// The key of the last item of the page before.
    pub after: Option<K>,
    limit: i64,
}

impl<K: Serialize> PageRequest<K> {
    pub(super) fn new(scope: Scope, after: Option<K>, limit: Option<PageLimit>) -> Self {
        PageRequest {
            scope,
            after,
            limit: limit.map_or(PAGE_LIMIT_DEFAULT, |limit| limit.0),
        }
    }

    /// How many rows to ask the database for: one more than the page has, to know whether there is a next.
    #[must_use]
    pub fn rows_max(&self) -> i64 {
        self.limit.saturating_add(1)
    }

    /// How many items the page has at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// Points at what comes after this key, for a list that cuts its own pages.
    ///
    /// # Errors
    /// Never in practice: a key that cannot be written as JSON.
    pub fn cursor_after(&self, after: K) -> ApiResult<String> {
        self.scope.seal(&after)
    }

    /// Cuts the rows to the page and points at the next one. `key` is what the list is sorted by.
    ///
    /// # Errors
    /// Never in practice: a key that cannot be written as JSON.
    pub fn page<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> ApiResult<Page<T>> {
        let has_more = rows.len() > self.limit();
        rows.truncate(self.limit());
        let last = rows.last().filter(|_| has_more).map(key);
        let next_cursor = last.map(|after| self.cursor_after(after)).transpose()?;
        Ok(Page {
            items: rows,
            next_cursor,
        })
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; null on the last one.
    #[schema(required, example = "eyJzIjoiMSJ9")]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page of other things, made from these.
    #[must_use]
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(make).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

impl<T: Serialize> Page<T> {
    /// 200 with the page, and `Link: rel="next"` when there is a next one.
    #[must_use]
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &self.next_cursor {
            let others =
                url::form_urlencoded::parse(request.query_string().as_bytes()).filter(|(name, _)| name != "cursor");
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(others)
                .append_pair("cursor", cursor)
                .finish();
            response.insert_header((header::LINK, format!("<{}?{query}>; rel=\"next\"", request.path())));
        }
        response.json(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Cursors;
    use crate::id::Id;

    fn page_of(count: usize) -> Page<String> {
        let asked = Cursors::new(b"secret").page::<String>(Id::NIL, "accounts", &(), None, None);
        let rows = (0..count).map(|n| format!("{n:03}")).collect();
        asked.unwrap().page(rows, Clone::clone).unwrap()
    }

    #[test]
    fn a_full_page_with_more_to_come_has_a_next() {
        let page = page_of(51);
        assert_eq!(page.items.len(), 50);
        assert!(page.next_cursor.is_some());
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = page_of(50);
        assert_eq!((page.items.len(), page.next_cursor), (50, None));
    }
}
