// Keeps new tasks and ticks that can't be sent, sends them when there is a network again, and starts the service
// worker, which keeps copies of pages. Only for users who stay signed in on this device; `data-offline` is their id.
import { load, say, worker } from "./page.js";

const { offline: user } = document.body.dataset;
const STORE = `outbox ${user}`;
let isChanged = false;
const outbox = () => JSON.parse(localStorage.getItem(STORE) ?? "[]");
const nameOf = ({ data }, form) => new Map(data).get("text") ?? form?.closest("li")?.querySelector(".title")?.textContent ?? "a task";

if (user) navigator.serviceWorker?.register(worker()).catch(() => {}); // it may be forbidden
else window.caches?.delete("pages");

document.addEventListener("unsent", (event) => {
  if (!user) return;
  event.preventDefault();
  const { form, ...item } = event.detail;
  item.data = item.data.filter(([name]) => name !== "csrfmiddlewaretoken");
  store([...outbox(), item]);
  form.closest("li")?.classList.add("waiting");
  say(`You are offline. This is sent as soon as you are online: ${nameOf(item, form)}`);
});

window.addEventListener("online", send);
document.addEventListener("swap", () => (isChanged = true));
if (user) send();

// The copy of a page shows its latest changes.
document.addEventListener("visibilitychange", () => {
  if (user && isChanged && document.hidden) load(location.pathname).catch(() => {});
  isChanged = false;
});

function store(items) {
  if (items.length) localStorage.setItem(STORE, JSON.stringify(items));
  else localStorage.removeItem(STORE);
}

// Each form has a key, so that it is carried out once even if its answer was lost.
async function send() {
  if (!outbox().length) return;
  const refused = [];
  try {
    for (const item of outbox()) {
      const body = new URLSearchParams(item.data);
      body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
      const { response, page } = await load(item.action, { method: "POST", body, headers: { "Idempotency-Key": item.key } });
      if (response.status >= 500 || (response.ok && page?.body.dataset.offline !== user)) return;
      if (!response.ok) refused.push(nameOf(item));
      store(outbox().filter(({ key }) => key !== item.key));
    }
    document.dispatchEvent(new CustomEvent("refresh"));
    if (refused.length) say(`This could not be saved: ${refused.join(", ")}`);
    else say("You are online again. Everything was sent.", "success");
  } catch {} // still offline
}
