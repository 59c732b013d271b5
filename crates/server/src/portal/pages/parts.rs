//! The small things that several pages show: counts, commands to paste, links, states in words.

use std::fmt;

use super::filters::written;

/// A count that is honest about where it stopped counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Exactly so many.
    Exactly(u64),
    /// At least so many, counted no further; shown as `10,000+`.
    AtLeast(u64),
}

impl Counted {
    /// Whether there is nothing.
    pub fn is_zero(&self) -> bool {
        *self == Self::Exactly(0)
    }

    /// Whether there are more than so many.
    pub fn exceeds(&self, shown: usize) -> bool {
        match *self {
            Self::Exactly(count) => count > shown as u64,
            Self::AtLeast(_) => true,
        }
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(count) => out.write_str(&written(&count.to_string())),
            Self::AtLeast(count) => write!(out, "{}+", written(&count.to_string())),
        }
    }
}

/// A command or a call, ready to be copied.
#[derive(Clone, Debug)]
pub struct Paste {
    /// Where it is to be run: `On the device, with the Scrip agent`.
    pub label: String,
    /// What to paste, whole; lines apart by `\n`.
    pub command: String,
}

/// A link that does or begins something.
#[derive(Clone, Debug)]
pub struct Act {
    /// What will happen: `Open the pool`.
    pub label: String,
    /// Where it leads.
    pub href: String,
}

/// One thing that would resolve an alarm or a problem.
#[derive(Clone, Debug)]
pub struct Way {
    /// What to do, in few words: `Buy 11 or more`. May be empty.
    pub lead: String,
    /// The rest of the sentence, such as `, beginning by today`.
    pub rest: String,
    /// Where to do it, if the portal has the place and the person may.
    pub act: Option<Act>,
}

/// How much an alarm matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is missing.
    Major,
    /// Something should be looked at.
    Minor,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Major => "Major",
            Self::Minor => "Minor",
        }
    }

    /// The class that gives its colour.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Major => "bad",
            Self::Minor => "warn",
        }
    }
}

/// A license as a link to its pool.
#[derive(Clone, Debug)]
pub struct LicenseLink {
    /// The shown name: the catalogue's, else the tag's short name.
    pub name: String,
    /// The pool, `pool_…`.
    pub pool: String,
}

/// Units in use of a license, and which part of them is old or not vouched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InUse {
    /// All that counts, the two parts below included.
    pub total: i64,
    /// The part whose instances are overdue.
    pub stale: i64,
    /// The part that no bound key vouches for.
    pub unverified: i64,
}

impl InUse {
    /// `3 stale`, `2 unverified`, both or nothing.
    pub fn parts(&self) -> Vec<String> {
        let parts = [(self.stale, "stale"), (self.unverified, "unverified")];
        parts
            .iter()
            .filter(|(count, _)| *count != 0)
            .map(|(count, word)| format!("{} {word}", written(&count.to_string())))
            .collect()
    }
}

/// Whether the reports of a product instance come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// They come as its policy asks.
    Reporting,
    /// One is overdue; the last levels still count.
    Stale,
    /// Trusted, but nothing was heard yet.
    Never,
    /// Known only from unverified reports: no key is bound.
    Unverified,
    /// A person removed it, and nothing was heard of it from after that.
    Removed,
}

impl InstanceState {
    /// The word for it in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Self::Reporting => "reporting",
            Self::Stale => "stale",
            Self::Never => "never",
            Self::Unverified => "unverified",
            Self::Removed => "removed",
        }
    }

    /// The words for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reporting => "Reporting",
            Self::Stale => "Stale",
            Self::Never => "Not yet reported",
            Self::Unverified => "Unverified",
            Self::Removed => "Removed",
        }
    }

    /// The class that gives its colour; empty for none.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Reporting => "good",
            Self::Stale => "warn",
            Self::Never | Self::Removed => "",
            Self::Unverified => "info",
        }
    }

    /// Its icon in the sprite.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Reporting => "check",
            Self::Stale => "clock",
            Self::Never => "dots",
            Self::Unverified => "eye",
            Self::Removed => "cross",
        }
    }
}

/// What a pool's row warns of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolAlert {
    /// Nothing.
    Quiet,
    /// Short by so many units of a license in the catalogue.
    Short(i64),
    /// Short by so many units of a tag that no catalogue names.
    Unknown(i64),
    /// Over by so many units, which for this license raises no alarm.
    Tolerated(i64),
}

impl PoolAlert {
    /// The words for it; empty for none.
    pub fn word(self) -> String {
        let size = |by: i64| written(&by.unsigned_abs().to_string());
        match self {
            Self::Quiet => String::new(),
            Self::Short(by) => format!("Short by {}", size(by)),
            Self::Unknown(by) => format!("Unknown, short by {}", size(by)),
            Self::Tolerated(by) => format!("Over by {}, for information", size(by)),
        }
    }

    /// The class that gives its colour; empty for none.
    pub fn tone(self) -> &'static str {
        match self {
            Self::Short(_) | Self::Unknown(_) => "bad",
            Self::Quiet | Self::Tolerated(_) => "",
        }
    }

    /// Its icon in the sprite.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Short(_) | Self::Unknown(_) => "alarm",
            Self::Quiet | Self::Tolerated(_) => "note",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_where_it_stopped() {
        assert_eq!(Counted::Exactly(1_284).to_string(), "1,284");
        assert_eq!(Counted::AtLeast(10_000).to_string(), "10,000+");
        assert!(Counted::Exactly(101).exceeds(100) && !Counted::Exactly(100).exceeds(100));
    }

    #[test]
    fn stale_and_unverified_parts_are_named_only_where_there_are_any() {
        assert!(InUse { total: 12, ..InUse::default() }.parts().is_empty());
        assert_eq!(InUse { total: 12, stale: 3, unverified: 0 }.parts(), ["3 stale"]);
        assert_eq!(
            InUse { total: 12, stale: 3, unverified: 2 }.parts(),
            ["3 stale", "2 unverified"]
        );
    }
}
