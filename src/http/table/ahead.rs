//! Reading ahead: while one page of rows is written, the next one is read.

use std::sync::mpsc::sync_channel;
use std::thread;

use crate::error::ApiResult;

/// Hands on every row of many pages, in their order. `read` is told the key of the last row of the page before; a page without
/// rows is the end.
///
/// # Errors
/// Those of either side; after one nothing more is read or written.
pub fn read_ahead<R: Send, K>(
    mut read: impl FnMut(Option<K>) -> ApiResult<Vec<R>> + Send,
    key: impl Fn(&R) -> K + Send,
    mut write: impl FnMut(R) -> ApiResult<()>,
) -> ApiResult<()> {
    thread::scope(|scope| {
        // one page is read, one waits, and one is written
        let (ready, pages) = sync_channel(1);
        scope.spawn(move || {
            let mut after = None;
            loop {
                let page = read(after);
                after = page.as_ref().ok().and_then(|rows| rows.last()).map(&key);
                // when nobody takes it, whoever writes has met an error
                if ready.send(page).is_err() || after.is_none() {
                    break;
                }
            }
        });
        for page in pages {
            page?.into_iter().try_for_each(&mut write)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ApiError, Code};

    /// Pages of three numbers, of which the last is 7.
    fn page(after: Option<u32>) -> Vec<u32> {
        let first = after.map_or(1, |last| last + 1);
        (first..=7).take(3).collect()
    }

    #[test]
    fn every_row_is_written_once_and_in_order() {
        let mut written = Vec::new();
        read_ahead(
            |after| Ok(page(after)),
            |row| *row,
            |row| {
                written.push(row);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(written, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn an_error_of_either_side_ends_it() {
        let mut written = Vec::new();
        let fails_late = |after: Option<u32>| match after {
            Some(6) => Err(ApiError::new(Code::ServiceUnavailable)),
            after => Ok(page(after)),
        };
        let read = read_ahead(
            fails_late,
            |row| *row,
            |row| {
                written.push(row);
                Ok(())
            },
        );
        assert_eq!(read.unwrap_err().code(), Code::ServiceUnavailable);
        assert_eq!(written, [1, 2, 3, 4, 5, 6]);

        let endless = |after: Option<u32>| Ok(vec![after.map_or(1, |last| last.wrapping_add(1))]);
        let full = read_ahead(
            endless,
            |row| *row,
            |row| match row {
                5 => Err(ApiError::new(Code::Internal)),
                _ => Ok(()),
            },
        );
        assert_eq!(full.unwrap_err().code(), Code::Internal);
    }
}
