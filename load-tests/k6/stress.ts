// Where is the knee, and what is beyond it? The rate rises step by step to more than it can bear, then falls. What is
// answered must be right all the time; afterwards it must be as quick as before.

import { iteration } from "./lib/measures.ts";
import { me, register, type People } from "./lib/people.ts";
import { enterPhase, steady, visiting } from "./lib/profile.ts";
import { people, rate, seconds } from "./lib/settings.ts";
import { summary } from "./lib/summary.ts";
import { inPhase, QUICK } from "./lib/thresholds.ts";
import { visit } from "./lib/visit.ts";

const profile = {
  people: people(200),
  seconds: seconds(480),
  rate: rate(40),
  phases: [
    ...[0.1, 0.2, 0.4, 0.6, 0.8, 1].map((rate) => steady(`${rate * 100}%`, 1, rate)),
    // What has piled up may go first.
    steady("relief", 1, 0.1),
    steady("after", 1, 0.1),
  ],
};

export const options = visiting(profile, inPhase("after", { answered: ["rate>0.999"], ...QUICK }));

export const setup = () => register(profile.people);

export default (data: People) =>
  iteration(() => {
    enterPhase(profile);
    visit(me(data));
  });

export const handleSummary = summary("stress", profile);
