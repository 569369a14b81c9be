// The ways in which an endpoint can fail, each answered instead of Better Auth.
//
// A fault gets the response, its own settings, and `real`, which asks Better Auth.

const MEGABYTE = 1024 * 1024;

function send(response, status, type, body) {
  response.writeHead(status, { "content-type": type }).end(body);
}

function sendJson(response, value) {
  send(response, 200, "application/json", JSON.stringify(value));
}

export const faults = {
  unavailable: (response) =>
    send(response, 503, "text/plain", "Service Unavailable"),

  drop: (response) => response.destroy(),

  // Until the client gives up or the server stops.
  hang: () => {},

  html: (response) =>
    send(response, 200, "text/html", "<!doctype html><title>Maintenance</title>"),

  cut: async (response, _fault, real) => {
    const body = await (await real()).text();
    send(response, 200, "application/json", body.slice(0, body.length / 2));
  },

  "wrong-type": (response) => sendJson(response, ["keys"]),

  empty: (response) => sendJson(response, { keys: [] }),

  // A client that follows gets the real answer there.
  redirect: (response, { location }) =>
    response.writeHead(302, { location }).end(),

  // The real answer, correct but for its size.
  huge: async (response, { megabytes = 32 }, real) => {
    const answer = await real();
    response.writeHead(200, { "content-type": "application/json" });
    response.write(await answer.text());
    const spaces = " ".repeat(MEGABYTE);
    for (let written = 0; written < megabytes && !response.destroyed; written += 1) {
      if (!response.write(spaces)) {
        await Promise.race(
          ["drain", "close"].map((name) => new Promise((go) => response.once(name, go))),
        );
      }
    }
    response.end();
  },

  slow: async (response, { milliseconds }, real) => {
    await new Promise((go) => setTimeout(go, milliseconds));
    const answer = await real();
    const headers = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, headers).end(await answer.text());
  },

  // The real key set with other entries around it, or with members changed in all.
  keys: async (response, { before = [], after = [], set = {}, remove = [] }, real) => {
    const { keys } = await (await real()).json();
    const changed = keys.map((key) => {
      const entries = Object.entries({ ...key, ...set });
      return Object.fromEntries(entries.filter(([name]) => !remove.includes(name)));
    });
    sendJson(response, { keys: [...before, ...changed, ...after] });
  },

  body: (response, { status = 200, type = "application/json", body }) =>
    send(response, status, type, body),
};
