// A busy hour, in five minutes: visits at a rate that it must bear with ease.

import { iteration } from "./lib/measures.ts";
import { me, register, type People } from "./lib/people.ts";
import { enterPhase, steady, visiting } from "./lib/profile.ts";
import { people, rate, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";
import { inPhase, QUICK } from "./lib/thresholds.ts";
import { visit } from "./lib/visit.ts";

const profile = {
  people: people(50),
  seconds: seconds(300),
  rate: rate(5),
  phases: [{ name: "warm-up", share: 1, from: 0.2, to: 1 }, steady("steady", 9, 1)],
};

export const options = visiting(profile, {
  answered: ["rate>0.999"],
  dropped_iterations: ["count==0"],
  ...inPhase("steady", QUICK),
});

export const setup = () => register(profile.people);

export default (data: People) =>
  iteration(() => {
    enterPhase(profile);
    visit(me(data));
  });

export const handleSummary = summary("load", profile);
