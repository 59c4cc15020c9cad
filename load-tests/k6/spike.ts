// What if everybody comes at once? Ten times as many from one second to the next, then as before. In the spike it may be
// slow, or refuse; afterwards nothing of that may be left.

import { iteration } from "./lib/measures.ts";
import { me, register, type People } from "./lib/people.ts";
import { enterPhase, steady, visiting } from "./lib/profile.ts";
import { people, rate, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";
import { inPhase, QUICK } from "./lib/thresholds.ts";
import { visit } from "./lib/visit.ts";

const profile = {
  people: people(200),
  seconds: seconds(180),
  rate: rate(30),
  phases: [
    steady("before", 2, 0.1),
    steady("spike", 1, 1),
    // What has piled up may go first.
    steady("relief", 1, 0.1),
    steady("after", 2, 0.1),
  ],
};

export const options = visiting(profile, {
  ...inPhase("before", { answered: ["rate>0.999"], ...QUICK }),
  ...inPhase("after", { answered: ["rate>0.999"], ...QUICK }),
});

export const setup = () => register(profile.people);

export default (data: People) =>
  iteration(() => {
    enterPhase(profile);
    visit(me(data));
  });

export const handleSummary = summary("spike", profile);
