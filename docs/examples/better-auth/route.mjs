// In Next.js `app/api/auth/[...all]/route.js`: every endpoint of Better Auth.

import { toNextJsHandler } from "better-auth/next-js";

import { auth } from "./auth.mjs";

export const { GET, POST } = toNextJsHandler(auth);
