// Broken: checks that the month is free, then acquires a shared lock, although the month may be held by now.
import { key, serve, sql } from "./protocol.mjs";

const held = new Map();
const add = (month, more) => held.set(month, Math.max(0, (held.get(month) ?? 0) + more));

const is_locked = async (month) => {
  const [row] = await sql`
    SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${month}::int) AS held`;
  return row.held;
};

const acquire = async (request) => {
  const month = key(request);
  if (!held.get(month) && (await is_locked(month))) return false;
  await sql`SELECT pg_advisory_lock_shared(${month}::bigint)`;
  add(month, 1);
  return true;
};

const release = async (request) => {
  const [row] = await sql`SELECT pg_advisory_unlock_shared(${key(request)}::bigint) AS held`;
  add(key(request), -1);
  return row.held;
};

await serve({ acquire, release });
