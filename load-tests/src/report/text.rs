//! A report for people.

use crate::{
    report::{Figures, Report, Spread},
    scenarios::Name,
    trials::Trial,
};

const HEAD: [&str; 11] =
    ["", "per s", "of limit", "CPU ms", "of limit", "after", "p50 ms", "p99 ms", "stmts", "writes", "errors"];

const EXPLANATION: &str = "\
*per s*: answers a second with as many requests under way as the plan says, and in parts of what it is held against, \
in the same round. *CPU ms*: what a request costs up to its answer, at most, in all processes it waits for, and in \
what its limit costs. *after*: what follows, at least: events, subscribers. *p50*, *p99*: from when a request was to \
be sent, at random, at a part of that rate. *stmts*, *writes*: SQL statements and transactions that wrote, with all \
that follows. Medians of the rounds; in brackets the lowest and the highest.";

impl Report {
    /// For the terminal.
    pub(crate) fn text(&self) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.scenarios.iter().map(cells));
        let widths: [usize; HEAD.len()] = std::array::from_fn(|column| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
        });
        let line = |row: &[String; HEAD.len()]| {
            let mut line = format!("{:width$}", row[0], width = widths[0]);
            for (cell, width) in row.iter().zip(widths).skip(1) {
                line.push_str(&format!("  {cell:>width$}"));
            }
            line
        };
        let mut parts = Vec::new();
        if !self.scenarios.is_empty() {
            parts.push(rows.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        parts.extend(self.trials.iter().map(Trial::text));
        parts.push(self.circumstances());
        parts.extend(self.scenarios.iter().filter_map(|figures| {
            Some(format!(
                "{}: {} failed: {}",
                figures.name.title(),
                figures.errors,
                figures.first_error.as_ref()?
            ))
        }));
        format!("\n{}\n", parts.join("\n\n"))
    }

    /// For the book.
    pub(crate) fn markdown(&self) -> String {
        let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = format!(
            "Measured by `cargo xtask bench` on {}. {}\n\n{EXPLANATION}\n\n",
            self.at.format("%Y-%m-%d"),
            self.circumstances(),
        );
        text.push_str(&row(&HEAD.map(str::to_owned)));
        text.push_str(&format!("|---|{}\n", "---:|".repeat(HEAD.len() - 1)));
        self.scenarios.iter().for_each(|figures| text.push_str(&row(&cells(figures))));
        for trial in &self.trials {
            text.push_str(&format!("\n**{}**\n\n", trial.title));
            trial.figures.iter().for_each(|figure| text.push_str(&format!("- {}\n", figure.text())));
        }
        text
    }

    fn circumstances(&self) -> String {
        let Self { setup, cores, plan, tasks, .. } = self;
        let no_op =
            self.scenarios.iter().find(|figures| figures.name == Name::NoOp).map(|figures| figures.rate);
        let not = if self.optimized { "" } else { "not optimized; " };
        let calm = no_op.map(|Spread { min, max, .. }| {
            format!(" The no-op ran {} to {} times a second from round to round.", whole(min), whole(max))
        });
        format!(
            "{not}{cores} cores for everything, the driver included; {setup}; {} rows of tasks; {} requests at once; {} \
             rounds of {:.1} s; latencies at {:.0} % of the rate.{}",
            whole(*tasks as f64),
            plan.concurrency,
            plan.rounds,
            plan.slice().as_secs_f64(),
            plan.load * 100.0,
            calm.unwrap_or_default(),
        )
    }
}

fn cells(figures: &Figures) -> [String; HEAD.len()] {
    let percent = |spread: Spread| {
        let Spread { min, median, max } = spread;
        format!("{:.0} % [{:.0}, {:.0}]", median * 100.0, min * 100.0, max * 100.0)
    };
    let Spread { min, median, max } = figures.rate;
    [
        figures.name.title().to_owned(),
        format!("{} [{}, {}]", whole(median), whole(min), whole(max)),
        figures.rate_of_limit.map_or("-".into(), percent),
        format!("{:.2}", figures.cpu.answer.median),
        figures.cpu_of_limit.map_or("-".into(), |spread| format!("{:.2}", spread.median)),
        format!("{:.2}", figures.cpu.after.median),
        format!("{:.1}", figures.latency.p50.median),
        format!("{:.1}", figures.latency.p99.median),
        figures.statements.map_or("-".into(), |spread| format!("{:.1}", spread.median)),
        format!("{:.1}", figures.transactions.median),
        figures.errors.to_string(),
    ]
}

/// A whole number with its thousands apart.
pub(crate) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_readable() {
        assert_eq!([0.4, 999.0, 1000.0, 1_234_567.0].map(whole), ["0", "999", "1,000", "1,234,567"]);
    }
}
