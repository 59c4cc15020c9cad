// Does it stay as it is? An hour at a moderate rate; the last quarter must be as good as the first. Longer than tokens
// hold, too.

import { iteration } from "./lib/measures.ts";
import { me, register, type People } from "./lib/people.ts";
import { enterPhase, steady, visiting } from "./lib/profile.ts";
import { people, rate, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";
import { inPhase, QUICK } from "./lib/thresholds.ts";
import { visit } from "./lib/visit.ts";

const profile = {
  people: people(30),
  seconds: seconds(3600),
  rate: rate(3),
  phases: ["first", "second", "third", "last"].map((name) => steady(name, 1, 1)),
};

export const options = visiting(profile, {
  answered: ["rate>0.999"],
  dropped_iterations: ["count==0"],
  ...inPhase("first", QUICK),
  ...inPhase("last", QUICK),
});

export const setup = () => register(profile.people);

export default (data: People) =>
  iteration(() => {
    enterPhase(profile);
    visit(me(data));
  });

export const handleSummary = summary("soak", profile);
