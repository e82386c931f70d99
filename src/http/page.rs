//! Lists in pages: an opaque cursor that remembers where the last page ended, never an offset.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
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

/// What a cursor holds: a fingerprint of the list it belongs to, and the sort value and id of the last item.
#[derive(Serialize, Deserialize)]
struct Position<K> {
    #[serde(rename = "s")]
    scope: String,
    #[serde(rename = "k")]
    after: K,
}

/// A page as it was asked for. `K` is the sort value and id by which the list goes on.
#[derive(Debug, Clone)]
pub struct PageRequest<K> {
    scope: String,
    /// The key of the last item of the page before.
    pub after: Option<K>,
    limit: i64,
}

impl<K: Serialize + DeserializeOwned> PageRequest<K> {
    /// Reads limit and cursor. `filters` is everything else that chooses the list: a cursor of another list is refused.
    ///
    /// # Errors
    /// 400 `bad_cursor`.
    pub fn try_new(
        tenant_id: Id,
        list: &str,
        filters: &impl Serialize,
        limit: Option<PageLimit>,
        cursor: Option<&Cursor>,
    ) -> ApiResult<Self> {
        let filters = serde_json::to_string(filters).map_err(ApiError::internal)?;
        let digest = Sha256::digest(format!("{tenant_id}\n{list}\n{filters}").as_bytes());
        let scope = URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default());
        let after = cursor.map(|cursor| decode(cursor, &scope)).transpose()?;
        Ok(PageRequest {
            scope,
            after,
            limit: limit.map_or(PAGE_LIMIT_DEFAULT, |limit| limit.0),
        })
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
        encode(&Position {
            scope: self.scope.clone(),
            after,
        })
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

fn encode<K: Serialize>(position: &Position<K>) -> ApiResult<String> {
    serde_json::to_vec(position)
        .map(|json| URL_SAFE_NO_PAD.encode(json))
        .map_err(ApiError::internal)
}

fn decode<K: DeserializeOwned>(cursor: &Cursor, scope: &str) -> ApiResult<K> {
    let json = URL_SAFE_NO_PAD.decode(cursor.as_str()).ok();
    let position = json.and_then(|json| serde_json::from_slice::<Position<Value>>(&json).ok());
    let after = position.filter(|position| position.scope == scope && is_storable(&position.after));
    after
        .and_then(|position| serde_json::from_value(position.after).ok())
        .ok_or_else(|| ApiError::new(Code::BadCursor))
}

/// Anybody can write a cursor of their own. It shows nothing that the list would not, but the database must be able to
/// compare with it: no stored text has control characters, and PostgreSQL refuses some of them.
fn is_storable(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains(|character: char| character.is_ascii_control()),
        Value::Array(items) => items.iter().all(is_storable),
        Value::Object(members) => members.values().all(is_storable),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
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

    fn request(filters: &str, cursor: Option<&Cursor>) -> ApiResult<PageRequest<(String, Id)>> {
        PageRequest::try_new(Id::NIL, "accounts", &filters, None, cursor)
    }

    #[test]
    fn a_cursor_holds_for_its_own_list_only() {
        let rows: Vec<String> = (0..51).map(|n| format!("{n:03}")).collect();
        let page = request("a", None)
            .unwrap()
            .page(rows, |row| (row.clone(), Id::NIL))
            .unwrap();
        assert_eq!(page.items.len(), 50);
        let cursor = Cursor::try_new(page.next_cursor.unwrap()).unwrap();
        assert_eq!(
            request("a", Some(&cursor)).unwrap().after,
            Some(("049".to_owned(), Id::NIL))
        );
        assert_eq!(request("b", Some(&cursor)).unwrap_err().code(), Code::BadCursor);
    }

    #[test]
    fn a_forged_cursor_with_what_no_text_holds_is_refused() {
        let scope = request("a", None).unwrap().scope;
        let forged = |name: &str| {
            let position = Position {
                scope: scope.clone(),
                after: (name, Id::NIL),
            };
            let cursor = Cursor::try_new(encode(&position).unwrap()).unwrap();
            request("a", Some(&cursor))
        };
        assert_eq!(forged("zoë").unwrap().after, Some(("zoë".to_owned(), Id::NIL)));
        for wrong in ["\0", "a\u{1b}b", "a\n", "\u{7f}"] {
            assert_eq!(forged(wrong).unwrap_err().code(), Code::BadCursor, "{wrong:?}");
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = request("a", None)
            .unwrap()
            .page(vec!["x".to_owned()], |row| (row.clone(), Id::NIL))
            .unwrap();
        assert!(page.next_cursor.is_none());
    }
}
