//! Where a chunk of a run ends: small enough that tills go on selling while it is written.

/// A chunk has at most so many accounts.
pub const CHUNK_ACCOUNTS_MAX: usize = 200;
/// A chunk has at most so many lines of entries, unless its only account has more.
pub const CHUNK_LINES_MAX: i64 = 20_000;

/// How many of the next accounts make up one chunk, given the lines that each would bring: at least one when there is any.
#[must_use]
pub fn accounts_in_chunk(lines_by_account: impl IntoIterator<Item = i64>) -> usize {
    let mut lines: i64 = 0;
    lines_by_account
        .into_iter()
        .take(CHUNK_ACCOUNTS_MAX)
        .enumerate()
        .take_while(|&(index, account_lines)| {
            lines = lines.saturating_add(account_lines);
            index == 0 || lines <= CHUNK_LINES_MAX
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_at_200_accounts() {
        assert_eq!(accounts_in_chunk(vec![1; 500]), 200);
        assert_eq!(accounts_in_chunk(vec![0; 199]), 199);
        assert_eq!(accounts_in_chunk(Vec::new()), 0);
    }

    #[test]
    fn ends_before_the_account_that_would_pass_20_000_lines() {
        assert_eq!(accounts_in_chunk([10_000, 10_000, 1]), 2);
        assert_eq!(accounts_in_chunk([10_000, 10_001, 1]), 1);
    }

    #[test]
    fn an_account_with_more_lines_than_that_is_a_chunk_of_its_own() {
        assert_eq!(accounts_in_chunk([20_001, 0, 1]), 1);
        assert_eq!(accounts_in_chunk([1, 20_000, 1]), 1);
        assert_eq!(accounts_in_chunk([i64::MAX, i64::MAX]), 1);
    }
}
