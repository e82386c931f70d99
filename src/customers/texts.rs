//! What the fields of a customer may hold.

use crate::text::LINE_PATTERN;
use crate::text_type;

text_type!(
    /// The tenant's own number of a customer.
    CustomerNumber, pattern: "^[!-~]([ -~]*[!-~])?$", length: 1..=40, example: "D-1042",
    expected: "expected 1 to 40 characters of ASCII, without blanks at either end"
);
text_type!(
    /// A telephone number.
    Phone, pattern: r"^[0-9+(][0-9 ()./+-]*[0-9)]$", length: 3..=30, example: "+31 20 123 4567",
    expected: "expected 3 to 30 digits, blanks and + ( ) . / -"
);
text_type!(
    /// One line of an address.
    AddressLine, pattern: LINE_PATTERN, length: 1..=100, example: "Dorpsstraat 1",
    expected: "expected 1 to 100 characters on one line, without blanks at either end"
);
text_type!(
    /// A postcode.
    Postcode, pattern: LINE_PATTERN, length: 1..=20, example: "1234 AB",
    expected: "expected 1 to 20 characters on one line, without blanks at either end"
);
/// Whether mail to this address would reach nobody: its domain is reserved for tests and examples (RFC 2606, RFC 6761).
#[must_use]
pub fn is_fictional(email: &str) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let is_under = |reserved: &&str| domain == *reserved || domain.ends_with(&format!(".{reserved}"));
    [
        "example.com",
        "example.net",
        "example.org",
        "test",
        "example",
        "invalid",
        "localhost",
    ]
    .iter()
    .any(is_under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_domains_are_fictional() {
        for (email, fictional) in [
            ("a@example.com", true),
            ("a@mail.Example.ORG", true),
            ("a@club.test", true),
            ("a@x.example", true),
            ("a@x.invalid", true),
            ("a@my.localhost", true),
            ("a@example.nl", false),
            ("a@notexample.com", false),
            ("a@contest.nl", false),
        ] {
            assert_eq!(is_fictional(email), fictional, "{email}");
        }
    }
}
