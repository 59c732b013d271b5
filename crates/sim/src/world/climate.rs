//! How bad the luck of a world is: each seed has its own.

use wire::time::Span;

use super::dice::Dice;

/// How likely each misfortune is, in thousandths where nothing else is said.
#[derive(Clone, Debug)]
pub(crate) struct Climate {
    /// A message or an answer is lost.
    pub(crate) lost: u64,
    /// A message arrives twice.
    pub(crate) doubled: u64,
    /// A message takes long, by far longer than its sender waits.
    pub(crate) late: u64,
    /// How long a message takes otherwise.
    pub(crate) delay: Span,
    /// How long a late one takes at most.
    pub(crate) longest: Span,
    /// The server answers that it is busy.
    pub(crate) busy: u64,
    /// The server's power is cut within the commit.
    pub(crate) cut_within: u64,
    /// The server is cut between commit and answer.
    pub(crate) cut_after: u64,
    /// How often fate acts.
    pub(crate) fate_pause: Span,
    /// How the acts of fate are weighed.
    pub(crate) weights: Weights,
    /// Whether two devices are a pair.
    pub(crate) has_pair: bool,
}

/// The weight of each kind of misfortune among the acts of fate.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    pub(crate) clocks: u64,
    pub(crate) power: u64,
    pub(crate) disks: u64,
    pub(crate) servers: u64,
    pub(crate) files: u64,
    pub(crate) moves: u64,
    pub(crate) dark: u64,
    pub(crate) clones: u64,
    pub(crate) backups: u64,
    pub(crate) wipes: u64,
    pub(crate) switches: u64,
}

impl Climate {
    /// The climate of a seed.
    pub(crate) fn of(seed: u64) -> Climate {
        let mut dice = Dice::new(seed, "climate");
        let has_pair = dice.happens(600);
        let weights = Weights {
            clocks: *dice.pick(&[0, 4, 12]),
            power: *dice.pick(&[2, 8, 20]),
            disks: *dice.pick(&[0, 2, 5]),
            servers: *dice.pick(&[1, 3, 8]),
            files: *dice.pick(&[1, 4, 10]),
            moves: *dice.pick(&[1, 4, 10]),
            dark: *dice.pick(&[0, 2, 5]),
            clones: *dice.pick(&[0, 0, 0, 3]),
            backups: *dice.pick(&[0, 0, 0, 4]),
            wipes: *dice.pick(&[0, 0, 0, 2]),
            switches: if has_pair { *dice.pick(&[3, 10]) } else { 0 },
        };
        Climate {
            lost: *dice.pick(&[0, 30, 100, 300]),
            doubled: *dice.pick(&[0, 50, 200, 500]),
            late: *dice.pick(&[0, 20, 100, 300]),
            delay: Span::from_millis(*dice.pick(&[200, 2_000, 20_000])),
            longest: Span::from_minutes(*dice.pick(&[5, 50, 180])),
            busy: *dice.pick(&[0, 20, 100]),
            cut_within: *dice.pick(&[0, 10, 30]),
            cut_after: *dice.pick(&[0, 10, 30]),
            fate_pause: Span::from_seconds(*dice.pick(&[30, 60, 120])),
            weights,
            has_pair,
        }
    }

    /// Nothing bad happens any more.
    pub(crate) fn fair(&mut self) {
        (self.lost, self.doubled, self.late, self.busy) = (0, 0, 0, 0);
        (self.cut_within, self.cut_after) = (0, 0);
        self.delay = Span::from_millis(200);
    }
}
