// What a person does in a visit, and what they must see. Unanswered requests end a visit; answers must be right, however
// much is asked of the system.

import { check } from "k6";
import { newKey, type Client, type Page, type Task } from "./api.ts";

/** Looks at today, makes a task, changes it, finds it, does it. */
export function visit(me: Client) {
  const word = `w${newKey().replaceAll("-", "")}`;
  const title = `Water the plants ${word}`;
  if (me.query("today", "/views/today?limit=50") === undefined) return;

  const created = me.command<Task>("create", {
    method: "POST",
    path: "/tasks",
    name: "/tasks",
    body: { title, tags: ["home"], priority: "medium", due: { date: "2090-12-01" } },
  });
  if (created === undefined) return;
  check(created, { "a task is created": ({ status, body }) => status === 201 && body.title === title });
  const { id } = created.body;
  const name = "/tasks/{id}";

  const open = me.query<Page<Task>>("list", "/tasks?limit=50");
  if (open === undefined) return;
  check(open, { "it is listed once, as the newest": ({ body }) => newest(body, title, id) });

  const edited = `${title}, all of them`;
  const patch = { method: "PATCH", path: `/tasks/${id}`, name, body: { title: edited, priority: "high" } } as const;
  const updated = me.command<Task>("update", { ...patch, ifMatch: created.etag });
  if (updated === undefined) return;
  check(updated, {
    "an edit of the version that was seen is made": ({ status, body, etag }) =>
      status === 200 && body.title === edited && etag !== created.etag,
  });
  const late = me.command<Task>("update", { ...patch, ifMatch: created.etag, refusal: 412 });
  if (late === undefined) return;
  check(late, { "an edit of an older version is refused": ({ status, etag }) => status === 412 && etag === updated.etag });

  const found = me.query<Page<Task>>("search", `/tasks?q=${word.slice(0, 20)}&limit=50`);
  if (found === undefined) return;
  check(found, { "it is found by the beginning of a word": ({ body }) => newest(body, edited, id) });

  const done = me.command<Task>("complete", {
    method: "POST",
    path: `/tasks/${id}/complete`,
    name: "/tasks/{id}/complete",
    ifMatch: updated.etag,
  });
  if (done === undefined) return;
  check(done, { "it is completed": ({ status, body }) => status === 200 && body.status === "done" });

  const read = me.query<Task>("get", `/tasks/${id}`, name);
  if (read === undefined) return;
  check(read, { "it stays done": ({ body, etag }) => body.status === "done" && etag === done.etag });

  const left = me.query<Page<Task>>("list", "/tasks?limit=50");
  if (left === undefined) return;
  check(left, { "what is done is not listed": ({ body }) => body.items?.every((task) => task.id !== id) ?? false });
}

/** Nobody else writes as this person, so what was made last comes first. */
function newest(page: Page<Task>, title: string, id: string): boolean {
  return page.items?.[0]?.id === id && page.items.filter((task) => task.title === title).length === 1;
}
