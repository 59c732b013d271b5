//! The rule for every piece of free text that travels.

use crate::limits;

/// Why a text may not travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Nothing is in it.
    #[error("it is empty: leave it out")]
    Empty,
    /// More than [`limits::TEXT_CHARS`] characters.
    #[error("it is longer than {} characters: shorten it", limits::TEXT_CHARS)]
    TooLong,
    /// A NUL, line break or other control character.
    #[error("it holds a control character: remove it")]
    Control,
}

/// Checks that `text` is 1 to [`limits::TEXT_CHARS`] characters, none of them a control character.
pub(crate) fn check(text: &str) -> Result<(), TextFault> {
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.len() > limits::TEXT_CHARS && text.chars().count() > limits::TEXT_CHARS {
        return Err(TextFault::TooLong);
    }
    let plain = if text.is_ascii() {
        text.bytes().all(|byte| (0x20..0x7F).contains(&byte))
    } else {
        !text.chars().any(char::is_control)
    };
    if plain { Ok(()) } else { Err(TextFault::Control) }
}
