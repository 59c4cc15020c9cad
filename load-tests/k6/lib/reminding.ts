// Reminders, as their owner sees them: each is in the inbox, once.

import { check, sleep } from "k6";
import type { BulkResult, Client, Notification, Page } from "./api.ts";
import { reminderLate, reminderSeen, remindersDoubled, remindersMissing, remindersSetLate } from "./measures.ts";

/** How long a reminder is waited for, and how much longer it is watched that no second one comes; in seconds. */
const PATIENCE = 60;
const STILL = 2;

/** Sets so many reminders for one instant, all in one request; waits until the inbox has them. */
export function remind(me: Client, count: number, due: number) {
  const at = new Date(due).toISOString();
  const operations = Array.from({ length: count }, (_, n) => ({
    op: "create",
    body: { title: `Water plant ${n}`, reminders: [{ at }] },
  }));
  const set = me.command<{ results: BulkResult[] }>("bulk", {
    method: "POST",
    path: "/tasks/bulk",
    name: "/tasks/bulk",
    body: { operations },
  });
  if (set === undefined) return;
  const created = set.body.results?.flatMap(({ status, task }) => (status === 201 && task ? [task.id] : [])) ?? [];
  check(created, { "reminders are set": ({ length }) => length === count });
  const inTime = Date.now() < due;
  if (!inTime) remindersSetLate.add(count);

  sleep(Math.max(0, due - Date.now()) / 1000);
  const awaited = new Set(created);
  const until = Date.now() + PATIENCE * 1000;
  while (awaited.size > 0 && Date.now() < until) {
    // Not all at the same moment.
    sleep(0.75 + Math.random() / 2);
    for (const shown of inbox(me, due) ?? []) {
      if (!awaited.delete(shown.task_id) || !inTime) continue;
      reminderLate.add(shown.late_ms);
      reminderSeen.add(Date.now() - due);
    }
  }
  remindersMissing.add(awaited.size);
  check(awaited, { "every reminder is in the inbox": ({ size }) => size === 0 });

  sleep(STILL);
  const shown = inbox(me, due);
  if (shown === undefined) return;
  const mine = new Set(created);
  const doubled = shown.filter(({ task_id }) => mine.has(task_id)).length - (mine.size - awaited.size);
  remindersDoubled.add(Math.max(0, doubled));
  check(doubled, { "and none is there twice": (more) => more <= 0 });
}

/** The entries of the inbox about what was due then or later, newest first. */
function inbox(me: Client, due: number): Notification[] | undefined {
  const entries: Notification[] = [];
  let cursor = "";
  for (;;) {
    const page = me.query<Page<Notification>>("inbox", `/notifications?limit=200${cursor}`);
    if (page === undefined) return undefined;
    entries.push(...page.body.items);
    const older = page.body.items.some(({ due_at }) => Date.parse(due_at) < due);
    if (older || page.body.next_cursor === null) return entries;
    cursor = `&cursor=${page.body.next_cursor}`;
  }
}
