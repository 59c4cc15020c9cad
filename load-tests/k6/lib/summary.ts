// What a run found, for people and for programs.

import { COMMANDS, QUERIES } from "./measures.ts";
import { lasts, type Profile } from "./profile.ts";
import { baseUrl, output, setup } from "./settings.ts";

/** What k6 hands to `handleSummary`, as far as it is used here. */
interface Data {
  metrics: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>;
  root_group: { checks: { name: string; passes: number; fails: number }[] };
  state: { testRunDurationMs: number };
}

/** Milliseconds, of so many. */
interface Times {
  count: number;
  median: number;
  p95: number;
  p99: number;
  max: number;
}

/** A change of a member's meaning raises `version`; members may be added. */
interface Summary {
  version: 1;
  script: string;
  ended_at: string;
  /** With `setup`. */
  seconds: number;
  base_url: string;
  setup: string;
  people: number;
  /** Whether all thresholds are kept; of a run that was stopped, as far as it went. */
  passed: boolean;
  thresholds: { metric: string; rule: string; kept: boolean }[];
  checks: { name: string; passes: number; fails: number }[];
  counts: Record<string, number>;
  commands: Record<string, Times>;
  queries: Record<string, Times>;
  reminders: Record<string, Times>;
  phases: { name: string; seconds: number; offered: number; visits: number; answered: number; commands: Times; queries: Times }[];
}

const COUNTS = [
  "iterations",
  "broken",
  "dropped_iterations",
  "http_reqs",
  "retries",
  "renewals",
  "rate_limited",
  "reminders_missing",
  "reminders_doubled",
  "reminders_set_late",
];
const REMINDERS = { late: "reminder_late_ms", seen: "reminder_seen_ms" };

/** A `handleSummary` that prints the summary, and leaves it in the folder that was asked for. */
export function summary(script: string, run: { people: number } | Profile) {
  return (data: Data): Record<string, string> => {
    const found = summarise(data, script, run);
    const text = asText(found);
    if (output === undefined) return { stdout: text };
    const json = `${JSON.stringify(found, null, 2)}\n`;
    return { stdout: text, [`${output}/summary.json`]: json, [`${output}/summary.txt`]: text };
  };
}

function summarise(data: Data, script: string, run: { people: number } | Profile): Summary {
  const value = (metric: string, member: string) => data.metrics[metric]?.values[member] ?? 0;
  const times = (metric: string): Times => ({
    count: value(metric, "count"),
    median: rounded(value(metric, "med")),
    p95: rounded(value(metric, "p(95)")),
    p99: rounded(value(metric, "p(99)")),
    max: rounded(value(metric, "max")),
  });
  const each = (metrics: Record<string, string>) => {
    const all = Object.entries(metrics).map(([name, metric]) => [name, times(metric)] as const);
    return Object.fromEntries(all.filter(([, { count }]) => count > 0));
  };
  const kinds = (metric: string, names: readonly string[]) =>
    each(Object.fromEntries(names.map((kind) => [kind, `${metric}{kind:${kind}}`])));
  const thresholds = Object.entries(data.metrics).flatMap(([metric, { thresholds }]) =>
    Object.entries(thresholds ?? {}).map(([rule, { ok }]) => ({ metric, rule, kept: ok })),
  );
  const phases = !("phases" in run) ? [] : run.phases.map((phase) => {
    const { name, from, to } = phase;
    const seconds = lasts(run, phase);
    return {
      name,
      seconds,
      offered: rounded((run.rate * (from + to)) / 2),
      visits: rounded(value(`iterations{phase:${name}}`, "count") / seconds),
      answered: value(`answered{phase:${name}}`, "rate"),
      commands: times(`command_ms{phase:${name}}`),
      queries: times(`query_ms{phase:${name}}`),
    };
  });
  return {
    version: 1,
    script,
    ended_at: new Date().toISOString(),
    seconds: rounded(data.state.testRunDurationMs / 1000),
    base_url: baseUrl,
    setup,
    people: run.people,
    passed: thresholds.every(({ kept }) => kept),
    thresholds,
    checks: data.root_group.checks.map(({ name, passes, fails }) => ({ name, passes, fails })),
    counts: Object.fromEntries(COUNTS.map((name) => [name, value(name, "count")])),
    commands: kinds("command_ms", COMMANDS),
    queries: kinds("query_ms", QUERIES),
    reminders: each(REMINDERS),
    phases,
  };
}

function asText(found: Summary): string {
  const parts = [
    [
      `${found.script}: thresholds ${found.passed ? "kept" : "BROKEN"}, ${found.ended_at}`,
      `${found.base_url}, ${found.setup}; ${found.people} people, ${found.seconds} s with setup`,
    ],
    found.thresholds.map(({ metric, rule, kept }) => `${kept ? "kept  " : "BROKEN"}  ${metric}: ${rule}`),
    found.checks.map(({ name, passes, fails }) => `${passes} right, ${fails} wrong: ${name}`),
    [Object.entries(found.counts).map(([name, count]) => `${name} ${count}`).join(", ")],
    table(["milliseconds", "count", "median", "p95", "p99", "max"], [
      ...Object.entries(found.commands).map(row("command ")),
      ...Object.entries(found.queries).map(row("query ")),
      ...Object.entries(found.reminders).map(row("reminder ")),
    ]),
    table(
      ["phase", "seconds", "visits/s offered", "done", "answered", "command p50", "p95", "query p50", "p95"],
      found.phases.map(({ name, seconds, offered, visits, answered, commands, queries }) => [
        name,
        ...[seconds, offered, visits].map(String),
        `${rounded(answered * 100)} %`,
        ...[commands.median, commands.p95, queries.median, queries.p95].map(String),
      ]),
    ),
  ];
  return `\n${parts.filter(({ length }) => length > 0).map((lines) => lines.join("\n")).join("\n\n")}\n\n`;
}

function row(what: string) {
  return ([name, { count, median, p95, p99, max }]: [string, Times]) =>
    [what + name, ...[count, median, p95, p99, max].map(String)];
}

/** Lines with columns; none if there are no rows. */
function table(head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return [];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  return all.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
