// What is measured beside k6's own metrics. Figures of `setup` are not among them.

import { Counter, Rate, Trend } from "k6/metrics";

/** What changes something, by `kind`: from the first try to the answer, with every try in between. */
export const commandTime = new Trend("command_ms", true);
export const COMMANDS = ["create", "update", "complete", "bulk"] as const;
export type Command = (typeof COMMANDS)[number];

/** What reads, by `kind`, alike. */
export const queryTime = new Trend("query_ms", true);
export const QUERIES = ["today", "list", "search", "get", "inbox"] as const;
export type Query = (typeof QUERIES)[number];

/** Whether a request had an answer in the end, whatever it said. Checks judge answers only. */
export const answered = new Rate("answered");

/** Requests sent again, under their key. */
export const retries = new Counter("retries");

/** Tokens that were exchanged for the next ones, before they ended. */
export const renewals = new Counter("renewals");

/** Refusals because one token sent too much: the run has too few people for its rate. */
export const rateLimited = new Counter("rate_limited");

/** Iterations that a defect of a script, or an answer of another shape, ended. k6 itself forgives them. */
const broken = new Counter("broken");

/** An iteration, which must come to its end. */
export function iteration(work: () => void) {
  try {
    work();
  } catch (error) {
    broken.add(1);
    throw error;
  }
}

/** How late a reminder fired, as the inbox says. */
export const reminderLate = new Trend("reminder_late_ms", true);

/** From when a reminder was due to when its owner saw it in the inbox, who looks every second. */
export const reminderSeen = new Trend("reminder_seen_ms", true);

/** Reminders that are not in the inbox after all patience. */
export const remindersMissing = new Counter("reminders_missing");

/** Entries of the inbox beyond the one that each reminder makes. */
export const remindersDoubled = new Counter("reminders_doubled");

/** Reminders that could be set only after they were due, because the system was too slow: their lateness says nothing. */
export const remindersSetLate = new Counter("reminders_set_late");
