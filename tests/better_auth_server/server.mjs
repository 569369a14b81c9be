// Better Auth servers for the tests, all in one process.
//
// Each server is a plain Better Auth application on its own loopback port. Tests control
// it over standard input, with one JSON object per line: {"command": "start", …}. The
// answer to each is one line on standard output. So the port has no routes for tests,
// unless a fault is requested, and the process ends with the one that started it.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { inspect } from "node:util";

import { toNodeHandler } from "better-auth/node";
import { createJwk, signJWT } from "better-auth/plugins/jwt";
import pg from "pg";

import { build, jwtOptions } from "./auth.mjs";
import { faults } from "./faults.mjs";
import { pages } from "./pages.mjs";

const REAL = "/__real__"; // where a redirect leads: the real endpoint behind the fault

class Server {
  calls = {};
  faults = {};
  mails = [];

  async start(config) {
    this.http = createServer((request, response) => this.answer(request, response));
    await this.listen(config.port);
    try {
      await this.configure(config);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.http.once("error", reject);
      this.http.listen({ port, host: "127.0.0.1" }, () => {
        this.http.off("error", reject);
        this.port = this.http.address().port;
        this.origin = `http://127.0.0.1:${this.port}`;
        resolve();
      });
    });
  }

  close() {
    return new Promise((resolve) => {
      this.http.close(resolve);
      this.http.closeAllConnections();
    });
  }

  /** Replace the application; keep the store unless another is given. */
  async configure(config) {
    const text = JSON.stringify(config).replaceAll("{origin}", this.origin);
    const settings = JSON.parse(text);
    const moved = settings.database !== this.settings?.database;
    if (!this.store || moved || settings.fresh) await this.open(settings.database);
    this.auth = await build(settings, this);
    this.settings = settings;
    this.handle = toNodeHandler(this.auth);
  }

  async open(database) {
    await this.store?.pool?.end();
    if (!database) {
      this.store = { memory: {} };
      return;
    }
    const pool = new pg.Pool({ connectionString: database, max: 4 });
    pool.on("error", console.error); // a test may drop the database under it
    this.store = { pool };
  }

  async answer(request, response) {
    try {
      await this.route(request, response);
    } catch (error) {
      console.error(error);
      response.destroy();
    }
  }

  async route(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    this.calls[pathname] = (this.calls[pathname] ?? 0) + 1;
    const fault = this.faults[pathname];
    if (fault) {
      const real = () => this.auth.handler(this.webRequest(request));
      await faults[fault.mode](response, fault, real);
    } else if (pages[pathname]) {
      response.writeHead(200, { "content-type": "text/html" }).end(pages[pathname]);
    } else {
      if (pathname.startsWith(REAL)) request.url = request.url.slice(REAL.length);
      await this.handle(request, response);
    }
  }

  /** The request without its body, which no endpoint with a fault has. */
  webRequest({ method, url, headers }) {
    return new Request(this.origin + url, { method, headers });
  }
}

const servers = new Map();

async function rows(server, model, where) {
  const { adapter } = await server.auth.$context;
  return adapter.findMany({ model, where });
}

async function update(server, model, id, changes) {
  const { adapter } = await server.auth.$context;
  await adapter.update({ model, where: [{ field: "id", value: id }], update: changes });
}

const commands = {
  async start({ server: name, config }) {
    const server = new Server();
    await server.start(config);
    servers.set(name, server);
    return { port: server.port };
  },

  async configure(server, { config }) {
    await server.configure(config);
  },

  async listen(server) {
    if (!server.http.listening) await server.listen(server.port);
  },

  async close(server) {
    await server.close();
  },

  async end(server, { server: name }) {
    servers.delete(name);
    await server.close();
    await server.store.pool?.end();
  },

  /** Make `path` fail as `fault` says, or answer normally again. */
  async fault(server, { path, fault }) {
    if (fault) server.faults[path] = { location: REAL + path, ...fault };
    else delete server.faults[path];
  },

  /** Forget faults, counts and mails. */
  async reset(server) {
    server.faults = {};
    server.calls = {};
    server.mails.length = 0;
  },

  async calls(server) {
    return server.calls;
  },

  async mails(server) {
    return server.mails;
  },

  async updateUser(server, { id, changes }) {
    await update(server, "user", id, changes);
  },

  async ageSessions(server, { userId, secondsAgo }) {
    const createdAt = new Date(Date.now() - secondsAgo * 1000);
    for (const { id, userId: owner } of await rows(server, "session")) {
      if (owner === userId) await update(server, "session", id, { createdAt });
    }
  },

  async keys(server) {
    return rows(server, "jwks");
  },

  async expireKeys(server, { secondsAgo }) {
    const expiresAt = new Date(Date.now() - secondsAgo * 1000);
    for (const { id } of await rows(server, "jwks")) {
      await update(server, "jwks", id, { expiresAt });
    }
  },

  async deleteKeys(server, { kids }) {
    const { adapter } = await server.auth.$context;
    for (const { id } of await rows(server, "jwks")) {
      if (kids && !kids.includes(id)) continue;
      await adapter.delete({ model: "jwks", where: [{ field: "id", value: id }] });
    }
  },

  async mintKey(server, { keyPairConfig }) {
    const context = await server.auth.$context;
    const key = await createJwk({ context }, { jwks: { keyPairConfig } });
    return key.id;
  },

  async registerClient(server, { cookie, client }) {
    const headers = new Headers({ cookie });
    return server.auth.api.adminCreateOAuthClient({ headers, body: client });
  },

  async sign(server, { claims, header }) {
    const context = await server.auth.$context;
    const options = jwtOptions(server.settings);
    return signJWT({ context }, { options, payload: claims, header });
  },
};

async function run({ command, ...rest }) {
  if (command === "start") return commands.start(rest);
  return commands[command](servers.get(rest.server), rest);
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { result: (await run(JSON.parse(line))) ?? null };
  } catch (error) {
    answer = { error: inspect(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit();
