// Broken: waits in the server, which does not notice during the wait that its client has died.
import { acquire, key, serve, sql } from "./protocol.mjs";

const wait = async (request) => {
  if (!request.timeout_ms) return acquire(request);
  try {
    await sql.unsafe(`SET lock_timeout = ${request.timeout_ms}; SELECT pg_advisory_lock(${key(request)})`);
  } catch (error) {
    if (["55P03", "40P01"].includes(error.code)) return false; // timeout or deadlock
    throw error;
  }
  return true;
};

await serve({ acquire: wait });
