// Better Auth as an application would configure it, built from plain JSON.

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getAuthTables } from "better-auth/db";
import { getMigrations } from "better-auth/db/migration";
import { admin } from "better-auth/plugins/admin";
import { bearer } from "better-auth/plugins/bearer";
import { jwt } from "better-auth/plugins/jwt";

// What an application's `definePayload` may put into a token.
const PAYLOADS = {
  minimal: () => ({}),
  "session-id": ({ user, session }) => ({ ...user, sid: session.id }),
  "auth-time": ({ user, session }) => ({
    ...user,
    auth_time: Math.floor(new Date(session.createdAt).getTime() / 1000),
  }),
  lies: ({ user }) => ({
    ...user,
    iss: "https://issuer.example",
    exp: 4102444800, // the year 2100
  }),
};

function definePayload(payload) {
  if (typeof payload === "string") return PAYLOADS[payload];
  return ({ user }) => ({ ...user, ...payload });
}

/** The options of jwt(), which also sign a token by hand in `commands.sign`. */
export function jwtOptions({ jwt: options, payload }) {
  if (!payload) return options;
  return { ...options, jwt: { ...options.jwt, definePayload: definePayload(payload) } };
}

async function plugins(config) {
  const chosen = [];
  if (config.bearer) chosen.push(bearer(config.bearer));
  if (config.admin) chosen.push(admin(config.admin));
  if (config.jwt) chosen.push(jwt(jwtOptions(config)));
  if (config.oauth) {
    const { oauthProvider } = await import("@better-auth/oauth-provider");
    const pages = { loginPage: "/sign-in", consentPage: "/consent" };
    chosen.push(oauthProvider({ ...pages, ...config.oauth }));
  }
  return chosen;
}

/** Keep each mail in `mails`, where a test can read its link. */
function mailer(mails) {
  const keep =
    (kind) =>
    async ({ user, newEmail, url, token }) => {
      mails.push({ kind, to: user.email, newEmail, url, token });
    };
  return {
    emailVerification: { sendVerificationEmail: keep("verification") },
    emailAndPassword: { enabled: true, sendResetPassword: keep("reset") },
    user: {
      changeEmail: { enabled: true, sendChangeEmailConfirmation: keep("change") },
      deleteUser: { enabled: true },
    },
  };
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Merge `over` into `base`, object by object; `over` wins. */
function merged(base, over) {
  const result = { ...base };
  for (const [name, value] of Object.entries(over)) {
    result[name] =
      isObject(value) && isObject(base[name]) ? merged(base[name], value) : value;
  }
  return result;
}

/**
 * Build the application. `store` is `{ memory: {} }` or `{ pool }`, and outlives it:
 * a second application over the same store is a restart.
 */
export async function build(config, { origin, store, mails }) {
  const defaults = {
    ...mailer(mails),
    baseURL: origin,
    logger: { level: "error" },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  };
  const options = {
    ...merged(defaults, config.options),
    plugins: await plugins(config),
  };
  if (store.pool) {
    options.database = store.pool;
    const { runMigrations } = await getMigrations(options);
    await runMigrations();
  } else {
    for (const table of Object.keys(getAuthTables(options))) store.memory[table] ??= [];
    options.database = memoryAdapter(store.memory);
  }
  return betterAuth(options);
}
