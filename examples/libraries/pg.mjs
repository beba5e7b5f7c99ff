// pg: a session is one client that is checked out of a pool.
import pg from "pg";
import { retry, serve } from "./protocol.mjs";

let client;

const open = async ({ dsn }) => {
  client = await new pg.Pool({ connectionString: dsn }).connect();
  client.on("error", console.error);
};
const ask = async (text, { year, month }) => (await client.query(text, [year * 100 + month])).rows[0].ok;
const acquire = (request) => retry(request, () => ask("SELECT pg_try_advisory_lock($1) AS ok", request));
const release = (request) => ask("SELECT pg_advisory_unlock($1) AS ok", request);

await serve({ open, acquire, release });
