// A month lock in TypeScript with the `postgres` client, as a lock command with the line protocol:
// one JSON request per line on standard input, one JSON response per line on standard output.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";

type Request = { id: number; verb: string; dsn: string; year: number; month: number; timeout_ms: number; raises?: string };

const RETRY_MS = 10;
const key = ({ year, month }: Request) => year * 100 + month;
let sql: postgres.Sql;

// the response lists the optional verbs of this lock
const open = async ({ dsn }: Request) => {
  sql = postgres(dsn, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  await sql`SELECT 1`;
  return ["hold", "is_locked"];
};

const acquire = async (request: Request): Promise<boolean> => {
  const deadline = performance.now() + request.timeout_ms;
  for (;;) {
    const last = performance.now() >= deadline;
    const [row] = await sql`SELECT pg_try_advisory_lock(${key(request)}::bigint) AS granted`;
    if (row.granted || last) return row.granted;
    await sleep(Math.max(0, Math.min(deadline - performance.now(), RETRY_MS)));
  }
};

const release = async (request: Request): Promise<boolean> => {
  const [row] = await sql`SELECT pg_advisory_unlock(${key(request)}::bigint) AS held`;
  return row.held;
};

// runs a body under the lock; with `raises` the body fails with that text
const hold = async (request: Request): Promise<boolean> => {
  if (!(await acquire(request))) return false;
  try {
    if (request.raises) throw new Error(request.raises);
    return true;
  } finally {
    await release(request);
  }
};

const is_locked = async (request: Request): Promise<boolean> => {
  const [row] = await sql`
    SELECT EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = ${key(request)}::int AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS held`;
  return row.held;
};

const verbs: Record<string, (request: Request) => Promise<unknown>> = { open, acquire, release, hold, is_locked };

for await (const line of createInterface({ input: process.stdin })) {
  const request: Request = JSON.parse(line);
  const answer = await verbs[request.verb](request).then((ok) => ({ ok }), (error) => ({ error: error.message }));
  process.stdout.write(JSON.stringify({ id: request.id, ...answer }) + "\n");
}
await sql?.end({ timeout: 1 });
