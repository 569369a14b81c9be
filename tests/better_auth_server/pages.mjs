// The two pages that the OAuth provider sends a browser to.

const page = (title, form, script) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<h1>${title}</h1>
<form>${form}</form>
<p role="status"></p>
<script type="module">
const oauth_query = location.search.slice(1);
async function post(path, body) {
  const answer = await fetch("/api/auth" + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, oauth_query }),
  });
  const { url, message } = await answer.json();
  if (url) location.assign(url);
  else document.querySelector("[role=status]").textContent = message ?? "Done";
}
const form = document.querySelector("form");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ${script}
});
</script>
</html>
`;

export const pages = {
  "/sign-in": page(
    "Sign in with Better Auth",
    `<label>E-mail <input name="email" type="email" autocomplete="username"></label>
<label>Password <input name="password" type="password"></label>
<button>Sign in</button>`,
    `post("/sign-in/email", Object.fromEntries(new FormData(form)));`,
  ),
  "/consent": page(
    "Allow this application",
    `<button name="accept" value="yes">Allow</button>
<button name="accept" value="no">Refuse</button>`,
    `post("/oauth2/consent", { accept: event.submitter.value === "yes" });`,
  ),
};
