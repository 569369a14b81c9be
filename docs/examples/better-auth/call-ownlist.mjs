// Sign in at Better Auth, and keep a task at Ownlist. With Node.js 20 or newer:
//
//   BETTER_AUTH_URL=http://localhost:3000 OWNLIST_URL=http://127.0.0.1:8000 \
//     EMAIL=… PASSWORD=… node call-ownlist.mjs "Buy milk"

const { BETTER_AUTH_URL, OWNLIST_URL, EMAIL, PASSWORD } = process.env;
const ATTEMPTS = 3;

/** Sign in and return the session token. A browser has a cookie instead. */
async function signIn() {
  const answer = await fetch(`${BETTER_AUTH_URL}/api/auth/sign-in/email`, {
    method: "POST",
    // A browser names its origin by itself; Better Auth insists on a trusted one.
    headers: { "content-type": "application/json", origin: BETTER_AUTH_URL },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  if (!answer.ok) throw new Error(`Better Auth answers ${answer.status}.`);
  return (await answer.json()).token;
}

/** Fetch a JWT, good for 15 minutes. In a browser: credentials: "include". */
async function fetchJwt(session) {
  const answer = await fetch(`${BETTER_AUTH_URL}/api/auth/token`, {
    headers: { authorization: `Bearer ${session}` },
  });
  if (!answer.ok) throw new Error("The session is over: sign in again.");
  return (await answer.json()).token;
}

/** Make a function that calls Ownlist, with a new JWT when the old one is refused. */
function caller(session) {
  let jwt;
  return async (method, path, body) => {
    for (let attempt = 1; ; attempt += 1) {
      jwt ??= await fetchJwt(session);
      const answer = await fetch(`${OWNLIST_URL}${path}`, {
        method,
        headers: { authorization: `Bearer ${jwt}`, "content-type": "application/json" },
        body: body && JSON.stringify(body),
      });
      if (answer.ok) return answer.json();
      const canPass = [401, 503].includes(answer.status);
      if (!canPass || attempt === ATTEMPTS) throw new Error(await answer.text());
      if (answer.status === 401) jwt = undefined;
      else await pause(Number(answer.headers.get("retry-after") ?? 1));
    }
  };
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

const ownlist = caller(await signIn());

// Pass-through: the JWT itself opens the API.
const task = await ownlist("POST", "/api/v1/tasks", {
  title: process.argv[2] ?? "Buy milk",
});
console.log(JSON.stringify(task));

// Exchange: once, for a pair of Ownlist's own tokens.
const { access } = await ownlist("POST", "/api/v1/auth/token/exchange");
const listed = await fetch(`${OWNLIST_URL}/api/v1/tasks`, {
  headers: { authorization: `Bearer ${access}` },
});
console.log(JSON.stringify(await listed.json()));
