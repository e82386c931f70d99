//! Questions at the terminal. An answer that cannot be used is refused at once, and the question is asked again.

use std::io::{self, BufRead, Write};

use super::CliError;
use crate::auth::Password;

/// Asks until an answer can be used.
///
/// # Errors
/// When the terminal is gone.
pub(super) fn ask<T, E: std::fmt::Display>(
    (answers, questions): (&mut impl BufRead, &mut impl Write),
    question: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, CliError> {
    loop {
        write!(questions, "{question}")?;
        questions.flush()?;
        let mut answer = String::new();
        if answers.read_line(&mut answer)? == 0 {
            return Err("there was no answer; nothing was made".into());
        }
        match parse(answer.trim()) {
            Ok(value) => return Ok(value),
            Err(error) => writeln!(questions, "{error}")?,
        }
    }
}

/// Asks for a new password twice; nothing when the user leaves it to the service. `prompt` asks without showing what is typed.
///
/// # Errors
/// Those of `prompt`.
pub(super) fn ask_for_password(
    mut prompt: impl FnMut(&str) -> io::Result<String>,
    refused: &mut impl Write,
) -> Result<Option<String>, CliError> {
    loop {
        let typed = prompt("Password, 10 characters or more (empty: make one): ")?;
        if typed.is_empty() {
            return Ok(None);
        }
        if let Err(error) = Password::try_new(&typed) {
            writeln!(refused, "{error}")?;
        } else if prompt("Once more: ")? == typed {
            return Ok(Some(typed));
        } else {
            writeln!(refused, "the two differ")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_refused_at_once_and_asked_for_again() {
        let (mut answers, mut said) = (io::Cursor::new("many\n719\n"), Vec::new());
        let number = ask((&mut answers, &mut said), "Number: ", str::parse::<i64>).unwrap();
        assert_eq!(number, 719);
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said, "Number: invalid digit found in string\nNumber: ");
        let mut nobody = io::Cursor::new("");
        let gone = ask((&mut nobody, &mut Vec::new()), "Number: ", str::parse::<i64>).unwrap_err();
        assert!(gone.to_string().contains("nothing was made"));
    }

    #[test]
    fn a_short_password_and_a_mistyped_one_are_asked_for_again() {
        let long = "correct horse battery";
        let mut typed = ["short", long, "correct horse batteri", long, long].into_iter();
        let mut said = Vec::new();
        let password = ask_for_password(|_| Ok(typed.next().unwrap().to_owned()), &mut said).unwrap();
        assert_eq!((password.as_deref(), typed.next()), (Some(long), None));
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said, "expected a password of 10 to 200 characters\nthe two differ\n");
        assert_eq!(ask_for_password(|_| Ok(String::new()), &mut Vec::new()).unwrap(), None);
    }
}
