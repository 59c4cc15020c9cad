//! How figures change when there is more: several reports, of one run each, side by side.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::report::{Report, whole};

/// A table of the reports in the folders of `directory`, in the order of their names' numbers; also left there.
pub(crate) fn table(directory: &Path) -> Result<String> {
    let mut reports = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        let file = path.join("bench.json");
        if file.exists() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            reports.push((name, Report::read(&file)?));
        }
    }
    ensure!(!reports.is_empty(), "there is no report in {}", directory.display());
    reports.sort_by_key(|(name, _)| order(name));
    let text = markdown(&reports);
    fs::write(directory.join("growth.md"), &text)?;
    Ok(text)
}

/// `tasks-10000` after `tasks-1000`.
fn order(name: &str) -> (String, u64) {
    let (what, number) = name.rsplit_once('-').unwrap_or((name, "0"));
    (what.to_owned(), number.parse().unwrap_or(0))
}

/// Rate, CPU time up to the answer, and p99 of each scenario.
fn markdown(reports: &[(String, Report)]) -> String {
    let mut rows: Vec<(crate::scenarios::Name, Vec<String>)> = Vec::new();
    for (index, (_, report)) in reports.iter().enumerate() {
        for figures in &report.scenarios {
            let row = match rows.iter().position(|(name, _)| *name == figures.name) {
                Some(row) => row,
                None => {
                    rows.push((figures.name, Vec::new()));
                    rows.len() - 1
                }
            };
            rows[row].1.resize(index, "-".to_owned());
            rows[row].1.push(format!(
                "{}/s, {:.2} ms, p99 {:.0} ms",
                whole(figures.rate.median),
                figures.cpu.answer.median,
                figures.latency.p99.median
            ));
        }
    }
    let heads: Vec<_> = reports.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("| | {} |\n|---|{}\n", heads.join(" | "), "---:|".repeat(heads.len()));
    for (name, mut cells) in rows {
        cells.resize(reports.len(), "-".to_owned());
        text.push_str(&format!("| {} | {} |\n", name.title(), cells.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_in_the_order_of_their_numbers() {
        let mut names = ["tasks-10000", "replicas-4", "tasks-1000", "replicas-1"];
        names.sort_by_key(|name| order(name));
        assert_eq!(names, ["replicas-1", "replicas-4", "tasks-1000", "tasks-10000"]);
    }
}
