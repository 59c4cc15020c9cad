// What a run can be told: environment variables, the same for all scripts.

/** Where the REST API is. */
export const baseUrl = (__ENV.BASE_URL ?? "http://127.0.0.1:8000").replace(/\/+$/, "");

/** A folder, which must exist, for `summary.json` and `summary.txt`. */
export const output = __ENV.OUTPUT;

/** What is measured, in words: builds, replicas, machine. */
export const setup = __ENV.SETUP ?? "not said";

/** How many people there are, each with an account and a token of their own. */
export function people(usual: number): number {
  return whole("VUS", usual);
}

/** How long it takes in all, in seconds. */
export function seconds(usual: number): number {
  const text = __ENV.DURATION;
  if (text === undefined) return usual;
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  const [hours, minutes, rest] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const total = (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (rest ?? 0);
  if (total === 0) throw new Error(`DURATION is ${text}, and should be like 90s, 5m or 1h30m`);
  return total;
}

/** The highest number of visits that begin in a second. */
export function rate(usual: number): number {
  const text = __ENV.RATE;
  const value = text === undefined ? usual : Number(text);
  if (!(value > 0)) throw new Error(`RATE is ${text}, and should be a number above 0`);
  return value;
}

/** A whole number from 1 on. */
export function whole(name: string, usual: number): number {
  const text = __ENV[name];
  const value = text === undefined ? usual : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} is ${text}, and should be 1 or more`);
  return value;
}
