// The official npm SDK, unchanged, through its whole administration of users,
// invites, projects and what belongs to a project. Each method of these services
// must be tried below. KEYREEVE_URL (with /v1) and KEYREEVE_ADMIN_KEY say where.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.env.KEYREEVE_URL, adminAPIKey: process.env.KEYREEVE_ADMIN_KEY });
const { users, invites, projects, auditLogs } = client.admin.organization;
const services = {
  users,
  invites,
  projects,
  'projects.users': projects.users,
  'projects.serviceAccounts': projects.serviceAccounts,
  'projects.serviceAccounts.apiKeys': projects.serviceAccounts.apiKeys,
  'projects.apiKeys': projects.apiKeys,
  'projects.rateLimits': projects.rateLimits,
  auditLogs,
};
const leftOut = ['projects.apiKeys.update']; // is not in the contract

const tried = new Set();

/** Tries a method. */
function step(method, run) {
  test(method, () => {
    tried.add(method);
    return run();
  });
}

/** Collects all pages. */
async function all(pages) {
  const found = [];
  for await (const element of pages) found.push(element);
  return found;
}

after(() => {
  for (const [path, service] of Object.entries(services)) {
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(service))) {
      const method = `${path}.${name}`;
      if (name === 'constructor' || leftOut.includes(method)) continue;
      assert.ok(tried.has(method), `${method} of the SDK is not tried`);
    }
  }
});

let project;
let owner;
let account;
let key;
let limit;

step('projects.create', async () => {
  const made = await projects.create({ name: 'chat' });
  assert.equal(made.object, 'organization.project');
  assert.equal(made.status, 'active');
  assert.equal(made.archived_at, null);
  assert.equal(made.external_key_id, null);
  project = made.id;
});

step('projects.retrieve', async () => {
  assert.equal((await projects.retrieve(project)).name, 'chat');
});

step('projects.update', async () => {
  assert.equal((await projects.update(project, { name: 'talk' })).name, 'talk');
});

step('projects.list', async () => {
  const found = await all(projects.list({ limit: 1, include_archived: true }));
  assert.ok(found.some((p) => p.id === project) && found.length >= 2);
});

step('invites.create', async () => {
  const made = await invites.create({ email: 'npm@example.com', role: 'reader', projects: [{ id: project, role: 'member' }] });
  assert.equal(made.status, 'pending');
  assert.equal(made.accepted_at, null);
  assert.deepEqual(made.projects, [{ id: project, role: 'member' }]);
  assert.ok(made.token);
});

step('invites.list', async () => {
  assert.ok((await all(invites.list({ limit: 1 }))).some((i) => i.email === 'npm@example.com'));
});

step('invites.retrieve', async () => {
  const [invite] = await all(invites.list());
  const read = await invites.retrieve(invite.id);
  assert.deepEqual(read, invite);
  assert.equal(read.token, undefined);
});

step('invites.delete', async () => {
  const [invite] = await all(invites.list());
  assert.deepEqual(await invites.delete(invite.id), { object: 'organization.invite.deleted', id: invite.id, deleted: true });
});

step('users.list', async () => {
  const found = await all(users.list({ limit: 1 }));
  assert.equal(found[0].role, 'owner');
  owner = found[0].id;
  assert.deepEqual(await all(users.list({ emails: [found[0].email, 'nobody@example.com'] })), [found[0]]);
});

step('users.retrieve', async () => {
  assert.equal((await users.retrieve(owner)).id, owner);
});

step('users.update', async () => {
  assert.equal((await users.update(owner, { role: 'owner' })).role, 'owner');
});

step('users.delete', async () => {
  await assert.rejects(users.delete(owner), (err) => err instanceof OpenAI.BadRequestError && err.code === 'last_owner');
});

step('projects.users.create', async () => {
  const made = await projects.users.create(project, { user_id: owner, role: 'member' });
  assert.equal(made.object, 'organization.project.user');
  assert.equal(made.role, 'member');
});

step('projects.users.retrieve', async () => {
  assert.equal((await projects.users.retrieve(owner, { project_id: project })).id, owner);
});

step('projects.users.update', async () => {
  assert.equal((await projects.users.update(owner, { project_id: project, role: 'owner' })).role, 'owner');
});

step('projects.users.list', async () => {
  assert.ok((await all(projects.users.list(project, { limit: 1 }))).some((u) => u.id === owner));
});

step('projects.users.delete', async () => {
  assert.equal((await projects.users.delete(owner, { project_id: project })).deleted, true);
});

step('projects.serviceAccounts.create', async () => {
  const made = await projects.serviceAccounts.create(project, { name: 'worker', expires_in_seconds: 3600 });
  assert.match(made.api_key.value, /^sk-svcacct-/);
  assert.equal(made.api_key.expires_at, made.api_key.created_at + 3600);
  const lone = await projects.serviceAccounts.create(project, { name: 'lone', create_service_account_only: true });
  assert.equal(lone.api_key, null);
  account = made.id;
});

step('projects.serviceAccounts.retrieve', async () => {
  assert.equal((await projects.serviceAccounts.retrieve(account, { project_id: project })).name, 'worker');
});

step('projects.serviceAccounts.update', async () => {
  const changed = await projects.serviceAccounts.update(account, { project_id: project, name: 'night worker' });
  assert.equal(changed.name, 'night worker');
});

step('projects.serviceAccounts.list', async () => {
  assert.equal((await all(projects.serviceAccounts.list(project, { limit: 1 }))).length, 2);
});

step('projects.serviceAccounts.apiKeys.create', async () => {
  const made = await projects.serviceAccounts.apiKeys.create(account, { project_id: project, name: 'second' });
  assert.match(made.value, /^sk-svcacct-/);
  assert.equal(made.expires_at, null);
  key = made.id;
});

step('projects.apiKeys.list', async () => {
  assert.equal((await all(projects.apiKeys.list(project, { limit: 1, owner_project_access: 'any' }))).length, 2);
});

step('projects.apiKeys.retrieve', async () => {
  const read = await projects.apiKeys.retrieve(key, { project_id: project });
  assert.equal(read.owner.type, 'service_account');
  assert.equal(read.owner.service_account.id, account);
  assert.equal(read.last_used_at, null);
});

step('projects.apiKeys.delete', async () => {
  assert.equal((await projects.apiKeys.delete(key, { project_id: project })).deleted, true);
});

step('projects.serviceAccounts.delete', async () => {
  assert.equal((await projects.serviceAccounts.delete(account, { project_id: project })).deleted, true);
  assert.deepEqual(await all(projects.apiKeys.list(project)), []);
});

step('projects.rateLimits.listRateLimits', async () => {
  const found = await all(projects.rateLimits.listRateLimits(project, { limit: 1000 }));
  assert.equal(found[0].id, `rl-${found[0].model}`);
  limit = found[0].id;
});

step('projects.rateLimits.updateRateLimit', async () => {
  const changed = await projects.rateLimits.updateRateLimit(limit, { project_id: project, max_requests_per_1_minute: 7 });
  assert.equal(changed.max_requests_per_1_minute, 7);
});

step('auditLogs.list', async () => {
  const found = await all(auditLogs.list({
    limit: 1,
    event_types: ['project.created', 'project.updated'],
    project_ids: [project],
    effective_at: { gte: 1 },
  }));
  assert.deepEqual(found.map((e) => e.type), ['project.updated', 'project.created']);
  assert.equal(found[1]['project.created'].data.title, 'chat');
});

step('projects.archive', async () => {
  assert.equal((await projects.archive(project)).status, 'archived');
  await assert.rejects(projects.update(project, { name: 'again' }), (err) => err.status === 400 && err.code === 'project_archived');
});
