//! Countries, by the two capital letters of ISO 3166-1.

use core::fmt;
use core::str::FromStr;

/// Why a text is no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country has two capital letters as in ISO 3166, such as DE: write it so (country.form)")]
pub struct CountryError;

impl CountryError {
    /// The stable code, as in the text.
    pub const fn code(self) -> &'static str {
        "country.form"
    }
}

/// A country by its two capital letters. Which letters are taken is not checked: the list changes,
/// and a device with an older one must still be heard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Makes a country of two capital letters.
    ///
    /// # Errors
    /// [`CountryError`] for anything else.
    pub fn new(text: &str) -> Result<Self, CountryError> {
        match *text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([a, b])),
            _ => Err(CountryError),
        }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::new(text)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_capital_letters_and_nothing_else() {
        assert_eq!(Country::new("DE").map(|country| country.to_string()), Ok("DE".to_owned()));
        for wrong in ["", "D", "de", "De", "DEU", "D1", "D ", "Ü", "ÄÖ"] {
            assert_eq!(Country::new(wrong), Err(CountryError), "{wrong:?}");
        }
    }
}
