// advisory-lock: each acquire opens a connection, which lasts as long as the lock.
import advisoryLock from "advisory-lock";
import { retry, serve } from "./protocol.mjs";

const contract = { "reentrant": "refused", "late_ms": 100, "evidence": "none" };
const held = new Map();
let createMutex;

const open = async ({ dsn }) => {
  createMutex = advisoryLock.default(dsn);
};
const acquire = async (request) => {
  const name = `${request.year}-${request.month}`;
  const unlock = await retry(request, createMutex(name).tryLock);
  return Boolean(unlock && held.set(name, unlock));
};
const release = async ({ year, month }) => {
  await held.get(`${year}-${month}`)?.();
  return held.delete(`${year}-${month}`);
};

await serve({ open, acquire, release }, contract);
