//! Whether a password may be chosen: long enough, and none that is guessed first.
//!
//! No rules about kinds of characters: they make passwords worse. What is refused is what
//! guessers try first: known passwords, patterns, and words about the person.

use std::sync::LazyLock;

use super::normal;

/// Characters of the longest password.
pub(super) const LONGEST: usize = 256;
/// Letters from which on a word about the person counts as one.
const SHORTEST_WORD: usize = 4;
/// Characters that must be left of a password when the words about its owner are taken out.
const LEFT_WITHOUT_WORDS: usize = 8;
/// Steps from one character to the next that must not be foreseeable.
const SURPRISES: usize = 4;

/// Known passwords of eight characters or more, in small letters and in order.
const COMMON: &str = include_str!("common.txt");

static COMMON_LINES: LazyLock<Vec<&'static str>> = LazyLock::new(|| COMMON.lines().collect());

/// How long a password must be at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Least {
    /// It is the only proof.
    Alone,
    /// A second factor is asked for beside it.
    WithSecondFactor,
}

impl Least {
    /// The characters.
    pub fn characters(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondFactor => 8,
        }
    }
}

/// Why a password may not be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// It is too short.
    #[error(
        "the password needs {least} characters or more and has {has}: take several words (password.short)"
    )]
    Short {
        /// How many it needs.
        least: usize,
        /// How many it has.
        has: usize,
    },
    /// It is too long.
    #[error("the password has {has} characters: take at most 256 (password.long)")]
    Long {
        /// How many it has.
        has: usize,
    },
    /// It is one that many people have.
    #[error(
        "this password, or the word it is made of, is one of those that are guessed first: take several words that do not belong together (password.common)"
    )]
    Common,
    /// It follows from its beginning.
    #[error(
        "the password repeats itself or follows the keyboard or the alphabet: take several words that do not belong together (password.pattern)"
    )]
    Pattern,
    /// Too little is left of it without words about its owner.
    #[error(
        "the password is mostly \"{word}\", which others know of you: leave it out, or add more words (password.personal)"
    )]
    Personal {
        /// The word.
        word: String,
    },
}

impl Weak {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Short { .. } => "password.short",
            Self::Long { .. } => "password.long",
            Self::Common => "password.common",
            Self::Pattern => "password.pattern",
            Self::Personal { .. } => "password.personal",
        }
    }
}

/// Whether a password may be chosen by a person of whom these texts are known: the e-mail
/// address, the name.
///
/// # Errors
/// `password.short`, `password.long`, `password.common`, `password.pattern`, `password.personal`.
pub fn check(password: &str, least: Least, about: &[&str]) -> Result<(), Weak> {
    let text = normal(password);
    let has = text.chars().count();
    let least = least.characters();
    if has < least {
        return Err(Weak::Short { least, has });
    }
    if has > LONGEST {
        return Err(Weak::Long { has });
    }
    let small: Vec<char> = text.to_lowercase().chars().collect();
    if is_pattern(&small, least) {
        return Err(Weak::Pattern);
    }
    if is_common(&small) {
        return Err(Weak::Common);
    }
    personal(&small, about).map_or(Ok(()), |word| Err(Weak::Personal { word }))
}

/// Whether it is a known password, or half or more of it is one, behind other signs or not.
fn is_common(small: &[char]) -> bool {
    let known = |text: &str| COMMON_LINES.binary_search(&text).is_ok();
    let text: String = small.iter().collect();
    let plain = |text: &str| text.chars().map(letter_meant).collect::<String>();
    let stem = |text: &str| text.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
    // Signs before and after a word are taken as decoration, or as letters of it.
    let stems = [stem(&text), plain(&stem(&text)), stem(&plain(&text))];
    let weighs = |stem: &String| 2 * stem.chars().count() >= small.len();
    known(&text) || stems.iter().any(|stem| weighs(stem) && known(stem))
}

/// The letter for which a sign is written.
fn letter_meant(sign: char) -> char {
    match sign {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether it repeats a beginning that is too short by itself, or follows rows and runs.
fn is_pattern(small: &[char], least: usize) -> bool {
    let repeats = |period: usize| small[period..].iter().zip(small).all(|(a, b)| a == b);
    let most = (least - 1).min(small.len() / 2);
    let surprises = small.windows(2).filter(|step| !is_foreseeable(step[0], step[1])).count();
    (1..=most).any(repeats) || surprises < SURPRISES
}

/// Whether a character follows from the one before: the same, the next or previous one, or its
/// neighbour on a keyboard.
fn is_foreseeable(before: char, after: char) -> bool {
    const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let beside = |row: &str| {
        let place = |sign| row.find(sign);
        matches!((place(before), place(after)), (Some(a), Some(b)) if a.abs_diff(b) == 1)
    };
    u32::from(before).abs_diff(u32::from(after)) <= 1 || ROWS.iter().any(|row| beside(row))
}

/// The word about the person that the password mostly consists of, if there is one.
fn personal(small: &[char], about: &[&str]) -> Option<String> {
    let whole: String = small.iter().collect();
    let words = words_of(about);
    let found = words.iter().find(|word| whole.contains(word.as_str()))?;
    let left = words.iter().fold(whole.clone(), |left, word| left.replace(word.as_str(), ""));
    (left.chars().count() < LEFT_WITHOUT_WORDS).then(|| found.clone())
}

/// The words in what is known of a person and of where the password is for, longest first.
fn words_of(about: &[&str]) -> Vec<String> {
    let mut words = vec!["scrip".to_owned()];
    for text in about {
        let small = normal(text).to_lowercase();
        // Of an address the part before the sign; the domain is many people's.
        let own = small.rsplit_once('@').map_or(small.as_str(), |(local, _)| local);
        words.extend(own.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        words.push(own.to_owned());
    }
    words.retain(|word| word.chars().count() >= SHORTEST_WORD);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}
