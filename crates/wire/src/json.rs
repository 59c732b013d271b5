//! What is asked of JSON before it is parsed. Not here: any parsing.

use crate::limits;

/// Whether `text` nests no deeper than [`limits::JSON_DEPTH`].
pub(crate) fn is_shallow(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > limits::JSON_DEPTH {
                    return false;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    true
}

/// Goes past the closing quote of a string.
fn skip_string(bytes: &mut core::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_levels_pass_and_seventeen_do_not() {
        assert!(is_shallow(&"[".repeat(16)));
        assert!(!is_shallow(&"[".repeat(17)));
        assert!(is_shallow(&"[]".repeat(17)));
        assert!(is_shallow(&format!("[\"{}\\\"{}\"]", "[".repeat(17), "{".repeat(17))));
    }
}
