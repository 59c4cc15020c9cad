// Who uses the system: accounts that `setup` makes, one for each VU, so that limits for each token are those of a person.

import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Client, json, newKey, type Session } from "./api.ts";
import { baseUrl } from "./settings.ts";

/** What `setup` hands to the VUs. */
export interface People {
  sessions: Session[];
  /** Milliseconds since 1970. */
  signedInAt: number;
}

const AT_ONCE = 8;
const PASSWORD = "correct horse battery";
/** An answer to a request without a token that is one too many says when the next may come; else so many seconds. */
const PAUSE = 1;
const PATIENCE = 600_000;

/** Registers so many people. It waits for the limit of registrations from one address, where there is one. */
export function register(count: number): People {
  const signedInAt = Date.now();
  const wanted = Array.from({ length: count }, () => newKey());
  const sessions: Session[] = [];
  while (wanted.length > 0) {
    const batch = wanted.splice(0, AT_ONCE);
    const answers = http.batch(batch.map(request));
    let pause = 0;
    batch.forEach((key, index) => {
      const answer = answers[index];
      if (answer?.status === 201) {
        sessions.push(json<Session>(answer));
      } else if (answer?.status === 429 || answer?.status === 503 || answer?.status === 0) {
        // Under its key it is the same account.
        wanted.push(key);
        pause = Math.max(pause, Number(answer.headers["Retry-After"] ?? PAUSE));
      } else {
        throw new Error(`nobody can register at ${baseUrl}: ${answer?.status} ${answer?.body}`);
      }
    });
    if (pause > 0 && Date.now() - signedInAt > PATIENCE) throw new Error(`${baseUrl} does not let people register`);
    sleep(pause);
  }
  return { sessions, signedInAt };
}

function request(key: string) {
  return {
    method: "POST",
    url: `${baseUrl}/api/v1/auth/register`,
    body: JSON.stringify({ email: `${key}@example.org`, password: PASSWORD, time_zone: "UTC" }),
    params: {
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      tags: { name: "POST /auth/register", kind: "register" },
      responseType: "text" as const,
      responseCallback: http.expectedStatuses(201, 429),
      timeout: "60s",
    },
  };
}

let own: Client | undefined;

/** The person whom this VU is, from its first iteration to its last. */
export function me(people: People): Client {
  if (own === undefined) {
    const session = people.sessions[(exec.vu.idInTest - 1) % people.sessions.length];
    if (session === undefined) throw new Error("nobody is registered");
    own = new Client(session, people.signedInAt);
  }
  return own;
}
