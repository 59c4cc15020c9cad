// What a run must keep, and what of it the summary tells apart.

import type { Options } from "k6/options";
import { COMMANDS, QUERIES } from "./measures.ts";

/** By metric, which may be of one phase or kind alone: `command_ms{phase:after}`. */
export type Thresholds = Record<string, string[]>;

/** Of every run, however much it asks: answers are right, and no person has to be held back. */
const ALWAYS: Thresholds = {
  checks: ["rate==1"],
  rate_limited: ["count==0"],
  broken: ["count==0"],
  iterations: ["count>0"],
};

/** What answers take at most on a calm machine, with optimised builds and a rate that it can bear. */
export const QUICK: Thresholds = { command_ms: ["p(95)<300"], query_ms: ["p(95)<200"] };

/** The same of one phase. */
export function inPhase(phase: string, thresholds: Thresholds): Thresholds {
  return Object.fromEntries(Object.entries(thresholds).map(([metric, rules]) => [`${metric}{phase:${phase}}`, rules]));
}

/** The options that all scripts have in common. */
export function options(thresholds: Thresholds, phases: string[] = []): Options {
  const all: Thresholds = { ...ALWAYS, ...thresholds };
  const parts = [
    ...COMMANDS.map((kind) => `command_ms{kind:${kind}}`),
    ...QUERIES.map((kind) => `query_ms{kind:${kind}}`),
    ...phases.flatMap((phase) =>
      ["command_ms", "query_ms", "answered", "iterations"].map((metric) => `${metric}{phase:${phase}}`),
    ),
  ];
  // k6 keeps the figures of a part if something is demanded of it, be it nothing.
  for (const part of parts) all[part] ??= [];
  return {
    thresholds: all,
    summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
    setupTimeout: "20m",
    // Without `url`: what requests are is in `name`, and ids would make each a series of its own.
    systemTags: ["status", "method", "name", "error_code", "expected_response", "scenario", "group", "check"],
    userAgent: "almanac-load-tests",
  };
}
