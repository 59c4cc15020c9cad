// How many visits begin when. Visits come whether the ones before are over or not, as people do; so a slow system cannot
// slow down what is asked of it.

import exec from "k6/execution";
import type { Options } from "k6/options";
import { options, type Thresholds } from "./thresholds.ts";

/** A part of a run that is looked at by itself. */
export interface Phase {
  name: string;
  /** How long it is, beside the other phases. */
  share: number;
  /** Visits a second, as multiples of the run's rate, at its begin and at its end. */
  from: number;
  to: number;
}

export interface Profile {
  people: number;
  seconds: number;
  /** The highest number of visits that begin in a second. */
  rate: number;
  phases: Phase[];
}

/** A phase that keeps to one rate. */
export function steady(name: string, share: number, rate: number): Phase {
  return { name, share, from: rate, to: rate };
}

/** How long a phase is. */
export function lasts({ seconds, phases }: Profile, { share }: Phase): number {
  const whole = phases.reduce((sum, phase) => sum + phase.share, 0);
  return Math.max(1, Math.round((seconds * share) / whole));
}

/** Options of a run whose visits come at the rates of its phases. */
export function visiting(profile: Profile, thresholds: Thresholds): Options {
  const { people, rate, phases } = profile;
  // k6 takes whole numbers only.
  const aMinute = (multiple: number) => Math.round(rate * multiple * 60);
  const visits = {
    executor: "ramping-arrival-rate" as const,
    timeUnit: "1m",
    stages: phases.flatMap((phase) => [
      { target: aMinute(phase.from), duration: "0s" },
      { target: aMinute(phase.to), duration: `${lasts(profile, phase)}s` },
    ]),
    preAllocatedVUs: people,
    maxVUs: people,
    gracefulStop: "30s",
  };
  return { ...options(thresholds, phases.map(({ name }) => name)), scenarios: { visits } };
}

/** Names the phase that this iteration begins in, for all it measures. */
export function enterPhase(profile: Profile) {
  let passed = (Date.now() - exec.scenario.startTime) / 1000;
  const current = profile.phases.find((phase) => (passed -= lasts(profile, phase)) < 0);
  exec.vu.metrics.tags["phase"] = (current ?? profile.phases[profile.phases.length - 1])?.name ?? "";
}
