//! The chart "balance by license": bars to the right for what is free, to the left for what is missing.

use super::overview::PoolRow;
use super::parts::PoolAlert;

/// How many pools the chart shows.
const ROWS: usize = 10;

/// The longest bar may be this many times the next longest, of either side; beyond, it is drawn
/// broken, or a shortage of 3 would vanish beside 10,000 free.
const LONGEST: i64 = 4;

/// The lowest balances, laid out in percent of the chart's width and height.
pub(crate) struct BalanceChart<'a> {
    pub(crate) bars: Vec<Bar<'a>>,
    /// Where zero is, from the left.
    pub(crate) zero: String,
}

/// One row.
pub(crate) struct Bar<'a> {
    pub(crate) row: &'a PoolRow,
    pub(crate) shape: Shape,
    /// The middle of the row, from the top.
    pub(crate) middle: String,
}

/// What is drawn.
pub(crate) enum Shape {
    /// Nothing left, nothing missing.
    Even,
    /// Missing: hatched, from `x` to zero.
    Short { x: String, width: String },
    /// Free: from zero.
    Free { width: String },
    /// Free, and far more than fits.
    Broken { width: String, gap: String },
}

impl<'a> BalanceChart<'a> {
    /// The chart of the first rows of a list that begins with the lowest balance, without those
    /// whose shortage is nobody's business: they would set the scale.
    pub(crate) fn lowest(rows: &'a [PoolRow]) -> Self {
        let rows: Vec<&PoolRow> = rows
            .iter()
            .filter(|row| !matches!(row.alert, PoolAlert::Tolerated(_)))
            .take(ROWS)
            .collect();
        let missing = rows.iter().map(|row| -row.balance).max().unwrap_or(0).max(0);
        let mut free: Vec<i64> = rows.iter().map(|row| row.balance.max(0)).collect();
        free.sort_unstable_by_key(|free| std::cmp::Reverse(*free));
        let (most, next) = (free.first().copied().unwrap_or(0), free.get(1).copied().unwrap_or(0));
        let beside = missing.max(next);
        let free = if beside > 0 { most.min(beside.saturating_mul(LONGEST)) } else { most };
        let whole = (missing + free).max(1) as f64;
        let percent = |units: i64| units as f64 / whole * 100.0;
        let shape = |balance: i64| match balance {
            0 => Shape::Even,
            short if short < 0 => {
                Shape::Short { x: said(percent(missing + short)), width: said(percent(-short)) }
            }
            plenty if plenty > free => Shape::Broken {
                width: said(percent(free)),
                gap: said(percent(missing) + percent(free) * 0.82),
            },
            some => Shape::Free { width: said(percent(some)) },
        };
        let place = |at: usize| said((at as f64 + 0.5) / rows.len().max(1) as f64 * 100.0);
        let bars = rows.iter().enumerate().map(|(at, &row)| Bar {
            row,
            shape: shape(row.balance),
            middle: place(at),
        });
        Self { bars: bars.collect(), zero: said(percent(missing)) }
    }

    /// The chart in one sentence, for those who do not see it.
    pub(crate) fn description(&self) -> String {
        let short = self.bars.iter().filter(|bar| bar.row.balance < 0).count();
        match (short, self.bars.first()) {
            (_, None) => "There are no licenses.".to_owned(),
            (0, Some(_)) => format!("None of the {} lowest balances is negative.", self.bars.len()),
            (short, Some(worst)) => format!(
                "{short} of the {} lowest balances {} negative; the lowest is {}, {} missing in {}.",
                self.bars.len(),
                if short == 1 { "is" } else { "are" },
                worst.row.license,
                worst.row.balance.unsigned_abs(),
                worst.row.virtual_account,
            ),
        }
    }
}

fn said(percent: f64) -> String {
    format!("{percent:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::pages::parts::InUse;

    fn row(balance: i64) -> PoolRow {
        PoolRow {
            pool: "pool_1".to_owned(),
            license: "Network Advantage".to_owned(),
            tag: "advantage".to_owned(),
            virtual_account: "Lab".to_owned(),
            in_force: 10,
            future: 0,
            expired: 0,
            in_use: InUse { total: 10 - balance, ..InUse::default() },
            balance,
            alert: PoolAlert::Quiet,
        }
    }

    #[test]
    fn a_small_shortage_stays_visible_beside_plenty() {
        let rows = [row(-3), row(0), row(6), row(10_000)];
        let chart = BalanceChart::lowest(&rows);
        assert_eq!(chart.zero, "11.11%"); // 3 missing and 4 × 6 free make the whole
        let short = ("0.00%", "11.11%");
        assert!(
            matches!(&chart.bars[0].shape, Shape::Short { x, width } if (x.as_str(), width.as_str()) == short)
        );
        assert!(matches!(&chart.bars[1].shape, Shape::Even));
        assert!(matches!(&chart.bars[2].shape, Shape::Free { width } if width == "22.22%"));
        assert!(matches!(&chart.bars[3].shape, Shape::Broken { width, .. } if width == "88.89%"));
    }

    #[test]
    fn a_chart_of_one_bar_is_not_broken() {
        let rows = [row(10_000)];
        let chart = BalanceChart::lowest(&rows);
        assert!(matches!(&chart.bars[0].shape, Shape::Free { width } if width == "100.00%"));
    }

    #[test]
    fn the_description_names_the_worst() {
        let rows = [row(-3), row(0)];
        let said = BalanceChart::lowest(&rows).description();
        assert_eq!(
            said,
            "1 of the 2 lowest balances is negative; the lowest is Network Advantage, 3 missing in Lab."
        );
        assert_eq!(BalanceChart::lowest(&[]).description(), "There are no licenses.");
    }
}
