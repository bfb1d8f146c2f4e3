// The official npm SDK, unchanged, through the whole life of admin keys.
// KEYREEVE_URL (with /v1) and KEYREEVE_ADMIN_KEY say where.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

const baseURL = process.env.KEYREEVE_URL;
const service = (adminAPIKey) => new OpenAI({ baseURL, adminAPIKey }).admin.organization.adminAPIKeys;
const keys = service(process.env.KEYREEVE_ADMIN_KEY);

/** Collects the ids of all pages. */
async function ids(params) {
  const found = [];
  for await (const key of keys.list(params)) found.push(key.id);
  return found;
}

/** Expects an error of the SDK's class for the status. */
function fails(promise, Class, status, code, param = null) {
  return assert.rejects(promise, (err) => {
    assert.ok(err instanceof Class, `${err} is no ${Class.name}`);
    assert.equal(err.status, status);
    assert.equal(err.code, code);
    assert.equal(err.param, param);
    assert.equal(err.type, 'invalid_request_error');
    assert.match(err.requestID, /^req_/);
    return true;
  });
}

test('a key without an expiry', async () => {
  const { value, ...created } = await keys.create({ name: 'for ever' });
  assert.match(value, /^sk-admin-/);
  assert.equal(created.object, 'organization.admin_api_key');
  assert.equal(created.expires_at, null);
  assert.equal(created.last_used_at, null);
  assert.equal(created.redacted_value, `sk-admin...${value.slice(-3)}`);
  assert.equal(created.owner.type, 'user');
  assert.deepEqual(await keys.retrieve(created.id), created);
});

test('a key with an expiry', async () => {
  const created = await keys.create({ name: 'for an hour', expires_in_seconds: 3600 });
  assert.equal(created.expires_at, created.created_at + 3600);
});

test('a new key works, and not after its deletion', async () => {
  const created = await keys.create({ name: 'brief' });
  const own = service(created.value);
  const read = await own.retrieve(created.id);
  assert.ok(read.last_used_at >= read.created_at);
  assert.deepEqual(await keys.delete(created.id), {
    id: created.id,
    object: 'organization.admin_api_key.deleted',
    deleted: true,
  });
  await fails(own.retrieve(created.id), OpenAI.AuthenticationError, 401, 'invalid_api_key');
  await fails(keys.retrieve(created.id), OpenAI.NotFoundError, 404, null);
  await fails(keys.delete(created.id), OpenAI.NotFoundError, 404, null);
});

test('pages in both orders, and deletion while paging', async () => {
  const made = [];
  for (let i = 0; i < 5; i++) made.push((await keys.create({ name: `page ${i}` })).id);

  const ascending = await ids({ limit: 2 });
  assert.deepEqual(ascending.slice(-made.length), made);
  assert.deepEqual((await ids({ limit: 2, order: 'desc' })).reverse(), ascending);
  assert.deepEqual(await ids({ after: made[2] }), made.slice(3));

  const deleted = [];
  for await (const key of keys.list({ limit: 2 })) {
    if (made.includes(key.id)) deleted.push((await keys.delete(key.id)).id);
  }
  assert.deepEqual(deleted, made);
});

test('errors are typed', async () => {
  const { AuthenticationError, BadRequestError, NotFoundError } = OpenAI;
  await fails(service('sk-admin-wrong').list(), AuthenticationError, 401, 'invalid_api_key');
  await fails(keys.retrieve('key_none'), NotFoundError, 404, null);
  await fails(keys.create({}), BadRequestError, 400, 'missing_required_parameter', 'name');
  await fails(keys.create({ name: 1 }), BadRequestError, 400, 'invalid_type', 'name');
  await fails(keys.create({ name: 'x', colour: 'red' }), BadRequestError, 400, 'unknown_parameter', 'colour');
  await fails(keys.list({ limit: 101 }), BadRequestError, 400, 'integer_above_max_value', 'limit');
  await fails(keys.list({ order: 'sideways' }), BadRequestError, 400, 'invalid_value', 'order');
});
