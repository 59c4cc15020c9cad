//! What failed, told once more at the end: whoever reads a long log, or only its end, should not have to search.

use std::fmt;

/// Lines of each failed case; what follows is a backtrace that the log has.
const LINES: usize = 12;

/// Picks the failed cases and what they say out of a test harness's output.
#[derive(Default)]
pub(crate) struct Failures {
    cases: Vec<Vec<String>>,
    in_report: bool,
}

impl Failures {
    /// `failures:` comes twice: before what each failed case says, and before their names.
    pub(crate) fn hear(&mut self, line: &str) {
        if line == "failures:" {
            self.in_report = !self.in_report;
        } else if self.in_report && line.starts_with("---- ") {
            self.cases.push(vec![line.to_owned()]);
        } else if self.in_report
            && !line.is_empty()
            && let Some(case) = self.cases.last_mut().filter(|case| case.len() < LINES)
        {
            case.push(line.to_owned());
        }
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.cases.iter().flatten() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failed_cases_are_told_and_nothing_else() {
        let output = "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nit broke\n\n\
            failures:\n    b\n\ntest result: FAILED\nrunning 1 test\ntest c ... FAILED\n\nfailures:\n\n---- c ----\nso did it\n\
            \nfailures:\n    c\n";
        let mut failures = Failures::default();
        output.lines().for_each(|line| failures.hear(line));
        assert_eq!(failures.to_string(), "---- b stdout ----\nit broke\n---- c ----\nso did it\n");
    }

    #[test]
    fn a_long_backtrace_is_cut() {
        let mut failures = Failures::default();
        failures.hear("failures:");
        failures.hear("---- b stdout ----");
        (0..100).for_each(|n| failures.hear(&format!("{n}: a frame")));
        assert_eq!(failures.to_string().lines().count(), LINES);
    }
}
