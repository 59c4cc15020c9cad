// The REST API, as one person uses it: with a token of their own, and a key for each thing they do.

import http, { type RefinedResponse } from "k6/http";
import { sleep } from "k6";
import { answered, commandTime, queryTime, rateLimited, renewals, retries, type Command, type Query } from "./measures.ts";
import { baseUrl } from "./settings.ts";

export interface Session {
  access_token: string;
  refresh_token: string;
  /** Seconds. */
  expires_in: number;
}

export interface Task {
  id: string;
  title: string;
  version: number;
  status: "open" | "done";
}

export interface Notification {
  task_id: string;
  due_at: string;
  late_ms: number;
}

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface BulkResult {
  status: number;
  task?: Task;
}

/** An answer; a request that had none gives none of these. */
export interface Answer<Body> {
  status: number;
  /** The version that the answer shows. */
  etag: string;
  body: Body;
}

interface Sent {
  method: "GET" | "POST" | "PATCH";
  /** What follows `/api/v1`. */
  path: string;
  /** The path without what differs from request to request. */
  name: string;
  body?: unknown;
  ifMatch?: string;
  /** The refusal that is hoped for, if it is one. */
  refusal?: number;
}

/** How often a request is sent, at most, and how long it is waited in between, at most. */
const TRIES = 5;
const LONGEST_PAUSE = 5;
/** A token is exchanged that much before it ends, in milliseconds. */
const BEFORE_IT_ENDS = 60_000;

export class Client {
  private session: Session;
  private endsAt: number;

  constructor(session: Session, signedInAt: number) {
    this.session = session;
    this.endsAt = signedInAt + session.expires_in * 1000;
  }

  command<Body>(kind: Command, request: Sent): Answer<Body> | undefined {
    return this.measured(commandTime, kind, { ...request, key: newKey() });
  }

  query<Body>(kind: Query, path: string, name = path.replace(/\?.*/, "")): Answer<Body> | undefined {
    return this.measured(queryTime, kind, { method: "GET", path, name });
  }

  private measured<Body>(time: typeof commandTime, kind: string, request: Keyed): Answer<Body> | undefined {
    this.renew();
    const begun = Date.now();
    const outcome = untilAnswered({ ...request, token: this.session.access_token }, kind);
    answered.add(outcome !== undefined, { kind });
    if (outcome === undefined) return undefined;
    const { response, tries } = outcome;
    if (response.status === 429) {
      rateLimited.add(1);
      return undefined;
    }
    // A single try is measured by k6, more finely.
    time.add(tries === 1 ? response.timings.duration : Date.now() - begun, { kind });
    return { status: response.status, etag: response.headers["Etag"] ?? "", body: json<Body>(response) };
  }

  /** Exchanges the tokens for the next ones in time. */
  private renew() {
    if (Date.now() < this.endsAt - BEFORE_IT_ENDS) return;
    const now = Date.now();
    const body = { refresh_token: this.session.refresh_token };
    const request: Keyed = { method: "POST", path: "/auth/refresh", name: "/auth/refresh", body, key: newKey() };
    const response = untilAnswered(request, "refresh")?.response;
    if (response?.status !== 200) throw new Error(`the session does not go on: ${response?.status}`);
    renewals.add(1);
    this.session = json<Session>(response);
    this.endsAt = now + this.session.expires_in * 1000;
  }
}

interface Keyed extends Sent {
  key?: string;
  token?: string;
}

interface Response {
  response: RefinedResponse<"text">;
  tries: number;
}

/** Sends a request until it has an answer, under the same key: so it is carried out once at most. */
function untilAnswered(request: Keyed, kind: string): Response | undefined {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const response = send(request, kind);
    // None, or one that promises that it may be sent again.
    const again = response.status === 0 || response.status >= 502;
    if (!again) return { response, tries };
    if (tries < TRIES) {
      retries.add(1, { kind });
      sleep(Math.min(Number(response.headers["Retry-After"] ?? tries * 0.2), LONGEST_PAUSE));
    }
  }
  return undefined;
}

function send({ method, path, name, body, ifMatch, refusal, key, token }: Keyed, kind: string) {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
  if (key !== undefined) headers["Idempotency-Key"] = key;
  if (ifMatch !== undefined) headers["If-Match"] = ifMatch;
  const expected = refusal === undefined ? http.expectedStatuses({ min: 200, max: 299 }) : http.expectedStatuses(refusal);
  return http.request(method, `${baseUrl}/api/v1${path}`, body === undefined ? null : JSON.stringify(body), {
    headers,
    tags: { name: `${method} ${name}`, kind },
    responseType: "text",
    responseCallback: expected,
    timeout: "30s",
  });
}

/** The body of an answer. */
export function json<Body>(response: RefinedResponse<"text">): Body {
  return (response.body === "" ? null : response.json()) as unknown as Body;
}

// k6 has it; its types do not say so.
declare const crypto: { randomUUID(): string };

/** A key that nobody used before. */
export function newKey(): string {
  return crypto.randomUUID();
}
