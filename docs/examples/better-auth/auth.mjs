// Better Auth of an application that uses Ownlist; in Next.js `lib/auth.mjs`.

import { betterAuth } from "better-auth";
import { bearer } from "better-auth/plugins/bearer";
import { jwt } from "better-auth/plugins/jwt";

import { database } from "./database.mjs";

export const auth = betterAuth({
  // Never leave it out: the Host header of a request would then choose the issuer.
  baseURL: process.env.BETTER_AUTH_URL,
  secret: process.env.BETTER_AUTH_SECRET,
  database,
  emailAndPassword: { enabled: true },
  plugins: [
    // GET /api/auth/token, and the public keys at GET /api/auth/jwks.
    jwt({
      jwt: {
        expirationTime: "15m", // a text: a number would be a date
        // All that Ownlist reads. Without this, the token has every column of the user.
        definePayload: ({ user, session }) => ({
          name: user.name,
          email: user.email,
          banned: user.banned,
          // When they signed in, in seconds: some operations require a recent sign-in.
          auth_time: Math.floor(new Date(session.createdAt).getTime() / 1000),
        }),
      },
    }),
    // Lets clients without cookies present their session token.
    bearer(),
  ],
});
