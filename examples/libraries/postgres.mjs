// postgres: a session is one reserved connection.
import postgres from "postgres";
import { retry, serve } from "./protocol.mjs";

let sql;

const open = async ({ dsn }) => {
  sql = await postgres(dsn, { onnotice: () => {} }).reserve();
};
const attempt = async (key) => (await sql`SELECT pg_try_advisory_lock(${key}) AS ok`)[0].ok;
const unlock = async (key) => (await sql`SELECT pg_advisory_unlock(${key}) AS ok`)[0].ok;
const acquire = (request) => retry(request, () => attempt(request.year * 100 + request.month));
const release = (request) => unlock(request.year * 100 + request.month);

await serve({ open, acquire, release });
