//! The report as people read it.

use std::fmt;

use super::{Percentiles, Report};

/// As many violations are shown as a person reads; the JSON has all.
const SHOWN: usize = 50;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, counts, .. } = self;
        writeln!(f, "Seed {} on {}, {} s, repeat with: {}", run.seed, run.broker, self.seconds, run.command)?;
        let total: usize = self.faults.values().sum();
        let kinds: Vec<String> = self.faults.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        writeln!(f, "\nFaults        {total}: {}", kinds.join(", "))?;
        writeln!(
            f,
            "Commands      {}: {} accepted, {} refused, {} unknown; {} sent again; {} reads; {} accounts",
            counts.commands,
            counts.accepted,
            counts.refused,
            counts.unknown,
            counts.retried,
            counts.reads,
            counts.accounts
        )?;
        writeln!(
            f,
            "Tasks         {}, in {} versions; {} events audited",
            counts.tasks, counts.versions, counts.audited
        )?;
        writeln!(
            f,
            "Reminders     {} fired, {} cleared, {} ahead; {} notifications, {} of them superseded",
            counts.reminders_fired,
            counts.reminders_cleared,
            counts.reminders_ahead,
            counts.notifications,
            counts.superseded
        )?;
        writeln!(
            f,
            "Mails         {} for {} delivered; {} again after an unknown outcome",
            counts.mails, counts.mails_delivered, counts.mails_again
        )?;
        writeln!(
            f,
            "Series        {}, {} decisions, {} next instances",
            counts.series, counts.decided, counts.next_instances
        )?;
        for host in &self.hosts {
            let activations = match &host.activations {
                Some(types) if types.is_empty() => "no actors".to_owned(),
                Some(types) => {
                    types.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
                }
                None => "does not answer".to_owned(),
            };
            writeln!(
                f,
                "Host          {}, {}: {activations}",
                host.part,
                if host.live { "live" } else { "stopped" }
            )?;
        }

        writeln!(f, "\nMilliseconds; outages are counted until {} s after their end", self.recovery_s)?;
        writeln!(f, "{:32}{:>9}{:>11}{:>11}{:>11}", "", "count", "p50", "p99", "max")?;
        row(f, "reminders late, outside outages", &self.reminder_lateness_ms.outside)?;
        row(f, "reminders late, inside", &self.reminder_lateness_ms.inside)?;
        row(f, "commands, outside outages", &self.command_latency_ms.outside)?;
        row(f, "commands, inside", &self.command_latency_ms.inside)?;

        let seconds = self.settled_after_ms as f64 / 1000.0;
        match &self.still_owed {
            None => writeln!(f, "\nAll was done {seconds:.1} s after the run.")?,
            Some(owed) => writeln!(f, "\nNot done {seconds:.1} s after the run: {owed}.")?,
        }
        if self.passed() {
            return writeln!(f, "{} rules, no violation.", self.rules);
        }
        writeln!(f, "{} rules, {} violations:", self.rules, self.violations.len())?;
        for violation in self.violations.iter().take(SHOWN) {
            writeln!(f, "  {}: {}\n      {}", violation.rule, violation.subject, violation.evidence)?;
        }
        let more = self.violations.len().saturating_sub(SHOWN);
        if more > 0 { writeln!(f, "  … and {more} more") } else { Ok(()) }
    }
}

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    Percentiles { count, p50, p99, max }: &Percentiles,
) -> fmt::Result {
    let cell = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    writeln!(f, "{name:32}{count:>9}{:>11}{:>11}{:>11}", cell(p50), cell(p99), cell(max))
}
