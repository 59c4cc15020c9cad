// Does everything work? Few people, each of whom looks once, and a reminder each. Demands nothing of speed.

import { iteration } from "./lib/measures.ts";
import { me, register, type People } from "./lib/people.ts";
import { remind } from "./lib/reminding.ts";
import { people, whole } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";
import { options as common } from "./lib/thresholds.ts";
import { visit } from "./lib/visit.ts";

const run = { people: people(2) };
const visits = whole("VISITS", 2);

export const options = {
  ...common({ answered: ["rate==1"], reminders_missing: ["count==0"], reminders_doubled: ["count==0"] }),
  scenarios: { visits: { executor: "per-vu-iterations", vus: run.people, iterations: visits, maxDuration: "5m" } },
};

export const setup = () => register(run.people);

export default (data: People) =>
  iteration(() => {
    visit(me(data));
    const inTwoSeconds = Math.ceil(Date.now() / 1000 + 2) * 1000;
    remind(me(data), 1, inTwoSeconds);
  });

export const handleSummary = summary("smoke", run);
