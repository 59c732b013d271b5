//! Charts that the server draws: levels over time, amounts by month, parts of a whole, progress.
//!
//! Shapes are laid out here in percent, so that they stretch; text is text and never does. The
//! macros of `charts.html` write them down. Not here: whose numbers these are.

use super::filters::written;

/// The most names of months that fit below a chart of levels.
const NAMES: usize = 7;

/// One part of a whole, or one kind of column.
#[derive(Clone, Debug)]
pub struct Portion {
    /// What it is: `not reporting`.
    pub words: String,
    /// How many.
    pub units: u64,
    /// The class that fills it: `fill-1` to `fill-5`.
    pub fill: &'static str,
}

/// A portion as it is drawn, in percent of the width.
pub(crate) struct Slice {
    pub(crate) fill: &'static str,
    pub(crate) x: String,
    pub(crate) width: String,
}

/// The parts of a whole, from the left.
pub(crate) fn slices(portions: &[Portion]) -> Vec<Slice> {
    let whole: u64 = portions.iter().map(|one| one.units).sum::<u64>().max(1);
    let mut before = 0;
    let drawn = portions.iter().map(|one| {
        let slice = Slice {
            fill: one.fill,
            x: percent(share(before, whole)),
            width: percent(share(one.units, whole)),
        };
        before += one.units;
        slice
    });
    drawn.collect()
}

/// The parts in words: `1,236 on time, 31 due within 7 days`.
pub(crate) fn told(portions: &[Portion]) -> String {
    let one = |one: &Portion| format!("{} {}", written(&one.units.to_string()), one.words);
    portions.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Amounts by month, each of a few kinds that stand on each other.
#[derive(Clone, Debug)]
pub struct Months {
    /// What the chart shows: `Entitlements that end, by month`.
    pub title: String,
    /// The kinds, from the axis up, each with its sum over all months.
    pub kinds: Vec<Portion>,
    /// The months in order: their names and an amount of each kind.
    pub months: Vec<(String, Vec<u64>)>,
}

/// A column's piece, in percent of the chart.
pub(crate) struct Piece {
    pub(crate) fill: &'static str,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
}

/// A text at a place.
pub(crate) struct Label {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) words: String,
    /// The class: `minor-tick` for those that leave when it is narrow, or none.
    pub(crate) class: &'static str,
}

/// Where the axis of a chart by month lies, and how much above it columns may take, in percent.
const MONTHS_BASE: f64 = 80.0;
const MONTHS_TOP: f64 = 14.0;

/// All of a month.
fn total((_, amounts): &(String, Vec<u64>)) -> u64 {
    amounts.iter().sum()
}

impl Months {
    /// How wide a month is, in percent.
    fn step(&self) -> f64 {
        100.0 / self.months.len().max(1) as f64
    }

    /// How high so many stand, in percent.
    fn height(&self, units: u64) -> f64 {
        let most = self.months.iter().map(total).max().unwrap_or(0);
        share(units, most) / 100.0 * (MONTHS_BASE - MONTHS_TOP)
    }

    pub(crate) fn pieces(&self) -> Vec<Piece> {
        let step = self.step();
        let mut pieces = Vec::new();
        for (at, (_, amounts)) in self.months.iter().enumerate() {
            let mut below = 0;
            for (kind, amount) in self.kinds.iter().zip(amounts).filter(|(_, amount)| **amount > 0)
            {
                pieces.push(Piece {
                    fill: kind.fill,
                    x: percent(step * (at as f64 + 0.16)),
                    y: percent(MONTHS_BASE - self.height(below + amount)),
                    width: percent(step * 0.68),
                    // A hair of ground shows between what stands on each other.
                    height: percent((self.height(*amount) - 0.8).max(0.6)),
                });
                below += amount;
            }
        }
        pieces
    }

    /// How many there are in each month, above its column.
    pub(crate) fn totals(&self) -> Vec<Label> {
        let filled = self.months.iter().enumerate().filter(|(_, month)| total(month) > 0);
        let label = |(at, month): (usize, &(String, Vec<u64>))| Label {
            x: percent(self.step() * (at as f64 + 0.5)),
            y: percent(MONTHS_BASE - self.height(total(month)) - 2.5),
            words: written(&total(month).to_string()),
            class: "",
        };
        filled.map(label).collect()
    }

    pub(crate) fn labels(&self) -> Vec<Label> {
        let step = self.step();
        let label = |(at, (name, _)): (usize, &(String, Vec<u64>))| Label {
            x: percent(step * (at as f64 + 0.5)),
            y: percent(97.0),
            words: name.clone(),
            class: if at.is_multiple_of(3) { "" } else { "minor-tick" },
        };
        self.months.iter().enumerate().map(label).collect()
    }

    pub(crate) fn description(&self) -> String {
        let most = self.months.iter().max_by_key(|month| total(month));
        match most.filter(|month| total(month) > 0) {
            None => "Nothing in any of these months.".to_owned(),
            Some(most) => format!(
                "{}. Most in {}: {}.",
                told(&self.kinds),
                most.0,
                written(&total(most).to_string())
            ),
        }
    }
}

/// What was in use and what was entitled, over time, in equal steps.
#[derive(Clone, Debug)]
pub struct Levels {
    /// What the chart shows: `Network Advantage in Harbour: in use and entitled`.
    pub title: String,
    /// At each step: its name, and its levels.
    pub steps: Vec<Level>,
    /// Which step is now; those after it are ahead.
    pub now: usize,
}

/// The levels at one step.
#[derive(Clone, Debug)]
pub struct Level {
    /// The step's name: `Nov 2026`.
    pub name: String,
    /// In use.
    pub used: u64,
    /// Entitled.
    pub entitled: u64,
}

/// The frame of the shapes: this wide and high in their own units.
const WIDE: f64 = 1000.0;
const HIGH: f64 = 200.0;
/// Where the frame lies in the chart, in percent.
const LEFT: f64 = 6.0;
const ACROSS: f64 = 92.0;
const TOP: f64 = 4.0;
const DOWN: f64 = 80.0;

impl Levels {
    fn scale(&self) -> (u64, u64) {
        let most = self.steps.iter().map(|one| one.used.max(one.entitled)).max().unwrap_or(0);
        let step = round_step(most);
        (step, most.div_ceil(step).max(1) * step)
    }

    fn x(&self, at: usize) -> f64 {
        WIDE * at as f64 / (self.steps.len().max(2) - 1) as f64
    }

    fn y(&self, units: u64) -> f64 {
        HIGH * (1.0 - share(units, self.scale().1) / 100.0)
    }

    /// A line through levels that hold until the next step.
    fn stairs(&self, from: usize, through: usize, level: impl Fn(&Level) -> u64) -> String {
        let mut points = Vec::new();
        for (at, one) in self.steps.iter().enumerate().take(through + 1).skip(from) {
            if at > from {
                points.push((self.x(at), self.y(level(&self.steps[at - 1]))));
            }
            points.push((self.x(at), self.y(level(one))));
        }
        points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn used(&self) -> String {
        self.stairs(0, self.now, |one| one.used)
    }

    pub(crate) fn used_ahead(&self) -> String {
        self.stairs(self.now, self.steps.len(), |one| one.used)
    }

    pub(crate) fn entitled(&self) -> String {
        self.stairs(0, self.now, |one| one.entitled)
    }

    pub(crate) fn entitled_ahead(&self) -> String {
        self.stairs(self.now, self.steps.len(), |one| one.entitled)
    }

    /// The ground under what was in use.
    pub(crate) fn ground(&self) -> String {
        format!("0,{HIGH:.0} {} {:.1},{HIGH:.0}", self.used(), self.x(self.now))
    }

    /// What was missing, step by step: places, widths and heights in the frame's own units.
    pub(crate) fn missing(&self) -> Vec<[String; 4]> {
        let short = |(at, one): (usize, &Level)| {
            let (x, y) = (self.x(at), self.y(one.used));
            let box_of = [x, y, self.x(at + 1) - x, self.y(one.entitled) - y];
            (one.used > one.entitled && at < self.now).then(|| box_of.map(|it| format!("{it:.1}")))
        };
        self.steps.iter().enumerate().filter_map(short).collect()
    }

    /// The lines to read the height by, each with its number.
    pub(crate) fn lines(&self) -> Vec<Label> {
        let (step, top) = self.scale();
        let line = |units: u64| Label {
            x: percent(LEFT - 1.0),
            y: percent(TOP + DOWN * (1.0 - share(units, top) / 100.0)),
            words: written(&units.to_string()),
            class: "",
        };
        (0..=top / step).map(|at| line(at * step)).collect()
    }

    /// The names below.
    pub(crate) fn names(&self) -> Vec<Label> {
        let every = self.steps.len().div_ceil(NAMES).max(1);
        let label = |(at, one): (usize, &Level)| Label {
            x: percent(LEFT + ACROSS * self.x(at) / WIDE),
            y: percent(98.0),
            words: one.name.clone(),
            class: if at.is_multiple_of(2 * every) { "" } else { "minor-tick" },
        };
        let last = self.steps.len().saturating_sub(1);
        let room = |at: usize, other: usize| at == other || at.abs_diff(other) >= every.min(2);
        let named = |at: usize| at == last || (at.is_multiple_of(every) && room(at, last));
        let fits = |at: usize| named(at) && at != self.now && room(at, self.now);
        self.steps.iter().enumerate().filter(|(at, _)| fits(*at)).map(label).collect()
    }

    /// Where now is.
    pub(crate) fn today(&self) -> String {
        percent(LEFT + ACROSS * self.x(self.now) / WIDE)
    }

    pub(crate) fn description(&self) -> String {
        let Some(now) = self.steps.get(self.now) else {
            return "Nothing was measured yet.".to_owned();
        };
        let since = self.steps.first().map_or("", |first| &first.name);
        let balance = match now.used.saturating_sub(now.entitled) {
            0 => format!("{} free", written(&(now.entitled - now.used).to_string())),
            short => format!("short by {}", written(&short.to_string())),
        };
        let number = |units: u64| written(&units.to_string());
        format!(
            "From {since} to now. In use now {}, entitled {}: {balance}.",
            number(now.used),
            number(now.entitled)
        )
    }
}

/// A step of 1, 2 or 5 and noughts that cuts this into at most five.
fn round_step(most: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for step in [ten, 2 * ten, 5 * ten] {
            if most <= step.saturating_mul(5) {
                return step;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion(units: u64) -> Portion {
        Portion { words: "on time".to_owned(), units, fill: "fill-1" }
    }

    fn levels(all: &[(u64, u64)], now: usize) -> Levels {
        let level = |&(used, entitled)| Level { name: "Nov".to_owned(), used, entitled };
        Levels { title: "Harbour".to_owned(), steps: all.iter().map(level).collect(), now }
    }

    #[test]
    fn parts_fill_the_whole_and_are_told_in_words() {
        let parts = [portion(3), portion(1)];
        let drawn: Vec<_> = slices(&parts).into_iter().map(|one| (one.x, one.width)).collect();
        assert_eq!(drawn[0], ("0.00%".to_owned(), "75.00%".to_owned()));
        assert_eq!(drawn[1], ("75.00%".to_owned(), "25.00%".to_owned()));
        assert_eq!(told(&[portion(1236)]), "1,236 on time");
        assert_eq!(slices(&[portion(0)])[0].width, "0.00%");
    }

    #[test]
    fn a_height_is_read_by_round_numbers() {
        for (most, step) in [(0, 1), (5, 1), (6, 2), (131, 50), (1_000_000, 200_000)] {
            assert_eq!(round_step(most), step, "{most}");
        }
        assert!(round_step(u64::MAX) > 0);
        let words: Vec<_> =
            levels(&[(96, 146), (131, 119)], 1).lines().into_iter().map(|one| one.words).collect();
        assert_eq!(words, ["0", "50", "100", "150"]);
    }

    #[test]
    fn a_shortage_is_drawn_only_where_it_was() {
        let chart = levels(&[(5, 10), (12, 10), (9, 10), (20, 10)], 2);
        assert_eq!(chart.missing().len(), 1);
        assert_eq!(chart.description(), "From Nov to now. In use now 9, entitled 10: 1 free.");
        assert_eq!(levels(&[], 0).description(), "Nothing was measured yet.");
        assert!(levels(&[], 0).used().is_empty() && !levels(&[(1, 1)], 0).used().is_empty());
    }

    #[test]
    fn columns_stand_on_each_other_and_the_highest_is_named() {
        let kinds = vec![portion(6), portion(4)];
        let months = vec![("Jan".to_owned(), vec![5, 4]), ("Feb".to_owned(), vec![1, 0])];
        let chart = Months { title: "Ends".to_owned(), kinds, months };
        let pieces = chart.pieces();
        assert_eq!(pieces.len(), 3, "nothing is drawn for nothing");
        assert_eq!(pieces[1].y, "14.00%");
        assert_eq!(chart.totals()[0].words, "9");
        assert_eq!(chart.description(), "6 on time, 4 on time. Most in Jan: 9.");
    }
}
