// Many people's reminders, due in the same second: each arrives once, and how late? Again and again.

import exec from "k6/execution";
import { iteration } from "./lib/measures.ts";
import { me, register, type People } from "./lib/people.ts";
import { remind } from "./lib/reminding.ts";
import { people, seconds, whole } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";
import { options as common } from "./lib/thresholds.ts";

const run = { people: people(100) };
/** Of each person, in each wave. */
const reminders = whole("REMINDERS", 10);
/** Seconds from when the reminders of a wave are set to when they are due. */
const lead = whole("LEAD", 20);
/** Seconds from one wave to the next: those of one are seen before. */
const between = lead + 20;
const waves = Math.max(1, Math.floor(seconds(3 * between) / between));

export const options = {
  ...common({
    answered: ["rate==1"],
    reminders_missing: ["count==0"],
    reminders_doubled: ["count==0"],
    reminders_set_late: ["count==0"],
    reminder_late_ms: ["p(95)<1000"],
  }),
  scenarios: {
    waves: { executor: "per-vu-iterations", vus: run.people, iterations: waves, maxDuration: `${waves * between + 120}s` },
  },
};

export const setup = () => register(run.people);

export default (data: People) =>
  iteration(() => {
    // The same second for everybody, by the start that they have in common. Who is behind sets theirs late, and says so.
    const start = exec.scenario.startTime + exec.vu.iterationInScenario * between * 1000;
    const due = Math.ceil((start + lead * 1000) / 1000) * 1000;
    remind(me(data), reminders, due);
  });

export const handleSummary = summary("reminders", run);
