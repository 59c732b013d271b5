//! Filters of the templates: how numbers are written, and where assets lie.

#![expect(unreachable_pub, reason = "askama::filter_fn makes what it generates public")]

use std::fmt::{Display, Write};

use askama::Values;

/// A number with its thousands apart: `1,284`; negative with a true minus sign: `−12`.
#[askama::filter_fn]
pub(super) fn number(value: impl Display, _: &dyn Values) -> askama::Result<String> {
    Ok(written(&value.to_string()))
}

/// A number without its sign, for where a word says it: `short by 12`.
#[askama::filter_fn]
pub(super) fn size(value: impl Display, _: &dyn Values) -> askama::Result<String> {
    Ok(written(value.to_string().trim_start_matches('-')))
}

/// `one` when the value is 1, else `many`.
#[askama::filter_fn]
pub(super) fn plural(
    value: impl Display,
    _: &dyn Values,
    one: &'static str,
    many: &'static str,
) -> askama::Result<&'static str> {
    Ok(if value.to_string() == "1" { one } else { many })
}

/// The address of an asset of the portal, by its plain name.
#[askama::filter_fn]
pub(super) fn asset(name: &str, _: &dyn Values) -> askama::Result<String> {
    Ok(super::assets::asset_url(name))
}

/// The theme that the page's reader chose; the value is not looked at.
#[askama::filter_fn]
pub(super) fn theme(_: &str, _: &dyn Values) -> askama::Result<&'static str> {
    Ok(super::reader::Reader::theme())
}

/// Writes decimal digits, signed or not, as people read them.
pub(crate) fn written(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("\u{2212}", rest));
    let mut out = String::from(sign);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        let _ = out.write_char(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn numbers_have_their_thousands_apart_and_a_true_minus() {
        let table = [
            ("0", "0"),
            ("999", "999"),
            ("1284", "1,284"),
            ("1000000", "1,000,000"),
            ("-12", "\u{2212}12"),
            ("-1200", "\u{2212}1,200"),
        ];
        for (digits, said) in table {
            assert_eq!(written(digits), said);
        }
    }
}
