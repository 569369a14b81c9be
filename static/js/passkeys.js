// Passkeys: asks the browser for one, and sends what it returns with the form. Without it the notes of the forms stay,
// which name the other ways. A form has `data-passkey` (what for), `data-options`, `data-host` and `data-elsewhere`.

const REFRESH = 8 * 60_000; // milliseconds; the options are valid for ten minutes
const TOO_OLD = "This page is too old. Reload it, then try again.";
const WORDS = {
  403: TOO_OLD,
  429: "Too many attempts. Wait a minute, then try again.",
  InvalidStateError: "This device has a passkey for your account already.",
  SyntaxError: TOO_OLD, // the session has ended, and the answer is the sign-in page
  TypeError: "The server can't be reached. Check your connection, then try again.",
};
let waiting = null; // ends the request that waits for autofill

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const note = form.querySelector("[data-passkey-note]");
  note.firstElementChild.replaceChildren(...obstacle(form.dataset));
  note.hidden = !note.firstElementChild.textContent;
  if (!note.hidden) continue;
  const button = form.querySelector("[data-passkey-button]");
  button.hidden = button.parentElement.hidden = false;
  button.addEventListener("click", () => {
    if (form.dataset.passkey === "add" && !form.reportValidity()) return;
    waiting?.abort();
    ask(form).catch((error) => explain(form, note, error));
  });
  if (form.dataset.passkey === "sign-in") offer(form);
}

function obstacle({ host, elsewhere }) {
  if (location.hostname !== host) return ["Passkeys work at ", linkTo(elsewhere), " only."];
  if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) return ["This browser doesn't support passkeys."];
  return [];
}

function linkTo(url) {
  const link = document.createElement("a");
  link.href = url;
  link.textContent = new URL(url).host;
  return link;
}

async function ask(form, how = {}) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  const response = await fetch(form.dataset.options, { method: "POST", body });
  if (!response.ok) throw Object.assign(new Error(), { name: response.status });
  const options = await response.json();
  const credential = form.dataset.passkey === "add"
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...how });
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

// Lets the browser offer passkeys among the suggestions for the field of the e-mail address.
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const begin = () => {
    waiting?.abort();
    waiting = new AbortController();
    began = Date.now();
    ask(form, { mediation: "conditional", signal: waiting.signal }).catch(() => {});
  };
  let began;
  begin();
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - began > REFRESH) begin();
  });
}

function explain(form, note, error) {
  const isNew = form.dataset.passkey === "add";
  note.textContent = WORDS[error.name]
    ?? (isNew ? "No passkey was added. Try again." : "No passkey was used. Try again, or use another way.");
  note.classList.replace("soft", "errorlist");
  note.setAttribute("role", "alert");
  note.hidden = false;
}
